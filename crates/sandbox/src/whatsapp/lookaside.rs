//! The host that media are fetched from, and everything that can be wrong with what it answers.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::stream;

use super::media::{Media, hex};
use super::{has_bearer, remember, samples};
use crate::{Call, World};

/// How long an address from `GET /{media_id}` works (Cloud API "Media", checked 2026-11-20).
const ADDRESS_MS: i64 = 5 * 60_000;
/// Bytes that are sent at once where the body is not sent whole.
const CHUNK_BYTES: usize = 16 * 1024;
/// An address that no client should follow to: link-local, where clouds keep credentials.
const INTERNAL: &str = "http://169.254.169.254/latest/meta-data/";
const PAGE: &str = "<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>";
const SVG: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(document.domain)</script></svg>";

/// The address of a file from now on for five minutes.
pub fn url(world: &World, media: &Media) -> String {
    if world.switches.is("whatsapp.media_url", "foreign_host") {
        return elsewhere(world, &media.id);
    }
    let until_s = (world.clock.now_ms() + ADDRESS_MS) / 1_000;
    let hash = seal(world, &media.id, &until_s.to_string());
    format!(
        "{}/lookaside/whatsapp_business/attachments/?mid={}&source=getMedia&ext={until_s}&hash={hash}",
        world.base_url, media.id
    )
}

/// The sandbox under another name, which is another host to a client.
fn elsewhere(world: &World, id: &str) -> String {
    let port = world.base_url.rsplit(':').next().unwrap_or_default();
    format!("http://localhost:{port}/elsewhere/{id}")
}

fn seal(world: &World, id: &str, until_s: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, world.whatsapp.account.app_secret.as_bytes());
    hex(hmac::sign(&key, format!("{id}/{until_s}").as_bytes()).as_ref())
}

/// `GET /lookaside/whatsapp_business/attachments/`.
pub async fn download(
    State(world): State<Arc<World>>,
    Query(query): Query<HashMap<String, String>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let get = |key: &str| query.get(key).map_or("", String::as_str);
    let (id, until_s) = (get("mid"), get("ext"));
    let in_time =
        until_s.parse::<i64>().is_ok_and(|until_s| world.clock.now_ms() < until_s * 1_000);
    let sealed = get("hash") == seal(&world, id, until_s);
    let media = world.whatsapp.lock().media.get(id, world.clock.now_ms()).cloned();
    let refusal = match &media {
        _ if !has_bearer(&world, &headers) => "no bearer",
        _ if !sealed => "address not ours",
        _ if !in_time => "address too old",
        None => "media gone",
        Some(_) => "",
    };
    let (Some(media), true) = (media, refusal.is_empty()) else {
        call.note(refusal);
        return (StatusCode::NOT_FOUND, Html(PAGE)).into_response();
    };
    match redirect(&world, &query, &media) {
        Some(target) => {
            call.note(format!("redirected to {target}"));
            (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
        }
        None => body(world, media),
    }
}

fn redirect(world: &World, query: &HashMap<String, String>, media: &Media) -> Option<String> {
    match world.switches.get("whatsapp.media_redirect").as_str() {
        "same_host" if !query.contains_key("hop") => Some(format!("{}&hop=1", url(world, media))),
        "other_host" => Some(elsewhere(world, &media.id)),
        "internal_address" => Some(INTERNAL.to_owned()),
        _ => None,
    }
}

fn body(world: Arc<World>, media: Media) -> Response {
    let declared = match world.switches.get("whatsapp.media_content_type").as_str() {
        "wrong" => Some("text/html; charset=utf-8".to_owned()),
        "absent" => None,
        _ => Some(media.mime_type.clone()),
    };
    let behaviour = world.switches.get("whatsapp.media_body");
    let whole = match behaviour.as_str() {
        "empty" => Bytes::new(),
        "html" => Bytes::from_static(PAGE.as_bytes()),
        "svg" => Bytes::from_static(SVG.as_bytes()),
        "too_long" => [media.bytes.clone(), media.bytes.clone()].concat().into(),
        _ => media.bytes.clone(),
    };
    let delay_ms = world.switches.number("whatsapp.media_chunk_delay_ms");
    let announced = (behaviour == "broken_off").then_some(whole.len());
    let body = match behaviour.as_str() {
        "endless" => chunks(world, whole, Ending::Never, delay_ms),
        "broken_off" => {
            let half = whole.len() / 2;
            chunks(world, whole.slice(..half), Ending::Broken, delay_ms)
        }
        _ if delay_ms > 0 => chunks(world, whole, Ending::Proper, delay_ms),
        _ => Body::from(whole),
    };
    let mut response = Response::new(body);
    let mut set = |name: HeaderName, value: Option<String>| {
        let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
        value.map(|value| response.headers_mut().insert(name, value));
    };
    set(header::CONTENT_TYPE, declared);
    set(header::CONTENT_LENGTH, announced.map(|bytes| bytes.to_string()));
    response
}

/// How a body that comes in pieces ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Proper,
    /// The connection goes before everything that was announced has come.
    Broken,
    /// It begins again for as long as somebody reads.
    Never,
}

/// Pieces of `whole`, each after `delay_ms` of virtual time.
fn chunks(world: Arc<World>, whole: Bytes, ending: Ending, delay_ms: i64) -> Body {
    let pieces = stream::unfold((world, 0), move |(world, at): (Arc<World>, usize)| {
        let whole = whole.clone();
        async move {
            world.clock.sleep(delay_ms).await;
            let at = if at >= whole.len() && ending == Ending::Never { 0 } else { at };
            let stopped = *world.stopped().borrow();
            if at >= whole.len() || stopped {
                if ending != Ending::Broken || at > whole.len() {
                    return None;
                }
                // What has been written goes out only while the body makes the connection wait.
                tokio::task::yield_now().await;
                let broken = std::io::Error::other("broken off");
                return Some((Err(broken), (world, usize::MAX)));
            }
            let end = whole.len().min(at + CHUNK_BYTES);
            Some((Ok(whole.slice(at..end)), (world, end)))
        }
    });
    Body::from_stream(pieces)
}

/// `GET /elsewhere/{name}`: a host that must never see our bearer.
pub async fn foreign(
    State(world): State<Arc<World>>,
    Path(_name): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        call.note("credentials arrived at a foreign host");
        remember(&mut world.whatsapp.lock().leaked, call.seq());
    }
    ([(header::CONTENT_TYPE, "image/png")], samples::sample("image/png", 0)).into_response()
}

/// The file as it is; whatever it holds, a browser runs nothing of it.
pub fn plain(media: &Media) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media.mime_type.as_str()),
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, media.bytes.clone()).into_response()
}
