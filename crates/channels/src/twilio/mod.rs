//! SMS, MMS and WhatsApp through Twilio (Programmable Messaging, API version 2010-04-01).
//!
//! One folder for all three: an inbox is one sender, and `whatsapp:` before it decides which
//! channel it is. What surprises newcomers, all of it handled here (checked 2026-11-20 against
//! Twilio's documentation and its official libraries):
//!
//! - Webhooks are forms, signed over the whole public address and every parameter. The address
//!   must be known exactly (`webhook_url`); ports come and go. JSON bodies are bound to the
//!   signed address by a hash in it, and refused without one.
//! - Any answer but empty TwiML would be sent to the customer. Replies are calls of their own.
//! - Webhooks name no time: a message's time is when it reached us. Twilio repeats a webhook
//!   hardly, and within a minute; what was lost is found in its list of messages (`listen.rs`).
//! - There is no idempotency key. Each message's status reports go to an address that carries
//!   our word for the delivery, which settles an attempt whose answer was lost; so does the list.
//! - What a message costs stands in that list alone, some time after it was sent.
//! - A 201 means accepted. What carriers and WhatsApp say comes later as `undelivered` or
//!   `failed`; there is no report of the first status, and no order among the others.
//! - Messaging Services may answer STOP and HELP themselves (`OptOutType`): nobody must answer
//!   again.
//! - Buttons and lists are content templates, made on the way and kept (`choices.rs`).
//! - A WhatsApp customer may have no phone number; then every address holds a user id.
//! - Customers' files lie behind the account's password at first and are then redirected to
//!   somebody else's storage, which must not see it.

mod choices;
mod client;
mod config;
mod listen;
mod listing;
mod parse;
mod policy;
mod registration;
mod render;
mod templates;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::{Call, Channel, ChannelEvent, ChannelPolicy, Outbound},
    config::ConfigFault,
    fault::{Fault, Outcome},
    file::{FileStream, MediaSource},
    ids::VendorId,
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    inbox::ChannelKind,
    message_list::MessageList,
    registration::Registration,
    template::Templates,
    time::{BoxFuture, Clock},
};
use serde_json::{Map, Value};

use self::{client::Client, config::Config};
use crate::{Deps, Vendor};

/// The line in the registry.
pub(crate) const VENDOR: Vendor = Vendor {
    name: "twilio",
    title: "Twilio: SMS, MMS, WhatsApp",
    channel: config::channel,
    fields: config::FIELDS,
    build,
};

fn build(settings: &Map<String, Value>, deps: &Deps) -> Result<Arc<dyn Channel>, ConfigFault> {
    let config = Arc::new(Config::read(settings, deps.development)?);
    let policy = policy::of(&config);
    let client = Client::new(Arc::clone(&config), deps);
    Ok(Arc::new(Twilio { config, policy, client, clock: Arc::clone(&deps.clock) }))
}

/// One sender.
struct Twilio {
    config: Arc<Config>,
    policy: ChannelPolicy,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl Channel for Twilio {
    fn vendor(&self) -> &'static str {
        VENDOR.name
    }

    fn policy(&self) -> &ChannelPolicy {
        &self.policy
    }

    fn address(&self) -> Option<String> {
        self.config.sender.clone()
    }

    fn receive(&self, request: &RawRequest) -> Received {
        verify::receive(&self.config, self.clock.now(), request)
    }

    fn parse(&self, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
        parse::parse(&self.config, event)
    }

    fn render(&self, outbound: &Outbound<'_>) -> Result<Call, Fault> {
        render::render(&self.config, outbound)
    }

    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.send(call))
    }

    fn attend<'a>(&'a self, message: &'a VendorId) -> BoxFuture<'a, ()> {
        Box::pin(self.client.attend(message))
    }

    fn templates(&self) -> Option<&dyn Templates> {
        // Nobody has to approve what goes by SMS.
        (self.policy.channel == ChannelKind::Whatsapp).then_some(&self.client)
    }

    fn message_list(&self) -> Option<&dyn MessageList> {
        Some(&self.client)
    }

    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.client.fetch(media))
    }

    fn registration(&self) -> BoxFuture<'_, Result<Option<Registration>, Fault>> {
        Box::pin(self.client.registration())
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.client.check())
    }
}
