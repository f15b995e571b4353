//! Large files of notes, in blocks.
//!
//! Source: "Use file data with Attachment and Note records", checked 2026-11-21.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::entry::base;
use super::functions::unresolved;
use super::resource::object;
use super::{Scope, actions, attachments, rows};

/// Files under way at once.
const MAX_TRANSFERS: usize = 100;
/// Bytes of one block.
const MAX_BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a block's id before it is encoded.
const MAX_BLOCK_ID_BYTES: usize = 64;

/// Files that are being uploaded or downloaded, by their continuation tokens.
#[derive(Default)]
pub struct Transfers {
    uploads: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    downloads: BTreeMap<String, Vec<u8>>,
}

/// `Target` is the note to be, without its file; the answer has the `FileContinuationToken`.
pub fn initialize_upload(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let target = note(parameters)?;
    scope.need("Create", rows::table_of("annotations")?)?;
    if let Some(name) = target.get("filename").and_then(Value::as_str) {
        attachments::allowed_name(scope, name)?;
    }
    let token = format!("{}{}", scope.guid(), scope.guid());
    let uploads = &mut scope.inner.org.transfers.uploads;
    if uploads.len() >= MAX_TRANSFERS {
        return Err(Refusal::new(500, "0x80040216", "Too many files are under way."));
    }
    uploads.insert(token.clone(), BTreeMap::new());
    answer(scope, "InitializeAnnotationBlocksUpload", json!({ "FileContinuationToken": token }))
}

/// One block, under an id of equal length for all blocks of a file.
pub fn upload(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let id = text(parameters, "BlockId")?;
    let data = STANDARD.decode(text(parameters, "BlockData")?);
    let data = data.map_err(|_| Refusal::argument("BlockData is not a Base64 string."))?;
    let id_bytes = STANDARD.decode(id).map_or(usize::MAX, |bytes| bytes.len());
    if id_bytes > MAX_BLOCK_ID_BYTES {
        return Err(Refusal::argument("BlockId is not a Base64 string of at most 64 bytes."));
    }
    if data.len() > MAX_BLOCK_BYTES {
        return Err(Refusal::argument("A block can have at most 4 MB."));
    }
    let (id, token) = (id.to_owned(), text(parameters, "FileContinuationToken")?.to_owned());
    let blocks = blocks(scope, &token)?;
    if blocks.keys().any(|known| known.len() != id.len()) {
        return Err(Refusal::argument(
            "The length of BlockId must be the same for each block of a file.",
        ));
    }
    let total = blocks.values().map(Vec::len).sum::<usize>() + data.len();
    let greatest = usize::try_from(attachments::GREATEST_MAX_BYTES).unwrap_or(usize::MAX);
    if total > greatest {
        return Err(Refusal::new(400, "0x80044a02", "Attachment file size is too big."));
    }
    blocks.insert(id, data);
    Ok(Answer::nothing(204))
}

/// Makes the note from the listed blocks, or puts the file into the note that `Target` names.
pub fn commit(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let mut target = note(parameters)?.clone();
    let token = text(parameters, "FileContinuationToken")?.to_owned();
    let list = parameters.get("BlockList").and_then(Value::as_array);
    let list = list.ok_or_else(|| unresolved("BlockList"))?;
    let held = blocks(scope, &token)?;
    let mut file = Vec::new();
    for id in list {
        let block = id.as_str().and_then(|id| held.get(id));
        let block =
            block.ok_or_else(|| Refusal::argument("The specified block list is invalid."))?;
        file.extend_from_slice(block);
    }
    attachments::allowed_size(scope, file.len())?;
    scope.inner.org.transfers.uploads.remove(&token);
    target.insert("documentbody".to_owned(), json!(STANDARD.encode(&file)));
    let table = rows::table_of("annotations")?;
    let named = target.get(table.key).and_then(Value::as_str).map(str::to_ascii_lowercase);
    let existing = named.filter(|id| scope.inner.tables.get(table.set, id).is_some());
    let id = match existing {
        Some(id) => {
            rows::update(scope, table, &id, &target)?;
            id
        }
        None => rows::create(scope, table, &target)?,
    };
    let members = json!({ "AnnotationId": id, "FileSizeInBytes": file.len() });
    answer(scope, "CommitAnnotationBlocksUpload", members)
}

/// `Target` names a note; the answer has the token, the size and the name of its file.
pub fn initialize_download(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let wanted = parameters.get("Target").ok_or_else(|| unresolved("Target"))?;
    let (table, id) = actions::target(scope, wanted)?;
    scope.need("Read", table)?;
    let stored = scope.row(table, &id)?;
    let file = stored.text("documentbody").and_then(|body| STANDARD.decode(body).ok());
    let file = file.ok_or_else(|| Refusal::argument("The note has no file."))?;
    let name = stored.text("filename").unwrap_or_default().to_owned();
    let token = format!("{}{}", scope.guid(), scope.guid());
    let size = file.len();
    let downloads = &mut scope.inner.org.transfers.downloads;
    if downloads.len() >= MAX_TRANSFERS {
        downloads.pop_first();
    }
    downloads.insert(token.clone(), file);
    let members = json!({
        "FileContinuationToken": token,
        "FileSizeInBytes": size,
        "FileName": name,
        "IsChunkingSupported": true,
    });
    answer(scope, "InitializeAnnotationBlocksDownload", members)
}

/// `BlockLength` bytes from `Offset`.
pub fn download(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let number = |name: &str| {
        let number = parameters.get(name).and_then(Value::as_u64);
        number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| unresolved(name))
    };
    let (offset, length) = (number("Offset")?, number("BlockLength")?.min(MAX_BLOCK_BYTES));
    let token = text(parameters, "FileContinuationToken")?;
    let file = scope.inner.org.transfers.downloads.get(token).ok_or_else(expired)?;
    let end = offset.saturating_add(length).min(file.len());
    let data = STANDARD.encode(file.get(offset.min(end)..end).unwrap_or_default());
    answer(scope, "DownloadBlock", json!({ "Data": data }))
}

fn answer(scope: &Scope<'_>, name: &str, members: Value) -> Answered {
    Ok(Answer::response_of(&base(scope.world), name, object(members)))
}

fn blocks<'s>(
    scope: &'s mut Scope<'_>,
    token: &str,
) -> Result<&'s mut BTreeMap<String, Vec<u8>>, Refusal> {
    scope.inner.org.transfers.uploads.get_mut(token).ok_or_else(expired)
}

fn expired() -> Refusal {
    Refusal::argument("The file continuation token is invalid or has expired.")
}

fn text<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    parameters.get(name).and_then(Value::as_str).ok_or_else(|| unresolved(name))
}

/// The note of an upload, which must say that it is one.
fn note(parameters: &Map<String, Value>) -> Result<&Map<String, Value>, Refusal> {
    let target = parameters.get("Target").and_then(Value::as_object);
    let target = target.ok_or_else(|| unresolved("Target"))?;
    let kind = target.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    match kind.trim_start_matches('#') {
        "Microsoft.Dynamics.CRM.annotation" => Ok(target),
        _ => Err(unresolved("@odata.type")),
    }
}
