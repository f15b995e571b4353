//! Twilio's webhooks: where they go, their signature, the one retry, the fallback, and the answer's TwiML.

use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::errors::title;
use super::form::encode;
use super::inbound::Told;
use super::message::Channel;
use super::signature::{Algorithm, body_sha256, sign};
use super::{Held, keywords, sending, twiml};
use crate::{Answer, Delivered, Hook, RetryPolicy, World};

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");
const SETTINGS: HeaderName = HeaderName::from_static("x-twilio-webhooks-signature-settings");
const IDEMPOTENCY: HeaderName = HeaderName::from_static("i-twilio-idempotency-token");
/// Repeats come at once; Twilio documents no gaps (Webhooks connection overrides, checked 2026-11-20).
const GAPS_MS: [i64; 5] = [0; 5];

/// How a webhook is signed, for bodies that are sent as they are.
#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    #[default]
    Right,
    /// Well-formed, but made with another key.
    Wrong,
    Missing,
}

/// Which failures of a webhook Twilio repeats, by the fragment of its address: `#rc=2&rp=5xx,rt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Overrides {
    retries: usize,
    connect: bool,
    read: bool,
    client: bool,
    server: bool,
}

impl Overrides {
    /// One more attempt after a failed connection is the default.
    fn read(fragment: &str) -> Self {
        let mut overrides =
            Self { retries: 1, connect: true, read: false, client: false, server: false };
        for (name, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "rc" => overrides.retries = value.parse().unwrap_or(1).min(GAPS_MS.len()),
                "rp" => {
                    let has = |word: &str| value.split(',').any(|one| one == word || one == "all");
                    overrides.connect = has("ct");
                    overrides.read = has("rt");
                    overrides.client = has("4xx");
                    overrides.server = has("5xx");
                }
                _ => {}
            }
        }
        overrides
    }

    fn repeats(&self, answer: &Answer) -> bool {
        match answer.status {
            None if answer.connected => self.read,
            None => self.connect,
            Some(status) => {
                (self.client && (400..500).contains(&status)) || (self.server && status >= 500)
            }
        }
    }

    /// For webhooks whose answer says nothing; no answer in time counts as no connection.
    fn policy(&self, answer_timeout_ms: u64) -> RetryPolicy {
        let taken: fn(u16) -> bool = match (self.client, self.server) {
            (true, true) => |status| status < 400,
            (true, false) => |status| !(400..500).contains(&status),
            (false, true) => |status| status < 500,
            (false, false) => |_| true,
        };
        let silent = self.connect || self.read;
        let retries = if silent || self.client || self.server { self.retries } else { 0 };
        RetryPolicy { answer_timeout_ms, gaps_ms: &GAPS_MS[..retries], taken }
    }
}

/// The address without its fragment, which stays with Twilio.
fn split(url: &str) -> (&str, Overrides) {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    (url, Overrides::read(fragment))
}

fn timeout_ms(world: &World) -> u64 {
    u64::try_from(world.switches.number("twilio.webhook_timeout_ms")).unwrap_or(15_000)
}

/// A status callback: repeated by its address, its answer ignored.
pub fn hook(
    world: &World,
    kind: &str,
    key: Option<String>,
    url: &str,
    params: &[(String, String)],
) -> Hook {
    let (address, overrides) = split(url);
    let token = world.twilio.ids.guid();
    let mut hook = signed(world, kind, key, address, params, &token, Signing::Right);
    hook.retry = overrides.policy(timeout_ms(world));
    hook
}

/// A webhook that is sent once.
pub fn signed(
    world: &World,
    kind: &str,
    key: Option<String>,
    url: &str,
    params: &[(String, String)],
    token: &str,
    signing: Signing,
) -> Hook {
    let account = &world.twilio.account;
    let (algorithm, own_key) = match world.switches.get("twilio.signature").as_str() {
        "shared_key" => (Algorithm::Sha256, &account.shared_key_secret),
        "shared_key_sha1" => (Algorithm::Sha1, &account.shared_key_secret),
        _ if world.switches.is("twilio.auth_token", "secondary") => {
            (Algorithm::Sha1, &account.secondary_auth_token)
        }
        _ => (Algorithm::Sha1, &account.auth_token),
    };
    let key_used = if matches!(signing, Signing::Wrong) { "another key" } else { own_key.as_str() };
    let (url, content_type, body, signature) = if world.switches.is("twilio.webhook_format", "json")
    {
        let body = json_body(params);
        let joint = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joint}bodySHA256={}", body_sha256(body.as_bytes()));
        let signature = sign(algorithm, key_used, &url, &[]);
        (url, "application/json", body, signature)
    } else {
        let signature = sign(algorithm, key_used, url, params);
        let content_type = "application/x-www-form-urlencoded; charset=UTF-8";
        (url.to_owned(), content_type, encode(params), signature)
    };
    let mut headers = vec![
        (CONTENT_TYPE, content_type.to_owned()),
        (USER_AGENT, "TwilioProxy/1.1".to_owned()),
        (IDEMPOTENCY, token.to_owned()),
    ];
    if !matches!(signing, Signing::Missing) {
        headers.push((SIGNATURE, signature));
    }
    if !world.switches.is("twilio.signature", "auth_token") {
        let name = if matches!(algorithm, Algorithm::Sha256) { "HMAC_SHA256" } else { "HMAC_SHA1" };
        headers.push((SETTINGS, format!("key={},algorithm={name}", account.shared_key_id)));
    }
    let retry = RetryPolicy { answer_timeout_ms: timeout_ms(world), gaps_ms: &[], taken: |_| true };
    Hook { vendor: "twilio", kind: kind.to_owned(), key, url, headers, body: body.into(), retry }
}

fn json_body(params: &[(String, String)]) -> String {
    let object: Map<String, Value> =
        params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    Value::Object(object).to_string()
}

/// Where messages to one of our addresses go, and where if that fails. `None` drops them.
pub fn targets(held: &Held, channel: Channel, number: &str) -> Option<(String, Option<String>)> {
    let service = &held.service;
    let filled = |url: &String| (!url.is_empty()).then(|| url.clone());
    if channel == Channel::Whatsapp {
        let sender = &held.sender;
        let own = filled(&sender.callback_url).map(|url| (url, filled(&sender.fallback_url)));
        let of_service = service.inbound_request_url.clone();
        return own.or_else(|| of_service.map(|url| (url, service.fallback_url.clone())));
    }
    let number = held.number(number)?;
    if number.in_service && !service.use_inbound_webhook_on_number {
        return Some((service.inbound_request_url.clone()?, service.fallback_url.clone()));
    }
    Some((filled(&number.sms_url)?, filled(&number.sms_fallback_url)))
}

/// An inbound webhook that is on its way.
pub struct Trip {
    pub told: Told,
    pub url: String,
    pub fallback: Option<String>,
    /// The same for every attempt at one address.
    pub token: String,
    pub params: Vec<(String, String)>,
    /// Attempts that have failed.
    pub failed: usize,
}

impl Trip {
    /// Sends it, and acts on the answer; the receiver tells what came of this attempt.
    pub fn send(self, world: &Arc<World>) -> oneshot::Receiver<Delivered> {
        let (url, _) = split(&self.url);
        let key = Some(self.told.customer_address.clone());
        let kind = self.told.kind;
        let hook = signed(world, kind, key, url, &self.params, &self.token, Signing::Right);
        world.webhooks.send_then(
            world,
            hook,
            Box::new(move |world, answer| self.go_on(world, answer)),
        )
    }

    fn go_on(mut self, world: &Arc<World>, answer: Answer) {
        if answer.status.is_some_and(|status| (200..300).contains(&status)) {
            return act(world, &self.told, &answer);
        }
        let (_, overrides) = split(&self.url);
        if self.failed < overrides.retries && overrides.repeats(&answer) {
            self.failed += 1;
            world.journal.note(answer.seq, "again at once");
            let _unwatched = self.send(world);
            return;
        }
        let code = if answer.status.is_none() && !answer.connected { 11_205 } else { 11_200 };
        alert(world, answer.seq, code, &self.told.message_sid, title(code));
        let Some(fallback) = self.fallback.take() else { return };
        self.params.push(("ErrorCode".to_owned(), code.to_string()));
        self.params.push(("ErrorUrl".to_owned(), split(&self.url).0.to_owned()));
        self.url = fallback;
        self.token = world.twilio.ids.guid();
        self.failed = 0;
        self.told.kind = "fallback";
        let _unwatched = self.send(world);
    }
}

fn alert(world: &World, seq: u64, code: i64, message_sid: &str, text: &str) {
    world.journal.note(seq, format!("alert {code}"));
    let at_ms = world.clock.now_ms();
    world.twilio.lock().alert(
        json!({ "code": code, "text": text, "message_sid": message_sid, "seq": seq, "at_ms": at_ms }),
    );
}

/// The receiver has taken the message: do what its TwiML says.
fn act(world: &Arc<World>, told: &Told, answer: &Answer) {
    if let Some(pair) = &told.opted_out {
        keywords::tell(&mut world.twilio.lock(), pair);
    }
    let body = String::from_utf8_lossy(&answer.body);
    let replies = match twiml::read(&answer.content_type, &body) {
        Ok(replies) => replies,
        Err((code, text)) => return alert(world, answer.seq, code, &told.message_sid, &text),
    };
    for reply in replies {
        if let Err(code) = send_reply(world, told, reply) {
            alert(world, answer.seq, code, &told.message_sid, title(code));
        }
    }
}

fn send_reply(world: &Arc<World>, told: &Told, reply: twiml::Reply) -> Result<(), i64> {
    let emissions = {
        let mut held = world.twilio.lock();
        let to = reply.to.unwrap_or_else(|| told.customer_address.clone());
        let (channel, bare) = Channel::split(&to);
        let customer = held.customers.find(bare).ok_or(21_211)?;
        let (_, number) = Channel::split(&told.our_address);
        if let Some(number) = held.number(number)
            && held.opt_outs.contains_key(&(keywords::scope(world, number), customer))
        {
            return Err(21_610);
        }
        let outgoing = sending::Outgoing {
            channel,
            direction: "outbound-reply",
            customer,
            from: told.our_address.clone(),
            to,
            body: reply.body,
            media: Vec::new(),
            service_sid: None,
            status_callback: reply.status_callback,
            content: json!({ "media_urls": reply.media }),
            approved: false,
            failure: None,
            seq: 0,
        };
        let (_, emissions) = sending::take(world, &mut held, outgoing).ok_or(21_611)?;
        emissions
    };
    for emission in emissions {
        world.webhooks.after(world, emission.delay_ms, emission.make);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_of_an_address_says_what_is_repeated() {
        let (url, default) = split("https://a.example/hook?x=1");
        assert_eq!(url, "https://a.example/hook?x=1");
        assert_eq!((default.retries, default.connect, default.server), (1, true, false));
        let (url, wanted) = split("https://a.example/hook#rc=3&rp=5xx,rt&ct=2000");
        assert_eq!(url, "https://a.example/hook");
        assert_eq!((wanted.retries, wanted.connect, wanted.read), (3, false, true));
        assert_eq!((wanted.client, wanted.server), (false, true));
        let (_, all) = split("https://a.example/#rc=9&rp=all");
        assert!(all.retries == 5 && all.connect && all.read && all.client && all.server);
        assert!(!(all.policy(1).taken)(404) && (default.policy(1).taken)(500));
    }
}
