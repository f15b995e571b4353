//! Calls of the REST API for the organisation's records: the token, the limits, and the few shapes
//! that all the others are made of.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use baton_core::{
    fault::FaultClass,
    time::{SECOND_MS, Timestamp},
};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use super::{
    super::{Client, exchange_within},
    oauth::CoreTokens,
    window::Told,
};
use crate::salesforce::{
    config::crm::Crm,
    policy::{Certainty, Failure, Reply, crm as policy},
    soql::{self, quoted},
    wire::{self, crm as rows},
};

/// Who asks: polling leaves room for handoffs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for it.
    Handoff,
    /// It comes again, or may be lost.
    Poll,
}

/// What the calls share.
pub struct Records {
    pub(super) tokens: CoreTokens,
    at_once: Semaphore,
    pub(super) uploads: Semaphore,
    limits: Mutex<Limits>,
    /// Ids by the query that found them.
    pub(super) names: tokio::sync::Mutex<HashMap<String, (Timestamp, String)>>,
    /// The integration user's id.
    pub(super) me: tokio::sync::OnceCell<String>,
    /// The address of the deployment's channel.
    pub(super) channel_address: tokio::sync::OnceCell<String>,
    /// Until when customers can be written to, as sessions were told.
    pub(super) windows: Told,
    /// Customers who are being looked for and made.
    busy: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

/// What the organisation said of its calls.
#[derive(Default)]
struct Limits {
    /// Calls of the day: spent, and allowed.
    usage: Option<(u64, u64)>,
    told_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            tokens: CoreTokens::default(),
            at_once: Semaphore::new(policy::AT_ONCE),
            uploads: Semaphore::new(policy::UPLOADS_AT_ONCE),
            limits: Mutex::default(),
            names: tokio::sync::Mutex::default(),
            me: tokio::sync::OnceCell::new(),
            channel_address: tokio::sync::OnceCell::new(),
            windows: Told::default(),
            busy: Mutex::default(),
        }
    }
}

impl Records {
    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One customer at a time is looked for and made.
    pub(super) fn turn_of(&self, customer: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.retain(|_, turn| turn.strong_count() > 0);
        let known = busy.get(customer).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            busy.insert(customer.to_owned(), Arc::downgrade(&turn));
            turn
        })
    }

    /// Whether a call may be made now.
    fn admit(&self, urgency: Urgency, now: Timestamp) -> Result<(), Failure> {
        let limits = self.limits();
        let wait = |until: Timestamp, text: &str| {
            let after_ms = until.since_ms(now).max(1);
            Err(Failure::not_done(Some(after_ms), FaultClass::RateLimited, text))
        };
        if let Some(until) = limits.paused_until.filter(|until| now < *until) {
            return wait(until, "Salesforce asked for a pause");
        }
        let Some(((used, all), at)) = limits.usage.zip(limits.told_at) else { return Ok(()) };
        let reserve = all / policy::RESERVE_DIVISOR;
        let until = at.plus_ms(policy::RESERVE_PAUSE_MS);
        if urgency == Urgency::Poll && used + reserve >= all && now < until {
            return wait(until, "the organisation's API calls of the day are nearly spent");
        }
        Ok(())
    }

    /// Keeps what the answer says of the limits.
    fn heed(&self, reply: &Reply, now: Timestamp) {
        if let Some(usage) = reply.limit_info.as_deref().and_then(usage) {
            let mut limits = self.limits();
            (limits.usage, limits.told_at) = (Some(usage), Some(now));
        }
    }

    fn pause(&self, failure: &Failure, now: Timestamp) {
        let Certainty::NotDone { after_ms: Some(after_ms) } = failure.certainty else { return };
        if failure.fault.class == FaultClass::RateLimited {
            let mut limits = self.limits();
            limits.paused_until = limits.paused_until.max(Some(now.plus_ms(after_ms)));
        }
    }
}

/// `api-usage=18/5000` ("Limit Info Header", REST API Developer Guide, checked 2026-11); further
/// members may follow.
fn usage(text: &str) -> Option<(u64, u64)> {
    let part = text.split([';', ',']).find_map(|part| part.trim().strip_prefix("api-usage="))?;
    let (used, all) = part.split_once('/')?;
    Some((used.trim().parse().ok()?, all.trim().parse().ok()?)).filter(|(_, all)| *all > 0)
}

impl Client {
    /// Access to records.
    pub(super) fn crm(&self) -> Result<&Crm, Failure> {
        self.config.crm.as_ref().ok_or_else(|| {
            Failure::refused(
                FaultClass::NotRegistered,
                "records are not connected; set crm_consumer_key and crm_username",
            )
        })
    }

    /// A request below `/services/data/vNN.0/`.
    pub(super) fn data(&self, crm: &Crm, method: Method, path: &str) -> RequestBuilder {
        let base = format!("{}/services/data/{}", self.config.instance_url, crm.api_version);
        self.http.request(method, format!("{base}/{path}"))
    }

    /// One call. A token that is refused is asked for anew once, because the call was certainly
    /// not made.
    pub(super) async fn ask_records(
        &self,
        urgency: Urgency,
        request: RequestBuilder,
    ) -> Result<Reply, Failure> {
        let reply = self.with_token(urgency, policy::CALL_TIMEOUT_MS, request).await?;
        self.heard(reply)
    }

    /// A call that carries a file.
    pub(super) async fn upload(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let reply = self.with_token(Urgency::Handoff, policy::UPLOAD_TIMEOUT_MS, request).await?;
        self.heard(reply)
    }

    /// What an answer means.
    fn heard(&self, reply: Reply) -> Result<Reply, Failure> {
        if reply.succeeded() {
            return Ok(reply);
        }
        let failure = policy::failure(reply.status, &rows::refusals(&reply.body));
        self.shared().pause(&failure, self.clock.now());
        Err(failure)
    }

    /// The answer, whatever it is, unless it is the token that is refused.
    pub(super) async fn with_token(
        &self,
        urgency: Urgency,
        timeout_ms: u64,
        request: RequestBuilder,
    ) -> Result<Reply, Failure> {
        let within = |request| exchange_within(request, timeout_ms, policy::ANSWER_MAX_BYTES);
        let (crm, records) = (self.crm()?, self.shared());
        records.admit(urgency, self.clock.now())?;
        let _one_of_many = records.at_once.acquire().await.map_err(|_| closed())?;
        let token = self.core_token(crm).await?;
        let again = request.try_clone();
        let reply = within(request.bearer_auth(&token.text)).await?;
        records.heed(&reply, self.clock.now());
        if !refuses_token(&reply) {
            return Ok(reply);
        }
        records.tokens.forget(&token);
        let Some(again) = again else { return Err(stale()) };
        let token = self.core_token(crm).await?;
        let reply = within(again.bearer_auth(&token.text)).await?;
        records.heed(&reply, self.clock.now());
        if refuses_token(&reply) {
            records.tokens.forget(&token);
            return Err(refused_token());
        }
        Ok(reply)
    }

    /// A call that a handoff or a person waits for.
    pub(super) async fn call(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        self.ask_records(Urgency::Handoff, request).await
    }

    /// The rows of a query; one page, because every query of ours has its limit.
    pub(super) async fn query<T: DeserializeOwned>(&self, soql: &str) -> Result<Vec<T>, Failure> {
        let request = self.data(self.crm()?, Method::GET, "query").query(&[("q", soql)]);
        let reply = self.call(request).await?;
        let rows: rows::Rows<T> = read(&reply, "rows")?;
        Ok(rows.records)
    }

    /// The rows of a search.
    pub(super) async fn search<T: DeserializeOwned>(&self, sosl: &str) -> Result<Vec<T>, Failure> {
        let request = self.data(self.crm()?, Method::GET, "search").query(&[("q", sosl)]);
        let reply = self.call(request).await?;
        let found: rows::Found<T> = read(&reply, "rows")?;
        Ok(found.records)
    }

    /// Makes a row. Whoever repeats it makes another one.
    pub(super) async fn insert(
        &self,
        object: &str,
        fields: &Map<String, Value>,
    ) -> Result<String, Failure> {
        let request = self.data(self.crm()?, Method::POST, &format!("sobjects/{object}"));
        let reply = self.call(request.json(fields)).await?;
        saved(&reply)
    }

    /// Makes a row under our own key, or finds it; harmless to repeat.
    pub(super) async fn upsert(
        &self,
        (object, field, key): (&str, &str, &str),
        fields: &Map<String, Value>,
    ) -> Result<String, Failure> {
        let path = format!("sobjects/{object}/{field}/{key}");
        let request = self.data(self.crm()?, Method::PATCH, &path);
        let reply = self.call(request.json(fields)).await?;
        if reply.body.is_empty() {
            // Older versions answer an update without a body.
            let found = self.by_key(object, field, key).await.map_err(Failure::before_the_call)?;
            return found.ok_or_else(|| Failure::unknown("the record cannot be found again"));
        }
        saved(&reply)
    }

    /// The row with our key.
    pub(super) async fn by_key(
        &self,
        object: &str,
        field: &str,
        key: &str,
    ) -> Result<Option<String>, Failure> {
        let filter = format!("{field} = {}", quoted(key));
        let soql = soql::rows("Id", object, &filter, "", 1);
        let rows: Vec<rows::IdRow> = self.query(&soql).await?;
        Ok(rows.into_iter().next().map(|row| row.id))
    }

    /// Changes fields of a row.
    pub(super) async fn update(
        &self,
        object: &str,
        id: &str,
        fields: &Map<String, Value>,
    ) -> Result<(), Failure> {
        let path = format!("sobjects/{object}/{id}");
        let request = self.data(self.crm()?, Method::PATCH, &path);
        self.call(request.json(fields)).await.map(drop)
    }

    /// Several queries as one call of the day ("Composite", REST API Developer Guide, checked
    /// 2026-11): each answer by the name of its query.
    pub(super) async fn queries(
        &self,
        urgency: Urgency,
        queries: &[(&'static str, String)],
    ) -> Result<Vec<rows::SubAnswer>, Failure> {
        let crm = self.crm()?;
        let one = |(name, soql): &(&'static str, String)| {
            let q = form_encoded(soql);
            let url = format!("/services/data/{}/query?q={q}", crm.api_version);
            json!({ "method": "GET", "url": url, "referenceId": name })
        };
        let requests: Vec<Value> = queries.iter().map(one).collect();
        let body = json!({ "allOrNone": false, "compositeRequest": requests });
        let request = self.data(crm, Method::POST, "composite").json(&body);
        let reply = self.ask_records(urgency, request).await?;
        let answers: rows::Composite = read(&reply, "a composite answer")?;
        Ok(answers.answers)
    }

    /// The integration user: what it writes is ours.
    pub(super) async fn core_user(&self) -> Result<String, Failure> {
        let asking = async { Ok(self.user_info().await?.user_id) };
        let asked = self.shared().me.get_or_try_init(|| asking).await;
        asked.cloned().map_err(Failure::before_the_call)
    }

    /// "User Info Response" (Salesforce Help, checked 2026-11).
    pub(super) async fn user_info(&self) -> Result<rows::UserInfo, Failure> {
        let url = format!("{}/services/oauth2/userinfo", self.config.instance_url);
        let reply = self.call(self.http.get(url)).await?;
        read(&reply, "who the integration user is")
    }

    /// The id behind a name of either kind, or the id itself. Asked for rarely.
    pub(super) async fn id_of(
        &self,
        given: &str,
        object: &str,
        which: &str,
    ) -> Result<String, Failure> {
        if is_record(given) {
            return Ok(given.to_owned());
        }
        let name = quoted(given);
        let filter = format!("{which} AND (DeveloperName = {name} OR Name = {name})");
        let soql = soql::rows("Id", object, &filter, "", 2);
        let mut names = self.shared().names.lock().await;
        let now = self.clock.now();
        if let Some((at, id)) = names.get(&soql)
            && now.since_ms(*at) < policy::NAMES_FRESH_MS
        {
            return Ok(id.clone());
        }
        let found: Vec<rows::IdRow> = self.query(&soql).await?;
        let [only] = found.as_slice() else {
            return Err(Failure::refused(
                FaultClass::NotRegistered,
                format!(
                    "Salesforce knows {} {given:?} there, by id or by name",
                    if found.is_empty() { "no" } else { "several" }
                ),
            ));
        };
        names.insert(soql, (now, only.id.clone()));
        Ok(only.id.clone())
    }
}

/// A record's id, which begins with a digit as no developer name does ("ID Field Type", Object
/// Reference, checked 2026-11).
pub(super) fn is_record(text: &str) -> bool {
    matches!(text.len(), 15 | 18)
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, Failure> {
    wire::read(&reply.body).map_err(|_| {
        Failure::unknown(format!("Salesforce's answer is not {what}; check instance_url"))
    })
}

/// The id of a row that was made.
pub(super) fn saved(reply: &Reply) -> Result<String, Failure> {
    let saved: rows::Saved = read(reply, "a saved record")?;
    match saved.id {
        Some(id) if saved.success => Ok(id),
        _ => {
            let refusals: Vec<_> = saved.errors.into_iter().map(Into::into).collect();
            Err(policy::failure(400, &refusals))
        }
    }
}

/// A query inside an address, as forms write it.
fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// The REST API says 401; who the user is, is refused with 403 and a word ("User Info Request",
/// Salesforce Help, checked 2026-11).
fn refuses_token(reply: &Reply) -> bool {
    const WORD: &[u8] = b"Bad_OAuth_Token";
    reply.status == 401
        || (reply.status == 403 && reply.body.windows(WORD.len()).any(|part| part == WORD))
}

fn stale() -> Failure {
    Failure::not_done(
        Some(0),
        FaultClass::Auth,
        "Salesforce refuses the token; it is tried again with a fresh one",
    )
}

fn refused_token() -> Failure {
    let failure = Failure::refused(
        FaultClass::Auth,
        "Salesforce refuses a fresh token; let the app have the scope api, and check that \
         instance_url is of the same organisation as crm_username",
    );
    Failure { fault: failure.fault.with_code("http_401"), ..failure }
}

fn closed() -> Failure {
    Failure::not_done(Some(SECOND_MS), FaultClass::VendorDown, "the desk is being stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(info: &str) -> Reply {
        Reply { status: 200, retry_after: None, limit_info: Some(info.to_owned()), body: vec![] }
    }

    #[test]
    fn the_header_tells_what_is_spent_whatever_follows() {
        assert_eq!(usage("api-usage=18/5000"), Some((18, 5_000)));
        assert_eq!(
            usage("api-usage=25/5000; per-app-api-usage=17/250(appName=x)"),
            Some((25, 5_000))
        );
        assert_eq!(usage("per-app-api-usage=17/250"), None);
        assert_eq!(usage("api-usage=1/0"), None);
    }

    #[test]
    fn polls_leave_a_fifth_and_come_back_after_the_pause() {
        let records = Records::default();
        let now = Timestamp(1_000_000);
        let polls = |at| records.admit(Urgency::Poll, at).is_ok();
        records.heed(&reply("api-usage=799/1000"), now);
        assert!(polls(now));
        records.heed(&reply("api-usage=800/1000"), now);
        assert!(!polls(now) && records.admit(Urgency::Handoff, now).is_ok());
        assert!(polls(now.plus_ms(policy::RESERVE_PAUSE_MS)));
    }

    #[test]
    fn nobody_asks_while_the_day_is_spent() {
        let records = Records::default();
        let now = Timestamp(1_000_000);
        let spent = rows::Refusal {
            message: String::new(),
            error_code: "REQUEST_LIMIT_EXCEEDED".to_owned(),
            fields: vec![],
        };
        records.pause(&policy::failure(403, &[spent]), now);
        assert!(records.admit(Urgency::Handoff, now).is_err());
        assert!(records.admit(Urgency::Handoff, now.plus_ms(policy::SPENT_PAUSE_MS)).is_ok());
    }

    #[test]
    fn one_customer_has_one_turn_and_nothing_is_kept() {
        let records = Records::default();
        let first = records.turn_of("phone-1");
        assert!(Arc::ptr_eq(&first, &records.turn_of("phone-1")));
        assert!(!Arc::ptr_eq(&first, &records.turn_of("phone-2")));
        drop(first);
        let _ = records.turn_of("phone-3");
        assert_eq!(records.busy.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
    }
}
