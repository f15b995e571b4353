//! The endpoint's JSON and the two shapes that the model must return. As OpenAI's API reference
//! describes chat completions and its guide to structured outputs (checked 2026-11-20).

use baton_core::brief::Sentiment;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Serialize)]
pub struct Request<'a> {
    pub model: &'a str,
    pub messages: &'a [Message],
    pub response_format: &'a Value,
    /// What older and self-hosted servers read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What OpenAI reads; its reasoning models refuse the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u64>,
}

#[derive(Serialize, Clone)]
pub struct Message {
    pub role: &'static str,
    pub content: String,
}

#[derive(Deserialize)]
pub struct Response {
    pub choices: Vec<Choice>,
    #[serde(default)]
    pub usage: Option<Usage>,
}

#[derive(Deserialize)]
pub struct Choice {
    pub message: Answer,
}

#[derive(Deserialize)]
pub struct Answer {
    #[serde(default)]
    pub content: Option<String>,
}

#[derive(Deserialize)]
pub struct Usage {
    #[serde(default)]
    pub total_tokens: u64,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Reply,
    Handoff,
    Wait,
    Close,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct DecisionOutput {
    pub action: Action,
    pub text: String,
    /// Answers that the customer can tap. Servers that are not strict leave it out.
    #[serde(default)]
    pub choices: Vec<String>,
    pub citations: Vec<usize>,
    pub knew: bool,
    /// Why, in the model's words: makes it think, is read by nobody.
    #[serde(rename = "reason")]
    pub _reason: String,
    pub language: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct BriefOutput {
    pub subject: String,
    pub summary: String,
    pub classification: String,
    pub sentiment: Sentiment,
    pub language: String,
}

/// The schema of a decision.
pub fn decision_schema() -> Value {
    schema(
        "decision",
        json!({
            "action": {"type": "string", "enum": ["reply", "handoff", "wait", "close"]},
            "text": {"type": "string"},
            "choices": {"type": "array", "items": {"type": "string"}},
            "citations": {"type": "array", "items": {"type": "integer"}},
            "knew": {"type": "boolean"},
            "reason": {"type": "string"},
            "language": {"type": "string"},
        }),
    )
}

/// The schema of a brief, with the workspace's classifications.
pub fn brief_schema(classifications: &[String]) -> Value {
    schema(
        "brief",
        json!({
            "subject": {"type": "string"},
            "summary": {"type": "string"},
            "classification": {"type": "string", "enum": classifications},
            "sentiment": {"type": "string", "enum": [
                "very_negative", "negative", "slightly_negative", "neutral",
                "slightly_positive", "positive", "very_positive",
            ]},
            "language": {"type": "string"},
        }),
    )
}

/// Strict mode wants every property required and none besides.
fn schema(name: &str, properties: Value) -> Value {
    let required: Vec<&String> =
        properties.as_object().map(|object| object.keys().collect()).unwrap_or_default();
    json!({
        "type": "json_schema",
        "json_schema": {
            "name": name,
            "strict": true,
            "schema": {
                "type": "object",
                "required": required,
                "additionalProperties": false,
                "properties": properties,
            },
        },
    })
}
