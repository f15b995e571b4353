//! A Salesforce organisation: what its reps do and read where it differs from Dynamics 365.
//!
//! `salesforce ORDER: {…}` gives the simulator any order of its own, such as `salesforce disconnect: {}`,
//! `salesforce transfer: {"queue": "Billing"}` or `salesforce crm/contacts: {…}`; members that name no conversation go
//! to the newest. A case is told apart by its comments: `rep comments: …`, `rep posts: …`, `rep answers by email: …`.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{
    Failure,
    seen::{Item, Thread},
    stage::Stage,
};
use crate::seed::Back;

/// The ids of all cases, newest first.
pub async fn case_ids(stage: &Stage) -> Result<Vec<String>, Failure> {
    let listed = stage.ask("salesforce/crm/cases").await?;
    let listed = listed["cases"].as_array().cloned().unwrap_or_default();
    Ok(listed.iter().map(|case| text(&case["Id"])).collect())
}

/// A case as a thread: its description opens it, the hub's comments and files are what the rep sees.
pub async fn case(stage: &Stage, id: &str) -> Result<Thread, Failure> {
    let shown = stage.ask(&format!("salesforce/crm/cases/{id}")).await?;
    let hub = &stage.sandbox.world.salesforce.account.user_id;
    let rows = |name: &str| shown[name].as_array().cloned().unwrap_or_default();
    let ours = |row: &Value| row["CreatedById"] == hub.as_str();
    let comments = rows("comments").into_iter().filter(ours).map(|row| Item {
        id: text(&row["Id"]),
        text: text(&row["CommentBody"]),
        arrived: true,
        file: Value::Null,
        choices: Vec::new(),
    });
    let mut items: Vec<Item> = comments.collect();
    for row in rows("files") {
        items.push(file(stage, &row)?);
    }
    let mut whole: Map<String, Value> = shown["case"].as_object().cloned().unwrap_or_default();
    whole.insert("customer".to_owned(), shown["contact"]["Name"].clone());
    whole.insert("owner".to_owned(), shown["owner"]["Name"].clone());
    let start = json!({ "message": shown["case"]["Description"] });
    whole.insert("start_message".to_owned(), start);
    Ok(Thread { id: id.to_owned(), back: Back::Salesforce, items, whole: Value::Object(whole) })
}

/// A file of a case, with the hash of its bytes.
fn file(stage: &Stage, row: &Value) -> Result<Item, Failure> {
    let id = text(&row["Id"]);
    let bytes = stage.sandbox.world.salesforce.records.file(&id);
    let bytes = bytes.ok_or_else(|| Failure::broken(format!("the file {id} has no bytes")))?;
    let hash = digest(&SHA256, &bytes);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Item {
        id,
        text: text(&row["PathOnClient"]),
        arrived: true,
        file: json!({ "name": row["PathOnClient"], "sha256": hash }),
        choices: Vec::new(),
    })
}

/// Where a case's order of this name is given.
pub fn case_order(order: &str) -> Option<&'static str> {
    Some(match order {
        "email" => "salesforce/crm/case/email",
        "portal_comment" => "salesforce/crm/case/comment",
        "post" => "salesforce/crm/case/post",
        "resolve" => "salesforce/crm/case/close",
        "reopen" => "salesforce/crm/case/reopen",
        _ => return None,
    })
}

/// Whether a stream has not brought everything yet that can come now.
pub async fn is_behind(stage: &Stage) -> Result<bool, Failure> {
    let Some(hub) = stage.hub() else { return Ok(false) };
    let streams = hub.streams();
    if streams.is_empty() {
        return Ok(false);
    }
    let open = stage.ask("salesforce/streams").await?;
    let open = open["subjects"].as_array().cloned().unwrap_or_default();
    Ok(streams.iter().any(|stream| {
        let ends = |subject: &&Value| text(&subject["subject"]).ends_with(&stream.subject);
        let newest = open.iter().find(ends).and_then(|subject| subject["last_event_id"].as_u64());
        let heard = stream.cursor.as_deref().and_then(|cursor| cursor.parse::<u64>().ok());
        !stream.open || newest.is_some_and(|newest| heard.is_none_or(|heard| heard < newest))
    }))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
