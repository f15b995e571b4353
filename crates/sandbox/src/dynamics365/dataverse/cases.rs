//! What a rep does on a case in the product, as calls; and cases as a rep sees them.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::Refusal as Refused;
use super::control::as_person;
use super::resource::object;
use super::tables::{self, Stored, Table};
use super::{Scope, actions, format, rows};
use crate::World;
use crate::dynamics365::control::{Answer, Sandbox, order};
use crate::dynamics365::state::DEFAULT_REP;

type Deed = fn(&mut Scope<'_>, &Case, &Order) -> Result<Value, Refused>;

/// Cases in one list at most; the newest are shown.
const MAX_LISTED: usize = 1_000;
/// `participationtypemask` of a sender and of a recipient.
const SENDER: i64 = 1;
const RECIPIENT: i64 = 2;

/// What a rep is told to do; each order reads only the members that it needs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// Id or ticket number; the newest case if absent.
    incident: Option<String>,
    rep: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    /// `email`: from the customer instead of from the rep.
    incoming: bool,
    /// `email`: HTML instead of the text made into HTML.
    html: Option<String>,
    /// `email`: addresses instead of the customer's.
    to: Vec<String>,
    /// `email` and `resolve`: `statuscode`.
    status: Option<i64>,
    /// `email` and `note`: `{"filename", "mimetype", "body"}` with the body in base64.
    attachments: Vec<File>,
    /// `assign`: the name of the rep or team that gets the case.
    assignee: Option<String>,
    /// `update`: columns and binds.
    columns: Map<String, Value>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    filename: String,
    mimetype: String,
    body: String,
}

struct Case {
    table: &'static Table,
    id: String,
    customer: Option<(&'static Table, Stored)>,
    title: String,
    user: String,
}

/// Mounted beside the other orders.
pub fn router() -> Router<Arc<World>> {
    let order = |deed: Deed| {
        post(
            move |State(world): Sandbox, body: Bytes| async move { carry_out(&world, &body, deed) },
        )
    };
    Router::new()
        .route("/incidents", get(list))
        .route("/incidents/{id}", get(show))
        .route("/incident/email", order(email))
        .route("/incident/note", order(note))
        .route("/incident/portal_comment", order(portal_comment))
        .route("/incident/phonecall", order(phone_call))
        .route("/incident/assign", order(assign))
        .route("/incident/update", order(update))
        .route("/incident/resolve", order(resolve))
        .route("/incident/reopen", order(reopen))
        .route("/incident/cancel", order(cancel))
}

fn carry_out(world: &World, body: &[u8], deed: Deed) -> Answer {
    let order: Order = order(body)?;
    let rep = order.rep.as_deref().unwrap_or(DEFAULT_REP);
    let done = as_person(world, rep, |scope| {
        let case = case(scope, order.incident.as_deref())?;
        let done = deed(scope, &case, &order)?;
        Ok(json!({ "incident": case.id, "done": done }))
    })?;
    Ok(Json(done))
}

fn case(scope: &Scope<'_>, wanted: Option<&str>) -> Result<Case, Refused> {
    let table = rows::table_of("incidents")?;
    let cases = scope.inner.tables.list(table.set);
    let is_it = |stored: &&&Stored| {
        wanted.is_none_or(|wanted| {
            [stored.text("incidentid"), stored.text("ticketnumber")].contains(&Some(wanted))
        })
    };
    let missing = || Refused::missing(table.name, wanted.unwrap_or("newest"));
    let found = cases.iter().rev().find(is_it).ok_or_else(missing)?;
    let customer = scope.view().target(table, "_customerid_value", &found.row);
    Ok(Case {
        table,
        id: found.text("incidentid").unwrap_or_default().to_owned(),
        customer: customer.map(|(table, stored)| (table, stored.clone())),
        title: found.text("title").unwrap_or_default().to_owned(),
        user: scope.user.clone(),
    })
}

/// An answer by email: it goes from the rep to the customer and is sent at once unless a status says otherwise.
fn email(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let html = order.html.clone().unwrap_or_else(|| paragraph(order.text.as_deref()));
    let subject = order.subject.clone().unwrap_or_else(|| format!("RE: {}", case.title));
    let at = scope.at();
    let fields = json!({
        "subject": subject,
        "description": html,
        "directioncode": !order.incoming,
        "senton": at,
        "actualend": at,
        "statuscode": order.status.unwrap_or(if order.incoming { 4 } else { 3 }),
        "regardingobjectid_incident_email@odata.bind": case.address(),
        "email_activity_parties": case.parties(&order.to, order.incoming),
    });
    let id = rows::create(scope, rows::table_of("emails")?, &object(fields))?;
    for file in &order.attachments {
        let fields = json!({
            "subject": file.filename,
            "filename": file.filename,
            "mimetype": file.mimetype,
            "body": file.body,
            "objecttypecode": "email",
            "objectid_email@odata.bind": format!("/emails({id})"),
        });
        rows::create(scope, rows::table_of("activitymimeattachments")?, &object(fields))?;
    }
    Ok(json!({ "activityid": id }))
}

/// A note, with at most one file.
fn note(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let mut fields = object(json!({
        "subject": order.subject,
        "notetext": order.text,
        "objectid_incident@odata.bind": case.address(),
    }));
    if let Some(file) = order.attachments.first() {
        fields.extend(object(json!({
            "filename": file.filename,
            "mimetype": file.mimetype,
            "documentbody": file.body,
        })));
    }
    let id = rows::create(scope, rows::table_of("annotations")?, &fields)?;
    Ok(json!({ "annotationid": id }))
}

fn portal_comment(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let fields = json!({
        "subject": order.subject.clone().unwrap_or_else(|| case.title.clone()),
        "description": order.text,
        "adx_portalcommentdirectioncode": 2,
        "statecode": 1,
        "regardingobjectid_incident@odata.bind": case.address(),
        "adx_portalcomment_activity_parties": case.parties(&order.to, false),
    });
    let id = rows::create(scope, rows::table_of("adx_portalcomments")?, &object(fields))?;
    Ok(json!({ "activityid": id }))
}

fn phone_call(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let fields = json!({
        "subject": order.subject.clone().unwrap_or_else(|| case.title.clone()),
        "description": order.text,
        "directioncode": true,
        "statecode": 1,
        "regardingobjectid_incident_phonecall@odata.bind": case.address(),
    });
    let id = rows::create(scope, rows::table_of("phonecalls")?, &object(fields))?;
    Ok(json!({ "activityid": id }))
}

/// The case goes to a team of that name, or else to a rep.
fn assign(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let name = order.assignee.as_deref().unwrap_or(DEFAULT_REP);
    let teams = scope.inner.tables.list("teams");
    let team = teams.iter().find(|team| team.text("name") == Some(name));
    let owner = match team.and_then(|team| team.text("teamid")) {
        Some(id) => format!("/teams({id})"),
        None => {
            let at = scope.at();
            let rep = scope.inner.rep(name, &at);
            let rep = rep.ok_or_else(|| Refused::argument("too many different reps"))?;
            format!("/systemusers({})", rep.id)
        }
    };
    rows::update(scope, case.table, &case.id, &object(json!({ "ownerid@odata.bind": owner })))?;
    Ok(json!({ "owner": owner }))
}

fn update(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    rows::update(scope, case.table, &case.id, &order.columns)?;
    Ok(json!({ "columns": order.columns.keys().collect::<Vec<_>>() }))
}

fn resolve(scope: &mut Scope<'_>, case: &Case, order: &Order) -> Result<Value, Refused> {
    let resolution = json!({
        "subject": order.subject.as_deref().unwrap_or("Resolved"),
        "description": order.text,
        "incidentid@odata.bind": case.address(),
    });
    let status = order.status.unwrap_or(-1);
    actions::resolve(scope, case.table, &case.id, &object(resolution), status)?;
    Ok(json!({ "statecode": 1 }))
}

fn reopen(scope: &mut Scope<'_>, case: &Case, _: &Order) -> Result<Value, Refused> {
    set_state(scope, case, 0)
}

fn cancel(scope: &mut Scope<'_>, case: &Case, _: &Order) -> Result<Value, Refused> {
    set_state(scope, case, 2)
}

fn set_state(scope: &mut Scope<'_>, case: &Case, state: i64) -> Result<Value, Refused> {
    rows::update(scope, case.table, &case.id, &object(json!({ "statecode": state })))?;
    Ok(json!({ "statecode": state }))
}

impl Case {
    fn address(&self) -> String {
        format!("/incidents({})", self.id)
    }

    /// From the rep to the customer or to these addresses; or from the customer to the rep.
    fn parties(&self, addresses: &[String], incoming: bool) -> Value {
        let (rep, customer) = if incoming { (RECIPIENT, SENDER) } else { (SENDER, RECIPIENT) };
        let sender = json!({
            "partyid_systemuser@odata.bind": format!("/systemusers({})", self.user),
            "participationtypemask": rep,
        });
        let to_customer =
            self.customer.iter().filter(|_| addresses.is_empty()).map(|(table, stored)| {
                let id = stored.text(table.key).unwrap_or_default();
                json!({
                    format!("partyid_{}@odata.bind", table.name): format!("/{}({id})", table.set),
                    "participationtypemask": customer,
                    "addressused": stored.text("emailaddress1"),
                })
            });
        let to_addresses = addresses
            .iter()
            .map(|address| json!({ "addressused": address, "participationtypemask": RECIPIENT }));
        std::iter::once(sender).chain(to_customer).chain(to_addresses).collect()
    }
}

fn paragraph(text: Option<&str>) -> String {
    let escaped = text.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
    format!("<div>{}</div>", escaped.replace('\n', "<br>"))
}

async fn list(State(world): Sandbox) -> Answer {
    let inner = world.dynamics365.inner();
    let cases = inner.tables.list("incidents");
    let newest_first = cases.iter().rev().take(MAX_LISTED);
    Ok(Json(json!({ "incidents": newest_first.map(|stored| &stored.row).collect::<Vec<_>>() })))
}

/// Everything about one case: its columns, what people read for them, and all that is regarding it.
async fn show(State(world): Sandbox, Path(wanted): Path<String>) -> Answer {
    let detail = as_person(&world, DEFAULT_REP, |scope| {
        let case = case(scope, Some(&wanted))?;
        let view = scope.view();
        let row = &scope.row(case.table, &case.id)?.row;
        let labels: Map<String, Value> = row
            .keys()
            .filter_map(|name| {
                Some((name.clone(), json!(format::formatted(&view, case.table, name, row)?)))
            })
            .collect();
        let about = |set: &str, column: &str| -> Vec<Value> {
            let rows = scope.inner.tables.list(set);
            let of_case = rows.into_iter().filter(|stored| stored.text(column) == Some(&case.id));
            of_case.map(|stored| Value::Object(stored.row.clone())).collect()
        };
        Ok(json!({
            "incident": row,
            "labels": labels,
            "customer": case.customer.as_ref().map(|(_, stored)| &stored.row),
            "notes": about("annotations", "_objectid_value"),
            "activities": about(tables::ANY_ACTIVITY, "_regardingobjectid_value"),
            "resolutions": about("incidentresolutions", "_incidentid_value"),
            "queue_items": about("queueitems", "_objectid_value"),
        }))
    })?;
    Ok(Json(detail))
}
