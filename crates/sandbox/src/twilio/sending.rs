//! What becomes of a message once it is taken: its pace, its failure if it has one, and its statuses.

use std::collections::HashMap;

use serde_json::Value;

use super::message::{Author, Channel, Message};
use super::outbound_media::Fetched;
use super::statuses;
use super::{Held, media};
use crate::{Emission, World};

/// How long a message may queue (error 30001, checked 2026-11-20).
const MAX_QUEUE_MS: i64 = 10 * 3_600_000;
const SECOND_MS: i64 = 1_000;

/// How fast senders pass on, and callers call.
#[derive(Default)]
pub struct Pace {
    /// When a sender is free again, by its address.
    free_at_ms: HashMap<String, i64>,
    second: i64,
    calls: i64,
}

/// What the API says to one more call.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    Refused,
    /// Not the first refusal within this second.
    RefusedAgain,
}

impl Pace {
    /// Counts one call against `per_s` of a virtual second; 0 is no limit.
    pub fn call(&mut self, now_ms: i64, per_s: i64) -> Verdict {
        let second = now_ms.div_euclid(SECOND_MS);
        if second != self.second {
            (self.second, self.calls) = (second, 0);
        }
        self.calls += 1;
        match self.calls - per_s {
            _ if per_s == 0 => Verdict::Go,
            ..=0 => Verdict::Go,
            1 => Verdict::Refused,
            _ => Verdict::RefusedAgain,
        }
    }

    /// Milliseconds that `segments` wait for their sender; `None` if its queue is full.
    fn queue(&mut self, sender: &str, segments: usize, now_ms: i64, per_s: i64) -> Option<i64> {
        if per_s == 0 {
            return Some(0);
        }
        let free_at_ms = self.free_at_ms.entry(sender.to_owned()).or_insert(now_ms);
        let waits_ms = (*free_at_ms - now_ms).max(0);
        if waits_ms > MAX_QUEUE_MS {
            return None;
        }
        let takes_ms = i64::try_from(segments).unwrap_or(1) * SECOND_MS / per_s;
        *free_at_ms = now_ms + waits_ms + takes_ms;
        Some(waits_ms)
    }
}

/// A message that has passed all checks that are answered at once.
pub struct Outgoing {
    pub channel: Channel,
    pub direction: &'static str,
    pub customer: usize,
    pub from: String,
    pub to: String,
    pub body: String,
    pub media: Vec<Fetched>,
    pub service_sid: Option<String>,
    pub status_callback: Option<String>,
    pub content: Value,
    /// Whether it is a template that WhatsApp has approved.
    pub approved: bool,
    /// Already known not to get through, such as 63019.
    pub failure: Option<i64>,
    pub seq: u64,
}

/// Keeps the message and tells what will become of it; `None` if the sender's queue is full.
pub fn take(
    world: &World,
    held: &mut Held,
    outgoing: Outgoing,
) -> Option<(Message, Vec<Emission>)> {
    let now_ms = world.clock.now_ms();
    let segments = match outgoing.channel {
        Channel::Sms if outgoing.media.is_empty() => crate::segments::count(&outgoing.body),
        _ => 1,
    };
    let per_s = world.switches.number("twilio.segments_per_s");
    let waits_ms = held.pace.queue(&outgoing.from, segments, now_ms, per_s)?;
    let failure = outgoing.failure.or_else(|| failure(world, held, &outgoing, now_ms));
    let sid = world.twilio.sid(if outgoing.media.is_empty() { "SM" } else { "MM" });
    let shelved = outgoing.media.into_iter().map(|fetched| media::Media {
        sid: world.twilio.sid("ME"),
        message_sid: sid.clone(),
        content_type: fetched.content_type,
        bytes: fetched.bytes,
        created_ms: now_ms,
        redirect_to: None,
        endless: false,
    });
    let shelved: Vec<media::Media> = shelved.collect();
    let media = shelved.iter().map(|media| media.sid.clone()).collect();
    shelved.into_iter().for_each(|media| held.media.keep(media));
    held.typing.remove(&outgoing.customer);
    let message = Message {
        sid,
        author: Author::Business,
        channel: outgoing.channel,
        direction: outgoing.direction,
        customer: outgoing.customer,
        from: outgoing.from,
        to: outgoing.to,
        body: outgoing.body,
        media,
        status: if outgoing.service_sid.is_some() { "accepted" } else { "queued" },
        service_sid: outgoing.service_sid,
        error: None,
        segments,
        created_ms: now_ms,
        updated_ms: now_ms,
        sent_ms: None,
        status_callback: outgoing.status_callback,
        content: outgoing.content,
        reply_to: None,
        seq: outgoing.seq,
    };
    let emissions = statuses::ladder(world, &message, waits_ms, failure);
    held.messages.keep(message.clone());
    Some((message, emissions))
}

/// The code with which a message that was taken comes back later.
fn failure(world: &World, held: &Held, outgoing: &Outgoing, now_ms: i64) -> Option<i64> {
    let customer = held.customers.get(outgoing.customer)?;
    if customer.fails_with.is_some() {
        return customer.fails_with;
    }
    if outgoing.channel == Channel::Whatsapp {
        let open = held.windows.get(&outgoing.customer).is_some_and(|until_ms| *until_ms > now_ms);
        let reaches = customer.on_whatsapp;
        return match (reaches, open || outgoing.approved) {
            (false, _) => Some(63_024),
            (true, false) => Some(63_016),
            (true, true) => None,
        };
    }
    let number = held.number(&outgoing.from)?;
    let filtered = world.switches.is("twilio.carrier_filter", "yes").then_some(30_007);
    let to_us = outgoing.to.starts_with("+1");
    let unregistered = held.registration.refusal(number.kind, number.in_service);
    number.fails_with.or(filtered).or(unregistered.filter(|_| to_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_passes_on_at_its_pace_until_its_queue_is_full() {
        let mut pace = Pace::default();
        assert_eq!(pace.queue("+1", 2, 0, 1), Some(0));
        assert_eq!(pace.queue("+1", 1, 0, 1), Some(2_000));
        assert_eq!(pace.queue("+2", 1, 0, 1), Some(0));
        assert_eq!(pace.queue("+1", 1, 10_000, 1), Some(0));
        assert_eq!(pace.queue("+1", 36_001, 20_000, 1), Some(0));
        assert_eq!(pace.queue("+1", 1, 20_000, 1), None);
    }

    #[test]
    fn calls_are_counted_by_the_second() {
        let mut pace = Pace::default();
        let mut call = |now_ms| pace.call(now_ms, 1);
        assert_eq!(
            (call(0), call(1), call(2)),
            (Verdict::Go, Verdict::Refused, Verdict::RefusedAgain)
        );
        assert_eq!(call(1_000), Verdict::Go);
    }
}
