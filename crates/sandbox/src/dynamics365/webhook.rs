//! What Microsoft sends to our webhook: activities as its samples show them, without id and without time.
//!
//! Source: "Configure a custom messaging channel" and "Intro to the Messaging APIs", checked 2026-11-20.

use std::sync::Arc;

use axum::http::{HeaderName, header};
use bytes::Bytes;
use serde_json::{Value, json};

use super::conversation::{Rep, Signal};
use super::token::{self, Signer};
use super::{Account, entra};
use crate::{Emission, Hook, RetryPolicy, World};

/// Ten seconds for each attempt, up to three retries, then dropped; how long Microsoft waits between them is not
/// documented.
const RETRY: RetryPolicy = RetryPolicy {
    answer_timeout_ms: 10_000,
    gaps_ms: &[2_000, 10_000, 30_000],
    taken: |status| (200..300).contains(&status),
};

/// Lifetime of the webhook's token in seconds.
const TOKEN_LIFE_S: i64 = 3_600;

/// The request that tells our webhook of `signal`; `None` while no webhook is set, and for a conversation without channel.
pub fn hook(world: &World, conversation_id: &str, signal: &Signal) -> Option<Hook> {
    let base_url = world.dynamics365.webhook_url()?;
    if world.dynamics365.inner().find(conversation_id).is_some_and(|known| known.row_only) {
        return None;
    }
    let url =
        format!("{}/v3/conversations/{conversation_id}/activities", base_url.trim_end_matches('/'));
    let mut headers: Vec<(HeaderName, String)> =
        vec![(header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned())];
    if let Some(bearer) = bearer(world) {
        headers.push((header::AUTHORIZATION, format!("Bearer {bearer}")));
    }
    Some(Hook {
        vendor: "dynamics365",
        kind: kind(world, signal),
        key: Some(conversation_id.to_owned()),
        url,
        headers,
        body: Bytes::from(activity(world, conversation_id, signal).to_string()),
        retry: RETRY,
    })
}

/// A webhook that follows from an API call.
pub fn emission(world: &World, conversation_id: &str, signal: Signal) -> Emission {
    let conversation_id = conversation_id.to_owned();
    Emission {
        vendor: "dynamics365",
        kind: kind(world, &signal),
        key: Some(conversation_id.clone()),
        delay_ms: 0,
        make: Box::new(move |world: &Arc<World>| hook(world, &conversation_id, &signal)),
    }
}

/// What faults call it: `message`, `typing`, `event.AgentAccepted`, …
fn kind(world: &World, signal: &Signal) -> String {
    match signal {
        Signal::Message { .. } => "message".to_owned(),
        Signal::Typing { .. } => "typing".to_owned(),
        Signal::Event { name, .. } => format!("event.{}", spelled(world, name)),
        Signal::OtherEvent { name, .. } => format!("event.{name}"),
    }
}

/// The list of events and the samples do not agree on two names.
fn spelled(world: &World, name: &'static str) -> &'static str {
    let as_in_samples = world.switches.is("dynamics365.event_spelling", "samples");
    match name {
        "AgentEndSession" if as_in_samples => "AgentClosed",
        "ConversationClose" if as_in_samples => "ConversationClosed",
        other => other,
    }
}

fn activity(world: &World, conversation_id: &str, signal: &Signal) -> Value {
    let channel_id = match world.switches.get("dynamics365.webhook_channel_id").as_str() {
        "MessagingApi" => "MessagingApi".to_owned(),
        _ => world.dynamics365.account.channel_id.clone(),
    };
    let base = |kind: &str, from: &Rep| {
        json!({
            "type": kind,
            "channelId": channel_id,
            "from": { "id": from.id, "name": from.name },
            "conversation": { "id": conversation_id },
        })
    };
    match signal {
        Signal::Message { from, text, attachments } => {
            let mut activity = base("message", from);
            activity["textFormat"] = json!("markdown");
            activity["text"] = json!(text);
            activity["attachments"] = json!(attachments);
            activity
        }
        Signal::Typing { from } => {
            let mut activity = base("typing", from);
            activity["recipient"] = json!({ "id": conversation_id });
            activity
        }
        Signal::Event { from, name } => {
            let name = spelled(world, name);
            event(world, base("", from), name, &format!("EventName: **_{name}_**"))
        }
        Signal::OtherEvent { from, name, text } => event(world, base("", from), name, text),
    }
}

/// Every sample shows events disguised as messages.
fn event(world: &World, mut activity: Value, name: &str, text: &str) -> Value {
    activity["type"] = json!(world.switches.get("dynamics365.event_type"));
    activity["name"] = json!(name);
    activity["textFormat"] = json!("markdown");
    activity["text"] = json!(text);
    activity["attachments"] = json!([]);
    activity
}

/// What a token on the webhook claims, where it differs from the usual.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub audience: Option<String>,
    pub tenant: Option<String>,
    pub app: Option<String>,
    pub issuer: Option<String>,
    /// Seconds from now; negative for a token that has expired.
    pub life_s: Option<i64>,
}

/// A token as Microsoft presents it to our webhook.
pub fn mint(world: &World, signer: Signer, wanted: Claims) -> Option<String> {
    let account = &world.dynamics365.account;
    let now_s = world.clock.now_ms() / 1_000;
    let tenant = wanted.tenant.unwrap_or_else(|| account.tenant_id.clone());
    let app = wanted.app.unwrap_or_else(|| account.webhook_app_id.clone());
    let is_v1 = world.switches.is("dynamics365.webhook_token_version", "v1");
    let issuer = wanted.issuer.unwrap_or_else(|| match is_v1 {
        true => format!("https://sts.windows.net/{tenant}/"),
        false => entra::issuer(world, &tenant),
    });
    let mut claims = json!({
        "aud": wanted.audience.unwrap_or_else(|| audience(world, account)),
        "iss": issuer,
        "iat": now_s,
        "nbf": now_s.min(now_s + wanted.life_s.unwrap_or(0)),
        "exp": now_s + wanted.life_s.unwrap_or(TOKEN_LIFE_S),
        "tid": tenant,
        "ver": if is_v1 { "1.0" } else { "2.0" },
    });
    if is_v1 || world.switches.is("dynamics365.webhook_token_appid", "always") {
        claims["appid"] = json!(app);
    }
    if !is_v1 {
        claims["azp"] = json!(app);
    }
    token::sign(signer, &claims)
}

fn audience(world: &World, account: &Account) -> String {
    match world.switches.get("dynamics365.webhook_token_audience").as_str() {
        "api_uri" => format!("api://{}", account.webhook_app_id),
        _ => account.webhook_app_id.clone(),
    }
}

fn bearer(world: &World) -> Option<String> {
    let foreign = || Some(world.dynamics365.guid());
    let (signer, claims) = match world.switches.get("dynamics365.webhook_token").as_str() {
        "none" => return None,
        "foreign_key" => (Signer::Foreign, Claims::default()),
        "foreign_tenant" => (Signer::Entra, Claims { tenant: foreign(), ..Claims::default() }),
        "foreign_audience" => (Signer::Entra, Claims { audience: foreign(), ..Claims::default() }),
        "foreign_app" => (Signer::Entra, Claims { app: foreign(), ..Claims::default() }),
        "expired" => (Signer::Entra, Claims { life_s: Some(-60), ..Claims::default() }),
        _ => (Signer::Entra, Claims::default()),
    };
    mint(world, signer, claims)
}
