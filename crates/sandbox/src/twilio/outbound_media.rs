//! Fetching what a `MediaUrl` points to, as Twilio does before it passes a message on.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, header};
use reqwest::Response;

use super::message::Channel;
use crate::World;
use crate::journal::{Direction, Entry};

/// Media of one message (Messages resource, checked 2026-11-20).
pub const MAX_MEDIA: usize = 10;
/// Real time that one fetch may take; an assumption.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of all media of one MMS, and of one WhatsApp message (Accepted MIME types, checked 2026-11-20).
const MAX_MMS_BYTES: usize = 5 * 1024 * 1024;
const MAX_WHATSAPP_BYTES: usize = 16 * 1024 * 1024;
/// Content types that are taken (Accepted MIME types, checked 2026-11-20); a type ends in `/` where all of it is.
const ACCEPTED: [&str; 12] = [
    "image/",
    "audio/",
    "video/",
    "text/vcard",
    "text/x-vcard",
    "text/csv",
    "text/calendar",
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vcard",
    "application/vnd.",
];
/// What looks like an accepted type and is not.
const REFUSED: [&str; 1] = ["image/svg+xml"];

/// One fetched medium.
pub struct Fetched {
    pub content_type: String,
    pub bytes: Bytes,
}

/// Every medium in its order, or why one of them could not be taken.
pub async fn fetch_all(
    world: &World,
    channel: Channel,
    urls: &[String],
) -> Result<Vec<Fetched>, String> {
    let mut left = match channel {
        Channel::Sms => MAX_MMS_BYTES,
        Channel::Whatsapp => MAX_WHATSAPP_BYTES,
    };
    let mut fetched = Vec::new();
    for url in urls {
        let head = ask(world, Method::HEAD, url).await?;
        content_type(head.headers(), url)?;
        let get = ask(world, Method::GET, url).await?;
        let content_type = content_type(get.headers(), url)?;
        let bytes = read(get, left, url).await?;
        left -= bytes.len();
        fetched.push(Fetched { content_type, bytes });
    }
    Ok(fetched)
}

async fn ask(world: &World, method: Method, url: &str) -> Result<Response, String> {
    let operation = format!("media.{}", method.as_str().to_lowercase());
    let mut entry = Entry::new("twilio", &operation, Direction::Out, world.clock.now_ms());
    entry.method = method.to_string();
    entry.path = url.to_owned();
    let seq = world.journal.record(entry);
    let sent = world.http.request(method.clone(), url).timeout(TIMEOUT).send().await;
    let response = sent.map_err(|_| format!("{method} {url} was not answered"))?;
    let status = response.status().as_u16();
    world.journal.amend(seq, |entry| entry.status = Some(status));
    match status {
        200 => Ok(response),
        _ => Err(format!("{method} {url} was answered {status}")),
    }
}

fn content_type(headers: &HeaderMap, url: &str) -> Result<String, String> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = sent.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let accepted = ACCEPTED.iter().any(|one| match one.ends_with(['/', '.']) {
        true => kind.starts_with(one),
        false => kind == *one,
    });
    if accepted && !REFUSED.contains(&kind.as_str()) {
        Ok(kind)
    } else {
        Err(format!("{url} has the content type {kind:?}"))
    }
}

async fn read(mut response: Response, most: usize, url: &str) -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => {
                return Err(format!("{url} is too large"));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes.into()),
            Err(_) => return Err(format!("{url} broke off")),
        }
    }
}
