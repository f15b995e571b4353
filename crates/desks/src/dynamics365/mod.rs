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
//! Checked on 2026-11-21:
//! - a certificate signs with PS256 and is named by its SHA-256 ("Microsoft identity platform
//!   application authentication certificate credentials");
//! - what the roles of a user grant is listed by name ("RetrieveUserPrivileges Function"), and a
//!   refusal names what is missing;
//! - Microsoft links a conversation to a contact on a single match only ("Set up record
//!   identification rules"), so that the contact is there before the conversation;
//! - who is available is asked by workstream ("Use representative availability APIs").
//!
//! README.md beside this file says what no page confirms and how each point is handled.

mod changes;
mod client;
mod config;
mod credential;
mod ids;
mod parse;
mod place;
mod policy;
mod privileges;
mod render;
mod token;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::Call,
    config::ConfigFault,
    desk::{
        Availability, Checked, Desk, DeskEvent, DeskPolicy, Listing, Opening, PlanStep, ToDesk,
    },
    fault::{Accepted, Fault, Outcome, Settled},
    file::{FileStream, MediaSource},
    handoff::Handoff,
    ids::VendorId,
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    message::Message,
    route::{Choice, WorkKind},
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
        if event.source_key == changes::SOURCE {
            return changes::parse(event);
        }
        parse::event(event)
    }

    fn open(&self, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
        Ok(render::open(self.0.config(), opening))
    }

    fn render(&self, to_desk: &ToDesk<'_>) -> Result<Call, Fault> {
        render::render(self.0.config(), to_desk)
            .map_err(|fault| policy::doing(render::doing(render::operation(&to_desk.what)), fault))
    }

    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(self.0.send(call))
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        render::is_repeatable(call)
    }

    fn list<'a>(
        &'a self,
        handoff: &'a Handoff,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Listing, Fault>> {
        let listed = self.0.list(handoff, since);
        Box::pin(async move { listed.await.map_err(|f| f.doing("read what reps wrote").fault) })
    }

    fn settle(&self, call: &Call, listing: &Listing, known: &[VendorId]) -> Settled {
        parse::settle(call, listing, known)
    }

    fn find<'a>(&'a self, handoff: &'a Handoff) -> BoxFuture<'a, Result<Option<Accepted>, Fault>> {
        let found = self.0.find(handoff);
        Box::pin(async move { found.await.map_err(|f| f.doing("look for the work").fault) })
    }

    fn read<'a>(&'a self, handoff: &'a Handoff, message: &'a Message) -> BoxFuture<'a, ()> {
        let live = handoff.target.kind == WorkKind::Live && self.0.config().rows.is_none();
        Box::pin(async move {
            if live {
                self.0.mark_read(handoff, message).await;
            }
        })
    }

    fn typing<'a>(&'a self, handoff: &'a Handoff) -> BoxFuture<'a, ()> {
        let live = handoff.target.kind == WorkKind::Live && self.0.config().rows.is_none();
        Box::pin(async move {
            if live {
                self.0.typing(handoff).await;
            }
        })
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Handoff,
        media: &'a MediaSource,
    ) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.0.fetch(media))
    }

    fn availability<'a>(
        &'a self,
        target: &'a Choice,
    ) -> Option<BoxFuture<'a, Result<Availability, Fault>>> {
        let config = self.0.config();
        let asks = config.asks_availability && config.rows.is_none();
        if !asks || target.kind != WorkKind::Live {
            return None;
        }
        let asked = self.0.availability(target);
        Some(Box::pin(async move { asked.await.map_err(|failure| failure.fault) }))
    }

    fn check(&self) -> BoxFuture<'_, Checked> {
        Box::pin(self.0.check())
    }
}
