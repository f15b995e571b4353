//! SMS and MMS through Telnyx (Messaging API v2).
//!
//! What surprises newcomers, all of it handled here (checked 2026-11-20 against Telnyx's
//! documentation and its official library for Python):
//!
//! - Webhooks are JSON, signed with Ed25519 over the time and the body; a signature is good for
//!   five minutes. The key is the account's public one, no secret.
//! - Telnyx wants its answer within two seconds, tries three times, and may deliver twice.
//! - There is no idempotency key. Where `webhook_url` is set, reports go to it with our word for
//!   the delivery; it comes back inside the signed body and settles an attempt whose answer was
//!   lost.
//! - Messages have at most ten parts, which is far less text once one letter is outside GSM-7.
//! - Telnyx answers STOP, START and HELP itself and says so (`autoresponse_type`); a STOP blocks
//!   all numbers of the messaging profile.
//! - Customers' files lie in public storage; no credentials are shown to it.

mod client;
mod config;
mod parse;
mod policy;
mod render;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::{Call, Channel, ChannelEvent, ChannelPolicy, Outbound},
    config::ConfigFault,
    fault::{Fault, Outcome},
    file::{FileStream, MediaSource},
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    inbox::ChannelKind,
    time::{BoxFuture, Clock},
};
use serde_json::{Map, Value};

use self::{client::Client, config::Config};
use crate::{Deps, Vendor};

/// The line in the registry.
pub(crate) const VENDOR: Vendor = Vendor {
    name: "telnyx",
    title: "Telnyx: SMS, MMS",
    channel: |_| ChannelKind::Sms,
    fields: config::FIELDS,
    build,
};

fn build(settings: &Map<String, Value>, deps: &Deps) -> Result<Arc<dyn Channel>, ConfigFault> {
    let config = Arc::new(Config::read(settings, deps.development)?);
    let policy = policy::of(&config);
    let client = Client::new(Arc::clone(&config), deps);
    Ok(Arc::new(Telnyx { config, policy, client, clock: Arc::clone(&deps.clock) }))
}

/// One number.
struct Telnyx {
    config: Arc<Config>,
    policy: ChannelPolicy,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl Channel for Telnyx {
    fn vendor(&self) -> &'static str {
        VENDOR.name
    }

    fn policy(&self) -> &ChannelPolicy {
        &self.policy
    }

    fn address(&self) -> Option<String> {
        Some(self.config.sender.clone())
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

    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.client.fetch(media))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.client.check())
    }
}
