//! Templates: the Content API and WhatsApp's approval of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::errors::{Legacy, TwilioError};
use super::numbers::MADE_MS;
use super::{Held, page};
use crate::dates::iso;
use crate::{Ids, World};

/// Templates that may exist at once.
const MAX_CONTENTS: usize = 6_000;

/// One template.
#[derive(Clone, Debug, Serialize)]
pub struct Content {
    pub sid: String,
    pub friendly_name: String,
    pub language: String,
    /// Defaults of the placeholders, by number or name.
    pub variables: Map<String, Value>,
    /// By type, such as `twilio/text`.
    pub types: Map<String, Value>,
    pub approval: Approval,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// What WhatsApp thinks of a template.
#[derive(Clone, Debug, Serialize)]
pub struct Approval {
    pub name: String,
    pub category: String,
    /// `unsubmitted`, `received`, `pending`, `approved`, `rejected`, `paused` or `disabled`.
    pub status: String,
    pub rejection_reason: String,
    pub allow_category_change: bool,
}

/// An approved text, an approved text with buttons, and a list that was never submitted.
pub fn defaults(ids: &Ids) -> Vec<Content> {
    let make = |name: &str, status: &str, variables: Value, types: Value| Content {
        sid: format!("HX{}", ids.hex(32)),
        friendly_name: name.to_owned(),
        language: "en".to_owned(),
        variables: object(&variables),
        types: object(&types),
        approval: Approval {
            name: name.to_owned(),
            category: "UTILITY".to_owned(),
            status: status.to_owned(),
            rejection_reason: String::new(),
            allow_category_change: true,
        },
        created_ms: MADE_MS,
        updated_ms: MADE_MS,
    };
    let buttons = json!([{ "title": "Yes", "id": "yes" }, { "title": "No", "id": "no" }]);
    let items = json!([{ "item": "Small", "id": "s", "description": "Fits most" }, { "item": "Large", "id": "l", "description": "" }]);
    vec![
        make(
            "order_update",
            "approved",
            json!({ "1": "Zoë", "2": "A-100" }),
            json!({ "twilio/text": { "body": "Hello {{1}}, your order {{2}} has news. Reply to talk to us." } }),
        ),
        make(
            "callback_offer",
            "approved",
            json!({ "1": "Zoë" }),
            json!({ "twilio/quick-reply": { "body": "{{1}}, shall we call you back?", "actions": buttons } }),
        ),
        make(
            "size_list",
            "unsubmitted",
            json!({}),
            json!({ "twilio/list-picker": { "body": "Which size?", "button": "Sizes", "items": items } }),
        ),
    ]
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

impl Content {
    pub fn is_approved(&self) -> bool {
        self.approval.status == "approved"
    }

    /// What the customer reads, the media to fetch, and the rest for the customer's page.
    pub fn render(
        &self,
        given: &Map<String, Value>,
    ) -> Result<(String, Vec<String>, Value), TwilioError> {
        let Some((kind, parts)) = self.types.iter().next() else {
            return Err(TwilioError::plain(21_655));
        };
        // "Error 21656": no variable may be empty.
        if given.values().any(|value| value == "") {
            return Err(TwilioError::plain(21_656));
        }
        let parts = filled(parts, given, &self.variables)?;
        let body = ["body", "title", "label"].iter().find_map(|key| parts[*key].as_str());
        let body = body.unwrap_or_default().to_owned();
        let media = parts["media"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let media = media.map(str::to_owned).collect();
        Ok((body, media, json!({ "type": kind, "parts": parts })))
    }

    /// Whether WhatsApp takes it with its approval only, even while the window is open
    /// ("twilio/quick-reply", read 2026-11-21).
    pub fn needs_approval(&self) -> bool {
        let actions = |kind: &str| self.types.get(kind).and_then(|it| it["actions"].as_array());
        !self.is_approved() && actions("twilio/quick-reply").is_some_and(|it| it.len() > 3)
    }

    fn resource(&self, world: &World) -> Value {
        let url = format!("{}/v1/Content/{}", host(world), self.sid);
        json!({
            "account_sid": world.twilio.account.account_sid,
            "date_created": iso(self.created_ms),
            "date_updated": iso(self.updated_ms),
            "friendly_name": self.friendly_name,
            "language": self.language,
            "links": {
                "approval_create": format!("{url}/ApprovalRequests/whatsapp"),
                "approval_fetch": format!("{url}/ApprovalRequests"),
            },
            "sid": self.sid,
            "types": self.types,
            "url": url,
            "variables": self.variables,
        })
    }

    fn approval_resource(&self) -> Value {
        json!({
            "allow_category_change": self.approval.allow_category_change,
            "category": self.approval.category,
            "content_type": self.types.keys().next(),
            "name": self.approval.name,
            "rejection_reason": self.approval.rejection_reason,
            "status": self.approval.status,
            "type": "whatsapp",
        })
    }
}

/// Every text with its variables filled.
fn filled(
    value: &Value,
    given: &Map<String, Value>,
    defaults: &Map<String, Value>,
) -> Result<Value, TwilioError> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, given, defaults)?),
        Value::Array(items) => {
            items.iter().map(|item| filled(item, given, defaults)).collect::<Result<_, _>>()?
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                Ok((name.clone(), filled(value, given, defaults)?))
            };
            Value::Object(fields.iter().map(field).collect::<Result<_, TwilioError>>()?)
        }
        other => other.clone(),
    })
}

fn fill(
    text: &str,
    given: &Map<String, Value>,
    defaults: &Map<String, Value>,
) -> Result<String, TwilioError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        let value = given.get(name.trim()).or_else(|| defaults.get(name.trim()));
        let value = value.and_then(Value::as_str).ok_or_else(|| TwilioError::plain(21_656))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/Content", get(list).post(create))
        .route("/v2/Content", get(search))
        .route("/v1/Content/{sid}", get(fetch).delete(delete))
        .route("/v1/Content/{sid}/ApprovalRequests", get(approval))
        .route("/v1/Content/{sid}/ApprovalRequests/whatsapp", post(submit))
        .route("/v1/ContentAndApprovals", get(list_with_approvals))
        .route("/v2/ContentAndApprovals", get(list_with_approvals))
}

fn host(world: &World) -> String {
    world.twilio.account.urls(&world.base_url).content_url
}

fn known<'a>(held: &'a mut Held, sid: &str) -> Result<&'a mut Content, TwilioError> {
    let missing = || TwilioError::not_found(&format!("/Content/{sid}"));
    held.contents.iter_mut().find(|content| content.sid == sid).ok_or_else(missing)
}

fn read(body: &str) -> Result<Value, TwilioError> {
    let value = serde_json::from_str(body).ok().filter(Value::is_object);
    value.ok_or_else(|| TwilioError::new(20_001, "The request body is not a JSON object"))
}

async fn list(caller: Caller) -> Json<Value> {
    let world = &caller.world;
    let held = world.twilio.lock();
    let rows = held.contents.iter().map(|content| content.resource(world)).collect();
    Json(page(&format!("{}/v1/Content", host(world)), "contents", rows))
}

/// `ContentName` is a pattern; here it is looked for as it is written.
#[derive(Deserialize)]
struct Search {
    #[serde(rename = "ContentName")]
    name: Option<String>,
}

async fn search(caller: Caller, Query(search): Query<Search>) -> Json<Value> {
    let world = &caller.world;
    let held = world.twilio.lock();
    let wanted = search.name.unwrap_or_default();
    let found = held.contents.iter().filter(|content| content.friendly_name.contains(&wanted));
    let rows = found.map(|content| content.resource(world)).collect();
    Json(page(&format!("{}/v2/Content", host(world)), "contents", rows))
}

async fn list_with_approvals(caller: Caller) -> Json<Value> {
    let world = &caller.world;
    let held = world.twilio.lock();
    let rows = held.contents.iter().map(|content| {
        let mut row = content.resource(world);
        row["approval_requests"] = content.approval_resource();
        row
    });
    Json(page(&format!("{}/v1/ContentAndApprovals", host(world)), "contents", rows.collect()))
}

async fn create(caller: Caller, body: String) -> Result<(StatusCode, Json<Value>), Legacy> {
    let world = &caller.world;
    let body = read(&body)?;
    let types = object(&body["types"]);
    let language = body["language"].as_str().filter(|language| !language.is_empty());
    let (Some(language), false) = (language, types.is_empty()) else {
        return Err(TwilioError::new(20_001, "language and types are required").into());
    };
    check(&types)?;
    let now_ms = world.clock.now_ms();
    let content = Content {
        sid: world.twilio.sid("HX"),
        friendly_name: body["friendly_name"].as_str().unwrap_or_default().to_owned(),
        language: language.to_owned(),
        variables: object(&body["variables"]),
        types,
        approval: Approval {
            name: String::new(),
            category: String::new(),
            status: "unsubmitted".to_owned(),
            rejection_reason: String::new(),
            allow_category_change: true,
        },
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    let resource = content.resource(world);
    let mut held = world.twilio.lock();
    if held.contents.len() >= MAX_CONTENTS {
        return Err(TwilioError::new(20_001, "the account has too many templates").into());
    }
    held.contents.push(content);
    Ok((StatusCode::CREATED, Json(resource)))
}

/// What "twilio/quick-reply" and "twilio/list-picker" allow, with variables not yet filled (both
/// read 2026-11-21).
fn check(types: &Map<String, Value>) -> Result<(), TwilioError> {
    let refuse = |why: &str| Err(TwilioError::new(20_001, why));
    let count = |parts: &Value, list: &str| parts[list].as_array().map_or(0, Vec::len);
    let worded = |item: &Value, names: &[&str]| names.iter().all(|name| item[*name].is_string());
    let all = |parts: &Value, list: &str, names: &[&str]| {
        parts[list].as_array().into_iter().flatten().all(|item| worded(item, names))
    };
    for (kind, parts) in types {
        match kind.as_str() {
            "twilio/quick-reply" if !(1..=10).contains(&count(parts, "actions")) => {
                return refuse("actions must have 1 to 10 buttons");
            }
            "twilio/quick-reply" if !all(parts, "actions", &["title", "id"]) => {
                return refuse("every action needs title and id");
            }
            "twilio/list-picker" if !(1..=10).contains(&count(parts, "items")) => {
                return refuse("items must have 1 to 10 rows");
            }
            "twilio/list-picker" if !parts["button"].is_string() => {
                return refuse("button is required");
            }
            "twilio/list-picker" if !all(parts, "items", &["item", "id", "description"]) => {
                return refuse("every item needs item, id and description");
            }
            _ => {}
        }
    }
    Ok(())
}

async fn fetch(caller: Caller, Path(sid): Path<String>) -> Result<Json<Value>, Legacy> {
    let mut held = caller.world.twilio.lock();
    Ok(Json(known(&mut held, &sid)?.resource(&caller.world)))
}

async fn delete(caller: Caller, Path(sid): Path<String>) -> Result<StatusCode, Legacy> {
    let mut held = caller.world.twilio.lock();
    known(&mut held, &sid)?;
    held.contents.retain(|content| content.sid != sid);
    Ok(StatusCode::NO_CONTENT)
}

async fn approval(caller: Caller, Path(sid): Path<String>) -> Result<Json<Value>, Legacy> {
    let world = &caller.world;
    let mut held = world.twilio.lock();
    let whatsapp = known(&mut held, &sid)?.approval_resource();
    Ok(Json(json!({
        "account_sid": world.twilio.account.account_sid,
        "sid": sid,
        "url": format!("{}/v1/Content/{sid}/ApprovalRequests", host(world)),
        "whatsapp": whatsapp,
    })))
}

/// Hands a template in; the control API plays the reviewer.
async fn submit(
    caller: Caller,
    Path(sid): Path<String>,
    body: String,
) -> Result<(StatusCode, Json<Value>), Legacy> {
    let body = read(&body)?;
    let name = body["name"].as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        let reason = "name must be made of lowercase letters, digits and underscores";
        return Err(TwilioError::new(20_001, reason).into());
    }
    let category = body["category"].as_str().unwrap_or_default();
    if !["UTILITY", "MARKETING", "AUTHENTICATION"].contains(&category) {
        let reason = "category must be UTILITY, MARKETING or AUTHENTICATION";
        return Err(TwilioError::new(20_001, reason).into());
    }
    let mut held = caller.world.twilio.lock();
    let content = known(&mut held, &sid)?;
    content.approval = Approval {
        name: name.to_owned(),
        category: category.to_owned(),
        status: "received".to_owned(),
        rejection_reason: String::new(),
        allow_category_change: body["allow_category_change"].as_bool().unwrap_or(true),
    };
    Ok((StatusCode::CREATED, Json(content.approval_resource())))
}
