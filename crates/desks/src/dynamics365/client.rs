//! The calls to Entra, the Messaging API and Dataverse: this file and its folder do all the I/O.
//! Here is what every call needs; what is called stands in the folder, by subject.

mod availability;
mod case;
mod channels;
mod check;
mod contact;
mod entra;
mod files;
mod limits;
mod live;
mod notes;
mod options;
mod recall;
mod row;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, FaultClass, Outcome},
    handoff::Handoff,
    route::WorkKind,
    time::{Clock, Timestamp},
};
use baton_files::Files;
use reqwest::{Method, RequestBuilder, header::RETRY_AFTER};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    config::{Config, Messaging},
    parse,
    policy::{self, Failure, Reply},
    render,
    token::TokenCache,
    verify::Keys,
    wire,
};
use crate::{Deps, answer};
use limits::{Gate, Urgency};

/// One organisation's connection.
pub struct Client {
    config: Config,
    http: reqwest::Client,
    downloads: baton_files::Client,
    clock: Arc<dyn Clock>,
    messaging_token: TokenCache,
    dataverse_token: TokenCache,
    /// Which of the credentials worked last.
    credential: AtomicUsize,
    /// How many assertions were signed.
    assertions: AtomicU64,
    channels: tokio::sync::Mutex<channels::Channels>,
    /// Who is there, by place.
    available: tokio::sync::Mutex<HashMap<String, availability::Known>>,
    dataverse_gate: Gate,
    messaging_gate: Gate,
    files: Option<Arc<Files>>,
    uploads: tokio::sync::Semaphore,
    own_user: tokio::sync::OnceCell<String>,
    option_sets: tokio::sync::Mutex<Option<Arc<options::OptionSets>>>,
    keys: RwLock<Keys>,
    refreshing: tokio::sync::Mutex<()>,
}

impl Client {
    pub fn new(config: Config, deps: &Deps) -> Self {
        Self {
            config,
            http: deps.http.clone(),
            downloads: deps.downloads.clone(),
            clock: Arc::clone(&deps.clock),
            messaging_token: TokenCache::default(),
            dataverse_token: TokenCache::default(),
            credential: AtomicUsize::new(0),
            assertions: AtomicU64::new(0),
            channels: tokio::sync::Mutex::default(),
            available: tokio::sync::Mutex::default(),
            dataverse_gate: Gate::new("Dataverse", policy::DATAVERSE_LIMIT),
            messaging_gate: Gate::new("the Messaging API", policy::MESSAGING_LIMIT),
            files: deps.files.clone(),
            uploads: tokio::sync::Semaphore::new(policy::UPLOADS_AT_ONCE),
            own_user: tokio::sync::OnceCell::new(),
            option_sets: tokio::sync::Mutex::default(),
            keys: RwLock::default(),
            refreshing: tokio::sync::Mutex::default(),
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the one network call of an attempt.
    pub async fn send(&self, call: &Call) -> Outcome {
        let result = match call.operation.as_str() {
            render::CREATE => self.create(call).await,
            render::MESSAGE => self.post(call).await.and_then(|reply| parse::posted(&reply.body)),
            render::END => self.end(call).await,
            render::case::CONTACT => self.contact(call).await,
            render::contact::LINK => self.link(call).await,
            render::contact::SUBJECT => self.entitle(call).await,
            render::case::INCIDENT => self.make_case(call).await,
            render::case::QUEUE => self.queue_case(call).await,
            render::case::RESOLVE => self.resolve_case(call).await,
            render::case::NOTHING => Ok(Accepted::default()),
            render::notes::NOTE => self.note(call).await,
            render::row::ROW => self.make_row(call).await,
            other => Err(Failure::refused(
                FaultClass::Bug,
                format!("this desk knows no operation {other:?}"),
            )),
        };
        match result {
            Ok(accepted) => Outcome::Accepted(accepted),
            Err(failure) => failure.doing(render::doing(&call.operation)).into(),
        }
    }

    /// What the desk holds of a handoff's work since a moment.
    pub async fn list(&self, handoff: &Handoff, since: Timestamp) -> Result<Listing, Failure> {
        match (handoff.target.kind, &self.config.rows) {
            (WorkKind::Case, _) => self.list_case(handoff, since).await,
            (WorkKind::Live, Some(rows)) => self.list_row(rows, handoff).await,
            (WorkKind::Live, None) => self.list_conversation(handoff, since).await,
        }
    }

    /// Where the Messaging API is.
    fn api(&self) -> Result<&Messaging, Failure> {
        self.config.messaging.as_ref().ok_or_else(|| {
            Failure::refused(
                FaultClass::NotRegistered,
                "the organisation's id is not known yet; test and save the desk's settings, or set \
                 organization_id",
            )
        })
    }

    /// A call of the Messaging API for a channel. Both spellings of the headers: the page was
    /// changed from one to the other ("Overview of messaging APIs", 2025-04-30 and 2025-09-11).
    fn messaging(
        &self,
        api: &Messaging,
        channel: &str,
        method: Method,
        path: &str,
    ) -> RequestBuilder {
        let Messaging { organization_id, url, .. } = api;
        self.http
            .request(method, format!("{url}/api/v1.0/consumer/{path}"))
            .header("channel-id", channel)
            .header("organization-id", organization_id)
            .header("x-ms-channel-id", channel)
            .header("x-ms-organization-id", organization_id)
    }

    async fn call_messaging(
        &self,
        api: &Messaging,
        request: RequestBuilder,
        about_a_conversation: bool,
    ) -> Result<Reply, Failure> {
        let cache = &self.messaging_token;
        let token = cache.get(self.clock.now(), self.fetch_token(&api.scope)).await?;
        let gate = &self.messaging_gate;
        let pass = gate.enter(Urgency::Handoff, || self.clock.now()).await?;
        let reply = exchange(request.bearer_auth(&token.text), policy::ANSWER_MAX_BYTES).await;
        pass.done(self.clock.now());
        let reply = reply?;
        if reply.status == 401 {
            return Err(cache.denied(&token, "the Messaging API"));
        }
        cache.proven();
        if reply.succeeded() {
            Ok(reply)
        } else {
            let failure = policy::messaging_failure(&reply, about_a_conversation);
            gate.heed(&failure, self.clock.now());
            Err(failure)
        }
    }

    /// A reading request. `null` defeats caches ("Compose HTTP requests and handle errors",
    /// Dataverse, checked 2026-11-20).
    fn dataverse(&self, path: &str) -> RequestBuilder {
        self.dataverse_call(Method::GET, path).header("If-None-Match", "null")
    }

    /// A request with the headers of the same page.
    fn dataverse_call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/api/data/v9.2/{path}", self.config.environment_url))
            .header("Accept", "application/json")
            .header("OData-MaxVersion", "4.0")
            .header("OData-Version", "4.0")
    }

    /// A request that makes a row under our own id and changes none that is there ("Perform
    /// conditional operations", Dataverse, read 2026-11-21).
    fn insert(&self, path: &str, columns: &impl Serialize) -> RequestBuilder {
        self.dataverse_call(Method::PATCH, path).header("If-None-Match", "*").json(columns)
    }

    /// Makes such a row; none where it is there already, so that a repeated call changes nothing.
    async fn insert_once(&self, request: RequestBuilder) -> Result<Option<Reply>, Failure> {
        match self.call_dataverse(request).await {
            Err(failure) if policy::exists(&failure) => Ok(None),
            made => made.map(Some),
        }
    }

    /// A call that a handoff or a person waits for.
    async fn call_dataverse(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        self.ask_dataverse(Urgency::Handoff, request).await
    }

    /// A call that comes again by itself: it leaves room for the others.
    async fn poll_dataverse(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        self.ask_dataverse(Urgency::Poll, request).await
    }

    async fn ask_dataverse(
        &self,
        urgency: Urgency,
        request: RequestBuilder,
    ) -> Result<Reply, Failure> {
        let cache = &self.dataverse_token;
        let scope = self.config.dataverse_scope();
        let token = cache.get(self.clock.now(), self.fetch_token(&scope)).await?;
        let gate = &self.dataverse_gate;
        let pass = gate.enter(urgency, || self.clock.now()).await?;
        let reply = exchange(request.bearer_auth(&token.text), policy::NOTES_MAX_BYTES).await;
        pass.done(self.clock.now());
        let reply = reply?;
        if reply.status == 401 {
            return Err(cache.denied(&token, "Dataverse"));
        }
        cache.proven();
        if reply.succeeded() {
            return Ok(reply);
        }
        let failure = policy::dataverse_failure(&reply);
        gate.heed(&failure, self.clock.now());
        Err(failure)
    }
}

fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, Failure> {
    wire::read(&reply.body).map_err(|_| {
        Failure::unknown(format!("Microsoft's answer is not {what}; check the address"))
    })
}

/// Who answers, in texts.
const VENDOR_NAME: &str = "Microsoft";

/// Sends one request and reads its answer within bounds.
async fn exchange(request: RequestBuilder, max_bytes: usize) -> Result<Reply, Failure> {
    let request = request.timeout(Duration::from_millis(policy::CALL_TIMEOUT_MS));
    let response = request.send().await.map_err(|e| answer::not_answered(&e, VENDOR_NAME))?;
    let header = |name: &str| answer::header(&response, name);
    Ok(Reply {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER.as_str()),
        correlation: header("x-ms-correlation-id")
            .or_else(|| header("x-ms-service-request-id"))
            .or_else(|| header("x-ms-request-id")),
        body: answer::body(response, max_bytes, VENDOR_NAME).await?,
    })
}
