//! Salesforce Service Cloud: live conversations through the Enhanced Chat API (Messaging for
//! In-App and Web, v2) as a custom client, server to server; what reps do comes by a stream of
//! server-sent events for each customer.
//!
//! What the vendor's pages say, checked 2026-11:
//! - a custom client opens conversations for end users whose identity a token of ours proves
//!   ("Enhanced Chat API", authorization, authenticated access token); a key set that does not fit
//!   is not refused, the user is anonymous then, so that the subject is looked at;
//! - the client chooses the conversation's id, a lower-case UUID of version 4, which makes the
//!   create repeatable ("Create a Conversation");
//! - events come by `GET /eventrouter/v1/sse`, one stream for each end user, resumed by
//!   `Last-Event-Id`; new kinds of events are to be ignored ("Server-Sent Events");
//! - a conversation takes 22 messages a minute, an organisation 200 tokens a minute ("Rate Limits
//!   for Enhanced Chat");
//! - a verified user's conversation outlives its sessions ("Considerations for Enhanced Chat"), so
//!   that we end the session and leave the conversation.
//!
//! Everything that we send stands under the customer's name: what is not the customer's begins with
//! a mark. README.md beside this file says what no page confirms and how each point is handled.

mod client;
mod config;
mod ids;
mod key;
mod key_set;
mod keygen;
mod listen;
mod parse;
mod policy;
mod render;
mod soql;
mod sse;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::Call,
    config::ConfigFault,
    desk::{Checked, Desk, DeskEvent, DeskPolicy, EventStream, Listing, Opening, PlanStep, ToDesk},
    fault::{Accepted, Fault, Outcome, Settled},
    file::{FileStream, MediaSource},
    handoff::Handoff,
    ids::VendorId,
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    message::Message,
    route::WorkKind,
    time::{BoxFuture, Timestamp},
};
use serde_json::{Map, Value};

use crate::Deps;
use client::Client;
use config::Config;

pub use config::{FIELDS, ISSUER};
pub use keygen::{KeygenError, Keys, keygen};

/// The folder name.
pub const VENDOR: &str = "salesforce";

/// Makes the desk.
pub fn build(settings: &Map<String, Value>, deps: &Deps) -> Result<Arc<dyn Desk>, ConfigFault> {
    let config = Config::read(settings, deps.development)?;
    Ok(Arc::new(Salesforce(Arc::new(Client::new(config, deps)))))
}

struct Salesforce(Arc<Client>);

impl Desk for Salesforce {
    fn vendor(&self) -> &'static str {
        VENDOR
    }

    fn policy(&self) -> &DeskPolicy {
        &policy::POLICY
    }

    /// Salesforce sends us no events: we listen.
    fn receive(&self, request: &RawRequest, _: Timestamp) -> Received {
        verify::receive(self.0.config(), request)
    }

    fn parse(&self, event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
        parse::event(self.0.config(), event)
    }

    fn open(&self, opening: &Opening<'_>) -> Result<Vec<PlanStep>, Fault> {
        render::open(self.0.config(), opening)
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

    fn typing<'a>(&'a self, handoff: &'a Handoff) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if handoff.target.kind == WorkKind::Live {
                self.0.typing(handoff).await;
            }
        })
    }

    fn window<'a>(&'a self, handoff: &'a Handoff, until: Timestamp) -> BoxFuture<'a, ()> {
        Box::pin(self.0.tell_window(handoff, until))
    }

    fn read<'a>(&'a self, handoff: &'a Handoff, message: &'a Message) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if handoff.target.kind == WorkKind::Live {
                self.0.acknowledge(handoff, message, "Read").await;
            }
        })
    }

    fn delivered<'a>(&'a self, handoff: &'a Handoff, message: &'a Message) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if handoff.target.kind == WorkKind::Live {
                self.0.acknowledge(handoff, message, "Delivery").await;
            }
        })
    }

    /// A customer of ours is one end user at Salesforce, whatever its conversations there.
    fn subject(&self, handoff: &Handoff) -> Option<String> {
        (handoff.target.kind == WorkKind::Live).then(|| ids::subject_of(handoff))
    }

    fn listen<'a>(
        &'a self,
        subject: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Box<dyn EventStream>, Fault>> {
        let opened = listen::open(&self.0, subject, after);
        Box::pin(async move { opened.await.map_err(|f| f.doing("listen for reps").fault) })
    }

    fn fetch<'a>(
        &'a self,
        handoff: &'a Handoff,
        media: &'a MediaSource,
    ) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.0.fetch(handoff, media))
    }

    fn check(&self) -> BoxFuture<'_, Checked> {
        Box::pin(self.0.check())
    }
}
