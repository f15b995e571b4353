//! Cases: made once under our own key, gone on with, listed, closed.

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, FaultClass},
    handoff::Handoff,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{super::Client, records::Urgency};
use crate::salesforce::{
    config::crm::Crm,
    parse::crm::case as parse,
    policy::{Failure, crm as policy},
    render::crm::case::{APPENDED, of},
    soql::{self, quoted},
    wire::crm::CaseRow,
};

/// A case to be made.
#[derive(Deserialize)]
struct NewCase {
    key: String,
    fields: Map<String, Value>,
    owner: Option<String>,
    record_type: Option<String>,
    /// Whose open case is gone on with instead.
    contact: Option<String>,
}

impl Client {
    /// Makes a case, or finds the one that was made before or is gone on with.
    pub(super) async fn make_case(&self, call: &Call) -> Result<Accepted, Failure> {
        let mut new = NewCase::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no case"))?;
        let crm = self.crm()?;
        if let Some(made) = self.case_of(crm, &new.key).await.map_err(Failure::before_the_call)? {
            return Ok(parse::made(&made));
        }
        if let Some(contact) = &new.contact
            && let Some(open) = self.open_case(contact).await.map_err(Failure::before_the_call)?
        {
            // What reps wrote before now belongs to earlier conversations.
            let mut accepted = parse::made(&open);
            accepted.learned.insert(APPENDED.to_owned(), self.clock.now().rfc3339());
            return Ok(accepted);
        }
        self.place(&mut new).await.map_err(Failure::before_the_call)?;
        let made = match &crm.cases.external_id {
            Some(field) => self.upsert(("Case", field, &new.key), &new.fields).await,
            None => self.insert("Case", &new.fields).await,
        };
        let id = made?;
        // It is made, whatever becomes of the question for its number.
        let numbered = self.case(&id).await.ok().flatten();
        let unnumbered = || CaseRow { id: id.clone(), case_number: None, is_closed: false };
        Ok(parse::made(&numbered.unwrap_or_else(unnumbered)))
    }

    /// The owner and the record type, by their names where no ids are given.
    async fn place(&self, new: &mut NewCase) -> Result<(), Failure> {
        if let Some(owner) = &new.owner {
            let id = self
                .owner_id(owner)
                .await
                .map_err(|failure| named(failure, "correct the route's queue or case_owner"))?;
            new.fields.insert("OwnerId".to_owned(), json!(id));
        }
        if let Some(kind) = &new.record_type {
            let id = self
                .record_type_id(kind)
                .await
                .map_err(|failure| named(failure, "correct case_record_type"))?;
            new.fields.insert("RecordTypeId".to_owned(), json!(id));
        }
        Ok(())
    }

    pub(super) async fn owner_id(&self, given: &str) -> Result<String, Failure> {
        self.id_of(given, "Group", "Type = 'Queue'").await
    }

    pub(super) async fn record_type_id(&self, given: &str) -> Result<String, Failure> {
        self.id_of(given, "RecordType", "SobjectType = 'Case'").await
    }

    /// The case with the handoff's key.
    async fn case_of(&self, crm: &Crm, key: &str) -> Result<Option<CaseRow>, Failure> {
        let Some(field) = &crm.cases.external_id else { return Ok(None) };
        self.first_case(&format!("{field} = {}", quoted(key))).await
    }

    async fn case(&self, id: &str) -> Result<Option<CaseRow>, Failure> {
        self.first_case(&format!("Id = {}", quoted(id))).await
    }

    /// The newest that fits.
    async fn first_case(&self, filter: &str) -> Result<Option<CaseRow>, Failure> {
        let soql = soql::rows(parse::FIELDS, "Case", filter, "CreatedDate DESC", 1);
        Ok(self.query(&soql).await?.into_iter().next())
    }

    /// The newest case of a contact that is open and was made by us: one that a rep opened may
    /// be about anything.
    async fn open_case(&self, contact: &str) -> Result<Option<CaseRow>, Failure> {
        let me = quoted(&self.core_user().await?);
        let contact = quoted(contact);
        self.first_case(&format!(
            "ContactId = {contact} AND IsClosed = false AND CreatedById = {me}"
        ))
        .await
    }

    /// Whether a case still takes a customer's words.
    pub(super) async fn require_open(&self, case: &str) -> Result<(), Failure> {
        match self.case(case).await.map_err(Failure::before_the_call)? {
            Some(row) if !row.is_closed => Ok(()),
            _ => Err(Failure::refused(FaultClass::WorkEnded, "the case is closed in Salesforce")),
        }
    }

    /// Closes a case; one that is closed already is left as it is.
    pub(super) async fn close_case(&self, call: &Call) -> Result<Accepted, Failure> {
        let case = parse::text(&call.body, "case");
        match self.require_open(case).await {
            Err(failure) if failure.fault.class == FaultClass::WorkEnded => {
                return Ok(Accepted::default());
            }
            asked => asked?,
        }
        let fields = Map::from_iter([("Status".to_owned(), call.body["status"].clone())]);
        self.update("Case", case, &fields).await.map(|()| Accepted::default())
    }

    /// What stands on a case since a moment: one call of the day.
    pub(in super::super) async fn list_case(
        &self,
        handoff: &Handoff,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let unknown = |_| Failure::refused(FaultClass::Bug, "the work is no case's id");
        let case = of(handoff).map_err(unknown)?;
        let cases = &self.crm()?.cases;
        let appended = handoff.learned.get(APPENDED).and_then(|at| Timestamp::read(at));
        let since = appended.unwrap_or(since);
        let me = self.core_user().await?;
        let answers = self.queries(Urgency::Poll, &parse::questions(cases, case, since)).await?;
        parse::listing(cases, answers, &me, since)
    }

    /// The case that was made under a handoff, where a field keeps the handoff's key.
    pub(in super::super) async fn find_case(
        &self,
        handoff: &Handoff,
    ) -> Result<Option<Accepted>, Failure> {
        let found = self.case_of(self.crm()?, &handoff.id.to_string()).await?;
        Ok(found.as_ref().map(parse::made))
    }
}

/// What a setting names and Salesforce does not know.
fn named(mut failure: Failure, cure: &str) -> Failure {
    if failure.fault.class == FaultClass::NotRegistered {
        failure.fault.operator = format!("{}; {cure}", failure.fault.operator);
    }
    failure
}

/// Whether the organisation says that the row is gone.
pub(super) fn is_gone(failure: &Failure) -> bool {
    policy::is_code(failure, &["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"])
}
