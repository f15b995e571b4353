//! `$batch`: many operations in one call, change sets that are carried out whole or not at all.
//!
//! Source: "Execute batch operations using the Web API", checked 2026-11-21.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::entry::one;
use super::multipart::{self, Part, Written};
use super::request::{Request, preference};
use crate::World;
use crate::dynamics365::Inner;

/// Operations in one batch.
const MAX_OPERATIONS: usize = 1_000;

/// A batch under way, in the organisation that it changes.
pub struct Batch<'a> {
    pub world: &'a World,
    pub inner: &'a mut Inner,
    pub seq: u64,
}

/// An answer in its place: alone, or with its `Content-ID` in a change set.
enum Reply {
    One(Answer),
    Set(Vec<(String, Answer)>),
}

impl Batch<'_> {
    /// Carries out a batch. The first error ends it, unless `odata.continue-on-error` is preferred.
    pub fn carry_out(&mut self, headers: &HeaderMap, body: &[u8]) -> Result<Answer, Refusal> {
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(multipart::boundary).ok_or_else(|| malformed("boundary"))?;
        let body = String::from_utf8_lossy(body);
        let parts = multipart::parts(&body, boundary).ok_or_else(|| malformed("end"))?;
        let goes_on = preference(headers, "odata.continue-on-error").is_some();
        let (mut replies, mut count, mut failed) = (Vec::new(), 0, None);
        for part in parts {
            count += operations(&part);
            if count > MAX_OPERATIONS {
                let message =
                    format!("The batch exceeds the limit of {MAX_OPERATIONS} operations.");
                return Err(Refusal::new(400, "0x80060888", message));
            }
            let reply = self.part(&part)?;
            let status = match &reply {
                Reply::One(answer) if answer.status >= 400 => Some(answer.status),
                _ => None,
            };
            replies.push(reply);
            failed = failed.or(status);
            if status.is_some() && !goes_on {
                break;
            }
        }
        let status = failed.filter(|_| !goes_on).unwrap_or(200);
        Ok(self.written(status, &replies))
    }

    fn part(&mut self, part: &Part) -> Result<Reply, Refusal> {
        let kind = part.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        match kind {
            Some(kind) if kind.starts_with("multipart/mixed") => {
                let boundary = multipart::boundary(kind).ok_or_else(|| malformed("boundary"))?;
                let parts =
                    multipart::parts(&part.body, boundary).ok_or_else(|| malformed("end"))?;
                Ok(self.change_set(&parts))
            }
            _ => {
                let written = multipart::request(&part.body).ok_or_else(|| malformed("request"))?;
                let answer = self.operation(written, &BTreeMap::new());
                Ok(Reply::One(answer.unwrap_or_else(|refusal| self.refused(&refusal))))
            }
        }
    }

    /// All operations, or the answer to the first that failed.
    fn change_set(&mut self, parts: &[Part]) -> Reply {
        let (world, seq) = (self.world, self.seq);
        let done = self.inner.whole(|inner| Batch { world, inner, seq }.operations(parts));
        done.map_or_else(|refusal| Reply::One(self.refused(&refusal)), Reply::Set)
    }

    /// The answers by the ids of their requests.
    fn operations(&mut self, parts: &[Part]) -> Result<Vec<(String, Answer)>, Refusal> {
        let mut made = BTreeMap::new();
        let mut answers = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let id = part.headers.get("content-id").and_then(|id| id.to_str().ok());
            let id = id.map_or_else(|| (index + 1).to_string(), str::to_owned);
            let written = multipart::request(&part.body).ok_or_else(|| malformed("request"))?;
            if written.method == "GET" {
                let message = "A GET operation is not allowed within a change set.";
                return Err(Refusal::query(message));
            }
            let answer = self.operation(written, &made)?;
            if let Some(row) = &answer.row {
                made.insert(id.clone(), row.clone());
            }
            answers.push((id, answer));
        }
        Ok(answers)
    }

    fn operation(
        &mut self,
        written: Written,
        made: &BTreeMap<String, String>,
    ) -> Result<Answer, Refusal> {
        let Written { method, target, headers, body } = written;
        let relative = match target.find("/api/data/v") {
            Some(start) => target[start + 1..].splitn(4, '/').nth(3).unwrap_or_default(),
            None => target.trim_start_matches('/'),
        };
        let target = match relative.strip_prefix('$') {
            Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => {
                let (id, behind) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                format!("{}{behind}", known(made, id)?)
            }
            _ => relative.to_owned(),
        };
        let body = match serde_json::from_slice::<Value>(&body) {
            Ok(mut value) => {
                refer(&mut value, made)?;
                value.to_string().into()
            }
            Err(_) => body,
        };
        let request = Request::new(method, &target, headers, body)?;
        if request.path.first().is_some_and(|first| first.name == "$batch") {
            return Err(Refusal::query("A batch cannot contain another batch."));
        }
        one(self.world, self.inner, self.seq, &request)
    }

    /// Errors in a batch carry the id of the request.
    fn refused(&self, refusal: &Refusal) -> Answer {
        self.world.journal.note(self.seq, format!("rejected {} {}", refusal.code, refusal.message));
        Answer::refusal(refusal, &HeaderMap::new()).with("req_id", self.world.dynamics365.guid())
    }

    fn written(&self, status: u16, replies: &[Reply]) -> Answer {
        let boundary = format!("batchresponse_{}", self.world.dynamics365.guid());
        let mut text = String::new();
        for reply in replies {
            let _ = write!(text, "--{boundary}\r\n");
            match reply {
                Reply::One(answer) => http(&mut text, None, answer),
                Reply::Set(answers) => {
                    let inner = format!("changesetresponse_{}", self.world.dynamics365.guid());
                    let _ = write!(text, "Content-Type: multipart/mixed; boundary={inner}\r\n\r\n");
                    for (id, answer) in answers {
                        let _ = write!(text, "--{inner}\r\n");
                        http(&mut text, Some(id), answer);
                    }
                    let _ = write!(text, "--{inner}--\r\n");
                }
            }
        }
        let _ = write!(text, "--{boundary}--\r\n");
        let kind = format!("multipart/mixed; boundary={boundary}");
        Answer { status, ..Answer::typed(kind, text) }
    }
}

/// One part of a batch's answer.
fn http(text: &mut String, id: Option<&str>, answer: &Answer) {
    let _ = write!(text, "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n");
    if let Some(id) = id {
        let _ = write!(text, "Content-ID: {id}\r\n");
    }
    let reason =
        StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    let _ = write!(text, "\r\nHTTP/1.1 {} {}\r\n", answer.status, reason.unwrap_or_default());
    let (headers, body) = answer.wire();
    for (name, value) in headers {
        let value = if name == "content-type" && value.starts_with("application/json") {
            format!("{value}; odata.streaming=true")
        } else {
            value
        };
        if name == "odata-entityid" {
            let _ = write!(text, "Location: {value}\r\n");
        }
        let _ = write!(text, "{}: {value}\r\n", spelled(name));
    }
    let _ = write!(text, "\r\n{body}\r\n");
}

/// Header names as the service writes them inside batches.
fn spelled(name: &str) -> &str {
    match name {
        "odata-version" => "OData-Version",
        "odata-entityid" => "OData-EntityId",
        "content-type" => "Content-Type",
        "req_id" => "REQ_ID",
        "etag" => "ETag",
        "preference-applied" => "Preference-Applied",
        other => other,
    }
}

fn operations(part: &Part) -> usize {
    let kind = part.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let boundary = kind.and_then(multipart::boundary);
    boundary
        .and_then(|boundary| multipart::parts(&part.body, boundary))
        .map_or(1, |parts| parts.len())
}

/// Puts addresses of rows in the place of `"$1"`, wherever a body has it.
fn refer(value: &mut Value, made: &BTreeMap<String, String>) -> Result<(), Refusal> {
    match value {
        Value::String(text) => {
            let id =
                text.strip_prefix('$').filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                *text = format!("/{}", known(made, id)?);
            }
        }
        Value::Array(values) => {
            for value in values {
                refer(value, made)?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                if name.contains('@') || value.is_object() || value.is_array() {
                    refer(value, made)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn known<'a>(made: &'a BTreeMap<String, String>, id: &str) -> Result<&'a str, Refusal> {
    made.get(id).map(String::as_str).ok_or_else(|| {
        Refusal::query(format!(
            "Content-ID Reference: '${id}' does not exist in the batch context."
        ))
    })
}

fn malformed(what: &str) -> Refusal {
    Refusal::query(format!(
        "The batch request is malformed: its {what} is missing or does not read."
    ))
}
