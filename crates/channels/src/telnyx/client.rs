//! The network calls to Telnyx, and what came of them.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    fault::{Accepted, Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    time::{Clock, SECOND_MS},
};
use reqwest::{RequestBuilder, StatusCode};

use super::{
    config::Config,
    policy,
    wire::{Error, Posted, ProfileAnswer},
};
use crate::{
    Deps,
    call::{self, Answer, NoAnswer},
    download::Download,
    outcome::Wording,
};

/// The operation of a call that posts one message.
pub(super) const MESSAGE: &str = "message";

/// How Telnyx is spoken of.
const TELNYX: Wording = Wording {
    vendor: "Telnyx",
    api: "Telnyx",
    address: "api_url",
    shown: "Telnyx",
    pause_ms: 5 * SECOND_MS,
};

/// The only way to Telnyx.
pub(super) struct Client {
    config: Arc<Config>,
    http: reqwest::Client,
    downloads: baton_files::Client,
    clock: Arc<dyn Clock>,
    development: bool,
}

impl Client {
    pub(super) fn new(config: Arc<Config>, deps: &Deps) -> Self {
        let (http, downloads) = (deps.http.clone(), deps.downloads.clone());
        let clock = Arc::clone(&deps.clock);
        Self { config, http, downloads, clock, development: deps.development }
    }

    /// Makes one call.
    pub(super) async fn send(&self, call: &Call) -> Outcome {
        if call.operation != MESSAGE {
            let why = format!("send: {} is no operation of this channel", call.operation);
            return Outcome::Rejected { fault: Fault::new(FaultClass::Bug, why) };
        }
        let url = format!("{}/v2/messages", self.config.api_url);
        match self.call(self.http.post(url).json(&call.body)).await {
            Ok(answer) => posted(&answer),
            Err(why) => TELNYX.unanswered(&why),
        }
    }

    /// Begins to fetch a file from where Telnyx's signed word says it is. No credentials.
    pub(super) async fn fetch(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let (client, development) = (&self.downloads, self.development);
        let download = Download { client, max_bytes: media.max_bytes, development };
        download.open(media.vendor_id.as_str(), None).await
    }

    /// Asks about the messaging profile, or whether the key is good, changing nothing.
    pub(super) async fn check(&self) -> Result<(), Fault> {
        let Config { api_url, profile, webhook, .. } = &*self.config;
        let Some(profile) = profile else {
            let url = format!("{api_url}/v2/messaging_profiles?page[size]=1");
            return self.ask(&url).await.map(|_| ());
        };
        let body = self.ask(&format!("{api_url}/v2/messaging_profiles/{profile}")).await?;
        let read = serde_json::from_slice::<ProfileAnswer>(&body);
        let profile = read.map_err(|_| TELNYX.garbled(StatusCode::OK))?.data;
        if profile.enabled == Some(false) {
            let why = "use the messaging profile: it is disabled; enable it in the Telnyx portal";
            return Err(Fault::new(FaultClass::NotRegistered, why));
        }
        let theirs = profile.webhook_url.unwrap_or_default();
        match webhook {
            Some(ours) if !ours.is(&theirs) => Err(Fault::new(
                FaultClass::NotRegistered,
                "receive messages: the messaging profile has another webhook; paste the webhook_url there",
            )),
            _ => Ok(()),
        }
    }

    async fn ask(&self, url: &str) -> Result<Vec<u8>, Fault> {
        let answer = self.call(self.http.get(url)).await.map_err(|_| TELNYX.unreachable())?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        let error = first_error(&answer.body).ok_or_else(|| TELNYX.garbled(answer.status))?;
        Err(policy::fault(error.code(), error.details()))
    }

    async fn call(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let request = request.bearer_auth(self.config.api_key.reveal());
        call::call(request, self.clock.now()).await
    }
}

fn first_error(body: &[u8]) -> Option<Error> {
    serde_json::from_slice::<Posted>(body).ok()?.errors.into_iter().next()
}

/// What came of a post. Telnyx's code decides before the HTTP status does.
fn posted(answer: &Answer) -> Outcome {
    if let Some(error) = first_error(&answer.body) {
        return refused(answer, &error);
    }
    let read = serde_json::from_slice::<Posted>(&answer.body).ok();
    let id = read.and_then(|read| read.data?.id).filter(|id| !id.is_empty());
    match id {
        Some(id) if answer.status.is_success() => Outcome::Accepted(Accepted {
            vendor_id: Some(id.as_str().into()),
            ..Accepted::default()
        }),
        _ => TELNYX.uncoded(answer),
    }
}

fn refused(answer: &Answer, error: &Error) -> Outcome {
    let fault = policy::fault(error.code(), error.details());
    let replay = error.code().and_then(policy::lookup).map(|rule| rule.replay);
    TELNYX.refused(answer, replay, fault)
}
