//! The deployment for custom clients as an administrator has set it up: pre-chat fields, parameters, greeting, hours.
//!
//! Sources: "Map Pre-Chat Values in Omni-Channel Flow", Salesforce Help (parameters have a name and a greatest length),
//! and the shape of the token response in the vendor's sample app, checked 2026-11.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Inner;
use super::error::{Refusal, respond};
use crate::{Call, World};

/// What the public endpoint says before a deployment is published.
pub const UNPUBLISHED: &str = "Embedded Messaging Config is not Published";
/// Fields of a form.
pub const MAX_FIELDS: usize = 100;
/// Hidden pre-chat fields that this company's channel has.
const FIELDS: &[&str] = &[
    "OpencxSessionId",
    "Channel",
    "Language",
    "Priority",
    "WindowEndsAt",
    "Name",
    "Phone",
    "Email",
    "Subject",
    "Summary",
    "Sentiment",
    "Reason",
];

/// A pre-chat field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    /// `Text`, `Email`, `Number`, `Phone`, `Checkbox` or `ChoiceList`.
    #[serde(rename = "type", default = "text")]
    pub kind: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default = "usual_length")]
    pub max_length: usize,
    #[serde(default = "yes")]
    pub hidden: bool,
    /// Asked for each session and not only once for a conversation.
    #[serde(default)]
    pub per_session: bool,
    #[serde(default)]
    pub choices: Vec<String>,
}

/// A custom parameter of the channel; clients are not told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(default = "usual_length")]
    pub max_length: usize,
}

/// From and until when somebody works, in Unix milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hours {
    pub start_time: i64,
    pub end_time: i64,
}

/// What the administrator has set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    pub fields: Vec<Field>,
    pub parameters: Vec<Parameter>,
    /// Said by the system at the beginning of a session.
    pub greeting: Option<String>,
    /// Told with the routing result; not requested by the account if absent.
    pub estimated_wait_s: Option<i64>,
    /// None: the deployment has no business hours.
    pub business_hours: Vec<Hours>,
}

impl Default for Deployment {
    fn default() -> Self {
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            kind: text(),
            required: false,
            max_length: usual_length(),
            hidden: true,
            per_session: false,
            choices: Vec::new(),
        };
        Self {
            fields: FIELDS.iter().map(field).collect(),
            parameters: Vec::new(),
            greeting: None,
            estimated_wait_s: Some(120),
            business_hours: Vec::new(),
        }
    }
}

fn text() -> String {
    "Text".to_owned()
}

fn usual_length() -> usize {
    255
}

fn yes() -> bool {
    true
}

impl Deployment {
    /// The routing attributes that reach the flow; others vanish. `too_long` says what an over-long value meets.
    pub fn kept(
        &self,
        sent: &Map<String, Value>,
        too_long: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut kept = Map::new();
        for (name, value) in sent {
            let Some(text) = value.as_str() else {
                return Err(Refusal::bad_request(format!(
                    "routingAttributes.{name} must be a string."
                )));
            };
            let Some(max) = self.max_length(name) else { continue };
            let over = text.chars().count() > max;
            let text = match (over, too_long) {
                (true, "400") => {
                    let reason = format!("The value of {name} is longer than {max} characters.");
                    return Err(Refusal::bad_request(reason));
                }
                (true, "dropped") => continue,
                (true, "cut") => text.chars().take(max).collect(),
                _ => text.to_owned(),
            };
            kept.insert(name.clone(), json!(text));
        }
        Ok(kept)
    }

    /// Keys are compared with case.
    fn max_length(&self, name: &str) -> Option<usize> {
        let field = self.fields.iter().find(|field| field.name == name);
        let parameter = || self.parameters.iter().find(|parameter| parameter.name == name);
        field.map(|field| field.max_length).or_else(|| parameter().map(|known| known.max_length))
    }
}

/// `context.configuration.embeddedServiceConfig` of a token, and the body of the public endpoint.
pub fn configuration(world: &World, inner: &Inner) -> Value {
    let account = &world.salesforce.account;
    let verified = world.switches.is("salesforce.user_verification", "on");
    let attachments = world.switches.is("salesforce.attachments", "yes");
    let deployment = &inner.deployment;
    json!({
        "name": account.deployment,
        "deploymentType": if world.switches.is("salesforce.deployment", "web") { "web" } else { "api" },
        "embeddedServiceMessagingChannel": {
            "channelAddressIdentifier": account.channel_address,
            "authMode": if verified { "Auth" } else { "UnAuth" },
        },
        "forms": forms(&deployment.fields),
        "choiceListConfig": { "choiceList": choice_lists(&deployment.fields) },
        "attachments": {
            "endUserToAgent": attachments,
            "maxFileSize": world.switches.number("salesforce.max_file_bytes"),
        },
        "transcript": { "allowTranscriptDownload": false },
    })
}

fn forms(fields: &[Field]) -> Vec<Value> {
    let form = |(per_session, context): (bool, &str)| {
        let of_context = fields.iter().filter(|field| field.per_session == per_session);
        let rows: Vec<Value> = of_context.enumerate().map(|(at, field)| row(at, field)).collect();
        let form = json!({ "formType": "PreChat", "displayContext": context, "formFields": rows });
        (!rows.is_empty()).then_some(form)
    };
    [(false, "Conversation"), (true, "Session")].into_iter().filter_map(form).collect()
}

fn row(at: usize, field: &Field) -> Value {
    let mut row = json!({
        "name": field.name,
        "order": at + 1,
        "type": field.kind,
        "required": field.required,
        "maxLength": field.max_length,
        "isHidden": field.hidden,
    });
    if !field.choices.is_empty() {
        row["choiceListId"] = json!(field.name);
    }
    row
}

fn choice_lists(fields: &[Field]) -> Vec<Value> {
    let list = |field: &Field| {
        let value = |(at, name): (usize, &String)| {
            json!({
                "order": at + 1,
                "choiceListValueName": name,
                "choiceListValueId": name,
                "isDefaultValue": at == 0,
            })
        };
        let values: Vec<Value> = field.choices.iter().enumerate().map(value).collect();
        json!({ "choiceListId": field.name, "choiceListValues": values })
    };
    fields.iter().filter(|field| !field.choices.is_empty()).map(list).collect()
}

/// The two endpoints that need no token.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/embeddedservice/v1/embedded-service-config", get(config_call))
        .route("/embeddedservice/v1/businesshours", get(hours_call))
}

type Options = HashMap<String, String>;

async fn config_call(
    State(world): State<Arc<World>>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
) -> Response {
    let result = known(&world, &options).map(|()| {
        let config = configuration(&world, &world.salesforce.inner());
        Json(json!({ "embeddedServiceConfig": config })).into_response()
    });
    respond(&world, &call, result)
}

async fn hours_call(
    State(world): State<Arc<World>>,
    Query(options): Query<Options>,
    Extension(call): Extension<Call>,
) -> Response {
    let result = known(&world, &options).map(|()| {
        match world.salesforce.inner().deployment.business_hours.as_slice() {
            [] => StatusCode::NO_CONTENT.into_response(),
            hours => {
                let info = json!({ "businessHours": hours });
                Json(json!({ "businessHoursInfo": info })).into_response()
            }
        }
    });
    respond(&world, &call, result)
}

fn known(world: &World, options: &Options) -> Result<(), Refusal> {
    let account = &world.salesforce.account;
    let option = |name: &str| options.get(name).map_or("", String::as_str);
    if !account.is_org(option("orgId")) || option("esConfigName") != account.deployment {
        return Err(Refusal::not_found("No such organization or deployment."));
    }
    if world.switches.is("salesforce.deployment", "unpublished") {
        return Err(Refusal::unpublished());
    }
    Ok(())
}
