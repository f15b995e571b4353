//! Conversations as Dataverse rows: the work item, its sessions and context items, the transcript once it is over; and
//! the presence of reps.

use serde_json::{Map, Value, json};

use super::conversation::{Asked, Conversation, Phase, Session};
use super::staff::Presence;
use super::{Account, Inner, contact, iso, routing, tables, transcript};

/// Custom, as `msdyn_channel` and `msdyn_streamsource` number it.
const CUSTOM_CHANNEL: u32 = 192_350_002;

/// Writes a new conversation's rows.
pub fn insert(inner: &mut Inner, account: &Account, id: &str, now_ms: i64) {
    let Some(conversation) = inner.find(id) else { return };
    let (activity_id, at) = (conversation.activity_id.clone(), iso::seconds(now_ms));
    let first = json!({
        "subject": conversation.subject,
        "msdyn_title": conversation.subject,
        "msdyn_ocliveworkitemid": conversation.id,
        // Multi-select columns are a text of numbers.
        "msdyn_channel": CUSTOM_CHANNEL.to_string(),
        "msdyn_isoutbound": false,
        "msdyn_createdon": at,
        "msdyn_initiatedon": at,
        "_msdyn_liveworkstreamid_value": account.workstream_id,
    });
    let variables: Vec<Value> = conversation
        .context
        .iter()
        .map(|variable| {
            json!({
                "msdyn_name": variable.name,
                "msdyn_value": variable.value,
                "msdyn_isdisplayable": variable.is_displayable,
                "_msdyn_ocliveworkitemid_value": activity_id,
                "statecode": 0,
                "statuscode": 1,
            })
        })
        .collect();
    let contact_id = conversation.contact_id.clone();
    inner.set_columns("msdyn_ocliveworkitems", &activity_id, first, &at);
    if let Some(case) = contact_id.and_then(|contact| contact::only_case(inner, &contact)) {
        let columns = json!({ "_msdyn_issueid_value": case, "_regardingobjectid_value": case });
        inner.set_columns("msdyn_ocliveworkitems", &activity_id, columns, &at);
    }
    for variable in variables {
        let item_id = inner.ids.guid();
        inner.set_columns("msdyn_ocliveworkitemcontextitems", &item_id, variable, &at);
    }
    update(inner, account, id, now_ms);
}

/// Brings the work item's row up to date, and writes the transcript when the conversation has ended.
pub fn update(inner: &mut Inner, account: &Account, id: &str, now_ms: i64) {
    sessions(inner, id, now_ms);
    let push = inner.staff.workstream.push;
    let Some(conversation) = inner.find(id) else { return };
    let (activity_id, mut columns) = (conversation.activity_id.clone(), columns(conversation));
    columns.insert("msdyn_workstreamworkdistributionmode".to_owned(), json!(distribution(push)));
    let ended = conversation.phase == Phase::Closed;
    let at = iso::seconds(now_ms);
    inner.set_columns("msdyn_ocliveworkitems", &activity_id, Value::Object(columns), &at);
    if ended && !has_transcript(inner, &activity_id) {
        transcript::write(inner, account, id, &at);
    }
}

fn has_transcript(inner: &Inner, activity_id: &str) -> bool {
    let transcripts = inner.tables.list("msdyn_transcripts");
    let of = |row: &tables::Row| {
        row.get("_msdyn_liveworkitemidid_value").and_then(Value::as_str) == Some(activity_id)
    };
    transcripts.iter().any(|stored| of(&stored.row))
}

/// A row for each session. Only the last two can have changed.
fn sessions(inner: &mut Inner, id: &str, now_ms: i64) {
    let Some(conversation) = inner.find(id) else { return };
    let (activity_id, count) = (conversation.activity_id.clone(), conversation.sessions.len());
    for index in count.saturating_sub(2)..count {
        let fresh = inner.ids.guid();
        let Some(session) = inner.find(id).and_then(|found| found.sessions.get_mut(index)) else {
            return;
        };
        let row_id = session.id.get_or_insert(fresh).clone();
        let columns = session_columns(session, &row_id, &activity_id);
        inner.set_columns("msdyn_ocsessions", &row_id, columns, &iso::seconds(now_ms));
    }
}

fn session_columns(session: &Session, id: &str, activity_id: &str) -> Value {
    let closed = session.closed_ms.is_some();
    json!({
        "subject": "Session",
        "msdyn_sessionid": id,
        "msdyn_channel": CUSTOM_CHANNEL,
        "msdyn_sessioncreatedon": iso::seconds(session.created_ms),
        "msdyn_agentassignedon": session.assigned_ms.map(iso::seconds),
        "msdyn_agentacceptedon": session.accepted_ms.map(iso::seconds),
        "msdyn_sessionclosedon": session.closed_ms.map(iso::seconds),
        "msdyn_closurereason": session.closure.map(|closure| closure as u32),
        "_msdyn_liveworkitemid_value": activity_id,
        "_msdyn_cdsqueueid_value": session.queue_id,
        "_ownerid_value": session.rep.as_ref().map(|rep| rep.id.as_str()),
        "statecode": u8::from(closed),
        "statuscode": 1 + u8::from(closed),
    })
}

/// `msdyn_workdistributionmode`: push or pick.
fn distribution(push: bool) -> u32 {
    if push { 192_350_000 } else { 192_350_001 }
}

/// Brings the rows of presence and of the workstream up to date.
pub fn staff(inner: &mut Inner, account: &Account, now_ms: i64) {
    let (used, at) = (routing::used_units(inner), iso::seconds(now_ms));
    for person in inner.staff.people.clone() {
        let used = used.get(&person.rep.id).copied().unwrap_or(0);
        let presence = person.presence(used);
        let columns = json!({
            "msdyn_availableunitscapacity": i64::from(person.units) - i64::from(used),
            "msdyn_isagentloggedin": presence != Presence::Offline,
            "_msdyn_agentid_value": person.rep.id,
            "_msdyn_currentpresenceid_value": presence.id(),
            "statecode": 0,
            "statuscode": 1,
        });
        // The row of a rep's status may as well have the rep's own id.
        inner.set_columns("msdyn_agentstatuses", &person.rep.id, columns, &at);
    }
    let workstream = &inner.staff.workstream;
    let columns = json!({
        "msdyn_workdistributionmode": distribution(workstream.push),
        "msdyn_capacityrequired": workstream.units,
        "msdyn_autocloseafterinactivity": workstream.auto_close_minutes,
        "msdyn_enableagentaffinity": workstream.affinity,
        "msdyn_screenpoptimeout": workstream.ring_s,
    });
    inner.set_columns("msdyn_liveworkstreams", &account.workstream_id, columns, &at);
}

fn columns(conversation: &Conversation) -> Map<String, Value> {
    let (statecode, statuscode) = conversation.phase.codes();
    let session = conversation.sessions.last();
    let accepted_ms = conversation.sessions.iter().find_map(|one| one.accepted_ms);
    let waited_s = accepted_ms.map(|at_ms| (at_ms - conversation.created_ms) / 1_000);
    let asked = conversation.ring.as_ref().filter(|ring| ring.asked == Asked::Assignment);
    let holder = conversation.rep.as_ref().or(asked.map(|ring| &ring.rep));
    let in_wrap_up = conversation.phase == Phase::WrapUp;
    let columns = json!({
        "statecode": statecode,
        "statuscode": statuscode,
        "msdyn_statuschangereason": conversation.reason as u32,
        "msdyn_statusupdatedon": iso::seconds(conversation.moved_ms),
        "msdyn_closedon": conversation.closed_ms.map(iso::seconds),
        "msdyn_startedon": accepted_ms.map(iso::seconds),
        "msdyn_wrapupinitiatedon": in_wrap_up.then(|| iso::seconds(conversation.moved_ms)),
        "msdyn_activeagentassignedon": session.and_then(|one| one.assigned_ms).map(iso::seconds),
        "msdyn_conversationfirstwaittimeinseconds": waited_s,
        "msdyn_transfercount": conversation.transfers,
        "msdyn_overflowtransfercount": conversation.overflow_transfers,
        "msdyn_isagentaccepted": conversation.rep.is_some(),
        "msdyn_isabandoned": conversation.phase == Phase::Closed && accepted_ms.is_none(),
        "_msdyn_customer_value": conversation.contact_id,
        "_msdyn_cdsqueueid_value": conversation.queue_id,
        "_msdyn_lastsessionid_value": session.and_then(|one| one.id.as_deref()),
        "_msdyn_activeagentid_value": holder.map(|rep| rep.id.as_str()),
    });
    match columns {
        Value::Object(columns) => columns,
        _ => Map::new(),
    }
}
