//! Files that a message to a customer carries, by id or by a link that Meta fetches.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header;
use serde_json::Value;

use super::errors::GraphError;
use super::media::{ID_DIGITS, Media, UPLOADED_MS};
use super::{Held, formats, items};
use crate::World;

/// Links of one message that are fetched.
const MAX_LINKS: usize = 10;
/// How long a link may take; Meta publishes no number, this is an assumption.
const FETCH_WITHIN: Duration = Duration::from_secs(10);
/// Bytes that are read of any link.
const MAX_FETCHED_BYTES: usize = 100 * 1024 * 1024;

/// One file, where the message names it.
pub struct Attachment {
    /// Such as `image` or `template[header]`.
    field: String,
    kind: String,
    voice: bool,
    file_name: Option<String>,
    source: Source,
}

enum Source {
    Id(String),
    Link(Result<Fetched, String>),
}

struct Fetched {
    mime_type: String,
    bytes: Bytes,
}

/// The media objects of a message: field, kind, object.
fn objects(message: &Value) -> Vec<(String, String, &Value)> {
    let kind = message["type"].as_str().unwrap_or("text");
    match kind {
        "image" | "video" | "audio" | "document" | "sticker" => {
            vec![(kind.to_owned(), kind.to_owned(), &message[kind])]
        }
        "interactive" => {
            let header = &message["interactive"]["header"];
            let kind = header["type"].as_str().unwrap_or("text");
            let object = &header[kind];
            let media = matches!(kind, "image" | "video" | "document") && object.is_object();
            media
                .then(|| ("interactive[header]".to_owned(), kind.to_owned(), object))
                .into_iter()
                .collect()
        }
        "template" => template_objects(message),
        _ => Vec::new(),
    }
}

fn template_objects(message: &Value) -> Vec<(String, String, &Value)> {
    let parameters = items(&message["template"]["components"])
        .iter()
        .flat_map(|part| items(&part["parameters"]));
    let media = |parameter: &'_ Value| {
        let kind = parameter["type"].as_str().unwrap_or_default();
        matches!(kind, "image" | "video" | "document" | "gif") && parameter[kind].is_object()
    };
    parameters
        .filter(|parameter| media(parameter))
        .map(|parameter| {
            let kind = parameter["type"].as_str().unwrap_or_default();
            ("template[header]".to_owned(), kind.to_owned(), &parameter[kind])
        })
        .collect()
}

/// Finds the files of a message and fetches the links.
pub async fn gather(world: &Arc<World>, message: &Value) -> Vec<Attachment> {
    let mut found = Vec::new();
    for (field, kind, object) in objects(message).into_iter().take(MAX_LINKS) {
        let source = match (object["id"].as_str(), object["link"].as_str()) {
            (Some(id), _) => Source::Id(id.to_owned()),
            (None, Some(link)) => Source::Link(fetch(world, link).await),
            (None, None) => continue,
        };
        let voice = object["voice"] == true;
        let file_name = object["filename"].as_str().map(str::to_owned);
        found.push(Attachment { field, kind, voice, file_name, source });
    }
    found
}

async fn fetch(world: &World, link: &str) -> Result<Fetched, String> {
    let request = world.http.get(link).timeout(FETCH_WITHIN);
    let mut response = request.send().await.map_err(|_| format!("{link} does not answer"))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(format!("{link} answered {status}"));
    }
    let declared = response.headers().get(header::CONTENT_TYPE);
    let mime_type = declared.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|_| format!("the answer of {link} broke off"))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FETCHED_BYTES {
            return Err(format!("{link} is larger than {MAX_FETCHED_BYTES} bytes"));
        }
    }
    Ok(Fetched { mime_type, bytes: bytes.into() })
}

/// What became of the files of a message.
#[derive(Default)]
pub struct Settled {
    pub media: Option<Media>,
    /// Why the accepted message will fail.
    pub failure: Option<GraphError>,
}

/// Puts fetched files on the shelf and looks at all of them; `Err` for an id that does not exist.
pub fn settle(
    world: &World,
    held: &mut Held,
    attachments: Vec<Attachment>,
) -> Result<Settled, GraphError> {
    let mut settled = Settled::default();
    for attachment in attachments {
        let Attachment { field, kind, voice, file_name, source } = attachment;
        let mut media = match source {
            Source::Id(id) => {
                let known = held.media.get(&id, world.clock.now_ms()).cloned();
                known.ok_or_else(|| {
                    GraphError::new(
                        131_009,
                        format!("{field}[id] {id} is not a media id of this number"),
                    )
                })?
            }
            Source::Link(Err(why)) => {
                let details = format!("{field}[link] could not be downloaded: {why}");
                settled.failure.get_or_insert(GraphError::new(131_053, details));
                continue;
            }
            Source::Link(Ok(fetched)) => {
                let id = world.whatsapp.ids.digits(ID_DIGITS);
                let until_ms = world.clock.now_ms() + UPLOADED_MS;
                let media = Media::new(id, &fetched.mime_type, fetched.bytes, until_ms);
                held.media.put(media.clone());
                media
            }
        };
        if settled.failure.is_none() {
            settled.failure = formats::unfit(world, &kind, &media, voice);
        }
        media.file_name = file_name.or(media.file_name);
        settled.media.get_or_insert(media);
    }
    Ok(settled)
}
