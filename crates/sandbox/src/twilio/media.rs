//! What messages carry: the `Media` subresource, and the place where media really lie.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{Legacy, TwilioError};
use super::{MAX_REMEMBERED, auth, remember};
use crate::dates::rfc2822;
use crate::{Call, World};

/// Media kept, and their bytes together; the oldest go first.
const MAX_MEDIA: usize = 10_000;
const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;
/// Bytes of one medium that the control API makes up.
const MAX_MADE_BYTES: usize = 64 * 1024 * 1024;
/// One white pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/// One picture, recording, …
#[derive(Clone)]
pub struct Media {
    /// `ME…`.
    pub sid: String,
    pub message_sid: String,
    pub content_type: String,
    pub bytes: Bytes,
    pub created_ms: i64,
    /// Sends whoever fetches it elsewhere than to the storage.
    pub redirect_to: Option<String>,
    /// The storage never stops sending it.
    pub endless: bool,
}

impl Media {
    /// In lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        let hash = digest(&SHA256, &self.bytes);
        hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A medium that a customer sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// `image/png` if absent.
    pub content_type: Option<String>,
    /// Its bytes in base64; or …
    pub base64: Option<String>,
    /// … as text; or …
    pub text: Option<String>,
    /// … so many zeros; one white pixel if all are absent.
    pub size_bytes: Option<usize>,
    pub redirect_to: Option<String>,
    pub endless: bool,
}

impl Spec {
    /// The medium of one message.
    pub fn make(&self, world: &World, message_sid: &str) -> Result<Media, String> {
        let bytes = match (&self.base64, &self.text, self.size_bytes) {
            (Some(base64), ..) => {
                STANDARD.decode(base64).map_err(|_| "base64 is not base64".to_owned())?
            }
            (_, Some(text), _) => text.clone().into_bytes(),
            (_, _, Some(size)) if size <= MAX_MADE_BYTES => vec![0; size],
            (_, _, Some(_)) => return Err(format!("size_bytes can be {MAX_MADE_BYTES} at most")),
            _ => STANDARD.decode(PIXEL).unwrap_or_default(),
        };
        Ok(Media {
            sid: world.twilio.sid("ME"),
            message_sid: message_sid.to_owned(),
            content_type: self.content_type.clone().unwrap_or_else(|| "image/png".to_owned()),
            bytes: bytes.into(),
            created_ms: world.clock.now_ms(),
            redirect_to: self.redirect_to.clone(),
            endless: self.endless,
        })
    }
}

/// All media, bounded.
#[derive(Default)]
pub struct Shelf {
    media: VecDeque<Media>,
    bytes: usize,
}

impl Shelf {
    pub fn keep(&mut self, media: Media) {
        self.bytes += media.bytes.len();
        self.media.push_back(media);
        while self.media.len() > MAX_MEDIA || self.bytes > MAX_TOTAL_BYTES {
            let Some(oldest) = self.media.pop_front() else { break };
            self.bytes -= oldest.bytes.len();
        }
    }

    pub fn get(&self, sid: &str) -> Option<&Media> {
        self.media.iter().rev().find(|media| media.sid == sid)
    }

    pub fn of(&self, message_sid: &str) -> Vec<&Media> {
        self.media.iter().filter(|media| media.message_sid == message_sid).collect()
    }

    /// Whether it was there.
    pub fn remove(&mut self, sid: &str) -> bool {
        let Some(index) = self.media.iter().position(|media| media.sid == sid) else {
            return false;
        };
        self.bytes -= self.media[index].bytes.len();
        self.media.remove(index);
        true
    }
}

/// Where an inbound message says its medium is.
pub fn url(world: &World, media: &Media) -> String {
    let account = &world.twilio.account;
    let api = account.urls(&world.base_url).api_url;
    let Media { message_sid, sid, .. } = media;
    format!("{api}/2010-04-01/Accounts/{}/Messages/{message_sid}/Media/{sid}", account.account_sid)
}

fn resource(world: &World, media: &Media) -> Value {
    let account_sid = &world.twilio.account.account_sid;
    let Media { message_sid, sid, .. } = media;
    json!({
        "account_sid": account_sid,
        "content_type": media.content_type,
        "date_created": rfc2822(media.created_ms),
        "date_updated": rfc2822(media.created_ms),
        "parent_sid": message_sid,
        "sid": sid,
        "uri": format!("/2010-04-01/Accounts/{account_sid}/Messages/{message_sid}/Media/{sid}.json"),
    })
}

pub async fn list(
    caller: auth::Caller,
    Path((_, message_sid)): Path<(String, String)>,
) -> Result<Json<Value>, Legacy> {
    let world = &caller.world;
    let held = world.twilio.lock();
    if held.messages.get(&message_sid).is_none() {
        return Err(TwilioError::not_found(&format!("/Messages/{message_sid}/Media.json")).into());
    }
    let found = held.media.of(&message_sid);
    let rows: Vec<Value> = found.into_iter().map(|media| resource(world, media)).collect();
    Ok(Json(json!({
        "end": rows.len().saturating_sub(1),
        "media_list": rows,
        "next_page_uri": null,
        "page": 0,
        "page_size": 50,
        "start": 0,
    })))
}

/// The bytes, by way of a redirect; with `.json` the resource.
pub async fn fetch(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    Path((account_sid, message_sid, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Legacy> {
    let sid = file.trim_end_matches(".json");
    let open = sid == file && world.switches.is("twilio.media_auth", "open");
    if !open && !auth::is_known(&world, &headers) {
        call.note("rejected 20003");
        return Err(TwilioError::plain(20_003).into());
    }
    let held = world.twilio.lock();
    let found = held.media.get(sid).filter(|media| {
        media.message_sid == message_sid && account_sid == world.twilio.account.account_sid
    });
    let media = found
        .cloned()
        .ok_or_else(|| TwilioError::not_found(&format!("/Messages/{message_sid}/Media/{file}")))?;
    drop(held);
    if sid != file {
        return Ok(Json(resource(&world, &media)).into_response());
    }
    let target = match (&media.redirect_to, world.switches.get("twilio.media_redirect").as_str()) {
        (Some(target), _) => target.clone(),
        (None, "none") => return Ok(bytes(media)),
        (None, choice) => storage_url(&world, &media, choice == "host"),
    };
    let target = HeaderValue::from_str(&target)
        .map_err(|_| TwilioError::new(20_500, "redirect_to is not an address"))?;
    Ok((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response())
}

fn storage_url(world: &World, media: &Media, other_host: bool) -> String {
    let base = match other_host {
        true => world.base_url.replace("//127.0.0.1", "//localhost"),
        false => world.base_url.clone(),
    };
    format!("{base}/twilio/storage/{}?Signature={}", media.sid, world.twilio.ids.hex(32))
}

pub async fn delete(
    caller: auth::Caller,
    Path((_, _, file)): Path<(String, String, String)>,
) -> Result<StatusCode, Legacy> {
    if caller.world.twilio.lock().media.remove(file.trim_end_matches(".json")) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(TwilioError::not_found(&format!("/Media/{file}")).into())
    }
}

/// Somebody else's storage: whoever shows it credentials has given them away.
pub async fn storage(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    Path(sid): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut held = world.twilio.lock();
    if headers.contains_key(header::AUTHORIZATION) {
        call.note("credentials arrived at the storage");
        remember(&mut held.leaked, MAX_REMEMBERED, call.seq());
        return StatusCode::BAD_REQUEST.into_response();
    }
    match held.media.get(&sid) {
        Some(media) => bytes(media.clone()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn bytes(media: Media) -> Response {
    let content_type = HeaderValue::from_str(&media.content_type);
    let content_type =
        content_type.unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let body = match media.endless {
        true => Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, io::Error>(Bytes::from_static(&[0; 8192]))
        })),
        false => Body::from(media.bytes),
    };
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}
