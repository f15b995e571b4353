//! Message templates: the list, and the checks that sending one goes through.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Json, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::GraphError;
use crate::{Ids, World};

/// Templates in one page unless asked otherwise, and at most.
const DEFAULT_PAGE: usize = 25;
const MAX_PAGE: usize = 250;
/// Characters of a rendered body (Cloud API "Template components", checked 2026-11-20).
const MAX_BODY_CHARS: usize = 1_024;

/// One template in one language.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    pub id: String,
    pub name: String,
    pub language: String,
    pub status: String,
    pub category: String,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: String,
    pub components: Vec<Value>,
}

impl Template {
    /// A template whose only component is a body.
    pub fn with_body(ids: &Ids, name: &str, language: &str, status: &str, body: &str) -> Self {
        let named = variables(body).iter().any(|name| name.parse::<u32>().is_err());
        Self {
            id: ids.digits(16),
            name: name.to_owned(),
            language: language.to_owned(),
            status: status.to_owned(),
            category: "UTILITY".to_owned(),
            parameter_format: if named { "NAMED" } else { "POSITIONAL" }.to_owned(),
            components: vec![json!({ "type": "BODY", "text": body })],
        }
    }

    fn component_text(&self, kind: &str) -> Option<&str> {
        let component = self.components.iter().find(|component| component["type"] == kind)?;
        component["text"].as_str()
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
    if let Err(error) = super::authorize_waba(&world, &version, &waba, &headers, true) {
        return error.respond(&world);
    }
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
    let page: Vec<&Template> = templates.iter().skip(start).take(limit).collect();
    let mut answer = json!({ "data": page });
    if !page.is_empty() {
        let last = start + page.len() - 1;
        answer["paging"] = json!({ "cursors": { "before": cursor(start), "after": cursor(last) } });
        if last + 1 < templates.len() {
            let next = format!(
                "{}/{version}/{waba}/message_templates?limit={limit}&after={}",
                world.base_url,
                cursor(last)
            );
            answer["paging"]["next"] = json!(next);
        }
    }
    Json(answer).into_response()
}

fn cursor(position: usize) -> String {
    format!("QVFI{position:06}")
}

fn cursor_position(cursor: &str) -> Option<usize> {
    cursor.strip_prefix("QVFI")?.parse().ok()
}

/// Checks a `template` object against what is on file; gives the text that the customer will read.
pub fn check(templates: &[Template], sent: &Value) -> Result<(String, Template), GraphError> {
    let missing = |what: &str| GraphError::new(131_008, format!("Parameter '{what}' is mandatory"));
    let name = sent["name"].as_str().ok_or_else(|| missing("template[name]"))?;
    let language =
        sent["language"]["code"].as_str().ok_or_else(|| missing("template[language][code]"))?;
    let absent =
        || GraphError::new(132_001, format!("template name ({name}) does not exist in {language}"));
    let same = |template: &&Template| template.name == name && template.language == language;
    let template = templates.iter().find(same).ok_or_else(absent)?;
    match template.status.as_str() {
        "APPROVED" | "FLAGGED" => {}
        "PAUSED" => return Err(GraphError::new(132_015, "Template is paused due to low quality")),
        "DISABLED" => return Err(GraphError::new(132_016, "Template is disabled")),
        _ => return Err(absent()),
    }
    let mut rendered = String::new();
    for kind in ["HEADER", "BODY"] {
        let Some(text) = template.component_text(kind) else { continue };
        let text = render(template, kind, text, parameters(sent, kind)?)?;
        rendered = text;
    }
    if rendered.chars().count() > MAX_BODY_CHARS {
        return Err(GraphError::new(
            132_005,
            format!("Translated text is longer than {MAX_BODY_CHARS} characters"),
        ));
    }
    Ok((rendered, template.clone()))
}

fn parameters<'a>(sent: &'a Value, kind: &str) -> Result<&'a [Value], GraphError> {
    let components = match &sent["components"] {
        Value::Null => return Ok(&[]),
        Value::Array(components) => components,
        _ => return Err(GraphError::new(131_009, "template[components] must be an array")),
    };
    let is_kind = |component: &&Value| {
        component["type"].as_str().is_some_and(|sent| sent.eq_ignore_ascii_case(kind))
    };
    Ok(components
        .iter()
        .find(is_kind)
        .and_then(|component| component["parameters"].as_array())
        .map_or(&[], Vec::as_slice))
}

fn render(
    template: &Template,
    kind: &str,
    text: &str,
    sent: &[Value],
) -> Result<String, GraphError> {
    let expected = variables(text);
    let place = kind.to_lowercase();
    if sent.len() != expected.len() {
        let details = format!(
            "{place}: number of localizable_params ({}) does not match the expected number of params ({})",
            sent.len(),
            expected.len()
        );
        return Err(GraphError::new(132_000, details));
    }
    let mut rendered = text.to_owned();
    for (position, variable) in expected.iter().enumerate() {
        let parameter = match template.parameter_format.as_str() {
            "NAMED" => {
                sent.iter().find(|parameter| parameter["parameter_name"].as_str() == Some(variable))
            }
            _ => sent.get(position).filter(|parameter| parameter["parameter_name"].is_null()),
        };
        let wrong = || {
            GraphError::new(
                132_012,
                format!("{place}: parameter {variable} does not match the template"),
            )
        };
        let value = parameter_text(parameter.ok_or_else(wrong)?).ok_or_else(wrong)?;
        if value.is_empty() || value.contains(['\n', '\t']) || value.contains("     ") {
            let details = "Param text cannot be empty or have new-line/tab characters or more than 4 consecutive spaces";
            return Err(GraphError::new(132_018, details));
        }
        rendered = rendered.replace(&format!("{{{{{variable}}}}}"), value);
    }
    Ok(rendered)
}

fn parameter_text(parameter: &Value) -> Option<&str> {
    match parameter["type"].as_str()? {
        "text" => parameter["text"].as_str(),
        "currency" => parameter["currency"]["fallback_value"].as_str(),
        "date_time" => parameter["date_time"]["fallback_value"].as_str(),
        _ => None,
    }
}

/// The names between double braces, in order, each once.
fn variables(text: &str) -> Vec<&str> {
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
