//! The network calls to the Graph API, and what came of them.

use std::{sync::Arc, time::Duration};

use baton_core::{
    channel::Call,
    fault::{Accepted, Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    ids::VendorId,
    template::{TemplateList, Templates},
    time::{BoxFuture, Clock, SECOND_MS, Timestamp},
};
use reqwest::{RequestBuilder, Response, StatusCode, header::RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    config::Config,
    policy::{self, Replay},
    templates,
    wire::{Error, MediaInfo, NumberInfo, Posted, Subscriptions, TemplatePage},
};
use crate::download::Download;

/// The operation of a call that posts one message.
pub(super) const MESSAGE: &str = "message";

/// How long one call may take in all, connecting included.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read. Meta's have a few hundred.
const MAX_ANSWER_BYTES: usize = 256 * 1_024;
/// Most bytes of one page of templates. One has at most some 30 KB.
const MAX_PAGE_BYTES: usize = 4 * 1_024 * 1_024;
/// Templates of one page.
const PAGE_TEMPLATES: usize = 50;
/// Most pages that are read. Meta allows 250 templates, and 6,000 to verified businesses
/// ("Message templates", checked 2026-11-20).
const MAX_PAGES: usize = 120;
/// Longest pause that an answer may ask for, in milliseconds.
const MAX_RETRY_AFTER_MS: i64 = 3_600 * SECOND_MS;
/// The pause after a 429 that says nothing else, in milliseconds.
const RATE_LIMIT_PAUSE_MS: i64 = 10 * SECOND_MS;

/// What a rep reads of an unknown outcome.
const UNSURE: &str =
    "WhatsApp gave no clear answer. The message may or may not have reached the customer.";

/// An answer, read within its limit.
struct Answer {
    status: StatusCode,
    retry_after_ms: Option<i64>,
    body: Vec<u8>,
}

/// Why there is no answer.
enum NoAnswer {
    /// Nothing can have reached Meta.
    NotConnected,
    /// Something may have.
    Lost,
}

/// The only way to Meta.
pub(super) struct Client {
    config: Arc<Config>,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(super) fn new(config: Arc<Config>, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self { config, http, clock }
    }

    /// Makes one call.
    pub(super) async fn send(&self, call: &Call) -> Outcome {
        if call.operation != MESSAGE {
            let why = format!("send: {} is no operation of this channel", call.operation);
            return Outcome::Rejected { fault: Fault::new(FaultClass::Bug, why) };
        }
        match self.post(&call.body).await {
            Ok(answer) => posted(&answer),
            Err(NoAnswer::NotConnected) => Outcome::Retry { after_ms: None, fault: unreachable() },
            Err(NoAnswer::Lost) => Outcome::Unknown { fault: unsure("the answer was lost") },
        }
    }

    /// Marks a message as read and shows that an answer is being written. Meta takes the sign
    /// away after 25 s ("Typing indicators"; checked 2026-11-20).
    pub(super) async fn attend(&self, message: &VendorId) {
        let body = json!({
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message,
            "typing_indicator": { "type": "text" },
        });
        match self.post(&body).await {
            Ok(answer) if answer.status.is_success() => {}
            Ok(answer) => tracing::debug!(status = answer.status.as_u16(), "read mark refused"),
            Err(_) => tracing::debug!("read mark lost"),
        }
    }

    /// Begins to fetch a customer's file: its address first, which lives for five minutes and
    /// wants the token, then its bytes ("Media", checked 2026-11-20).
    pub(super) async fn fetch(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let id = media.vendor_id.as_str();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(gone("its id is none of Meta's"));
        }
        let path = format!("{id}?phone_number_id={}", self.config.phone_number_id);
        let told: MediaInfo = match self.ask(&path).await {
            Ok(told) => told,
            Err(fault) if fault.class == FaultClass::Bug => {
                return Err(gone("Meta does not have it any more"));
            }
            Err(fault) => return Err(fault),
        };
        let url = told.url.as_deref().ok_or_else(|| gone("Meta gives no address for it"))?;
        let (http, development) = (&self.http, self.config.development);
        let download = Download { http, max_bytes: media.max_bytes, development };
        let (hosts, token) = (&self.config.media_hosts, &self.config.access_token);
        let mut stream = download.open_from(hosts, url, token).await?;
        // What Meta announced stands for what the download does not say.
        stream.length = stream.length.or(told.file_size());
        stream.mime_type = told.mime_type.or(stream.mime_type);
        Ok(stream)
    }

    /// Asks about the number and the subscription, changing nothing.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        let fields = "display_phone_number,verified_name,status,quality_rating,name_status";
        let number: NumberInfo =
            self.ask(&format!("{}?fields={fields}", self.config.phone_number_id)).await?;
        self.check_number(&number)?;
        let subscribed: Subscriptions =
            self.ask(&format!("{}/subscribed_apps", self.config.waba_id)).await?;
        if subscribed.data.is_empty() {
            return Err(Fault::new(
                FaultClass::NotRegistered,
                "receive messages: no app is subscribed to the WhatsApp Business Account; post to its subscribed_apps with this token once",
            ));
        }
        Ok(())
    }

    fn check_number(&self, number: &NumberInfo) -> Result<(), Fault> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        if let (Some(ours), Some(theirs)) =
            (&self.config.display_phone_number, &number.display_phone_number)
            && *ours != digits(theirs)
        {
            return Err(Fault::new(
                FaultClass::Bug,
                "match the number: this phone number ID belongs to another phone number; copy the ID again",
            ));
        }
        match number.status.as_deref() {
            Some(status @ ("BANNED" | "RESTRICTED" | "DELETED")) => Err(Fault::new(
                FaultClass::AccountRestricted,
                format!("use the number: Meta says that it is {status}; see WhatsApp Manager"),
            )),
            Some(status @ ("PENDING" | "UNLINKED" | "MIGRATED" | "DISCONNECTED")) => {
                Err(Fault::new(
                    FaultClass::NotRegistered,
                    format!(
                        "use the number: Meta says that it is {status}; register it for the Cloud API"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    async fn post(&self, body: &Value) -> Result<Answer, NoAnswer> {
        let url = format!("{}/{}/messages", self.config.graph_url, self.config.phone_number_id);
        self.call(self.http.post(url).json(body), MAX_ANSWER_BYTES).await
    }

    /// Reads the account's templates, page by page.
    async fn list_templates(&self) -> Result<TemplateList, Fault> {
        let mut list = TemplateList::default();
        let mut after = String::new();
        for _ in 0..MAX_PAGES {
            let (account, fields) = (&self.config.waba_id, templates::FIELDS);
            let path = format!(
                "{account}/message_templates?fields={fields}&limit={PAGE_TEMPLATES}{after}"
            );
            let page: TemplatePage = self.ask_for(&path, MAX_PAGE_BYTES).await?;
            let rows = page.data.into_iter().filter_map(|row| serde_json::from_value(row).ok());
            list.templates.extend(rows.filter_map(templates::listed));
            let paging = page.paging.filter(|paging| paging.next.is_some());
            let Some(cursor) = paging.and_then(|paging| paging.cursors?.after) else {
                list.complete = true;
                return Ok(list);
            };
            let text = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '.');
            if cursor.is_empty() || !cursor.chars().all(text) {
                return Ok(list);
            }
            after = format!("&after={}", cursor.replace('=', "%3D"));
        }
        Ok(list)
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        self.ask_for(path, MAX_ANSWER_BYTES).await
    }

    async fn ask_for<T: DeserializeOwned>(&self, path: &str, max_bytes: usize) -> Result<T, Fault> {
        let url = format!("{}/{path}", self.config.graph_url);
        let answer = self.call(self.http.get(url), max_bytes).await.map_err(|_| unreachable())?;
        if answer.status.is_success() {
            let read = serde_json::from_slice(&answer.body);
            return read.map_err(|_| garbled(answer.status));
        }
        match serde_json::from_slice::<Posted>(&answer.body) {
            Ok(Posted { error: Some(error), .. }) => Err(fault_of(&error)),
            _ => Err(garbled(answer.status)),
        }
    }

    async fn call(&self, request: RequestBuilder, max_bytes: usize) -> Result<Answer, NoAnswer> {
        let token = self.config.access_token.reveal();
        let sent = request.bearer_auth(token).timeout(CALL_TIMEOUT).send().await;
        let lost = |error: reqwest::Error| {
            if error.is_connect() || error.is_builder() {
                NoAnswer::NotConnected
            } else {
                NoAnswer::Lost
            }
        };
        let mut response = sent.map_err(lost)?;
        let status = response.status();
        let retry_after_ms = retry_after_ms(&response, self.clock.now());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer::Lost)? {
            if body.len() + chunk.len() > max_bytes {
                return Err(NoAnswer::Lost);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after_ms, body })
    }
}

impl Templates for Client {
    fn list(&self) -> BoxFuture<'_, Result<TemplateList, Fault>> {
        Box::pin(self.list_templates())
    }
}

/// Seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after_ms(response: &Response, now: Timestamp) -> Option<i64> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND_MS),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            Timestamp(date.timestamp().as_millisecond()).since_ms(now)
        }
    };
    Some(ms.clamp(0, MAX_RETRY_AFTER_MS))
}

/// What came of a post. Meta's code decides before the HTTP status does.
fn posted(answer: &Answer) -> Outcome {
    let Ok(read) = serde_json::from_slice::<Posted>(&answer.body) else {
        return uncoded(answer);
    };
    if let Some(error) = &read.error {
        return refused(answer, error);
    }
    let id = read.messages.into_iter().find_map(|message| message.id).filter(|id| !id.is_empty());
    match id {
        Some(id) if answer.status.is_success() => {
            Outcome::Accepted(Accepted { vendor_id: Some(VendorId(id)), ..Accepted::default() })
        }
        _ => uncoded(answer),
    }
}

fn refused(answer: &Answer, error: &Error) -> Outcome {
    let fault = fault_of(error);
    let Some(rule) = error.code.and_then(policy::lookup) else {
        return match answer.status {
            StatusCode::TOO_MANY_REQUESTS => uncoded(answer),
            status if status.is_client_error() => Outcome::Rejected { fault },
            _ => Outcome::Unknown { fault: fault.for_rep(UNSURE) },
        };
    };
    match rule.replay {
        Replay::Never => Outcome::Rejected { fault },
        Replay::After(ms) => {
            Outcome::Retry { after_ms: Some(ms.max(answer.retry_after_ms.unwrap_or(0))), fault }
        }
        Replay::Unsure => Outcome::Unknown { fault: fault.for_rep(UNSURE) },
    }
}

/// An answer without a code: from the network in between, or cut.
fn uncoded(answer: &Answer) -> Outcome {
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        let text = "send: the way to Meta limits our calls; it passes by itself";
        return Outcome::Retry {
            after_ms: Some(answer.retry_after_ms.unwrap_or(RATE_LIMIT_PAUSE_MS)),
            fault: Fault::new(FaultClass::RateLimited, text)
                .for_rep("WhatsApp is limiting our messages at the moment."),
        };
    }
    let status = answer.status.as_u16();
    Outcome::Unknown {
        fault: unsure(&format!("the answer with HTTP status {status} says nothing")),
    }
}

/// A customer's file that cannot be had: another try would end the same way.
fn gone(why: &str) -> Fault {
    Fault::new(FaultClass::MediaProblem, format!("fetch the file: {why}"))
        .for_rep("The customer's file could not be fetched. Ask them to send it again.")
}

fn fault_of(error: &Error) -> Fault {
    policy::fault(error.code, error.details())
}

fn unreachable() -> Fault {
    Fault::new(
        FaultClass::VendorDown,
        "reach the Graph API: no connection; check the network, the proxy and the base_url",
    )
    .for_rep("WhatsApp cannot be reached at the moment.")
}

fn unsure(why: &str) -> Fault {
    Fault::new(FaultClass::VendorDown, format!("learn whether it was sent: {why}")).for_rep(UNSURE)
}

fn garbled(status: StatusCode) -> Fault {
    let status = status.as_u16();
    Fault::new(
        FaultClass::VendorDown,
        format!(
            "understand the Graph API: HTTP status {status} without a readable answer; check the base_url and any proxy"
        ),
    )
}
