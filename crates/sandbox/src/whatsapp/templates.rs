//! Message templates as they are on file, and the list of them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::{authorize_waba, usage};
use crate::{Ids, World};

/// Templates in one page unless asked otherwise, and at most.
const DEFAULT_PAGE: usize = 25;
const MAX_PAGE: usize = 250;

/// One template in one language.
#[derive(Clone, Debug, Serialize)]
pub struct Template {
    pub id: String,
    pub name: String,
    pub language: String,
    pub status: String,
    pub category: String,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: String,
    /// As they were given.
    pub components: Vec<Value>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: String,
    /// `NONE` unless the review refused it.
    pub rejected_reason: String,
    /// Before Meta changed it.
    pub previous_category: Option<String>,
    /// When an approved one was edited, in Unix milliseconds.
    #[serde(skip)]
    pub edits_ms: Vec<i64>,
    /// Raised by every edit, so that the review of an older text does not count.
    #[serde(skip)]
    pub version: u64,
}

impl Template {
    /// A template whose only component is a body.
    pub fn with_body(ids: &Ids, name: &str, language: &str, status: &str, body: &str) -> Self {
        Self {
            status: status.to_owned(),
            ..Self::new(ids, name, language, vec![json!({ "type": "BODY", "text": body })])
        }
    }

    /// A template that waits for its review.
    pub fn new(ids: &Ids, name: &str, language: &str, components: Vec<Value>) -> Self {
        let named = |component: &Value| {
            let text = component["text"].as_str().unwrap_or_default();
            variables(text).iter().any(|name| name.parse::<u32>().is_err())
        };
        let named = components.iter().any(named);
        Self {
            id: ids.digits(16),
            name: name.to_owned(),
            language: language.to_owned(),
            status: "PENDING".to_owned(),
            category: "UTILITY".to_owned(),
            parameter_format: if named { "NAMED" } else { "POSITIONAL" }.to_owned(),
            components,
            quality: "UNKNOWN".to_owned(),
            rejected_reason: "NONE".to_owned(),
            previous_category: None,
            edits_ms: Vec::new(),
            version: 0,
        }
    }

    /// The component of this type, such as `BODY`; Meta takes either case.
    pub fn component(&self, kind: &str) -> Option<&Value> {
        let is_kind = |component: &&Value| {
            component["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind))
        };
        self.components.iter().find(is_kind)
    }

    /// An item of the list: what was asked for, or what comes by itself; always with the id.
    pub fn row(&self, fields: Option<&str>) -> Value {
        let all = json!({
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "quality_score": { "score": self.quality },
            "rejected_reason": self.rejected_reason,
            "previous_category": self.previous_category,
        });
        let usual = "name,language,status,category,parameter_format,components";
        let mut row = json!({ "id": self.id });
        for field in fields.unwrap_or(usual).split(',').map(str::trim) {
            if let Some(value) = all.get(field).filter(|value| !value.is_null()) {
                row[field] = value.clone();
            }
        }
        row
    }
}

/// What a new account starts with: sendable ones, and one in every state that refuses.
pub fn defaults(ids: &Ids) -> Vec<Template> {
    let template =
        |name, language, status, body| Template::with_body(ids, name, language, status, body);
    vec![
        template(
            "reopen_conversation",
            "en",
            "APPROVED",
            "Hello {{1}}, we have an answer for you. Reply to this message to continue our conversation.",
        ),
        template(
            "reopen_conversation",
            "es",
            "APPROVED",
            "Hola {{1}}, tenemos una respuesta para ti. Responde a este mensaje para continuar la conversación.",
        ),
        template(
            "reminder",
            "en",
            "APPROVED",
            "Your request is still open. Reply to this message to go on.",
        ),
        template(
            "order_update",
            "en_US",
            "APPROVED",
            "Order {{order_number}} is now {{order_state}}, thank you.",
        ),
        template("seasonal_offer", "en", "PAUSED", "Our offer for {{1}} ends soon, have a look."),
        template("old_notice", "en", "DISABLED", "This notice is no longer in use."),
        template("new_notice", "en", "PENDING", "This notice waits for its review."),
        template("refused_notice", "en", "REJECTED", "This notice was refused in its review."),
    ]
}

/// `GET /{version}/{waba}/message_templates`.
pub async fn list(
    State(world): State<Arc<World>>,
    Path((version, waba)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let allowed = authorize_waba(&world, &version, &waba, &headers, true);
    usage::respond(&world, allowed.map(|()| page(&world, &version, &waba, &query)))
}

fn page(world: &World, version: &str, waba: &str, query: &HashMap<String, String>) -> Value {
    let wanted = |template: &&Template| {
        let matches = |key: &str, value: &str| {
            query.get(key).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        matches("status", &template.status)
            && matches("name", &template.name)
            && matches("language", &template.language)
            && matches("category", &template.category)
    };
    let templates: Vec<Template> =
        world.whatsapp.lock().templates.iter().filter(wanted).cloned().collect();
    let limit = query
        .get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, MAX_PAGE);
    let position = |key: &str| query.get(key).and_then(|cursor| cursor_position(cursor));
    let start = match (position("after"), position("before")) {
        (Some(after), _) => after + 1,
        (None, Some(before)) => before.saturating_sub(limit),
        (None, None) => 0,
    };
    let fields = query.get("fields").map(String::as_str);
    let rows = templates.iter().skip(start).take(limit);
    let page: Vec<Value> = rows.map(|template| template.row(fields)).collect();
    let mut answer = json!({ "data": page });
    if !page.is_empty() {
        let last = start + page.len() - 1;
        answer["paging"] = json!({ "cursors": { "before": cursor(start), "after": cursor(last) } });
        if last + 1 < templates.len() {
            let mut next = format!(
                "{}/{version}/{waba}/message_templates?limit={limit}&after={}",
                world.base_url,
                cursor(last)
            );
            for key in ["fields", "status", "name", "language", "category"] {
                let value = query.get(key).map(|value| format!("&{key}={value}"));
                next.push_str(value.as_deref().unwrap_or_default());
            }
            answer["paging"]["next"] = json!(next);
        }
    }
    answer
}

fn cursor(position: usize) -> String {
    format!("QVFI{position:06}")
}

fn cursor_position(cursor: &str) -> Option<usize> {
    cursor.strip_prefix("QVFI")?.parse().ok()
}

/// The names between double braces, in order, each once.
pub fn variables(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        if !found.contains(&name) {
            found.push(name);
        }
        rest = tail;
    }
    found
}
