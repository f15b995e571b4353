//! The calls to Entra, the Messaging API and Dataverse: everything here that does I/O.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use base64::Engine as _;
use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, Fault, FaultClass, Outcome},
    file::{FileStream, MediaSource},
    handoff::Work,
    time::{Clock, SECOND_MS, Timestamp},
};
use baton_files::Download;
use reqwest::{Method, RequestBuilder, Response, Url, header::RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    config::Config,
    parse,
    policy::{self, Failure, Reply},
    render,
    token::{Fetched, TokenCache},
    verify::Keys,
    wire,
};
use crate::Deps;

/// One organisation's connection.
pub struct Client {
    config: Config,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    messaging_token: TokenCache,
    dataverse_token: TokenCache,
    keys: RwLock<Keys>,
    refreshing: tokio::sync::Mutex<()>,
}

/// How Dataverse says that a conversation stands.
enum Standing {
    /// Somebody works on it or will.
    Open,
    /// It waits for its rep, who left it without ending it.
    Waiting,
    /// It is over, since about then.
    Ended { row: String, changed_at: Option<Timestamp> },
    /// Dataverse has no such row, or does not let us read it.
    NotSaid,
}

impl Client {
    pub fn new(config: Config, deps: &Deps) -> Self {
        Self {
            config,
            http: deps.http.clone(),
            clock: Arc::clone(&deps.clock),
            messaging_token: TokenCache::default(),
            dataverse_token: TokenCache::default(),
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
            other => Err(Failure::refused(
                FaultClass::Bug,
                format!("this desk knows no operation {other:?}"),
            )),
        };
        result.map_or_else(Outcome::from, Outcome::Accepted)
    }

    async fn create(&self, call: &Call) -> Result<Accepted, Failure> {
        let request = self.messaging(Method::POST, "conversation/create").json(&call.body);
        let reply = self.call_messaging(request, false).await?;
        parse::created(&reply.body)
    }

    async fn post(&self, call: &Call) -> Result<Reply, Failure> {
        let id = call.body.pointer("/conversation/id").and_then(Value::as_str);
        let Some(id) = id.and_then(super::conversation_id) else {
            return Err(Failure::refused(FaultClass::Bug, "the call names no conversation"));
        };
        let request = self.messaging(Method::POST, &format!("conversation/{id}")).json(&call.body);
        self.call_messaging(request, true).await
    }

    /// A conversation that is over already is what was wanted.
    async fn end(&self, call: &Call) -> Result<Accepted, Failure> {
        match self.post(call).await {
            Err(failure) if failure.fault.class != FaultClass::WorkEnded => Err(failure),
            _ => Ok(Accepted::default()),
        }
    }

    pub async fn typing(&self, work: &Work) {
        let Some(id) = super::conversation_id(work.id.as_str()) else { return };
        let body = render::typing(&self.config, &id);
        let call = Call { operation: render::MESSAGE.to_owned(), body };
        if let Err(failure) = self.post(&call).await {
            tracing::debug!(code = failure.fault.code, "the typing sign was not taken");
        }
    }

    /// Begins to fetch a rep's file. The pages do not say whether its address wants a token: it
    /// is asked without one first, and with one only where the address is this organisation's.
    pub async fn fetch(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let (http, development) = (&self.http, self.config.development);
        let download = Download { http, max_bytes: media.max_bytes, development };
        let address = media.vendor_id.as_str();
        let open = |request: RequestBuilder, url: &Url| self.known_host(url).map(|()| request);
        let fault = match download.follow(address, open).await {
            Err(fault) if fault.class == FaultClass::Auth => fault,
            done => return done,
        };
        let Some(token) = self.token_for(address).await? else { return Err(fault) };
        let mut token = Some(token);
        let open = |request: RequestBuilder, url: &Url| {
            self.known_host(url)?;
            Ok(token.take().into_iter().fold(request, |request, text| request.bearer_auth(text)))
        };
        download.follow(address, open).await
    }

    /// Files come from Microsoft, from this organisation and from hosts that the settings name.
    fn known_host(&self, url: &Url) -> Result<(), Fault> {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let microsoft = policy::FILE_HOSTS.iter().any(|end| host.ends_with(end));
        let named = self.config.file_hosts.contains(&host);
        let own = [&self.config.environment_url, &self.config.messaging_url];
        if microsoft || named || own.iter().any(|own| same_host(own, url)) {
            return Ok(());
        }
        let text = format!(
            "fetch the rep's file: {host} is not Microsoft's; name it in file_hosts if it is right"
        );
        Err(Fault::new(FaultClass::MediaProblem, text)
            .for_rep("The file comes from an address that is not known here."))
    }

    /// The token that an address of this organisation may see.
    async fn token_for(&self, address: &str) -> Result<Option<String>, Fault> {
        let Ok(url) = Url::parse(address) else { return Ok(None) };
        let now = self.clock.now();
        let got = if same_host(&self.config.environment_url, &url) {
            let scope = self.config.dataverse_scope();
            self.dataverse_token.get(now, self.fetch_token(&scope)).await
        } else if same_host(&self.config.messaging_url, &url) {
            let scope = &self.config.messaging_scope;
            self.messaging_token.get(now, self.fetch_token(scope)).await
        } else {
            return Ok(None);
        };
        got.map(|token| Some(token.text.clone())).map_err(|failure| failure.fault)
    }

    /// What the desk holds of a conversation since a moment.
    pub async fn list(&self, work: &Work, since: Timestamp) -> Result<Listing, Failure> {
        let Some(id) = super::conversation_id(work.id.as_str()) else {
            return Err(Failure::refused(FaultClass::Bug, "the work is no conversation's id"));
        };
        let messages = self.messages(&id, since).await?.map(parse::listing);
        let standing = match self.standing(&id).await {
            Ok(standing) => standing,
            Err(failure) => {
                tracing::warn!(
                    code = failure.fault.code,
                    why = failure.fault.operator,
                    "the conversation's state cannot be read from Dataverse"
                );
                Standing::NotSaid
            }
        };
        match (standing, messages) {
            (Standing::Open | Standing::Waiting, Some(listing)) => Ok(listing),
            (Standing::NotSaid, Some(listing)) => Ok(listing),
            // A waiting conversation that answers 404 takes no more messages.
            (Standing::Waiting, None) => Ok(Listing { ended: true, ..Listing::default() }),
            (Standing::Open, None) => Err(contradiction()),
            (Standing::NotSaid, None) if self.is_active(&id).await? => Err(contradiction()),
            (Standing::NotSaid, None) => Ok(Listing { ended: true, ..Listing::default() }),
            (Standing::Ended { row, changed_at }, _) => {
                self.ended(&id, &row, changed_at, since).await
            }
        }
    }

    /// An ended conversation: from its transcript, which comes some time after the end. Until
    /// then the messages are asked for once more, for what was said between the two questions.
    async fn ended(
        &self,
        id: &str,
        row: &str,
        changed_at: Option<Timestamp>,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let transcript = self.transcript(row).await;
        match transcript {
            Ok(messages) if !messages.is_empty() => return Ok(parse::transcript(messages, since)),
            _ => {}
        }
        if let Some(messages) = self.messages(id, since).await? {
            return Ok(Listing { ended: true, ..parse::listing(messages) });
        }
        transcript?;
        let recent =
            changed_at.is_some_and(|at| self.clock.now().since_ms(at) < policy::TRANSCRIPT_WAIT_MS);
        if recent {
            return Err(Failure::not_done(
                None,
                FaultClass::VendorDown,
                "the conversation has ended and its transcript is not written yet",
            ));
        }
        Ok(Listing { ended: true, ..Listing::default() })
    }

    /// All messages since a moment; none where the Messaging API no longer has the conversation.
    async fn messages(
        &self,
        id: &str,
        since: Timestamp,
    ) -> Result<Option<Vec<wire::Activity>>, Failure> {
        let path = format!("conversation/{id}/messages");
        let mut messages = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..policy::PAGES_MAX {
            let mut query = vec![
                ("StartTimeStamp", since.rfc3339()),
                ("PageSize", policy::MESSAGES_PAGE.to_string()),
            ];
            query.extend(token.clone().map(|token| ("ContinuationToken", token)));
            let request = self.messaging(Method::GET, &path).query(&query);
            let reply = match self.call_messaging(request, true).await {
                Err(failure) if failure.fault.class == FaultClass::WorkEnded => return Ok(None),
                other => other?,
            };
            let page: wire::MessagesPage = read(&reply, "a listing of messages")?;
            let (empty, next) = (page.messages.is_empty(), page.continuationtoken);
            messages.extend(page.messages);
            if empty || next.is_none() || next == token {
                return Ok(Some(messages));
            }
            token = next;
        }
        Err(too_many("messages in the conversation"))
    }

    /// Whether the Messaging API lists the conversation as active.
    async fn is_active(&self, id: &str) -> Result<bool, Failure> {
        let mut token: Option<String> = None;
        for _ in 0..policy::PAGES_MAX {
            let mut query = vec![("PageSize", policy::CONVERSATIONS_PAGE.to_string())];
            query.extend(token.clone().map(|token| ("ContinuationToken", token)));
            let request = self.messaging(Method::GET, "conversations").query(&query);
            let reply = self.call_messaging(request, false).await?;
            let page: wire::ConversationsPage = read(&reply, "a listing of conversations")?;
            if page.conversations.iter().any(|c| c.conversationid.eq_ignore_ascii_case(id)) {
                return Ok(true);
            }
            let (empty, next) = (page.conversations.is_empty(), page.continuationtoken);
            if empty || next.is_none() || next == token {
                return Ok(false);
            }
            token = next;
        }
        Err(too_many("active conversations"))
    }

    async fn standing(&self, id: &str) -> Result<Standing, Failure> {
        let Some(row) = self.row(id).await? else { return Ok(Standing::NotSaid) };
        // msdyn_ocliveworkitem entity reference: statecode 0 is open, with statuscode 3 waiting
        // and 5 wrap-up, in which the rep has ended the conversation and writes it up.
        Ok(match (row.statecode, row.statuscode) {
            (0, 3) => Standing::Waiting,
            (0, 1 | 2) | (3, _) => Standing::Open,
            _ => Standing::Ended {
                changed_at: row.modifiedon.as_deref().and_then(Timestamp::read),
                row: super::conversation_id(&row.activityid).unwrap_or_else(|| id.to_owned()),
            },
        })
    }

    /// The conversation's row. That its key is the conversation's id is shown by Microsoft's
    /// samples only; the other column is documented to hold it.
    async fn row(&self, id: &str) -> Result<Option<wire::WorkRow>, Failure> {
        let select = ("$select", "activityid,statecode,statuscode,modifiedon".to_owned());
        let by_key = self.dataverse(&format!("msdyn_ocliveworkitems({id})")).query(&[&select]);
        match self.call_dataverse(by_key).await {
            Ok(reply) => return Ok(Some(read(&reply, "a conversation's row")?)),
            Err(failure) if failure.fault.class != FaultClass::NotRegistered => {
                return Err(failure);
            }
            Err(_) => {}
        }
        let filter = ("$filter", format!("msdyn_ocliveworkitemid eq '{id}'"));
        let by_column = self.dataverse("msdyn_ocliveworkitems").query(&[
            &select,
            &filter,
            &("$top", "1".to_owned()),
        ]);
        let reply = self.call_dataverse(by_column).await?;
        let rows: wire::Rows<wire::WorkRow> = read(&reply, "conversation rows")?;
        Ok(rows.value.into_iter().next())
    }

    /// The messages in a conversation's transcript notes.
    async fn transcript(&self, row: &str) -> Result<Vec<wire::TranscriptMessage>, Failure> {
        let request = self.dataverse("msdyn_transcripts").query(&[
            ("$select", "msdyn_transcriptid".to_owned()),
            ("$filter", format!("_msdyn_liveworkitemidid_value eq {row}")),
            ("$top", policy::NOTES_MAX.to_string()),
        ]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<wire::TranscriptRow> = read(&reply, "transcripts")?;
        let mut messages = Vec::new();
        for row in rows.value {
            let Some(id) = super::conversation_id(&row.msdyn_transcriptid) else { continue };
            let request = self.dataverse("annotations").query(&[
                ("$select", "annotationid,documentbody".to_owned()),
                (
                    "$filter",
                    format!("_objectid_value eq {id} and objecttypecode eq 'msdyn_transcript'"),
                ),
                ("$top", policy::NOTES_MAX.to_string()),
            ]);
            let reply = self.call_dataverse(request).await?;
            let notes: wire::Rows<wire::NoteRow> = read(&reply, "transcript notes")?;
            messages.extend(notes.value.iter().filter_map(note).flatten());
        }
        Ok(messages)
    }

    /// Fetches the tenant's signing keys, unless that was done just now.
    pub async fn refresh_keys(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.refreshing.lock().await;
        let now = self.clock.now();
        let (fetched_at, tried_at) = {
            let keys = self.keys();
            (keys.fetched_at, keys.tried_at)
        };
        let pause_ms =
            if fetched_at == tried_at { policy::KEYS_FRESH_MS } else { policy::KEYS_PAUSE_MS };
        if tried_at.is_some_and(|at| now.since_ms(at) < pause_ms) {
            return match fetched_at {
                Some(_) => Ok(()),
                None => Err(Fault::new(
                    FaultClass::VendorDown,
                    "the tenant's signing keys could not be fetched just now; check login_url",
                )),
            };
        }
        self.write_keys(|keys| keys.tried_at = Some(now));
        let set = self.fetch_keys().await.map_err(|failure| failure.fault)?;
        self.write_keys(|keys| keys.replace(&set, now));
        Ok(())
    }

    fn write_keys(&self, change: impl FnOnce(&mut Keys)) {
        change(&mut self.keys.write().unwrap_or_else(PoisonError::into_inner));
    }

    async fn fetch_keys(&self) -> Result<wire::KeySet, Failure> {
        let Config { login_url, tenant_id, .. } = &self.config;
        let url = format!("{login_url}/{tenant_id}/v2.0/.well-known/openid-configuration");
        let reply = self.get_from_entra(&url).await?;
        let metadata: wire::Metadata = read(&reply, "OpenID metadata")?;
        if !metadata.jwks_uri.starts_with(&format!("{login_url}/")) {
            return Err(Failure::refused(
                FaultClass::Auth,
                "Entra's metadata names keys at another host; correct login_url",
            ));
        }
        let reply = self.get_from_entra(&metadata.jwks_uri).await?;
        read(&reply, "signing keys")
    }

    async fn get_from_entra(&self, url: &str) -> Result<Reply, Failure> {
        let reply = exchange(self.http.get(url), policy::ANSWER_MAX_BYTES).await?;
        if reply.succeeded() { Ok(reply) } else { Err(policy::entra_failure(&reply)) }
    }

    async fn fetch_token(&self, scope: &str) -> Result<Fetched, Failure> {
        let Config { login_url, tenant_id, client_id, client_secret, .. } = &self.config;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.reveal()),
            ("scope", scope),
        ];
        let request =
            self.http.post(format!("{login_url}/{tenant_id}/oauth2/v2.0/token")).form(&form);
        let reply = exchange(request, policy::ANSWER_MAX_BYTES).await?;
        if !reply.succeeded() {
            return Err(policy::entra_failure(&reply));
        }
        let token: wire::Token = read(&reply, "a token")?;
        let lifetime_ms = token.expires_in.clamp(0, 86_400) * SECOND_MS;
        Ok(Fetched { text: token.access_token, lifetime_ms })
    }

    /// Both spellings of the headers: the page was changed from one to the other ("Overview of
    /// messaging APIs", 2025-04-30 and 2025-09-11).
    fn messaging(&self, method: Method, path: &str) -> RequestBuilder {
        let Config { messaging_url, channel_id, organization_id, .. } = &self.config;
        self.http
            .request(method, format!("{messaging_url}/api/v1.0/consumer/{path}"))
            .header("channel-id", channel_id)
            .header("organization-id", organization_id)
            .header("x-ms-channel-id", channel_id)
            .header("x-ms-organization-id", organization_id)
    }

    async fn call_messaging(
        &self,
        request: RequestBuilder,
        about_a_conversation: bool,
    ) -> Result<Reply, Failure> {
        let cache = &self.messaging_token;
        let fetch = self.fetch_token(&self.config.messaging_scope);
        let token = cache.get(self.clock.now(), fetch).await?;
        let reply = exchange(request.bearer_auth(&token.text), policy::ANSWER_MAX_BYTES).await?;
        if reply.status == 401 {
            return Err(cache.denied(&token, "the Messaging API"));
        }
        cache.proven();
        if reply.succeeded() {
            Ok(reply)
        } else {
            Err(policy::messaging_failure(&reply, about_a_conversation))
        }
    }

    /// Headers of "Compose HTTP requests and handle errors" (Dataverse, checked 2026-11-20).
    fn dataverse(&self, path: &str) -> RequestBuilder {
        self.http
            .get(format!("{}/api/data/v9.2/{path}", self.config.environment_url))
            .header("Accept", "application/json")
            .header("OData-MaxVersion", "4.0")
            .header("OData-Version", "4.0")
            .header("If-None-Match", "null")
    }

    async fn call_dataverse(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let cache = &self.dataverse_token;
        let scope = self.config.dataverse_scope();
        let token = cache.get(self.clock.now(), self.fetch_token(&scope)).await?;
        let reply = exchange(request.bearer_auth(&token.text), policy::NOTES_MAX_BYTES).await?;
        if reply.status == 401 {
            return Err(cache.denied(&token, "Dataverse"));
        }
        cache.proven();
        if reply.succeeded() { Ok(reply) } else { Err(policy::dataverse_failure(&reply)) }
    }

    /// Credentials, rights and addresses, changing nothing. That `organization_id` equals what
    /// `WhoAmI` names is believed, not documented: a difference only matters where the
    /// Messaging API refuses us as well.
    pub async fn check(&self) -> Result<(), Failure> {
        let reply = self.call_dataverse(self.dataverse("WhoAmI")).await?;
        let who: wire::WhoAmI = read(&reply, "WhoAmI")?;
        let request = self.messaging(Method::GET, "conversations").query(&[("PageSize", "1")]);
        let messaging = self.call_messaging(request, false).await;
        if who.organizationid.eq_ignore_ascii_case(&self.config.organization_id) {
            return messaging.map(drop);
        }
        let hint = format!(
            "Dataverse names the organisation {}, organization_id is {}",
            who.organizationid.chars().take(64).collect::<String>(),
            self.config.organization_id
        );
        tracing::warn!(hint, "the organisation's id may be wrong");
        messaging.map(drop).map_err(|mut failure| {
            failure.fault.operator = format!("{}; {hint}", failure.fault.operator);
            failure
        })
    }
}

fn same_host(own: &str, url: &Url) -> bool {
    Url::parse(own).is_ok_and(|own| own.host_str() == url.host_str())
}

fn contradiction() -> Failure {
    Failure::not_done(
        None,
        FaultClass::VendorDown,
        "Dynamics 365 contradicts itself about the conversation; it is asked again later",
    )
}

fn too_many(what: &str) -> Failure {
    Failure::refused(FaultClass::Unknown, format!("there are too many {what} to list them all"))
}

/// The messages of one note; none where it holds something else.
fn note(row: &wire::NoteRow) -> Option<Vec<wire::TranscriptMessage>> {
    let body = row.documentbody.as_deref()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(body.trim()).ok()?;
    wire::read(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).ok()
}

fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, Failure> {
    wire::read(&reply.body).map_err(|_| {
        Failure::unknown(format!("Microsoft's answer is not {what}; check the address"))
    })
}

/// Sends one request and reads its answer within bounds. Only a connection that was never made
/// is certain to have sent nothing.
async fn exchange(request: RequestBuilder, max_bytes: usize) -> Result<Reply, Failure> {
    let request = request.timeout(Duration::from_millis(policy::CALL_TIMEOUT_MS));
    let response = request.send().await.map_err(|error| {
        if error.is_builder() {
            Failure::refused(FaultClass::Bug, "the request could not be made")
        } else if error.is_connect() {
            Failure::not_done(None, FaultClass::VendorDown, "Microsoft cannot be reached")
        } else if error.is_timeout() {
            Failure::unknown("Microsoft did not answer in time")
        } else {
            Failure::unknown("the connection to Microsoft broke")
        }
    })?;
    let header = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    Ok(Reply {
        status: response.status().as_u16(),
        retry_after: header(RETRY_AFTER.as_str()),
        correlation: header("x-ms-correlation-id")
            .or_else(|| header("x-ms-service-request-id"))
            .or_else(|| header("x-ms-request-id")),
        body: read_body(response, max_bytes).await?,
    })
}

async fn read_body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let broken = |_| Failure::unknown("Microsoft's answer broke off");
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Failure::unknown("Microsoft's answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
