//! The calls to messaging and to the organisation's records: this file, its folder and `listen.rs`
//! do all the I/O. Here is what every call needs; what is called stands in the folder, by subject.

mod check;
mod crm;
mod files;
mod messaging;
mod pace;
mod remembered;
mod tokens;
mod upload;

use std::{sync::Arc, time::Duration};

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, Outcome},
    handoff::Handoff,
    keep::Keep,
    route::WorkKind,
    time::{Clock, Timestamp},
};
use baton_files::Files;
use reqwest::{RequestBuilder, Response, header::RETRY_AFTER};
use serde::de::DeserializeOwned;

use super::{
    config::Config,
    policy::{self, Failure, Reply},
    render, wire,
};
use crate::{Deps, answer};
use pace::{Paces, Pause, Window};
use remembered::Remembered;

pub use tokens::Token;

/// One organisation's connection.
pub struct Client {
    config: Config,
    http: reqwest::Client,
    downloads: baton_files::Client,
    clock: Arc<dyn Clock>,
    keep: Option<Arc<dyn Keep>>,
    files: Option<Arc<Files>>,
    tokens: tokens::Tokens,
    /// How often tokens were asked for.
    mints: Window,
    /// When streams may be opened again.
    streams: Pause,
    /// How often each conversation was written to.
    paces: Paces,
    /// Conversations whose next message begins their session.
    unbegun: Remembered,
    /// Messages whose files Salesforce does not take.
    without_file: Remembered,
    uploads: tokio::sync::Semaphore,
    /// What the records' half keeps.
    crm: crm::State,
}

impl Client {
    pub fn new(config: Config, deps: &Deps) -> Self {
        Self {
            config,
            http: deps.http.clone(),
            downloads: deps.downloads.clone(),
            clock: Arc::clone(&deps.clock),
            keep: deps.keep.clone(),
            files: deps.files.clone(),
            tokens: tokens::Tokens::default(),
            mints: Window::new(policy::TOKENS_A_MINUTE, policy::RATE_SPAN_MS),
            streams: Pause::default(),
            paces: Paces::default(),
            unbegun: Remembered::default(),
            without_file: Remembered::default(),
            uploads: tokio::sync::Semaphore::new(policy::UPLOADS_AT_ONCE),
            crm: crm::State::default(),
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The client of what comes over hours, too.
    pub fn downloads(&self) -> &baton_files::Client {
        &self.downloads
    }

    pub fn streams(&self) -> &Pause {
        &self.streams
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes the one network call of an attempt.
    pub async fn send(&self, call: &Call) -> Outcome {
        let result = match call.operation.as_str() {
            render::CONVERSATION => self.create(call).await,
            render::MESSAGE => self.post(call).await,
            render::FILE => self.post_file(call).await,
            render::CLOSE => self.close(call).await,
            render::NOTHING => Ok(Accepted::default()),
            _ => self.send_record(call).await,
        };
        match result {
            Ok(accepted) => Outcome::Accepted(accepted),
            Err(failure) => failure.doing(render::doing(&call.operation)).into(),
        }
    }

    /// What the desk holds of a handoff's work since a moment.
    pub async fn list(&self, handoff: &Handoff, since: Timestamp) -> Result<Listing, Failure> {
        match handoff.target.kind {
            WorkKind::Case => self.list_case(handoff, since).await,
            WorkKind::Live => self.list_conversation(handoff, since).await,
        }
    }

    /// The work that was made under a handoff.
    pub async fn find(&self, handoff: &Handoff) -> Result<Option<Accepted>, Failure> {
        match handoff.target.kind {
            WorkKind::Case => self.find_case(handoff).await,
            WorkKind::Live => self.find_conversation(handoff).await,
        }
    }
}

/// Reads an answer that must be of a shape.
fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, Failure> {
    wire::read(&reply.body).map_err(|_| {
        Failure::unknown(format!("Salesforce's answer is not {what}; check the address"))
    })
}

/// Sends one request and reads its answer within bounds.
async fn exchange(request: RequestBuilder) -> Result<Reply, Failure> {
    exchange_within(request, policy::CALL_TIMEOUT_MS, policy::ANSWER_MAX_BYTES).await
}

/// The same within so many milliseconds and bytes.
async fn exchange_within(
    request: RequestBuilder,
    timeout_ms: u64,
    max_bytes: usize,
) -> Result<Reply, Failure> {
    let request = request.timeout(Duration::from_millis(timeout_ms));
    let response = request.send().await.map_err(|error| not_answered(&error))?;
    read_reply(response, max_bytes).await
}

/// Who answers, in texts.
const VENDOR_NAME: &str = "Salesforce";

/// Why there is no answer.
fn not_answered(error: &reqwest::Error) -> Failure {
    answer::not_answered(error, VENDOR_NAME)
}

/// An answer, read within its bound.
async fn read_reply(response: Response, max_bytes: usize) -> Result<Reply, Failure> {
    let header = |name: &str| answer::header(&response, name);
    let (retry_after, limit_info) = (header(RETRY_AFTER.as_str()), header("sforce-limit-info"));
    let status = response.status().as_u16();
    let body = answer::body(response, max_bytes, VENDOR_NAME).await?;
    Ok(Reply { status, retry_after, limit_info, body })
}
