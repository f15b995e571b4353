//! The end of the customer's window, in the field of the messaging session that reps see.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use baton_core::{handoff::Handoff, route::WorkKind, time::Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::{super::Client, records::Urgency};
use crate::salesforce::{
    ids,
    policy::{Failure, crm as policy},
    render::crm::contact::SESSION,
};

/// What sessions were told. Only in memory: after a restart the next message tells it anew.
#[derive(Default)]
pub struct Told(Mutex<HashMap<String, Timestamp>>);

impl Told {
    /// Whether the end is so much later than what was told that it is worth a call; it counts as
    /// told then, so that a burst of messages is one call.
    fn is_news(&self, session: &str, until: Timestamp) -> bool {
        let mut all = self.all();
        let near = |told: &Timestamp| until.since_ms(*told) < policy::WINDOW_STEP_MS;
        if all.get(session).is_some_and(near) {
            return false;
        }
        if all.len() >= policy::WINDOWS_MAX {
            all.clear();
        }
        all.insert(session.to_owned(), until);
        true
    }

    fn forget(&self, session: &str) {
        self.all().remove(session);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Writes down until when the customer can be written to now, where a field is named for it
    /// and the session is known.
    pub async fn tell_window(&self, handoff: &Handoff, until: Timestamp) {
        let crm = self.config.crm.as_ref();
        let Some(field) = crm.and_then(|crm| crm.window_field.as_deref()) else { return };
        let session = handoff.learned.get(SESSION).map(String::as_str);
        let known = session.filter(|id| ids::is_record(id, ids::SESSION));
        let Some(session) = known.filter(|_| handoff.target.kind == WorkKind::Live) else { return };
        if !self.shared().windows.is_news(session, until) {
            return;
        }
        if let Err(failure) = self.put_window(session, field, until).await {
            self.shared().windows.forget(session);
            tracing::debug!(code = failure.fault.code, "the window's end was not taken");
        }
    }

    /// Handoffs need the day's last calls more than this.
    async fn put_window(
        &self,
        session: &str,
        field: &str,
        until: Timestamp,
    ) -> Result<(), Failure> {
        let path = format!("sobjects/MessagingSession/{session}");
        let fields: Value = json!({ field: until.rfc3339() });
        let request = self.data(self.crm()?, Method::PATCH, &path).json(&fields);
        self.ask_records(Urgency::Poll, request).await.map(drop)
    }
}
