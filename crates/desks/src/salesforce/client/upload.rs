//! Customers' files on their way to the rep.

use std::future::poll_fn;

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
    file::StoredFile,
    ids::WorkspaceId,
};
use baton_files::{FileBody, FilesError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        policy::{self, Failure},
        render::message,
    },
    Client,
    messaging::Place,
};

/// A file as the call names it.
#[derive(Deserialize)]
struct Upload {
    workspace: WorkspaceId,
    stored: StoredFile,
    /// The words that go in its place where it is not here any more.
    text: String,
}

impl Client {
    /// Puts a kept file into the conversation; its words with the link where it is gone, or where
    /// the attempt before found that Salesforce does not take it. Few at a
    /// time: each is in memory as a whole, because a request whose length is not known beforehand
    /// is not promised to be taken.
    pub(super) async fn post_file(&self, call: &Call) -> Result<Accepted, Failure> {
        let _one_of_few = self.uploads.acquire().await;
        let upload = Upload::deserialize(&call.body["file"])
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call names no file"))?;
        let id = call.body["message"]["id"].as_str().unwrap_or_default();
        let bytes = if self.without_file.has(id) { None } else { self.bytes_of(&upload).await? };
        let Some(bytes) = bytes else {
            let taken = self.post(&in_words(call, &upload)?).await?;
            self.without_file.forget(id);
            return Ok(taken);
        };
        let place = Place::of(call)?;
        let mut entry = self.said(call, &place);
        // The file's own id, the same at every try.
        entry["message"]["fileId"] = json!(super::super::ids::derived(upload.stored.id.0));
        let boundary = format!("baton-{}", entry["message"]["id"].as_str().unwrap_or_default());
        let body = multipart(&boundary, &entry, &upload.stored, &bytes);
        drop(bytes);
        let content_type = format!("multipart/form-data; boundary={boundary}");
        self.post_bytes(call, &content_type, body).await
    }

    /// The bytes of a kept file; none where it is not here any more.
    async fn bytes_of(&self, upload: &Upload) -> Result<Option<Vec<u8>>, Failure> {
        let unread = || {
            let text = "the file could not be read from its place; check the place of files";
            Failure::not_done(None, FaultClass::VendorDown, text)
        };
        let Some(files) = &self.files else { return Ok(None) };
        let FileBody { length, mut pieces } =
            match files.get(upload.workspace, upload.stored.id).await {
                Ok(body) => body,
                Err(FilesError::Missing) => return Ok(None),
                Err(FilesError::Place(_)) => return Err(unread()),
            };
        if length > policy::FILE_MOST_BYTES {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        while let Some(piece) = poll_fn(|cx| pieces.as_mut().poll_next(cx)).await {
            bytes.extend_from_slice(&piece.map_err(|_| unread())?);
        }
        Ok(Some(bytes))
    }
}

/// The same call with words in the place of the file.
fn in_words(call: &Call, upload: &Upload) -> Result<Call, Failure> {
    let mut call = call.clone();
    let id = call.body["message"]["id"].take();
    let words: String = upload.text.chars().take(policy::TEXT_MAX).collect();
    call.body["message"] = message::text(&words)
        .map_err(|fault| Failure { certainty: policy::Certainty::Refused, fault })?;
    call.body["message"]["id"] = id;
    Ok(call)
}

/// The two parts of a file's request ("Send File": `messageEntry` and `fileData`).
fn multipart(boundary: &str, entry: &Value, file: &StoredFile, bytes: &[u8]) -> Vec<u8> {
    // A safe name holds neither quotes nor line ends; others would break the header.
    let name: String =
        file.name.chars().filter(|c| !c.is_control() && !"\"\\".contains(*c)).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"messageEntry\"\r\n\
         Content-Type: application/json\r\n\r\n{entry}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"fileData\"; filename=\"{name}\"\r\n\
         Content-Type: {}\r\n\r\n",
        file.mime_type
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let mut body = Vec::with_capacity(head.len() + bytes.len() + tail.len());
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(tail.as_bytes());
    body
}
