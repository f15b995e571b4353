//! Files in both directions: what a rep sends gets an address of Microsoft's, what the customer sends is fetched.
//!
//! Sources: "Use /conversation/{id} endpoint" (contentUrl is an address or embedded base64), "Configure file attachment
//! capability" and "Enable file attachments" (the organisation's greatest size and blocked extensions hold here too;
//! kept as notes when the conversation has ended), read 2026-11-21. Nothing says when Microsoft fetches an
//! address, what it does with a file that it does not take, or whether a rep's address needs a token: all switched.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::messaging::Refusal;
use super::{Inner, entra};
use crate::journal::{Direction, Entry};
use crate::{Emission, World};

/// Files of all conversations that are kept, and their bytes together; the oldest go first.
const MAX_FILES: usize = 10_000;
const MAX_TOTAL_BYTES: usize = 256 * 1024 * 1024;
/// How long an address may take to answer in full, in real time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of a file's name and of its type.
const MAX_NAME: usize = 256;
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
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Not looked at yet.
    Pending,
    /// The rep has it.
    Stored {
        bytes: usize,
    },
    Failed {
        why: String,
    },
}

/// A file as the contact centre keeps it.
pub struct Stored {
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub bytes: Bytes,
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

    pub fn get(&self, id: &str) -> Option<&Stored> {
        self.files.iter().rev().find(|file| file.id == id)
    }
}

/// A setting of the organisation, which notes and emails follow as well.
fn setting(world: &World, column: &str) -> Value {
    let inner = world.dynamics365.inner();
    let row = inner.tables.get("organizations", &world.dynamics365.account.organization_id);
    row.and_then(|stored| stored.row.get(column)).cloned().unwrap_or_default()
}

/// The greatest file, in bytes.
fn max_bytes(world: &World) -> usize {
    setting(world, "maxuploadfilesize")
        .as_u64()
        .and_then(|max| usize::try_from(max).ok())
        .unwrap_or(0)
}

/// Whether files of this name may not be attached.
fn is_blocked(world: &World, name: &str) -> bool {
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    let blocked = setting(world, "blockedattachments");
    let mut blocked = blocked.as_str().unwrap_or_default().split(';');
    blocked.any(|one| one.trim().eq_ignore_ascii_case(extension))
}

/// Keeps a rep's file; the attachment that tells of it, or why the rep's screen does not take it.
pub fn from_rep(world: &World, spec: &Spec) -> Result<(Value, File), String> {
    let name = spec.name.clone().unwrap_or_else(|| "picture.png".to_owned());
    let content_type = spec.content_type.clone().unwrap_or_else(|| "image/png".to_owned());
    let limit = max_bytes(world);
    let bytes = match (&spec.base64, &spec.text, spec.size_bytes) {
        (Some(base64), ..) => STANDARD.decode(base64).map_err(|_| "base64 is not base64")?,
        (_, Some(text), _) => text.clone().into_bytes(),
        (_, _, Some(size)) if size <= limit => vec![0; size],
        (_, _, Some(_)) => return Err(format!("{name} is larger than {limit} bytes")),
        _ => STANDARD.decode(PIXEL).unwrap_or_default(),
    };
    if bytes.len() > limit {
        return Err(format!("{name} is larger than {limit} bytes"));
    }
    if is_blocked(world, &name) || name.contains('/') {
        return Err(format!("files such as {name} are blocked"));
    }
    let mut inner = world.dynamics365.inner();
    let id = inner.ids.guid();
    let created_ms = world.clock.now_ms();
    let file = File {
        name: name.clone(),
        content_type: content_type.clone(),
        id: Some(id.clone()),
        fate: Fate::Stored { bytes: bytes.len() },
    };
    inner.files.keep(Stored {
        id: id.clone(),
        name: name.clone(),
        content_type: content_type.clone(),
        bytes: bytes.into(),
        created_ms,
    });
    let path = name.replace('%', "%25").replace(' ', "%20").replace('?', "%3F").replace('#', "%23");
    let attachment = json!({
        "contentType": content_type,
        "contentUrl": format!("{}/messaging/files/{id}/{path}", world.base_url),
        "content": null,
        "name": name,
        "thumbnailUrl": null,
    });
    Ok((attachment, file))
}

/// Gives out a rep's file.
pub async fn serve(
    State(world): State<Arc<World>>,
    Path((id, _name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let needs_token = world.switches.is("dynamics365.file_access", "bearer");
    let audiences = entra::messaging_audiences(&world);
    if needs_token && entra::authorize(&world, &headers, &audiences).is_err() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let life_ms = world.switches.number("dynamics365.file_life_s") * 1_000;
    let inner = world.dynamics365.inner();
    let alive = |file: &&Stored| life_ms == 0 || world.clock.now_ms() < file.created_ms + life_ms;
    match inner.files.get(&id).filter(alive) {
        Some(file) => ([(header::CONTENT_TYPE, file.content_type.clone())], file.bytes.clone())
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What the customer attached, as far as it can be judged without fetching it; bytes of content and addresses as sent,
/// which do not count towards an activity's size.
pub fn check(world: &World, attachments: &[Value]) -> Result<usize, Refusal> {
    let refuses = world.switches.is("dynamics365.attachment_refusal", "at_once");
    let mut sent_bytes = 0;
    for attachment in attachments {
        let member = |name: &str| attachment.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, url, name) = (member("contentType"), member("contentUrl"), member("name"));
        if kind.is_empty() || url.is_empty() {
            return Err(Refusal::malformed("An attachment needs contentType and contentUrl."));
        }
        if kind.len() > MAX_NAME || name.len() > MAX_NAME {
            return Err(Refusal::malformed("contentType or name exceeds 256 characters."));
        }
        if !is_address(url) && embedded(url).is_none() {
            return Err(Refusal::malformed("contentUrl is neither an address nor base64."));
        }
        if let Some(why) =
            refuses.then(|| unwelcome(world, name, embedded(url).as_deref())).flatten()
        {
            return Err(Refusal::malformed(why));
        }
        sent_bytes += url.len();
    }
    Ok(sent_bytes)
}

/// Why the organisation does not take a file; `None` if it does.
fn unwelcome(world: &World, name: &str, bytes: Option<&[u8]>) -> Option<String> {
    if !takes_files(world) {
        return Some("Customers cannot send file attachments in this channel.".to_owned());
    }
    if is_blocked(world, name) {
        return Some(format!("The file type of {name} is blocked."));
    }
    let too_large = bytes.is_some_and(|bytes| bytes.len() > max_bytes(world));
    too_large.then(|| "An attachment exceeds the organization's size limit.".to_owned())
}

/// The channel's own setting.
fn takes_files(world: &World) -> bool {
    let inner = world.dynamics365.inner();
    let channel_id = &world.dynamics365.account.channel_id;
    let channel = inner.tables.get("msdyn_occustommessagingchannels", channel_id);
    let enabled = channel.and_then(|row| row.row.get("msdyn_enablefileattachmentsforcustomers"));
    enabled != Some(&Value::Bool(false))
}

fn is_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// The bytes of embedded content: bare base64, or a data URL.
fn embedded(url: &str) -> Option<Vec<u8>> {
    let base64 = match url.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,")?.1,
        None => url,
    };
    STANDARD.decode(base64).ok().filter(|_| !is_address(url))
}

/// How the customer's files start out: embedded ones are there, others have to be fetched.
pub fn take(world: &World, attachments: &[Value]) -> Vec<File> {
    attachments.iter().map(|attachment| File::of(world, attachment)).collect()
}

/// One file of a message.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    pub name: String,
    pub content_type: String,
    /// On the shelf, once it is there.
    pub id: Option<String>,
    pub fate: Fate,
}

impl File {
    fn of(world: &World, attachment: &Value) -> Self {
        let member = |name: &str| {
            attachment.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (name, content_type, url) =
            (member("name"), member("contentType"), member("contentUrl"));
        let mut file = Self { name, content_type, id: None, fate: Fate::Pending };
        match embedded(&url) {
            Some(bytes) => file.settle(world, Ok(bytes.into())),
            None if world.switches.is("dynamics365.attachment_fetch", "never") => {
                file.fate = Fate::Failed { why: "addresses are not fetched".to_owned() };
            }
            None => {}
        }
        file
    }

    /// It came, or it did not.
    fn settle(&mut self, world: &World, came: Result<Bytes, String>) {
        let taken = came.and_then(|bytes| match unwelcome(world, &self.name, Some(&bytes)) {
            Some(why) => Err(why),
            None => Ok(bytes),
        });
        self.fate = match taken {
            Ok(bytes) => {
                let size = bytes.len();
                let mut inner = world.dynamics365.inner();
                let id = inner.ids.guid();
                self.id = Some(id.clone());
                inner.files.keep(Stored {
                    id,
                    name: self.name.clone(),
                    content_type: self.content_type.clone(),
                    bytes,
                    created_ms: world.clock.now_ms(),
                });
                Fate::Stored { bytes: size }
            }
            Err(why) => Fate::Failed { why },
        };
    }
}

/// Where Microsoft fetches before it answers: the first address that fails refuses the call.
pub async fn fetch_first(world: &World, body: &[u8]) -> Result<(), Refusal> {
    if !world.switches.is("dynamics365.attachment_fetch", "before_answer") {
        return Ok(());
    }
    let activity: Value = serde_json::from_slice(body).unwrap_or_default();
    let attachments = activity.get("attachments").and_then(Value::as_array);
    for attachment in attachments.into_iter().flatten() {
        let url = attachment.get("contentUrl").and_then(Value::as_str).unwrap_or_default();
        if is_address(url) {
            fetch(world, url).await.map_err(|why| {
                Refusal::malformed(format!("An attachment could not be downloaded: {why}."))
            })?;
        }
    }
    Ok(())
}

/// Fetches what a message's attachments point to, once the call has been answered.
pub fn fetch_later(conversation: &str, message: &str, index: usize, url: &str) -> Emission {
    let (key, conversation) = (Some(conversation.to_owned()), conversation.to_owned());
    let (message, url) = (message.to_owned(), url.to_owned());
    let make = Box::new(move |world: &Arc<World>| {
        let world = world.clone();
        tokio::spawn(async move {
            let came = fetch(&world, &url).await;
            let file =
                file_of(&mut world.dynamics365.inner(), &conversation, &message, index).cloned();
            let Some(mut file) = file else { return };
            file.settle(&world, came);
            let mut inner = world.dynamics365.inner();
            if let Some(kept) = file_of(&mut inner, &conversation, &message, index) {
                *kept = file;
            }
        });
        None
    });
    Emission { vendor: "dynamics365", kind: "attachment".to_owned(), key, delay_ms: 0, make }
}

fn file_of<'a>(
    inner: &'a mut Inner,
    conversation: &str,
    message: &str,
    index: usize,
) -> Option<&'a mut File> {
    let messages = &mut inner.find(conversation)?.messages;
    messages.iter_mut().find(|one| one.id == message)?.files.get_mut(index)
}

/// The bytes behind an address, as far as the organisation's limit goes.
async fn fetch(world: &World, url: &str) -> Result<Bytes, String> {
    let mut entry =
        Entry::new("dynamics365", "attachment.fetch", Direction::Out, world.clock.now_ms());
    "GET".clone_into(&mut entry.method);
    url.clone_into(&mut entry.path);
    let seq = world.journal.record(entry);
    let limit = max_bytes(world);
    let come = async {
        let sent = world.http.get(url).send().await.map_err(|_| "nobody answers".to_owned())?;
        let status = sent.status().as_u16();
        world.journal.amend(seq, |entry| entry.status = Some(status));
        if status != 200 {
            return Err(format!("it answers {status}"));
        }
        let (mut sent, mut bytes) = (sent, Vec::new());
        while let Some(chunk) = sent.chunk().await.map_err(|_| "it breaks off".to_owned())? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > limit {
                return Err("it is larger than the organization allows".to_owned());
            }
        }
        Ok(Bytes::from(bytes))
    };
    let came = tokio::time::timeout(FETCH_TIMEOUT, come).await;
    let came = came.unwrap_or_else(|_| Err("it does not come in time".to_owned()));
    world.journal.note(
        seq,
        came.as_ref().map_or_else(Clone::clone, |bytes| format!("{} bytes", bytes.len())),
    );
    came
}

/// The notes that an ended conversation's files become.
pub fn notes(inner: &Inner, activity_id: &str, files: &[File]) -> Vec<Value> {
    let stored = files.iter().filter_map(|file| inner.files.get(file.id.as_deref()?));
    let note = |file: &Stored| -> Map<String, Value> {
        [
            ("subject", json!("Attachment")),
            ("filename", json!(file.name)),
            ("mimetype", json!(file.content_type)),
            ("isdocument", json!(true)),
            ("objecttypecode", json!("msdyn_ocliveworkitem")),
            ("_objectid_value", json!(activity_id)),
            ("filesize", json!(file.bytes.len())),
            ("documentbody", json!(STANDARD.encode(&file.bytes))),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    };
    stored.map(|file| Value::Object(note(file))).collect()
}
