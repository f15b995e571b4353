//! The messaging session behind a conversation, and whom its messaging user is.

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
    time::Timestamp,
};
use serde_json::{Map, Value, json};

use super::super::Client;
use crate::salesforce::{
    policy::{Certainty, Failure, crm as policy},
    render::crm::contact::{END_USER, SESSION},
    soql::{self, quoted},
    wire::crm::SessionRow,
};

const FIELDS: &str = "Id, MessagingEndUserId, MessagingEndUser.MessagingPlatformKey, \
                      MessagingEndUser.ContactId";

impl Client {
    /// Names the session, links its messaging user to the contact, gives the user its name, and
    /// writes down until when the customer can be written to. A session appears a moment after its
    /// conversation, and is waited for; nothing else keeps the handoff, because a rep can do
    /// without all of it.
    pub(super) async fn link(&self, call: &Call) -> Result<Accepted, Failure> {
        let session = match self.session(call).await {
            Ok(Some(session)) => session,
            Ok(None) => return self.no_session_yet(call),
            Err(failure) => return passing_or_told(failure, Accepted::default()),
        };
        let mut accepted = known(&session);
        let linked = match self.link_user(call, &session).await {
            Ok(notice) => {
                accepted.notice = notice;
                self.write_window(call, &session).await
            }
            Err(failure) => Err(failure),
        };
        match linked {
            Ok(()) => Ok(accepted),
            Err(failure) => passing_or_told(failure, accepted),
        }
    }

    /// By its id where an event told it, else by the conversation's.
    async fn session(&self, call: &Call) -> Result<Option<SessionRow>, Failure> {
        let text = |key: &str| call.body.get(key).and_then(Value::as_str);
        let by = match text("session") {
            Some(id) => format!("Id = {}", quoted(id)),
            None => {
                let conversation = quoted(text("conversation").unwrap_or_default());
                format!("Conversation.ConversationIdentifier = {conversation}")
            }
        };
        let soql = soql::rows(FIELDS, "MessagingSession", &by, "CreatedDate DESC", 1);
        let rows: Vec<SessionRow> = self.query(&soql).await?;
        Ok(rows.into_iter().find(|row| row.messaging_end_user_id.is_some()))
    }

    fn no_session_yet(&self, call: &Call) -> Result<Accepted, Failure> {
        let opened = call.body.get("opened_at").and_then(Value::as_i64).map(Timestamp);
        let waited = opened.map(|at| self.clock.now().since_ms(at));
        if waited.is_some_and(|ms| ms < policy::SESSION_PATIENCE_MS) {
            return Err(Failure::not_done(
                Some(policy::SESSION_PAUSE_MS),
                FaultClass::VendorDown,
                "the messaging session is not in Salesforce's records yet",
            ));
        }
        Ok(Accepted {
            notice: Some(
                "the messaging session did not appear in Salesforce's records, so that its user is \
                 not linked; let the integration user read MessagingSession and Conversation"
                    .to_owned(),
            ),
            ..Accepted::default()
        })
    }

    /// Whoever is linked already stays so; another contact is told.
    async fn link_user(
        &self,
        call: &Call,
        session: &SessionRow,
    ) -> Result<Option<String>, Failure> {
        let text = |key: &str| call.body.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let Some(user) = &session.messaging_end_user_id else { return Ok(None) };
        let linked =
            session.messaging_end_user.as_ref().and_then(|user| user.contact_id.as_deref());
        let mut fields = Map::new();
        let mut notice = None;
        match (linked, text("contact")) {
            (None, Some(contact)) => {
                fields.insert("ContactId".to_owned(), json!(contact));
            }
            (Some(linked), Some(contact)) if linked.get(..15) != contact.get(..15) => {
                notice = Some(format!(
                    "Salesforce linked the messaging user to {linked}, the customer's contact is \
                     {contact}; look at both"
                ));
            }
            _ => {}
        }
        if let Some(name) = text("name") {
            fields.insert("Name".to_owned(), json!(name));
        }
        if !fields.is_empty() {
            self.update("MessagingEndUser", user, &fields).await?;
        }
        Ok(notice)
    }

    async fn write_window(&self, call: &Call, session: &SessionRow) -> Result<(), Failure> {
        let until = call.body.get("window_until").filter(|until| until.is_string());
        let (Some(field), Some(until)) = (&self.crm()?.window_field, until) else { return Ok(()) };
        let fields = Map::from_iter([(field.clone(), until.clone())]);
        self.update("MessagingSession", &session.id, &fields).await
    }
}

/// The session's id is what people find the conversation by in Salesforce.
fn known(session: &SessionRow) -> Accepted {
    let mut accepted = Accepted::default();
    accepted.learned.insert(SESSION.to_owned(), session.id.clone());
    let key =
        session.messaging_end_user.as_ref().and_then(|user| user.messaging_platform_key.clone());
    if let Some(key) = key {
        accepted.learned.insert(END_USER.to_owned(), key);
    }
    accepted.metadata.insert("salesforce_messaging_session_id".to_owned(), json!(session.id));
    accepted
}

/// What passes in a moment is tried again, everything else is told and keeps nobody waiting.
fn passing_or_told(failure: Failure, mut accepted: Accepted) -> Result<Accepted, Failure> {
    if let Certainty::NotDone { after_ms: Some(after_ms) } = failure.certainty
        && after_ms <= policy::LOCK_PAUSE_MS
    {
        return Err(failure);
    }
    let why = failure.fault.operator;
    accepted.notice = Some(format!("the messaging user could not be linked to its contact: {why}"));
    Ok(accepted)
}
