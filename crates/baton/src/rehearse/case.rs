//! Cases: what reps do on them, and what they read there.
//!
//! `rep answers by email: …`, `rep notes: …`, `rep comments: …`, `rep resolves the case`, `rep reopens the case`,
//! `rep cancels the case` go to the newest one; `rep sees: SUBJECT: WORDS` takes Baton's next note on it,
//! `rep reads: …` looks at its description, `case title: …` at a column as people read it, `case queue: …` at
//! the queue that it stands in (`{queue}` in a desk setting is the organisation's own), and `cases: 2` counts.
//! A scenario says `route: case` to get one. `row oc_liveworkitems oc_subject: …` looks at the newest row of any
//! table.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    Failure,
    line::Deed,
    salesforce,
    seen::{Item, Thread},
    stage::Stage,
};
use crate::seed::Back;

/// The rep who works on cases.
const REP: &str = "Rosa";

/// Lines without words of anybody's.
pub fn whole(line: &str) -> Option<Deed> {
    match line {
        "rep resolves the case" => Some(deed("resolve", json!({}))),
        "rep reopens the case" => Some(deed("reopen", json!({}))),
        "rep cancels the case" => Some(deed("cancel", json!({}))),
        _ => None,
    }
}

/// Somebody writes on a case.
pub fn said(head: &str, tail: &str) -> Option<Deed> {
    let (order, member) = match head {
        "rep answers by email" => ("email", "text"),
        "rep answers by email in html" => ("email", "html"),
        "rep notes" => ("note", "text"),
        "rep comments" => ("portal_comment", "text"),
        "rep posts" => ("post", "text"),
        _ => return None,
    };
    Some(deed(order, json!({ member: tail })))
}

fn deed(order: &'static str, mut what: Value) -> Deed {
    what["rep"] = json!(REP);
    Deed::Case { order, what }
}

/// A rep does something on the newest case.
///
/// # Errors
/// The organisation has no such order, or refuses it.
pub async fn act(stage: &Stage, order: &str, what: &Value) -> Result<(), Failure> {
    let path = match stage.desk().map(|desk| desk.back) {
        Some(Back::Salesforce) => salesforce::case_order(order)
            .ok_or_else(|| Failure::broken(format!("reps in Salesforce have no {order}")))?
            .to_owned(),
        _ => format!("dynamics365/incident/{order}"),
    };
    stage.order(&path, what).await?;
    Ok(())
}

/// A column of the newest row of a table.
pub async fn newest_row(stage: &Stage, set: &str, column: &str) -> Result<String, Failure> {
    let rows = stage.ask(&format!("dynamics365/rows/{set}")).await?;
    let newest = rows["rows"].as_array().and_then(|rows| rows.last()).cloned();
    Ok(newest.map_or_else(|| "no row".to_owned(), |row| text(&row[column])))
}

/// Dataverse tells the hub that the newest case changed, as an administrator's webhook does.
///
/// # Errors
/// There is no case, or the hub refuses it.
pub async fn changed(stage: &Stage, key: &str) -> Result<(), Failure> {
    let ids = ids(stage, Back::Dynamics365).await?;
    let newest = ids.first().ok_or_else(|| Failure::broken("there is no case"))?;
    let body = json!({
        "MessageName": "Update", "PrimaryEntityName": "incident", "PrimaryEntityId": newest,
    });
    stage.tell_desk(&format!("code={key}"), &body).await?;
    Ok(())
}

/// The ids of all cases at a desk, newest first.
pub async fn ids(stage: &Stage, back: Back) -> Result<Vec<String>, Failure> {
    if back == Back::Salesforce {
        return salesforce::case_ids(stage).await;
    }
    let listed = stage.ask("dynamics365/incidents").await?;
    let listed = listed["incidents"].as_array().cloned().unwrap_or_default();
    Ok(listed.iter().map(|case| text(&case["incidentid"])).collect())
}

/// A case as a thread: its description opens it, the hub's notes are what the rep sees.
pub async fn thread(stage: &Stage, back: Back, id: &str) -> Result<Thread, Failure> {
    if back == Back::Salesforce {
        return salesforce::case(stage, id).await;
    }
    let shown = stage.ask(&format!("dynamics365/incidents/{id}")).await?;
    let hub = &stage.sandbox.world.dynamics365.account.application_user_id;
    let notes = shown["notes"].as_array().cloned().unwrap_or_default();
    let ours = notes.iter().filter(|note| note["_createdby_value"] == hub.as_str());
    let items = ours.map(|note| Item {
        id: text(&note["annotationid"]),
        text: format!("{}: {}", text(&note["subject"]), text(&note["notetext"])),
        arrived: true,
        file: file(note),
        choices: Vec::new(),
    });
    let mut whole: Map<String, Value> = shown["incident"].as_object().cloned().unwrap_or_default();
    whole.extend(shown["labels"].as_object().cloned().unwrap_or_default());
    let customer = &shown["customer"]["fullname"];
    whole.insert("customer".to_owned(), customer.clone());
    let queue = shown["queue_items"][0]["_queueid_value"].as_str().unwrap_or("none");
    whole.insert("queue".to_owned(), json!(queue));
    let start = json!({ "message": shown["incident"]["description"] });
    whole.insert("start_message".to_owned(), start);
    Ok(Thread { id: id.to_owned(), back, items: items.collect(), whole: Value::Object(whole) })
}

/// Name and hash of a note's file; null where it has none.
fn file(note: &Value) -> Value {
    let Some(body) = note["documentbody"].as_str() else { return Value::Null };
    let bytes = STANDARD.decode(body).unwrap_or_default();
    let hash = digest(&SHA256, &bytes);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "name": note["filename"], "sha256": hash })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
