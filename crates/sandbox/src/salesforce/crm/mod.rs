//! The organisation's records: OAuth, queries, searches and rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{Account, RECORDS, State, record_id};
use crate::{Ids, Operation, Seen, Switch, Violation, World};

/// Every open point of records.
pub const SWITCHES: &[Switch] = &[];

/// Below `/salesforce`: `/services/…`.
pub fn router() -> Router<Arc<World>> {
    Router::new()
}

/// Mounted at `/_control/salesforce/crm`.
pub fn control_router() -> Router<Arc<World>> {
    Router::new()
}

/// The call's name for faults and the journal.
pub fn operation(_seen: &Seen) -> Operation {
    Operation { vendor: RECORDS, name: "unknown".to_owned(), key: None }
}

/// The body of a refusal that a fault asked for.
pub fn fault_body(_operation: &Operation, _status: u16, code: Option<&Value>) -> Value {
    json!([{ "message": "The request could not be processed.", "errorCode": code }])
}

pub fn violations(_world: &World) -> Vec<Violation> {
    Vec::new()
}

/// Tokens, limits and what else the organisation keeps beside rows.
pub struct Core;

impl Core {
    pub fn new(_account: &Account) -> Self {
        Self
    }
}

/// Who a core OAuth token acts for.
pub struct Authorised {
    pub username: String,
    pub scopes: Vec<String>,
}

/// Whether `Authorization` carries a core token that is valid now.
pub fn authorised(_state: &State, headers: &HeaderMap, _now_ms: i64) -> Option<Authorised> {
    let _bearer = headers.get("authorization")?;
    None
}

/// Rows of every object.
pub struct Records {
    ids: Ids,
    rows: Mutex<BTreeMap<String, Row>>,
}

struct Row {
    object: String,
    fields: Map<String, Value>,
}

impl Records {
    pub fn new(seed: u64, _account: &Account) -> Self {
        Self { ids: Ids::new(seed, "salesforce records"), rows: Mutex::default() }
    }

    /// Adds a row without the checks that API callers meet; its id of 18 characters.
    pub fn create(&self, object: &str, fields: Map<String, Value>, _now_ms: i64) -> String {
        let prefix = match object {
            "MessagingSession" => "0Mw",
            "MessagingEndUser" => "0PA",
            "Conversation" => "0dw",
            _ => "000",
        };
        let id = record_id::new(&self.ids, prefix);
        self.rows().insert(id.clone(), Row { object: object.to_owned(), fields });
        id
    }

    /// Changes fields; false if there is no such row.
    pub fn update(&self, object: &str, id: &str, fields: Map<String, Value>, _now_ms: i64) -> bool {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(id).filter(|row| row.object == object) else { return false };
        row.fields.extend(fields);
        true
    }

    /// The fields of a row.
    pub fn get(&self, object: &str, id: &str) -> Option<Map<String, Value>> {
        self.rows().get(id).filter(|row| row.object == object).map(|row| row.fields.clone())
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
