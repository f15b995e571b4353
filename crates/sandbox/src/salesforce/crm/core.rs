//! Sessions, the day's allocation of calls, and results that are read page by page.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::answer::Refusal;
use crate::Ids;
use crate::salesforce::{Account, State, record_id};

/// Sessions and cursors that are kept; the oldest go first.
const MAX_SESSIONS: usize = 10_000;
const MAX_CURSORS: usize = 50;
/// Journal numbers of calls that ignored the limit.
const MAX_IGNORED: usize = 10_000;
const DAY_MS: i64 = 86_400_000;
/// How long a caller that was told that the day's calls are used up should leave the organisation alone.
const PAUSE_MS: i64 = 60_000;

/// Tokens, limits and what else the organisation keeps beside rows.
pub struct Core {
    inner: Mutex<Inner>,
}

struct Inner {
    ids: Ids,
    org_id_15: String,
    /// The certificate that the connected app has, as PEM.
    certificate: String,
    sessions: BTreeMap<String, Session>,
    order: VecDeque<String>,
    cursors: VecDeque<Cursor>,
    day: i64,
    calls: i64,
    refused_ms: Option<i64>,
    ignored: Vec<u64>,
}

struct Session {
    scopes: Vec<String>,
    idle_until_ms: i64,
    life_ms: i64,
}

struct Cursor {
    id: String,
    rows: Vec<Value>,
}

/// What a core OAuth token is good for.
pub struct Authorised {
    pub scopes: Vec<String>,
}

/// Whether `Authorization` carries a core token that is valid now. Each use keeps the session alive.
pub fn authorised(state: &State, headers: &HeaderMap, now_ms: i64) -> Option<Authorised> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("OAuth "))?;
    let scopes = state.core.session(token.trim(), now_ms)?;
    Some(Authorised { scopes })
}

impl Core {
    pub fn new(account: &Account) -> Self {
        let inner = Inner {
            ids: Ids::new(0, &account.org_id_18),
            org_id_15: account.org_id_15.clone(),
            certificate: account.core_certificate_pem.clone(),
            sessions: BTreeMap::new(),
            order: VecDeque::new(),
            cursors: VecDeque::new(),
            day: 0,
            calls: 0,
            refused_ms: None,
            ignored: Vec::new(),
        };
        Self { inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new session: `00D…!AQ…`.
    pub(super) fn open_session(&self, scopes: Vec<String>, now_ms: i64, life_ms: i64) -> String {
        let mut inner = self.inner();
        if inner.order.len() >= MAX_SESSIONS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.sessions.remove(&oldest);
        }
        let token = format!("{}!AQ{}", inner.org_id_15, inner.ids.alphanumeric(90));
        let session = Session { scopes, idle_until_ms: now_ms.saturating_add(life_ms), life_ms };
        inner.sessions.insert(token.clone(), session);
        inner.order.push_back(token.clone());
        token
    }

    fn session(&self, token: &str, now_ms: i64) -> Option<Vec<String>> {
        let mut inner = self.inner();
        let session = inner.sessions.get_mut(token).filter(|one| now_ms < one.idle_until_ms)?;
        session.idle_until_ms = now_ms.saturating_add(session.life_ms);
        Some(session.scopes.clone())
    }

    /// Ends one session; false if there is none.
    pub(super) fn end_session(&self, token: &str) -> bool {
        self.inner().sessions.remove(token).is_some()
    }

    /// Ends all sessions; how many there were.
    pub(super) fn end_sessions(&self) -> usize {
        let mut inner = self.inner();
        inner.order.clear();
        std::mem::take(&mut inner.sessions).len()
    }

    /// The connected app's certificate.
    pub(super) fn certificate(&self) -> String {
        self.inner().certificate.clone()
    }

    pub(super) fn set_certificate(&self, pem: &str) {
        self.inner().certificate = pem.to_owned();
    }

    /// Counts a call in, or refuses it; how many there were today.
    pub(super) fn count(&self, most: i64, now_ms: i64, seq: u64) -> Result<i64, Refusal> {
        let mut inner = self.inner();
        let day = now_ms.div_euclid(DAY_MS);
        if inner.day != day {
            (inner.day, inner.calls, inner.refused_ms) = (day, 0, None);
        }
        let is_early = inner.refused_ms.is_some_and(|at_ms| now_ms < at_ms + PAUSE_MS);
        if is_early && inner.ignored.len() < MAX_IGNORED {
            inner.ignored.push(seq);
        }
        if inner.calls >= most {
            inner.refused_ms = Some(now_ms);
            let message = "TotalRequests Limit exceeded.";
            return Err(Refusal::new(403, "REQUEST_LIMIT_EXCEEDED", message));
        }
        inner.calls += 1;
        Ok(inner.calls)
    }

    /// Calls of today.
    pub(super) fn calls(&self) -> i64 {
        self.inner().calls
    }

    /// Calls that came soon after one that was told that the allocation is used up, by journal number.
    pub(super) fn ignored_limit(&self) -> Vec<u64> {
        self.inner().ignored.clone()
    }

    /// Keeps a result whose first page is given now; the id under which the rest is fetched.
    pub(super) fn keep_rows(&self, rows: Vec<Value>) -> String {
        let mut inner = self.inner();
        if inner.cursors.len() >= MAX_CURSORS {
            inner.cursors.pop_front();
        }
        let id = record_id::new(&inner.ids, "01g");
        inner.cursors.push_back(Cursor { id: id.clone(), rows });
        id
    }

    /// Some rows of a kept result, and how many there are in all.
    pub(super) fn rows(&self, id: &str, from: usize, count: usize) -> Option<(Vec<Value>, usize)> {
        let inner = self.inner();
        let cursor = inner.cursors.iter().find(|cursor| cursor.id == id)?;
        let page = cursor.rows.iter().skip(from).take(count).cloned().collect();
        (from < cursor.rows.len()).then_some((page, cursor.rows.len()))
    }
}
