//! Actions on cases and queues.
//!
//! Source: "Use Web API actions" (AddToQueue) and "msdyn_ApplyRoutingRuleEntityRecord", checked 2026-11-21. No page
//! shows CloseIncident over HTTP; its form follows the action reference and public code.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::entry::base;
use super::functions::{NAMESPACE, unresolved};
use super::request::{Request, Segment};
use super::resource::object;
use super::tables::{self, Row, Table};
use super::{Scope, blocks, keys, rows};

/// An unbound action; `None` for a name that is none.
pub fn unbound(scope: &mut Scope<'_>, segment: &Segment, request: &Request) -> Option<Answered> {
    let deed: fn(&mut Scope<'_>, &Map<String, Value>) -> Answered = match segment.name.as_str() {
        "CloseIncident" => close_incident,
        "msdyn_ApplyRoutingRuleEntityRecord" => apply_routing_rule,
        "InitializeAnnotationBlocksUpload" => blocks::initialize_upload,
        "UploadBlock" => blocks::upload,
        "CommitAnnotationBlocksUpload" => blocks::commit,
        "InitializeAnnotationBlocksDownload" => blocks::initialize_download,
        "DownloadBlock" => blocks::download,
        _ => return None,
    };
    if request.method != "POST" {
        return Some(Err(Refusal::method(request.method.as_str())));
    }
    Some(parameters(request).and_then(|parameters| deed(scope, &parameters)))
}

/// An action bound to a row; `None` for a name that is none.
pub fn bound(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    segment: &Segment,
    request: &Request,
) -> Option<Answered> {
    let name = segment.name.strip_prefix(NAMESPACE)?;
    match (table.name, name) {
        ("queue", "AddToQueue") => {
            Some(parameters(request).and_then(|parameters| add_to_queue(scope, id, &parameters)))
        }
        ("queueitem", "RemoveFromQueue") => Some(
            rows::delete(scope, table, id, &rows::Condition::None).map(|()| Answer::nothing(204)),
        ),
        ("email", "SendEmail") => Some(send_email(scope, table, id)),
        _ => None,
    }
}

fn parameters(request: &Request) -> Result<Map<String, Value>, Refusal> {
    if request.body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(parameters)) => Ok(parameters),
        _ => Err(Refusal::payload("", "A node of type 'StartObject' was expected.")),
    }
}

/// The row that a parameter of type `mscrm.crmbaseentity` means.
pub fn target(scope: &Scope<'_>, value: &Value) -> Result<(&'static Table, String), Refusal> {
    if let Some(address) = value.as_str() {
        return keys::reference(&scope.view(), address);
    }
    let kind = value["@odata.type"].as_str().unwrap_or_default().trim_start_matches('#');
    let name = kind.strip_prefix(NAMESPACE).ok_or_else(|| {
        Refusal::query("An error occurred while validating input parameters: the property '@odata.type' is missing.")
    })?;
    let table = tables::named(name).ok_or_else(|| Refusal::no_resource(name))?;
    let id = value[table.key].as_str().ok_or_else(|| unresolved(table.key))?.to_ascii_lowercase();
    scope.row(table, &id)?;
    Ok((table, id))
}

fn add_to_queue(scope: &mut Scope<'_>, queue: &str, parameters: &Map<String, Value>) -> Answered {
    let wanted = parameters.get("Target").ok_or_else(|| unresolved("Target"))?;
    let (table, id) = target(scope, wanted)?;
    let queues = rows::table_of("queues")?;
    scope.row(queues, queue)?;
    for (verb, of) in [("Read", queues), ("AppendTo", queues), ("Read", table), ("AppendTo", table)]
    {
        scope.need(verb, of)?;
    }
    let given = parameters.get("QueueItemProperties").cloned().unwrap_or_default();
    let item = enqueue(scope, queue, table, &id, object(given))?;
    let members = object(json!({ "QueueItemId": item }));
    Ok(Answer::response_of(&base(scope.world), "AddToQueue", members))
}

/// Puts a row into a queue, out of the one that it is in; gives the queue item.
fn enqueue(
    scope: &mut Scope<'_>,
    queue: &str,
    table: &'static Table,
    id: &str,
    mut item: Map<String, Value>,
) -> Result<String, Refusal> {
    let items = rows::table_of("queueitems")?;
    item.retain(|name, _| !name.starts_with('@'));
    item.insert("queueid@odata.bind".to_owned(), json!(format!("/queues({queue})")));
    if let Some(held) = item_of(scope, id) {
        rows::update(scope, items, &held, &item)?;
        return Ok(held);
    }
    let navigation = items
        .lookups
        .iter()
        .find(|lookup| lookup.column == "_objectid_value" && lookup.target == table.set)
        .ok_or_else(|| Refusal::argument(format!("{} cannot be queued.", table.name)))?
        .navigation;
    item.insert(format!("{navigation}@odata.bind"), json!(format!("/{}({id})", table.set)));
    rows::create(scope, items, &item)
}

/// The active queue item of a row.
fn item_of(scope: &Scope<'_>, id: &str) -> Option<String> {
    let items = scope.inner.tables.list("queueitems");
    let found = items.into_iter().find(|item| {
        item.text("_objectid_value") == Some(id) && item.row.get("statecode") == Some(&json!(0))
    });
    found.and_then(|item| item.text("queueitemid")).map(str::to_owned)
}

/// The organisation's rules send everything into the queue that conversations start in too.
fn apply_routing_rule(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let wanted = parameters.get("Target").ok_or_else(|| unresolved("Target"))?;
    let (table, id) = target(scope, wanted)?;
    scope.need("Read", table)?;
    let queue = scope.world.dynamics365.account.queue_id.clone();
    enqueue(scope, &queue, table, &id, Map::new())?;
    Ok(Answer::nothing(204))
}

/// The parameter `IncidentResolution` names the case and says how it was solved; `Status` -1 is the default reason.
fn close_incident(scope: &mut Scope<'_>, parameters: &Map<String, Value>) -> Answered {
    let resolution = parameters.get("IncidentResolution").and_then(Value::as_object);
    let resolution = resolution.ok_or_else(|| unresolved("IncidentResolution"))?;
    let status = parameters.get("Status").and_then(Value::as_i64);
    let status = status.ok_or_else(|| unresolved("Status"))?;
    let address = resolution.get("incidentid@odata.bind").and_then(Value::as_str);
    let (table, id) =
        keys::reference(&scope.view(), address.ok_or_else(|| unresolved("incidentid"))?)?;
    scope.need("Write", table)?;
    resolve(scope, table, &id, resolution, status)?;
    Ok(Answer::nothing(204))
}

/// Resolves a case: its resolution is recorded, its queue item leaves the queue.
pub fn resolve(
    scope: &mut Scope<'_>,
    table: &'static Table,
    id: &str,
    resolution: &Map<String, Value>,
    status: i64,
) -> Result<(), Refusal> {
    if scope.row(table, id)?.row.get("statecode") != Some(&json!(0)) {
        return Err(Refusal::new(400, "0x80044411", "Already Closed or Canceled"));
    }
    let resolved = table.states.iter().find(|state| state.label == "Resolved");
    let statuses = resolved.map_or(&[][..], |state| state.statuses);
    let status =
        if status == -1 { statuses.first().map_or(5, |(value, _)| *value) } else { status };
    if !statuses.iter().any(|(value, _)| *value == status) {
        let message = format!(
            "{status} is not a valid status code for state code IncidentState.Resolved on incident with Id {id}."
        );
        return Err(Refusal::new(400, "0x80048408", message));
    }
    rows::create(scope, rows::table_of("incidentresolutions")?, resolution)?;
    scope.put(table, id, row(json!({ "statecode": 1, "statuscode": status })))?;
    if let Some(item) = item_of(scope, id) {
        scope.put(
            rows::table_of("queueitems")?,
            &item,
            row(json!({ "statecode": 1, "statuscode": 2 })),
        )?;
    }
    Ok(())
}

fn send_email(scope: &mut Scope<'_>, table: &'static Table, id: &str) -> Answered {
    scope.need("Write", table)?;
    scope.row(table, id)?;
    let at = scope.at();
    scope.put(table, id, row(json!({ "statecode": 1, "statuscode": 3, "senton": at })))?;
    let subject = scope.row(table, id)?.text("subject").unwrap_or_default().to_owned();
    let members = object(json!({ "Subject": subject }));
    Ok(Answer::response_of(&base(scope.world), "SendEmail", members))
}

fn row(columns: Value) -> Row {
    object(columns)
}
