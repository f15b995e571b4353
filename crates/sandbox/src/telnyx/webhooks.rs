//! Telnyx's webhooks: envelope, Ed25519 signature, repeats and the failover address.

use std::sync::Arc;

use aws_lc_rs::signature::Ed25519KeyPair;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::messages::Message;
use crate::dates::iso;
use crate::{Answer, Delivered, Emission, Hook, RetryPolicy, World};

const SIGNATURE: HeaderName = HeaderName::from_static("telnyx-signature-ed25519");
const TIMESTAMP: HeaderName = HeaderName::from_static("telnyx-timestamp");
/// Attempts at each of both addresses; from memory, to be checked again.
const ATTEMPTS: usize = 3;
/// Real milliseconds that a receiver may take; an assumption.
const TIMEOUT_MS: u64 = 10_000;

/// Whether a webhook is signed rightly.
#[derive(Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    #[default]
    Right,
    /// Well-formed, but over something else.
    Wrong,
    Missing,
}

/// Base64 of the Ed25519 signature of `timestamp|body`.
pub fn sign(seed: &[u8; 32], timestamp: &str, body: &str) -> Option<String> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    Some(STANDARD.encode(pair.sign(format!("{timestamp}|{body}").as_bytes())))
}

/// A webhook with exactly this body, sent once.
pub fn hook(
    world: &World,
    kind: &str,
    key: Option<String>,
    url: &str,
    body: String,
    signing: Signing,
) -> Hook {
    let now_s = world.clock.now_ms() / 1_000;
    let timestamp = (now_s + world.switches.number("telnyx.timestamp_skew_s")).to_string();
    let signed = if signing == Signing::Wrong { "something else" } else { &body };
    let signature = sign(&world.telnyx.account.seed, &timestamp, signed);
    let mut headers = vec![
        (CONTENT_TYPE, "application/json".to_owned()),
        (USER_AGENT, "telnyx-webhooks".to_owned()),
        (TIMESTAMP, timestamp),
    ];
    if let Some(signature) = signature.filter(|_| signing != Signing::Missing) {
        headers.push((SIGNATURE, signature));
    }
    let taken: fn(u16) -> bool = |status| (200..300).contains(&status);
    let retry = RetryPolicy { answer_timeout_ms: TIMEOUT_MS, gaps_ms: &[], taken };
    let (url, body) = (url.to_owned(), body.into());
    Hook { vendor: "telnyx", kind: kind.to_owned(), key, url, headers, body, retry }
}

/// What happened, before it is put into an envelope.
#[derive(Clone)]
pub struct Event {
    pub id: String,
    pub kind: &'static str,
    pub occurred_ms: i64,
    pub payload: Value,
}

impl Event {
    pub fn new(world: &World, kind: &'static str, payload: Value) -> Self {
        Self { id: world.telnyx.ids.guid(), kind, occurred_ms: world.clock.now_ms(), payload }
    }

    fn body(&self, attempt: usize, url: &str) -> String {
        let event = json!({
            "data": {
                "record_type": "event",
                "id": self.id,
                "event_type": self.kind,
                "occurred_at": iso(self.occurred_ms),
                "payload": self.payload,
            },
            "meta": { "attempt": attempt, "delivered_to": url },
        });
        event.to_string()
    }
}

/// An inbound message on its way.
pub struct Trip {
    pub event: Event,
    pub customer: String,
    pub url: String,
    pub failover: Option<String>,
    /// 1 for the first.
    pub attempt: usize,
}

impl Trip {
    /// Sends it, and again elsewhere if it is not taken; the receiver tells what came of this attempt.
    pub fn send(self, world: &Arc<World>) -> oneshot::Receiver<Delivered> {
        let body = self.event.body(self.attempt, &self.url);
        let key = Some(self.customer.clone());
        let hook = hook(world, "message", key, &self.url, body, Signing::Right);
        world.webhooks.send_then(
            world,
            hook,
            Box::new(move |world, answer| self.go_on(world, answer)),
        )
    }

    fn go_on(mut self, world: &Arc<World>, answer: Answer) {
        if answer.status.is_some_and(|status| (200..300).contains(&status)) {
            // The business knows of a STOP once its webhook has taken it.
            if let Some(told) = world.telnyx.lock().opted_out.get_mut(&self.customer) {
                *told = true;
            }
            return;
        }
        if self.attempt.is_multiple_of(ATTEMPTS) {
            let Some(failover) = self.failover.take() else { return };
            self.url = failover;
        }
        self.attempt += 1;
        world.journal.note(answer.seq, "again at once");
        let _unwatched = self.send(world);
    }
}

/// `message.sent` and `message.finalized`.
pub fn progress(world: &World, message: &Message) -> Vec<Emission> {
    let after = |name: &str| world.switches.number(name);
    let end = world.switches.get("telnyx.final_status");
    let mut steps = vec![("message.sent", "sent".to_owned(), after("telnyx.sent_after_ms"))];
    if end == "sending_failed" {
        steps.clear();
    }
    steps.push(("message.finalized", end, after("telnyx.finalized_after_ms")));
    let emissions = steps.into_iter().map(|(kind, status, delay_ms)| {
        let id = message.id.clone();
        Emission {
            vendor: "telnyx",
            kind: kind.to_owned(),
            key: Some(message.to.clone()),
            delay_ms,
            make: Box::new(move |world: &Arc<World>| tell(world, &id, kind, &status)),
        }
    });
    emissions.collect()
}

/// Moves the message on and builds the webhook; `None` if no address is set. Repeats keep their `meta`.
fn tell(world: &World, id: &str, kind: &'static str, status: &str) -> Option<Hook> {
    const GAPS_MS: [i64; ATTEMPTS - 1] = [0; ATTEMPTS - 1];
    let now_ms = world.clock.now_ms();
    let message = {
        let mut held = world.telnyx.lock();
        let message = held.message(id)?;
        if message.completed_ms.is_none() {
            status.clone_into(&mut message.status);
        }
        message.sent_ms.get_or_insert(now_ms);
        if kind == "message.finalized" {
            message.completed_ms = Some(now_ms);
        }
        message.clone()
    };
    let url = message.webhook_url.as_deref()?;
    let body = Event::new(world, kind, message.resource(world)).body(1, url);
    let mut hook = hook(world, kind, Some(message.to.clone()), url, body, Signing::Right);
    hook.retry.gaps_ms = &GAPS_MS;
    Some(hook)
}
