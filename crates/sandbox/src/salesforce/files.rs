//! Files that reps send, under public addresses, and the bytes of those that customers sent.
//!
//! A rep's file is a content delivery: an address below `/sfc/dist/version/download/` without a login, as in the vendor's
//! examples of attachments. How long it lives is not documented.

use std::collections::VecDeque;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Inner;
use super::calls::Options;
use super::record_id;
use crate::World;

/// Files that are kept, and their bytes together; the oldest go first.
const MAX_FILES: usize = 10_000;
const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;
/// A rep's greatest file, in bytes.
const MAX_REP_BYTES: usize = 64 * 1024 * 1024;
/// One white pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/// A file that a rep sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// With its extension.
    pub name: Option<String>,
    /// `image/png` if absent.
    pub content_type: Option<String>,
    /// Its bytes in base64; or …
    pub base64: Option<String>,
    /// … as text; or …
    pub text: Option<String>,
    /// … so many zeros; one white pixel if all are absent.
    pub size_bytes: Option<usize>,
    /// The type that the server tells, where it lies.
    pub served_type: Option<String>,
    /// Where it is, if not with Salesforce.
    pub url: Option<String>,
}

struct Stored {
    id: String,
    secret: String,
    content_type: String,
    bytes: Bytes,
    created_ms: i64,
}

/// All files, bounded.
#[derive(Default)]
pub struct Shelf {
    files: VecDeque<Stored>,
    bytes: usize,
}

impl Shelf {
    fn keep(&mut self, file: Stored) {
        self.bytes += file.bytes.len();
        self.files.push_back(file);
        while self.files.len() > MAX_FILES || self.bytes > MAX_TOTAL_BYTES {
            let Some(oldest) = self.files.pop_front() else { break };
            self.bytes -= oldest.bytes.len();
        }
    }

    fn get(&self, id: &str) -> Option<&Stored> {
        self.files.iter().rev().find(|file| file.id == id)
    }
}

/// Keeps a file; its `ContentVersion` id and its address.
pub fn keep(
    world: &World,
    inner: &mut Inner,
    bytes: Bytes,
    content_type: &str,
) -> (String, String) {
    let id = record_id::new(&inner.ids, "068");
    let secret = inner.ids.alphanumeric(40);
    let org = &world.salesforce.account.org_id_15;
    let path = "salesforce/sfc/dist/version/download/";
    let url = format!("{}/{path}?oid={org}&ids={id}&d={secret}&asPdf=false", world.base_url);
    inner.files.keep(Stored {
        id: id.clone(),
        secret,
        content_type: content_type.to_owned(),
        bytes,
        created_ms: world.clock.now_ms(),
    });
    (id, url)
}

/// An item of `attachments` in a rep's message, and what the rep's own screen shows of it.
pub fn from_rep(world: &World, inner: &mut Inner, spec: &Spec) -> Result<(Value, Value), String> {
    let name = spec.name.clone().unwrap_or_else(|| "picture.png".to_owned());
    let content_type = spec.content_type.clone().unwrap_or_else(|| "image/png".to_owned());
    let bytes = match (&spec.base64, &spec.text, spec.size_bytes) {
        (Some(base64), ..) => STANDARD.decode(base64).map_err(|_| "base64 is not base64")?,
        (_, Some(text), _) => text.clone().into_bytes(),
        (_, _, Some(size)) if size <= MAX_REP_BYTES => vec![0; size],
        (_, _, Some(_)) => return Err(format!("{name} is larger than {MAX_REP_BYTES} bytes")),
        _ => STANDARD.decode(PIXEL).unwrap_or_default(),
    };
    let shown = shown(&name, &content_type, &bytes);
    let served_type = spec.served_type.clone().unwrap_or_else(|| content_type.clone());
    let (id, url) = keep(world, inner, bytes.into(), &served_type);
    let url = spec.url.clone().unwrap_or(url);
    let mut shown = shown;
    shown["contentUrl"] = json!(url);
    let item = json!({
        "id": inner.ids.guid(),
        "name": name,
        "mimeType": content_type,
        "url": url,
        "referenceId": id,
        "attachmentUploadResult": "Completed",
    });
    Ok((item, shown))
}

/// What a rep sees of a file.
pub fn shown(name: &str, content_type: &str, bytes: &[u8]) -> Value {
    let hash = digest(&SHA256, bytes);
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "name": name, "contentType": content_type, "bytes": bytes.len(), "sha256": hex })
}

/// Gives a file to whoever has its address.
pub async fn serve(State(world): State<Arc<World>>, Query(options): Query<Options>) -> Response {
    let option = |name: &str| options.get(name).map_or("", String::as_str);
    let life_ms = world.switches.number("salesforce.file_life_s") * 1_000;
    let now_ms = world.clock.now_ms();
    let inner = world.salesforce.inner();
    let good = |file: &&Stored| {
        file.secret == option("d")
            && option("oid") == world.salesforce.account.org_id_15
            && (life_ms == 0 || now_ms < file.created_ms + life_ms)
    };
    let Some(file) = inner.files.get(option("ids")).filter(good) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = file.bytes.clone().into_response();
    if let Ok(content_type) = HeaderValue::from_str(&file.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}
