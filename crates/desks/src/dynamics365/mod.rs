//! Microsoft Dynamics 365 Customer Service and Contact Center, through the Messaging API for
//! custom channels: server to server, with a webhook for what reps do.
//!
//! What the vendor's pages say, checked on 2026-11-20:
//! - a conversation is made by `conversation/create`; an active one with the same `customerid`
//!   is returned instead of a second one, which makes the create repeatable ("Use
//!   /consumer/conversation/create endpoint");
//! - the workstream follows from the channel record, not from the call ("Configure a custom
//!   messaging channel using messaging APIs");
//! - the webhook carries neither ids nor times, is tried four times and then dropped ("Use
//!   webhook to receive messages and events"), so that gaps are closed from the listing;
//! - events come as messages with a `name` and a text that must not be relayed (the same page's
//!   samples);
//! - conversations in wrap-up and closed ones are not listed ("Use /conversations endpoint");
//!   their transcripts are notes in Dataverse ("Download transcripts in bulk").
//!
//! README.md beside this file says what no page confirms and how each point is handled.

mod client;
mod config;
mod parse;
mod policy;
mod render;
mod token;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::Call,
    config::ConfigFault,
    desk::{Desk, DeskEvent, DeskPolicy, Listing, Opening, PlanStep, ToDesk},
    fault::{Fault, Outcome, Settled},
    file::{FileStream, MediaSource},
    handoff::Work,
    ids::VendorId,
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    time::{BoxFuture, Timestamp},
};
use serde_json::{Map, Value};

use crate::Deps;
use client::Client;
use config::Config;

pub use config::FIELDS;

/// The folder name.
pub const VENDOR: &str = "dynamics365";

/// Makes the desk.
pub fn build(settings: &Map<String, Value>, deps: &Deps) -> Result<Arc<dyn Desk>, ConfigFault> {
    let config = Config::read(settings, deps.development)?;
    Ok(Arc::new(Dynamics365(Client::new(config, deps))))
}

/// A conversation's id as we keep it: Microsoft's GUID in lower case. `None` for anything that
/// could not stand in a path.
fn conversation_id(text: &str) -> Option<String> {
    let fits = (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| text.to_ascii_lowercase())
}

struct Dynamics365(Client);

impl Desk for Dynamics365 {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn policy(&self) -> &DeskPolicy {
        &policy::POLICY
    }

    fn receive(&self, request: &RawRequest, now: Timestamp) -> Received {
        verify::receive(self.0.config(), &self.0.keys(), request, now)
    }

    fn refresh_keys(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.0.refresh_keys())
    }

    fn parse(&self, event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
        parse::event(event)
    }

    fn open(&self, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
        Ok(render::open(opening))
    }

    fn render(&self, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
        render::render(self.0.config(), to_desk)
    }

    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(self.0.send(call))
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        call.operation == render::CREATE
    }

    fn list<'a>(
        &'a self,
        work: &'a Work,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Listing, Fault>> {
        Box::pin(async move { self.0.list(work, since).await.map_err(|failure| failure.fault) })
    }

    fn settle(&self, call: &Call, listing: &Listing, known: &[VendorId]) -> Settled {
        parse::settle(call, listing, known)
    }

    fn typing<'a>(&'a self, work: &'a Work) -> BoxFuture<'a, ()> {
        Box::pin(self.0.typing(work))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Work,
        media: &'a MediaSource,
    ) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.0.fetch(media))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move { self.0.check().await.map_err(|failure| failure.fault) })
    }
}
