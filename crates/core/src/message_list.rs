//! The vendor's own list of messages: where a channel's vendor can be asked for it, webhooks that
//! were lost are found in it, and sends whose answer was lost.

use crate::{
    channel::Call,
    fault::{Fault, Settled},
    ids::VendorId,
    inbound::RawEvent,
    time::{BoxFuture, Timestamp},
};

/// How a vendor's list of messages is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageListRule {
    /// How often it is read, in milliseconds.
    pub every_ms: i64,
    /// How long after an unknown attempt the list is believed when it does not show it, in
    /// milliseconds.
    pub lag_ms: i64,
}

/// What a vendor lists of our address.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Customers' messages, oldest first, each under the id that its webhook's event has.
    /// [`MessageList::complete`] makes of one what is stored.
    pub from_customers: Vec<RawEvent>,
    /// What became of messages that went out, each under the id that its webhook's event has,
    /// beside the vendor's id of the message. They may be somebody else's.
    pub reports: Vec<(VendorId, RawEvent)>,
    /// There is no more than this; false where the list was cut at its bound, the oldest first.
    pub complete: bool,
}

/// The power of a channel whose vendor lists the messages of our address.
pub trait MessageList: Send + Sync {
    /// Whose messages these are, in the vendor's words: they are another's when this changes.
    fn subject(&self) -> String;

    /// What came and went since a moment, page by page within a bound; what may still be on its
    /// way by webhook is left out. None while the vendor brings the address's messages to
    /// somebody else: then they are not ours.
    fn list(&self, since: Timestamp) -> BoxFuture<'_, Result<Option<Listed>, Fault>>;

    /// The events that the webhook of a listed customer's message would have brought: one for
    /// each of its files.
    fn complete(&self, event: RawEvent) -> BoxFuture<'_, Result<Vec<RawEvent>, Fault>>;

    /// Whether an unknown attempt at this call, made after a moment, is in the list. `known` are
    /// the vendor's ids of our earlier deliveries to this customer, which cannot be it.
    fn settle<'a>(
        &'a self,
        call: &'a Call,
        since: Timestamp,
        known: &'a [VendorId],
    ) -> BoxFuture<'a, Result<Settled, Fault>>;
}
