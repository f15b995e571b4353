//! Conversations as Dataverse rows: the work item, its context items, and the transcript once it is over.

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, Phase};
use super::{Account, Inner, iso, tables, transcript};

/// Writes a new conversation's rows.
pub fn insert(inner: &mut Inner, account: &Account, id: &str, now_ms: i64) {
    let Some(conversation) = inner.find(id) else { return };
    let (activity_id, at) = (conversation.activity_id.clone(), iso::seconds(now_ms));
    let first = json!({
        "subject": conversation.subject,
        "msdyn_title": conversation.subject,
        "msdyn_ocliveworkitemid": conversation.id,
        // Multi-select columns are a text of numbers.
        "msdyn_channel": "192350002",
        "msdyn_createdon": at,
        "_msdyn_liveworkstreamid_value": account.workstream_id,
        "_msdyn_cdsqueueid_value": account.queue_id,
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
    inner.set_columns("msdyn_ocliveworkitems", &activity_id, first, &at);
    for variable in variables {
        let item_id = inner.ids.guid();
        inner.set_columns("msdyn_ocliveworkitemcontextitems", &item_id, variable, &at);
    }
    update(inner, account, id, now_ms);
}

/// Brings the work item's row up to date, and writes the transcript when the conversation has ended.
pub fn update(inner: &mut Inner, account: &Account, id: &str, now_ms: i64) {
    let Some(conversation) = inner.find(id) else { return };
    let (activity_id, columns) = (conversation.activity_id.clone(), columns(conversation));
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

fn columns(conversation: &Conversation) -> Map<String, Value> {
    let (statecode, statuscode) = conversation.phase.codes();
    let columns = json!({
        "statecode": statecode,
        "statuscode": statuscode,
        "msdyn_statuschangereason": conversation.reason as u32,
        "msdyn_statusupdatedon": iso::seconds(conversation.modified_ms),
        "msdyn_closedon": conversation.closed_ms.map(iso::seconds),
        "msdyn_transfercount": conversation.transfers,
        "msdyn_isagentaccepted": conversation.rep.is_some(),
        "_msdyn_customer_value": conversation.contact_id,
        "_msdyn_activeagentid_value": conversation.rep.as_ref().map(|rep| rep.id.as_str()),
    });
    match columns {
        Value::Object(columns) => columns,
        _ => Map::new(),
    }
}
