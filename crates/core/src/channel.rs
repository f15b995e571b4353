//! The customer side: what every vendor of a channel must be able to do.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    consent::{ConsentScope, Keywords},
    contact::{Contact, Identity, Point},
    cost::Cost,
    fault::{Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    ids::{DeliveryId, VendorId},
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    inbox::ChannelKind,
    interactive::ChoiceLimits,
    message::{Content, MessageStatus},
    message_list::{MessageList, MessageListRule},
    registration::Registration,
    template::{TemplateUse, Templates},
    time::{BoxFuture, SECOND_MS, Timestamp},
};

/// A token bucket: so many at once, then one per interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// How many may go at once after a rest.
    pub burst: u32,
    /// How long one more takes to become free, in milliseconds.
    pub refill_ms: i64,
}

impl Pace {
    /// So many in any second, however the vendor counts seconds; `most` is at least 1.
    pub const fn per_second(most: u32) -> Self {
        let most = if most == 0 { 1 } else { most as i64 };
        let refill_ms = (SECOND_MS + most - 1) / most;
        // What becomes free during the second that a burst begins counts beside the burst.
        let beside = most - SECOND_MS / refill_ms;
        Self { burst: if beside > 1 { beside as u32 } else { 1 }, refill_ms }
    }
}

/// When a vendor allows free-form messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowRule {
    /// How long the window stays open after the customer's message, in milliseconds.
    pub open_ms: i64,
    /// Taken off at the end, because clocks and networks differ, in milliseconds.
    pub margin_ms: i64,
    /// How long everything is free after our answer to somebody who came by an advertisement, in
    /// milliseconds; 0 where nothing is.
    pub free_entry_ms: i64,
}

/// What a channel can do and must not do: data, each number with its source at the vendor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelPolicy {
    /// What the customer experiences.
    pub channel: ChannelKind,
    /// The most characters of one text message; longer ones are split.
    pub max_text_chars: usize,
    /// The window rule, where there is one.
    pub window: Option<WindowRule>,
    /// Templates can be sent.
    pub templates: bool,
    /// The vendor reports what became of a message.
    pub receipts: bool,
    /// How long the next message to the same customer waits for the receipt of the previous
    /// one, where the vendor promises no order; 0 where it does.
    pub order_wait_ms: i64,
    /// The pace to one customer.
    pub pair_pace: Option<Pace>,
    /// The pace of the whole inbox.
    pub inbox_pace: Option<Pace>,
    /// What a customer's STOP covers.
    pub stop_scope: ConsentScope,
    /// Which whole messages of a customer are read as keywords.
    pub keywords: Keywords,
    /// The most bytes of a file that customers send here; 0 where files are not fetched.
    pub max_file_bytes: u64,
    /// How the vendor's list of messages is read, where it can be asked for it.
    pub message_list: Option<MessageListRule>,
    /// What can be shown to tap; none where only words are shown.
    pub choices: Option<ChoiceLimits>,
}

/// What a channel event says.
#[derive(Clone, PartialEq, Debug)]
pub enum ChannelEvent {
    /// The customer spoke.
    Message(CustomerMessage),
    /// What became of a message that we sent.
    Receipt(Receipt),
    /// A message that went out from our address: our own, reported back, or a person's who
    /// answered elsewhere.
    Echo(Echo),
    /// The vendor says that two sets of addresses are one person.
    Identity {
        /// The addresses known before.
        old: Vec<Point>,
        /// The addresses from now on.
        new: Identity,
        /// When.
        at: Timestamp,
    },
    /// The customer changed what we may send.
    Consent {
        /// Who.
        who: Identity,
        /// What it covers.
        scope: ConsentScope,
        /// Opted out (true) or in again (false).
        opted_out: bool,
        /// When.
        at: Timestamp,
    },
    /// The vendor holds other templates than it did, or in another state.
    TemplatesChanged,
    /// The customer called, or took a call of ours.
    Call {
        /// Who.
        who: Identity,
        /// When, by the vendor's clock.
        at: Timestamp,
    },
    /// Several may answer at this address, and the conversation changed hands.
    Handover {
        /// Whose conversation.
        who: Identity,
        /// To us (true), or away from us (false).
        to_us: bool,
        /// What was said so far, where the one before wrote it down.
        summary: Option<String>,
        /// When, by the vendor's clock.
        at: Timestamp,
    },
    /// Something that an operator should know about the account.
    Notice {
        /// A stable code.
        code: String,
        /// What happened and what to do.
        text: String,
    },
    /// Nothing that concerns us.
    Ignored {
        /// Why.
        why: &'static str,
    },
}

/// A customer's message.
#[derive(Clone, PartialEq, Debug)]
pub struct CustomerMessage {
    /// The vendor's id of it.
    pub vendor_id: VendorId,
    /// Who wrote.
    pub who: Identity,
    /// When, by the vendor's clock.
    pub at: Timestamp,
    /// What is said.
    pub content: Content,
    /// The message it answers, by the vendor's id.
    pub reply_to: Option<VendorId>,
    /// What brought the customer here.
    pub referral: Option<Referral>,
    /// The vendor has answered it already, as it does with a keyword.
    pub answered_by_vendor: bool,
}

/// The advertisement or post from which a customer began to write.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Referral {
    /// `ad`, `post` or another word of the vendor's.
    pub source_type: String,
    /// The vendor's id of it.
    pub source_id: Option<String>,
    /// Where it stands.
    pub source_url: Option<String>,
    /// Its headline.
    pub headline: Option<String>,
    /// Its words.
    pub body: Option<String>,
    /// The vendor's id of the click.
    pub click_id: Option<String>,
}

/// What became of a message that we sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Receipt {
    /// The vendor's id of the message.
    pub vendor_id: VendorId,
    /// Our own opaque word, where the vendor gave it back.
    pub delivery: Option<DeliveryId>,
    /// `Sent`, `Delivered`, `Read` or `Failed`.
    pub status: MessageStatus,
    /// When, by the vendor's clock.
    pub at: Timestamp,
    /// Why it failed.
    pub fault: Option<Fault>,
    /// What the vendor charges, where this report says so.
    pub cost: Option<Cost>,
}

/// A message that went out from our address.
#[derive(Clone, PartialEq, Debug)]
pub struct Echo {
    /// The vendor's id of it.
    pub vendor_id: VendorId,
    /// To whom.
    pub to: Identity,
    /// When, by the vendor's clock.
    pub at: Timestamp,
    /// What is said.
    pub content: Content,
    /// The words for where it came from, such as "WhatsApp Business app".
    pub from: String,
}

/// What is to be sent to a customer.
#[derive(Clone, Copy, Debug)]
pub struct Outbound<'a> {
    /// Our opaque word for it.
    pub delivery: DeliveryId,
    /// To whom.
    pub to: &'a Contact,
    /// What.
    pub what: What<'a>,
    /// The message it answers, by the vendor's id.
    pub reply_to: Option<&'a VendorId>,
    /// An address from which the vendor can fetch the file of a media message for a while.
    pub file_url: Option<&'a str>,
}

/// Free-form content or a template.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// Free-form.
    Content(&'a Content),
    /// A template.
    Template(&'a TemplateUse),
}

/// One vendor request, rendered: which operation with which body. Holds no credentials.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The operation, in the vendor folder's own words.
    pub operation: String,
    /// Its body.
    pub body: Value,
}

/// A customer-side vendor, configured for one inbox.
pub trait Channel: Send + Sync {
    /// The vendor's folder name.
    fn vendor(&self) -> &'static str;

    /// What it can do and must not do.
    fn policy(&self) -> &ChannelPolicy;

    /// The address as customers see it, such as `+15550100`; none where the settings do not say.
    fn address(&self) -> Option<String> {
        None
    }

    /// Verifies a raw request and splits it into events. Pure.
    fn receive(&self, request: &RawRequest) -> Received;

    /// Says an event in our words. Pure.
    ///
    /// # Errors
    /// The event cannot be understood; it is parked.
    fn parse(&self, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault>;

    /// Says what is to be sent in the vendor's words. Pure.
    ///
    /// # Errors
    /// The vendor would refuse it; the fault names the rule.
    fn render(&self, outbound: &Outbound<'_>) -> Result<Call, Fault>;

    /// Makes one network call.
    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome>;

    /// Tells the customer that the message was read and an answer is being written. May be
    /// lost.
    fn attend<'a>(&'a self, message: &'a VendorId) -> BoxFuture<'a, ()> {
        let _ = message;
        Box::pin(std::future::ready(()))
    }

    /// The power to list templates, where messages outside the window must be approved.
    fn templates(&self) -> Option<&dyn Templates> {
        None
    }

    /// The power to list messages, where a vendor's webhooks may be lost for good. The policy
    /// says how.
    fn message_list(&self) -> Option<&dyn MessageList> {
        None
    }

    /// Begins to fetch a file that a customer sent. A fault of class `MediaProblem` is final.
    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        let _ = media;
        let fault = Fault::new(FaultClass::MediaProblem, "fetch the file: files are not kept here");
        Box::pin(std::future::ready(Err(fault)))
    }

    /// How the number is registered with carriers, where the vendor can say so.
    fn registration(&self) -> BoxFuture<'_, Result<Option<Registration>, Fault>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Checks address, credentials and subscription, changing nothing.
    fn check(&self) -> BoxFuture<'_, Result<(), Fault>>;
}
