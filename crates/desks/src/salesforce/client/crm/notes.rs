//! Words and files on a case.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
    ids::VendorId,
};
use baton_files::{FileBody, FilesError, Pieces};
use bytes::Bytes;
use futures_core::Stream;
use reqwest::{Body, Method, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::Client,
    case::is_gone,
    records::{read, saved},
};
use crate::salesforce::{
    policy::{Failure, crm as policy},
    render::crm::note::{Attachment, File, Note},
    soql::{self, quoted},
    wire::crm::{Saved, VersionRow},
};

/// Begins the description of every file of ours.
const MARK: &str = "Baton ";

impl Client {
    /// Writes words on a case.
    pub(super) async fn note(&self, call: &Call) -> Result<Accepted, Failure> {
        let note = Note::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no note"))?;
        if note.only_while_open {
            self.require_open(&note.case).await?;
        }
        self.write(&note).await
    }

    /// All texts of a note in one call: all of them or none ("sObject Collections", REST API
    /// Developer Guide, checked 2026-11).
    async fn write(&self, note: &Note) -> Result<Accepted, Failure> {
        let records: Vec<Value> = note.texts.iter().map(|text| record(note, text)).collect();
        let body = json!({ "allOrNone": true, "records": records });
        let request = self.data(self.crm()?, Method::POST, "composite/sobjects").json(&body);
        let reply = self.call(request).await.map_err(ended_if_gone)?;
        let mut rows: Vec<Saved> = read(&reply, "saved records")?;
        let failed = rows.iter_mut().find(|row| !row.success && !row.errors.is_empty());
        if let Some(row) = failed {
            let refusals: Vec<_> = row.errors.drain(..).map(Into::into).collect();
            return Err(ended_if_gone(policy::failure(400, &refusals)));
        }
        let id = rows.into_iter().next().and_then(|row| row.id).map(VendorId);
        Ok(Accepted { vendor_id: id, ..Accepted::default() })
    }

    /// Puts a file on a case, once: it is known again by its mark. Then the words beside it.
    pub(super) async fn put_file(&self, call: &Call) -> Result<Accepted, Failure> {
        let file = File::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no file"))?;
        if file.note.as_ref().is_some_and(|note| note.only_while_open) {
            self.require_open(&file.case).await?;
        }
        let there = self.is_there(&file).await.map_err(Failure::before_the_call)?;
        let put = if there { Ok(true) } else { self.upload_file(&file).await };
        let note = match put.map_err(ended_if_gone) {
            Ok(true) => file.note.as_ref(),
            // It is not here any more.
            Ok(false) => Some(&file.instead),
            Err(failure) if refuses_file(&failure) => Some(&file.instead),
            // Whether the file is there is found out by its mark: the words were not written.
            Err(failure) => return Err(failure.before_the_call()),
        };
        match note {
            Some(note) => self.write(note).await,
            None => Ok(Accepted::default()),
        }
    }

    async fn is_there(&self, file: &File) -> Result<bool, Failure> {
        let filter = format!("FirstPublishLocationId = {}", quoted(&file.case));
        let (fields, order) = ("Id, Description", "CreatedDate DESC");
        let soql = soql::rows(fields, "ContentVersion", &filter, order, policy::FILES_SEEN);
        let rows: Vec<VersionRow> = self.query(&soql).await?;
        let mark = mark(file);
        Ok(rows.into_iter().any(|row| row.description.as_deref() == Some(&mark)))
    }

    /// Whether it was put there; not where the hub has lost it.
    async fn upload_file(&self, file: &File) -> Result<bool, Failure> {
        let _one_of_few = self.shared().uploads.acquire().await;
        let (name, body) = match &file.file {
            Attachment::Text { name, text } => (name, Embedded::text(file, name, text)),
            Attachment::Kept { workspace, file: kept } => {
                let Some(files) = &self.files else { return Ok(false) };
                let FileBody { pieces, .. } = match files.get(*workspace, kept.id).await {
                    Ok(body) => body,
                    Err(FilesError::Missing) => return Ok(false),
                    Err(FilesError::Place(_)) => {
                        return Err(Failure::not_done(
                            None,
                            FaultClass::VendorDown,
                            "the file could not be read from its place; check the place of files",
                        ));
                    }
                };
                (&kept.name, Embedded::kept(file, &kept.name, pieces))
            }
        };
        tracing::debug!(name, "a file goes to its case");
        let request = self.data(self.crm()?, Method::POST, "sobjects/ContentVersion");
        let request =
            request.header(CONTENT_TYPE, "application/json").body(Body::wrap_stream(body));
        let reply = self.upload(request).await?;
        saved(&reply).map(|_| true)
    }
}

/// A comment or a post, for people inside only: what the customer wrote need not be shown to them
/// again.
fn record(note: &Note, text: &str) -> Value {
    match note.feed {
        true => json!({
            "attributes": { "type": "FeedItem" }, "ParentId": note.case, "Body": text,
            "Type": "TextPost", "Visibility": "InternalUsers",
        }),
        false => json!({
            "attributes": { "type": "CaseComment" }, "ParentId": note.case, "CommentBody": text,
            "IsPublished": false,
        }),
    }
}

fn mark(file: &File) -> String {
    format!("{MARK}{}", file.mark)
}

/// A case that is gone takes nothing any more.
fn ended_if_gone(failure: Failure) -> Failure {
    match is_gone(&failure) {
        true => Failure::refused(FaultClass::WorkEnded, "the case is gone from Salesforce"),
        false => failure,
    }
}

/// The organisation does not take this file: its words and its link go instead.
fn refuses_file(failure: &Failure) -> bool {
    let codes = [
        "STORAGE_LIMIT_EXCEEDED",
        "FILE_EXTENSION_NOT_ALLOWED",
        "FIELD_INTEGRITY_EXCEPTION",
        "INVALID_CONTENT_VERSION",
        "STRING_TOO_LONG",
        "JSON_PARSER_ERROR",
        "http_413",
    ];
    policy::is_code(failure, &codes)
}

/// A file inside JSON, made while it is read: it is never whole in memory ("Insert or Update Blob
/// Data", REST API Developer Guide, checked 2026-11).
struct Embedded {
    before: Option<Bytes>,
    bytes: Option<Pieces>,
    /// Up to two bytes that make no whole group yet.
    rest: Vec<u8>,
    after: Option<Bytes>,
}

impl Embedded {
    fn kept(file: &File, name: &str, pieces: Pieces) -> Self {
        let about = json!({
            "Title": file.title, "PathOnClient": name, "Description": mark(file),
            "FirstPublishLocationId": file.case,
        });
        // The object stays open for the bytes.
        let about = about.to_string();
        let open = about.strip_suffix('}').unwrap_or(&about);
        Self {
            before: Some(format!("{open},\"VersionData\":\"").into()),
            bytes: Some(pieces),
            rest: Vec::new(),
            after: Some(Bytes::from_static(b"\"}")),
        }
    }

    fn text(file: &File, name: &str, text: &str) -> Self {
        struct Once(Option<Bytes>);
        impl Stream for Once {
            type Item = std::io::Result<Bytes>;

            fn poll_next(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Self::Item>> {
                Poll::Ready(self.0.take().map(Ok))
            }
        }
        Self::kept(file, name, Box::pin(Once(Some(text.to_owned().into()))))
    }

    /// The next whole groups of three bytes; all that is left at the end.
    fn encoded(&mut self, piece: Option<&Bytes>) -> Bytes {
        self.rest.extend_from_slice(piece.map(AsRef::as_ref).unwrap_or_default());
        let whole = if piece.is_some() { self.rest.len() / 3 * 3 } else { self.rest.len() };
        let taken: Vec<u8> = self.rest.drain(..whole).collect();
        STANDARD.encode(taken).into()
    }
}

impl Stream for Embedded {
    type Item = std::io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(before) = this.before.take() {
            return Poll::Ready(Some(Ok(before)));
        }
        if let Some(pieces) = &mut this.bytes {
            let piece = match ready!(pieces.as_mut().poll_next(cx)) {
                Some(Err(broken)) => return Poll::Ready(Some(Err(broken))),
                Some(Ok(piece)) => Some(piece),
                None => None,
            };
            if piece.is_none() {
                this.bytes = None;
            }
            return Poll::Ready(Some(Ok(this.encoded(piece.as_ref()))));
        }
        Poll::Ready(this.after.take().map(Ok))
    }
}
