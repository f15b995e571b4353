//! Cases in Dataverse: made once under our own id, gone on with, put into queues, listed,
//! resolved.

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, FaultClass},
    handoff::Handoff,
    time::Timestamp,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{
        ids::{read_guid, row_of},
        parse::case as parse,
        policy::{self, Failure},
        render::case::APPENDED,
        wire,
    },
    Client, read,
};

/// What is asked of a case.
const COLUMNS: (&str, &str) = ("$select", "incidentid,ticketnumber,statecode");

/// A case to be made.
#[derive(Deserialize)]
struct NewCase {
    case: String,
    columns: Map<String, Value>,
    again: Option<Again>,
}

/// What is noted on a customer's open case instead, where there is one.
#[derive(Deserialize)]
struct Again {
    contact: String,
    note: String,
    subject: String,
    text: String,
}

impl Client {
    /// Makes a case under our own id. Made already is made.
    pub(super) async fn make_case(&self, call: &Call) -> Result<Accepted, Failure> {
        let new = NewCase::deserialize(&call.body)
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call is no case"))?;
        if let Some(again) = &new.again
            && let Some(open) = self.open_case(&again.contact).await?
        {
            return match open.incidentid.eq_ignore_ascii_case(&new.case) {
                true => Ok(parse::made(&open)),
                false => self.go_on(&open, again).await,
            };
        }
        let columns = self.with_values(new.columns).await?;
        let path = format!("incidents({})", new.case);
        let request = self.insert(&path, &columns).query(&[COLUMNS]);
        let request = request.header("Prefer", "return=representation");
        match self.call_dataverse(request).await {
            Ok(reply) if !reply.body.is_empty() => {
                read(&reply, "a case").map(|row| parse::made(&row))
            }
            Ok(_) => self.case(&new.case).await.map(|row| parse::made(&row)),
            Err(failure) if policy::exists(&failure) => self.made_before(&new.case, failure).await,
            Err(failure) => Err(policy::about_a_case(failure)),
        }
    }

    /// The refusal may also mean another row with the same value in a unique column.
    async fn made_before(&self, id: &str, refusal: Failure) -> Result<Accepted, Failure> {
        match self.case(id).await {
            Ok(row) => Ok(parse::made(&row)),
            Err(failure) if policy::is_missing(&failure) => Err(Failure::refused(
                FaultClass::NotRegistered,
                format!(
                    "Dynamics 365 has another case with a value that must be unique; correct \
                     ticket_properties ({})",
                    refusal.fault.operator
                ),
            )),
            Err(failure) => Err(failure.before_the_call()),
        }
    }

    pub(super) async fn case(&self, id: &str) -> Result<wire::IncidentRow, Failure> {
        let request = self.dataverse(&format!("incidents({id})")).query(&[COLUMNS]);
        read(&self.call_dataverse(request).await?, "a case")
    }

    /// The newest case of a contact that is open and was made by us: one that a rep opened may
    /// be about anything.
    async fn open_case(&self, contact: &str) -> Result<Option<wire::IncidentRow>, Failure> {
        let me = self.own_user().await?;
        let filter = format!(
            "_customerid_value eq {contact} and statecode eq {} and _createdby_value eq {me}",
            parse::ACTIVE
        );
        let request = self.dataverse("incidents").query(&[
            COLUMNS,
            ("$filter", &filter),
            ("$orderby", "createdon desc"),
            ("$top", "1"),
        ]);
        let reply = self.call_dataverse(request).await.map_err(Failure::before_the_call)?;
        let rows: wire::Rows<wire::IncidentRow> = read(&reply, "cases")?;
        Ok(rows.value.into_iter().next())
    }

    /// Notes the new conversation on the open case. What reps wrote before the note belongs to
    /// earlier conversations, so its time is kept.
    async fn go_on(&self, open: &wire::IncidentRow, again: &Again) -> Result<Accepted, Failure> {
        let case = &open.incidentid;
        let columns = json!({
            "subject": again.subject, "notetext": again.text,
            "objectid_incident@odata.bind": format!("/incidents({case})"),
        });
        let path = format!("annotations({})", again.note);
        let select = ("$select", "annotationid,createdon");
        let request = self.insert(&path, &columns).query(&[select]);
        let request = request.header("Prefer", "return=representation");
        let reply = match self.insert_once(request).await? {
            Some(reply) => reply,
            None => self.call_dataverse(self.dataverse(&path).query(&[select])).await?,
        };
        let note: wire::AnswerRow = read(&reply, "a note")?;
        let mut accepted = parse::made(open);
        accepted.learned.insert(APPENDED.to_owned(), note.createdon.unwrap_or_default());
        Ok(accepted)
    }

    /// Adds a case to its queue; one that is there already stays there.
    pub(super) async fn queue_case(&self, call: &Call) -> Result<Accepted, Failure> {
        let text = |key: &str| call.body.get(key).and_then(Value::as_str).and_then(read_guid);
        let (Some(queue), Some(case)) = (text("queue"), text("case")) else {
            return Err(Failure::refused(FaultClass::Bug, "the call names no queue and no case"));
        };
        let target =
            json!({ "incidentid": case, "@odata.type": "Microsoft.Dynamics.CRM.incident" });
        let path = format!("queues({queue})/Microsoft.Dynamics.CRM.AddToQueue");
        let request = self.dataverse_call(Method::POST, &path).json(&json!({ "Target": target }));
        match self.call_dataverse(request).await {
            Ok(_) => Ok(Accepted::default()),
            Err(failure) if policy::is_missing(&failure) => Err(Failure::refused(
                FaultClass::NotRegistered,
                format!(
                    "Dynamics 365 has no queue {queue}; correct the route's queue or case_queue_id \
                     (a workstream is no queue)"
                ),
            )),
            Err(failure) => Err(failure),
        }
    }

    /// Resolves a case; one that is closed already is what was wanted. Microsoft publishes no
    /// HTTP example; -1 asks for the default status ("CloseIncident action", read 2026-11-21).
    pub(super) async fn resolve_case(&self, call: &Call) -> Result<Accepted, Failure> {
        let case = call.body.get("case").and_then(Value::as_str).unwrap_or_default();
        let resolution = json!({
            "@odata.type": "Microsoft.Dynamics.CRM.incidentresolution",
            "subject": "The conversation ended",
            "incidentid@odata.bind": format!("/incidents({case})"),
        });
        let body = json!({ "IncidentResolution": resolution, "Status": -1 });
        let request = self.dataverse_call(Method::POST, "CloseIncident").json(&body);
        match self.call_dataverse(request).await {
            Err(failure) if !policy::is_closed_case(&failure) => Err(failure),
            _ => Ok(Accepted::default()),
        }
    }

    /// Whether a case still takes a customer's words.
    pub(super) async fn require_open(&self, case: &str) -> Result<(), Failure> {
        let ended =
            || Failure::refused(FaultClass::WorkEnded, "the case is closed in Dynamics 365");
        let asked = policy::unless_missing(self.case(case).await);
        let row = asked.map_err(Failure::before_the_call)?.ok_or_else(ended)?;
        match row.statecode.is_none_or(|state| state == parse::ACTIVE) {
            true => Ok(()),
            false => Err(ended()),
        }
    }

    /// What reps wrote on a case for the customer, in one question. A case that is gone is over.
    pub(super) async fn list_case(
        &self,
        handoff: &Handoff,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let Some(case) = row_of(handoff) else {
            return Err(Failure::refused(FaultClass::Bug, "the work is no case's id"));
        };
        let appended = handoff.learned.get(APPENDED).and_then(|at| Timestamp::read(at));
        let since = appended.unwrap_or(since);
        let me = self.own_user().await?;
        let answers = self.answers(&me, since);
        let mut query = vec![COLUMNS];
        if !answers.is_empty() {
            query.push(("$expand", &answers));
        }
        let request = self
            .dataverse(&format!("incidents({case})"))
            .header("Prefer", policy::WITH_NAMES)
            .query(&query);
        match policy::unless_missing(self.poll_dataverse(request).await)? {
            Some(reply) => {
                let row: wire::IncidentRow = read(&reply, "a case")?;
                Ok(parse::listing(row, &me, &self.config.cases.note_prefix, since))
            }
            None => Ok(Listing { ended: true, ..Listing::default() }),
        }
    }

    /// What is read of a case's activities: the newest answers of each kind that the settings want.
    fn answers(&self, me: &str, since: Timestamp) -> String {
        let wanted = self.config.cases.answers;
        let (since, most) = (since.rfc3339(), policy::ANSWERS_MAX);
        let newest = format!("$orderby=createdon desc;$top={most}");
        let others = format!("_createdby_value ne {me} and modifiedon ge {since}");
        let mut parts = Vec::new();
        if wanted.email {
            parts.push(format!(
                "Incident_Emails($select=activityid,description,createdon,senton,_createdby_value;\
                 $filter=directioncode eq true and statuscode eq {} and {others};{newest})",
                policy::EMAIL_SENT
            ));
        }
        if wanted.note {
            parts.push(format!(
                "Incident_Annotation($select=annotationid,notetext,createdon,_createdby_value;\
                 $filter={others};{newest})"
            ));
        }
        if wanted.portal {
            parts.push(format!(
                "incident_adx_portalcomments($select=activityid,description,createdon,_createdby_value;\
                 $filter=adx_portalcommentdirectioncode eq {} and {others};{newest})",
                parse::TO_CUSTOMER
            ));
        }
        parts.join(",")
    }

    /// The application user's id: what it writes is ours.
    pub(super) async fn own_user(&self) -> Result<String, Failure> {
        let asking = async {
            let reply = self.call_dataverse(self.dataverse("WhoAmI")).await?;
            let who: wire::WhoAmI = read(&reply, "WhoAmI")?;
            read_guid(&who.userid)
                .ok_or_else(|| Failure::unknown("WhoAmI names no user; check environment_url"))
        };
        let asked = self.own_user.get_or_try_init(|| asking).await;
        asked.cloned().map_err(Failure::before_the_call)
    }
}
