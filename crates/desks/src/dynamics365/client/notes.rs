//! Notes on rows, each made once under its delivery's id; their files in blocks where they are
//! large ("Use file data with Attachment and Note records", Dataverse, read 2026-11-21).

use std::{future::poll_fn, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
    file::{StoredFile, is_active},
    ids::{VendorId, WorkspaceId},
};
use baton_files::{FileBody, FilesError, PIECE_BYTES, Pieces};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        policy::{self, Failure},
        render::notes::{Attachment, Note},
        wire,
    },
    Client, read,
};

/// A file on its way into a note.
struct Upload<'a> {
    name: &'a str,
    mime_type: &'a str,
    bytes: u64,
    pieces: Source<'a>,
}

/// Where its bytes come from.
enum Source<'a> {
    Memory(&'a [u8]),
    Kept(Pieces),
}

impl Source<'_> {
    /// The next bytes, at most so many; empty at the end.
    async fn block(&mut self, most: usize) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Memory(rest) => {
                let (block, after) = rest.split_at(most.min(rest.len()));
                *rest = after;
                Ok(block.to_vec())
            }
            Self::Kept(pieces) => {
                let mut block = Vec::new();
                while block.len() + PIECE_BYTES <= most {
                    let Some(piece) = poll_fn(|cx| pieces.as_mut().poll_next(cx)).await else {
                        break;
                    };
                    block.extend_from_slice(&piece.map_err(|_| unread())?);
                }
                Ok(block)
            }
        }
    }
}

fn unread() -> Failure {
    Failure::not_done(
        None,
        FaultClass::VendorDown,
        "the file could not be read from its place; check the place of files",
    )
}

impl Client {
    /// Writes a note. One that is there already is what was wanted.
    pub(super) async fn note(&self, call: &Call) -> Result<Accepted, Failure> {
        let note = Note::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no note"))?;
        if note.only_while_open {
            self.require_open(&note.record.id).await?;
        }
        match &note.file {
            None => self.put_note(&note, columns(&note)).await?,
            Some(Attachment::Text { name, text }) => {
                self.with_text(&note, name, text).await?;
            }
            Some(Attachment::Kept { workspace, file, link }) => {
                self.with_file(&note, *workspace, file, link.as_deref()).await?;
            }
        }
        Ok(Accepted { vendor_id: Some(VendorId(note.id.to_string())), ..Accepted::default() })
    }

    async fn put_note(&self, note: &Note, columns: Map<String, Value>) -> Result<(), Failure> {
        let request = self.insert(&format!("annotations({})", note.id), &columns);
        match self.insert_once(request).await {
            Ok(_) => Ok(()),
            Err(failure) if policy::is_missing(&failure) => {
                Err(Failure::refused(FaultClass::WorkEnded, "the record is gone from Dynamics 365"))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Words as a text file; in the note itself where the organisation takes no text files.
    async fn with_text(&self, note: &Note, name: &str, text: &str) -> Result<(), Failure> {
        let pieces = Source::Memory(text.as_bytes());
        let bytes = text.len() as u64;
        let upload = Upload { name, mime_type: "text/plain", bytes, pieces };
        match self.attach(note, upload).await {
            Err(failure) if policy::refuses_file(&failure) => {
                let mut columns = columns(note);
                let words = format!("{}\n\n{text}", note.text);
                columns.insert("notetext".to_owned(), json!(newest(&words, policy::NOTE_MAX)));
                self.put_note(note, columns).await
            }
            other => other,
        }
    }

    /// A kept file; its link where the organisation does not take it, where a browser would run
    /// it, where it is not here any more, or where it takes too long.
    async fn with_file(
        &self,
        note: &Note,
        workspace: WorkspaceId,
        file: &StoredFile,
        link: Option<&str>,
    ) -> Result<(), Failure> {
        let too_large = file.size_bytes > self.config.attachment_bytes;
        let body = match (&self.files, too_large || is_active(&file.mime_type)) {
            (Some(files), false) => match files.get(workspace, file.id).await {
                Ok(body) => Some(body),
                Err(FilesError::Missing) => None,
                Err(FilesError::Place(_)) => return Err(unread()),
            },
            _ => None,
        };
        let Some(FileBody { length, pieces }) = body else {
            return self.put_note(note, with_link(note, file, link)).await;
        };
        let (name, mime_type) = (&file.name, &file.mime_type);
        let upload = Upload { name, mime_type, bytes: length, pieces: Source::Kept(pieces) };
        let patience = Duration::from_millis(policy::UPLOAD_PATIENCE_MS);
        match tokio::time::timeout(patience, self.attach(note, upload)).await {
            Ok(Err(failure)) if policy::refuses_file(&failure) => {
                self.put_note(note, with_link(note, file, link)).await
            }
            Ok(done) => done,
            Err(_) => self.put_note(note, with_link(note, file, link)).await,
        }
    }

    /// In one piece where it is small, else in blocks. Few at a time: each holds a block.
    async fn attach(&self, note: &Note, mut upload: Upload<'_>) -> Result<(), Failure> {
        let _one_of_few = self.uploads.acquire().await;
        let mut columns = columns(note);
        columns.insert("filename".to_owned(), json!(upload.name));
        columns.insert("mimetype".to_owned(), json!(upload.mime_type));
        if upload.bytes <= policy::DIRECT_MAX_BYTES as u64 {
            let most = policy::DIRECT_MAX_BYTES + PIECE_BYTES;
            let whole = upload.pieces.block(most).await?;
            columns.insert("isdocument".to_owned(), json!(true));
            columns.insert("documentbody".to_owned(), json!(STANDARD.encode(whole)));
            return self.put_note(note, columns).await;
        }
        columns.insert("annotationid".to_owned(), json!(note.id));
        columns.insert("@odata.type".to_owned(), json!("Microsoft.Dynamics.CRM.annotation"));
        self.in_blocks(&columns, upload.pieces).await
    }

    /// The note is made, or made again, by the commit: repeating all of it is harmless.
    async fn in_blocks(
        &self,
        target: &Map<String, Value>,
        mut pieces: Source<'_>,
    ) -> Result<(), Failure> {
        let action = |name: &str, body: Value| {
            let request = self.dataverse_call(Method::POST, name).json(&body);
            async move { self.call_dataverse(request).await }
        };
        let begun = action("InitializeAnnotationBlocksUpload", json!({ "Target": target })).await?;
        let begun: wire::UploadBegun = read(&begun, "an upload")?;
        let mut blocks: Vec<String> = Vec::new();
        loop {
            let block = pieces.block(policy::BLOCK_BYTES).await?;
            if block.is_empty() {
                break;
            }
            // Of one length each, as the page demands.
            let id = STANDARD.encode(format!("block-{:06}", blocks.len()));
            let body = json!({
                "BlockId": id, "BlockData": STANDARD.encode(block),
                "FileContinuationToken": begun.filecontinuationtoken,
            });
            action("UploadBlock", body).await?;
            blocks.push(id);
        }
        let body = json!({
            "Target": target, "BlockList": blocks,
            "FileContinuationToken": begun.filecontinuationtoken,
        });
        action("CommitAnnotationBlocksUpload", body).await.map(drop)
    }
}

fn columns(note: &Note) -> Map<String, Value> {
    let record = &note.record;
    let mut columns = Map::new();
    columns.insert("subject".to_owned(), json!(note.subject));
    columns.insert("notetext".to_owned(), json!(newest(&note.text, policy::NOTE_MAX)));
    let row = format!("/{}({})", record.set, record.id);
    columns.insert(format!("{}@odata.bind", record.bind), json!(row));
    columns
}

fn with_link(note: &Note, file: &StoredFile, link: Option<&str>) -> Map<String, Value> {
    let mut columns = columns(note);
    let kib = file.size_bytes.div_ceil(1_024);
    let link = link.unwrap_or("open it in Baton");
    let words = format!("{}\n{} ({kib} KB): {link}", note.text, file.name);
    columns.insert("notetext".to_owned(), json!(newest(&words, policy::NOTE_MAX)));
    columns
}

/// The end of a text, so many UTF-16 units of it.
fn newest(text: &str, max: usize) -> &str {
    let mut units = 0;
    let fits = |(_, c): &(usize, char)| {
        units += c.len_utf16();
        units <= max
    };
    let start = text.char_indices().rev().take_while(fits).last();
    start.map_or("", |(at, _)| &text[at..])
}
