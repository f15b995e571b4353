//! What a rep does on a case in the product, as calls; and cases as a rep sees them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes as Body;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Refusal as Refused;
use super::control::as_person;
use super::org::object;
use super::schema::Object;
use super::scope::Scope;
use super::store::Record;
use super::{DEFAULT_REP, effects, files, instant, rows};
use crate::World;
use crate::control::Refusal;
use crate::salesforce::control::{Answer, Sandbox};

type Deed = fn(&mut Scope<'_>, &Case, &Order) -> Result<Value, Refused>;

/// Cases in one list at most; the newest are shown.
const MAX_LISTED: usize = 1_000;

/// What a rep is told to do; each order reads only the members that it needs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// Id or case number; the newest case if absent.
    case: Option<String>,
    rep: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    /// `email`: from the customer instead of from the rep.
    incoming: bool,
    /// `email`: HTML beside the text.
    html: Option<String>,
    /// `email`: an address instead of the customer's.
    to: Option<String>,
    /// `comment` and `post`: only for colleagues.
    internal: bool,
    /// `email`: not sent yet.
    draft: bool,
    /// `close`: another closed status than the first.
    status: Option<String>,
    /// `email`, `post` and `file`: `{"filename", "body"}` with the body in base64.
    attachments: Vec<File>,
    /// `owner`: the name of the queue or rep that gets the case.
    owner: Option<String>,
    /// `merge`: id or number of the case that this one goes into.
    into: Option<String>,
    /// `update`: fields.
    fields: Map<String, Value>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    filename: String,
    body: String,
}

/// The case that an order is about.
struct Case {
    id: String,
    subject: String,
    address: String,
}

/// Mounted beside the other orders.
pub fn router() -> Router<Arc<World>> {
    let order = |deed: Deed| {
        post(move |State(world): Sandbox, body: Body| async move { carry_out(&world, &body, deed) })
    };
    Router::new()
        .route("/cases", get(list))
        .route("/cases/{id}", get(show))
        .route("/case/comment", order(comment))
        .route("/case/email", order(email))
        .route("/case/post", order(feed_post))
        .route("/case/file", order(attach))
        .route("/case/close", order(close))
        .route("/case/reopen", order(reopen))
        .route("/case/merge", order(merge))
        .route("/case/owner", order(change_owner))
        .route("/case/update", order(update))
        .route("/case/delete", order(delete))
}

fn carry_out(world: &World, body: &[u8], deed: Deed) -> Answer {
    let order: Order = if body.is_empty() {
        Order::default()
    } else {
        serde_json::from_slice(body)
            .map_err(|error| Refusal::bad_request(format!("the order does not read: {error}")))?
    };
    let rep = order.rep.as_deref().unwrap_or(DEFAULT_REP);
    let done = as_person(world, rep, |scope| {
        let case = case(scope, order.case.as_deref())?;
        let done = deed(scope, &case, &order)?;
        Ok(json!({ "case": case.id, "done": done }))
    })?;
    Ok(Json(done))
}

fn case(scope: &Scope<'_>, wanted: Option<&str>) -> Result<Case, Refused> {
    let cases = scope.org.tables.list("Case");
    let is_it = |record: &&&Record| {
        wanted.is_none_or(|wanted| {
            [record.text("Id"), record.text("CaseNumber")].contains(&Some(wanted))
        })
    };
    let found = cases.iter().rev().find(is_it).ok_or_else(Refused::no_resource)?;
    let text = |name: &str| found.text(name).unwrap_or_default().to_owned();
    let contact = Some(text("ContactEmail")).filter(|address| !address.is_empty());
    let address = contact.unwrap_or_else(|| text("SuppliedEmail"));
    Ok(Case { id: text("Id"), subject: text("Subject"), address })
}

fn of(scope: &Scope<'_>, name: &str) -> Result<Object, Refused> {
    scope.resource(name)
}

fn create(scope: &mut Scope<'_>, name: &str, fields: Value) -> Result<String, Refused> {
    let of = of(scope, name)?;
    rows::create(scope, &of, &object(fields), None)
}

fn change(scope: &mut Scope<'_>, case: &Case, fields: Value) -> Result<(), Refused> {
    let of = of(scope, "Case")?;
    rows::update(scope, &of, &case.id, &object(fields))
}

/// A comment, for the customer to see unless it says otherwise.
fn comment(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let fields = json!({
        "ParentId": case.id,
        "CommentBody": order.text,
        "IsPublished": !order.internal,
    });
    Ok(json!({ "Id": create(scope, "CaseComment", fields)? }))
}

/// An answer by email, sent at once unless it is a draft.
fn email(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let subject = order.subject.clone().unwrap_or_else(|| format!("RE: {}", case.subject));
    let to = order.to.clone().unwrap_or_else(|| case.address.clone());
    let service = "service@harborline.example".to_owned();
    let (from, to) = if order.incoming { (to, service) } else { (service, to) };
    let status = match (order.draft, order.incoming) {
        (true, _) => "5",
        (false, true) => "0",
        (false, false) => "3",
    };
    let fields = json!({
        "ParentId": case.id,
        "RelatedToId": case.id,
        "Subject": subject,
        "TextBody": order.text,
        "HtmlBody": order.html,
        "FromAddress": from,
        "ToAddress": to,
        "Incoming": order.incoming,
        "Status": status,
        "MessageDate": instant::write(scope.now_ms),
    });
    let id = create(scope, "EmailMessage", fields)?;
    for file in &order.attachments {
        keep(scope, file, &id)?;
    }
    Ok(json!({ "Id": id }))
}

/// A post in the case's feed, with at most one file.
fn feed_post(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let visibility = if order.internal { "InternalUsers" } else { "AllUsers" };
    let mut fields = json!({
        "ParentId": case.id,
        "Body": order.text,
        "Visibility": visibility,
        "Type": "TextPost",
    });
    if let Some(file) = order.attachments.first() {
        let version = keep(scope, file, &case.id)?;
        fields["Type"] = json!("ContentPost");
        fields["RelatedRecordId"] = json!(version);
    }
    Ok(json!({ "Id": create(scope, "FeedItem", fields)? }))
}

/// Files among the case's own.
fn attach(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let kept = order.attachments.iter().map(|file| keep(scope, file, &case.id));
    Ok(json!({ "Ids": kept.collect::<Result<Vec<_>, _>>()? }))
}

fn keep(scope: &mut Scope<'_>, file: &File, place: &str) -> Result<String, Refused> {
    let bytes = STANDARD.decode(&file.body).map_err(|_| Refused::body("the body is no base64"))?;
    let of = of(scope, "ContentVersion")?;
    let fields = json!({
        "Title": file.filename.rsplit_once('.').map_or(file.filename.as_str(), |(stem, _)| stem),
        "PathOnClient": file.filename,
        "FirstPublishLocationId": place,
    });
    rows::create(scope, &of, &object(fields), Some(Bytes::from(bytes)))
}

fn close(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let status = order.status.as_deref().unwrap_or("Closed");
    if !effects::is_closed(scope.org, status) {
        return Err(Refused::new(400, "FIELD_INTEGRITY_EXCEPTION", "this status is not closed"));
    }
    change(scope, case, json!({ "Status": status }))?;
    Ok(json!({ "Status": status }))
}

fn reopen(scope: &mut Scope<'_>, case: &Case, _: &Order) -> Result<Value, Refused> {
    change(scope, case, json!({ "Status": "Working" }))?;
    Ok(json!({ "Status": "Working" }))
}

/// What is written on the case, and its files, go to the other one; it is closed and kept, or deleted.
fn merge(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let wanted = order.into.as_deref().ok_or_else(|| Refused::body("into is missing"))?;
    let master = self::case(scope, Some(wanted))?;
    if master.id == case.id {
        return Err(Refused::body("a case cannot be merged into itself"));
    }
    let (user, now_ms) = (scope.user.clone(), scope.now_ms);
    let places = [
        ("CaseComment", "ParentId"),
        ("EmailMessage", "ParentId"),
        ("FeedItem", "ParentId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("MessagingSession", "CaseId"),
    ];
    for (name, field) in places {
        let rows = scope.org.tables.list(name).into_iter();
        let on_case = rows.filter(|record| record.text(field) == Some(&case.id));
        let ids: Vec<String> =
            on_case.filter_map(|record| record.text("Id").map(str::to_owned)).collect();
        for id in ids {
            let moved = object(json!({ field: master.id }));
            scope.org.change(name, &id, moved, &user, now_ms);
        }
    }
    let is_deleted = scope.switches.is("salesforce_crm.merged_case", "deleted");
    let mut gone = json!({ "MasterRecordId": master.id, "Status": "Closed" });
    if is_deleted {
        gone["IsDeleted"] = json!(true);
    }
    scope.org.change("Case", &case.id, object(gone), &user, now_ms);
    Ok(json!({ "into": master.id }))
}

/// The case goes into a queue of that name, or else to a rep.
fn change_owner(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let name = order.owner.as_deref().unwrap_or(DEFAULT_REP);
    let now_ms = scope.now_ms;
    let owner = match scope.org.queue(name) {
        Some(queue) => queue,
        None => scope.org.rep(name, now_ms).ok_or_else(Refused::full)?,
    };
    change(scope, case, json!({ "OwnerId": owner }))?;
    Ok(json!({ "OwnerId": owner }))
}

fn update(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    change(scope, case, Value::Object(order.fields.clone()))?;
    Ok(json!({ "fields": order.fields.keys().collect::<Vec<_>>() }))
}

fn delete(scope: &mut Scope<'_>, case: &Case, _: &Order) -> Result<Value, Refused> {
    let of = of(scope, "Case")?;
    rows::delete(scope, &of, &case.id)?;
    Ok(json!({ "deleted": case.id }))
}

async fn list(State(world): Sandbox) -> Answer {
    let mut cases = world.salesforce.records.list("Case");
    cases.reverse();
    cases.truncate(MAX_LISTED);
    Ok(Json(json!({ "cases": cases })))
}

/// Everything about one case: its fields, its contact and owner, and all that hangs on it.
async fn show(State(world): Sandbox, Path(wanted): Path<String>) -> Answer {
    let detail = as_person(&world, DEFAULT_REP, |scope| {
        let case = case(scope, Some(&wanted))?;
        let record = scope.org.tables.get("Case", &case.id).ok_or_else(Refused::no_resource)?;
        let on = |name: &str, field: &str| -> Vec<Value> {
            let rows = scope.org.tables.list(name).into_iter();
            let on_case = rows.filter(|row| row.text(field) == Some(&case.id));
            on_case.map(|row| Value::Object(row.fields.clone())).collect()
        };
        let row = |field: &str| {
            let found = record.text(field).and_then(|id| scope.org.find(id));
            found.map(|(_, row)| &row.fields)
        };
        Ok(json!({
            "case": record.fields,
            "contact": row("ContactId"),
            "owner": row("OwnerId"),
            "comments": on("CaseComment", "ParentId"),
            "emails": on("EmailMessage", "ParentId"),
            "feed": on("FeedItem", "ParentId"),
            "files": files::on(scope.org, &case.id),
            "sessions": on("MessagingSession", "CaseId"),
        }))
    })?;
    Ok(Json(detail))
}
