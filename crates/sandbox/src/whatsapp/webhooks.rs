//! Meta's webhooks: envelope, escaping, signature, handshake, repeats.

use std::fmt::Write;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::http::HeaderName;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};

use super::Held;
use super::callbacks::Level;
use crate::{Hook, RetryPolicy, World};

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
const S: i64 = 1_000;
const H: i64 = 3_600 * S;

/// Growing gaps, about six days in all: Meta repeats "with decreasing frequency" for up to seven
/// (Webhooks overview, checked 2026-11-20; it does not publish the gaps).
const RETRY: RetryPolicy = RetryPolicy {
    // Not documented by Meta; an assumption.
    answer_timeout_ms: 15_000,
    gaps_ms: &[
        10 * S,
        30 * S,
        60 * S,
        120 * S,
        300 * S,
        600 * S,
        1_200 * S,
        2_400 * S,
        H,
        2 * H,
        4 * H,
        8 * H,
        12 * H,
        24 * H,
        24 * H,
        24 * H,
        24 * H,
    ],
    taken: |status| status == 200,
};

/// How `raw` webhooks are signed.
#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    #[default]
    Right,
    /// Well-formed, but made with another secret.
    Wrong,
    Malformed,
    Missing,
}

/// One change of the business account, alone or collected with others.
pub fn change(
    world: &World,
    held: &mut Held,
    kind: &str,
    key: Option<String>,
    change: Value,
) -> Option<Hook> {
    let size = usize::try_from(world.switches.number("whatsapp.batch_size")).unwrap_or(1);
    if size <= 1 && held.batch.is_empty() {
        return envelope(world, held, kind, key, vec![change]);
    }
    held.batch.push(change);
    if held.batch.len() < size {
        return None;
    }
    flush(world, held)
}

/// Everything collected so far.
pub fn flush(world: &World, held: &mut Held) -> Option<Hook> {
    let changes = std::mem::take(&mut held.batch);
    if changes.is_empty() { None } else { envelope(world, held, "batch", None, changes) }
}

fn envelope(
    world: &World,
    held: &Held,
    kind: &str,
    key: Option<String>,
    changes: Vec<Value>,
) -> Option<Hook> {
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": world.whatsapp.account.waba_id, "changes": changes }],
    });
    let body = escape(&body.to_string(), world.switches.is("whatsapp.escape_slashes", "yes"));
    hook(world, held.callbacks.target()?, kind, key, body, Signing::Right)
}

/// A webhook with exactly this body.
pub fn hook(
    world: &World,
    url: String,
    kind: &str,
    key: Option<String>,
    body: String,
    signing: Signing,
) -> Option<Hook> {
    let secret = world.whatsapp.account.app_secret.as_str();
    let signature = match signing {
        Signing::Right => Some(sign(secret, body.as_bytes())),
        Signing::Wrong => Some(sign("another secret", body.as_bytes())),
        Signing::Malformed => Some("sha256=not-hexadecimal".to_owned()),
        Signing::Missing => None,
    };
    let mut headers = vec![
        (CONTENT_TYPE, "application/json".to_owned()),
        (USER_AGENT, "facebookexternalua".to_owned()),
    ];
    headers.extend(signature.map(|signature| (SIGNATURE, signature)));
    Some(Hook {
        vendor: "whatsapp",
        kind: kind.to_owned(),
        key,
        url,
        headers,
        body: body.into(),
        retry: RETRY,
    })
}

/// `sha256=` and the lowercase hexadecimal HMAC-SHA256 of the body.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Writes everything beyond ASCII as `\uXXXX` in lowercase, as Meta does before it signs.
pub fn escape(json: &str, slashes: bool) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '/' if slashes => escaped.push_str("\\/"),
            c if c.is_ascii() => escaped.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _infallible = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

/// The verification that Meta makes when a callback is set; on success webhooks go there from now on.
pub async fn handshake(
    world: &Arc<World>,
    level: Level,
    url: &str,
    verify_token: &str,
) -> Result<(), String> {
    let challenge = world.whatsapp.ids.digits(10);
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", &challenge),
        ("hub.verify_token", verify_token),
    ];
    let request = world.http.get(url).query(&query).timeout(std::time::Duration::from_secs(10));
    let response = request.send().await.map_err(|_| format!("no answer from {url}"))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(format!("{url} answered {status} and not 200"));
    }
    let body = response.text().await.map_err(|_| format!("the answer of {url} broke off"))?;
    if body != challenge {
        return Err(format!("{url} did not answer with the challenge as its whole body"));
    }
    world.whatsapp.lock().callbacks.set(level, Some(url.to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_webhook_has_its_recorded_signature() {
        let body = br#"{"object":"whatsapp_business_account","entry":[{"id":"264937493375603","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550953877","phone_number_id":"277321005464405"},"contacts":[{"profile":{"name":"PyWa Tests"},"wa_id":"972544401243"}],"messages":[{"from":"972544401243","id":"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA","timestamp":"1730231903","text":{"body":"Hey there! I am using PyWa."},"type":"text"}]},"field":"messages"}]}]}"#;
        let recorded = "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441";
        assert_eq!(sign("1222e786b144d0e85b9f365372d93676", body), recorded);
    }

    #[test]
    fn beyond_ascii_is_escaped_in_lowercase_with_surrogates() {
        assert_eq!(escape("\"Zoë 😀/\"", false), "\"Zo\\u00eb \\ud83d\\ude00/\"");
        assert_eq!(escape("\"a/b\"", true), "\"a\\/b\"");
    }

    #[test]
    fn repeats_end_within_seven_days_and_never_come_closer() {
        assert!(RETRY.gaps_ms.iter().sum::<i64>() <= 7 * 24 * H);
        assert!(RETRY.gaps_ms.is_sorted());
    }
}
