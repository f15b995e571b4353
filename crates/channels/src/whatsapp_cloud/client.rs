//! The network calls to the Graph API, and what came of them.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    fault::{Accepted, Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    ids::VendorId,
    template::{TemplateList, Templates},
    time::{BoxFuture, Clock, SECOND_MS},
};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    config::Config,
    policy, templates,
    wire::{Error, MediaInfo, NumberInfo, Posted, Subscriptions, TemplatePage},
};
use crate::{
    Deps,
    call::{self, Answer, MAX_ANSWER_BYTES, NoAnswer},
    download::Download,
    outcome::Wording,
};

/// The operation of a call that posts one message.
pub(super) const MESSAGE: &str = "message";

/// Most bytes of one page of templates. One has at most some 30 KB.
const MAX_PAGE_BYTES: usize = 4 * 1_024 * 1_024;
/// Templates of one page.
const PAGE_TEMPLATES: usize = 50;
/// Most pages that are read. Meta allows 250 templates, and 6,000 to verified businesses
/// ("Message templates", checked 2026-11-20).
const MAX_PAGES: usize = 120;

/// How Meta is spoken of.
const META: Wording = Wording {
    vendor: "Meta",
    api: "the Graph API",
    address: "base_url",
    shown: "WhatsApp",
    pause_ms: 10 * SECOND_MS,
};

/// The only way to Meta.
pub(super) struct Client {
    config: Arc<Config>,
    http: reqwest::Client,
    downloads: baton_files::Client,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(super) fn new(config: Arc<Config>, deps: &Deps) -> Self {
        let (http, downloads) = (deps.http.clone(), deps.downloads.clone());
        Self { config, http, downloads, clock: Arc::clone(&deps.clock) }
    }

    /// Makes one call.
    pub(super) async fn send(&self, call: &Call) -> Outcome {
        if call.operation != MESSAGE {
            let why = format!("send: {} is no operation of this channel", call.operation);
            return Outcome::Rejected { fault: Fault::new(FaultClass::Bug, why) };
        }
        match self.post(&call.body).await {
            Ok(answer) => posted(&answer),
            Err(why) => META.unanswered(&why),
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
        let (client, development) = (&self.downloads, self.config.development);
        let download = Download { client, max_bytes: media.max_bytes, development };
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
        let answer =
            self.call(self.http.get(url), max_bytes).await.map_err(|_| META.unreachable())?;
        if answer.status.is_success() {
            let read = serde_json::from_slice(&answer.body);
            return read.map_err(|_| META.garbled(answer.status));
        }
        match serde_json::from_slice::<Posted>(&answer.body) {
            Ok(Posted { error: Some(error), .. }) => Err(fault_of(&error)),
            _ => Err(META.garbled(answer.status)),
        }
    }

    async fn call(&self, request: RequestBuilder, max_bytes: usize) -> Result<Answer, NoAnswer> {
        let token = self.config.access_token.reveal();
        call::call_for(request.bearer_auth(token), max_bytes, self.clock.now()).await
    }
}

impl Templates for Client {
    fn list(&self) -> BoxFuture<'_, Result<TemplateList, Fault>> {
        Box::pin(self.list_templates())
    }
}

/// What came of a post. Meta's code decides before the HTTP status does.
fn posted(answer: &Answer) -> Outcome {
    let Ok(read) = serde_json::from_slice::<Posted>(&answer.body) else {
        return META.uncoded(answer);
    };
    if let Some(error) = &read.error {
        return refused(answer, error);
    }
    let id = read.messages.into_iter().find_map(|message| message.id).filter(|id| !id.is_empty());
    match id {
        Some(id) if answer.status.is_success() => {
            Outcome::Accepted(Accepted { vendor_id: Some(VendorId(id)), ..Accepted::default() })
        }
        _ => META.uncoded(answer),
    }
}

fn refused(answer: &Answer, error: &Error) -> Outcome {
    let fault = fault_of(error);
    let replay = error.code.and_then(policy::lookup).map(|rule| rule.replay);
    META.refused(answer, replay, fault)
}

/// A customer's file that cannot be had: another try would end the same way.
fn gone(why: &str) -> Fault {
    Fault::new(FaultClass::MediaProblem, format!("fetch the file: {why}"))
        .for_rep("The customer's file could not be fetched. Ask them to send it again.")
}

fn fault_of(error: &Error) -> Fault {
    policy::fault(error.code, error.details())
}
