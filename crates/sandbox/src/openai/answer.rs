//! The model's words, in the shape that was asked for.

use serde_json::{Map, Value, json};

use super::script::Script;
use crate::World;

/// Nested schemas are filled this deep.
const MAX_DEPTH: usize = 8;
/// Words with which an order to the model begins.
const ORDERS: [&str; 6] =
    ["reply with", "respond with", "say exactly", "output", "repeat after me", "answer with"];

/// What the model says to these messages.
pub fn content(script: &Script, messages: &[Value], format: &Value) -> String {
    let asked = last_user_text(messages);
    let schema = (format["type"] == "json_schema").then(|| &format["json_schema"]);
    let schema_name = schema.and_then(|schema| schema["name"].as_str());
    let said = match script.find(&asked, schema_name) {
        Some(answer) => Said::Scripted(answer.clone()),
        None if script.obey => Said::Free(obeyed(&asked)),
        None => match &script.default {
            Some(answer) => Said::Scripted(answer.clone()),
            None => Said::Free("I can help with that.".to_owned()),
        },
    };
    match (said, schema) {
        (Said::Scripted(Value::String(text)), _) => text,
        (Said::Scripted(json), _) => json.to_string(),
        (Said::Free(text), Some(schema)) => {
            embedded_json(&text).unwrap_or_else(|| fill(&schema["schema"], &text, 0)).to_string()
        }
        (Said::Free(text), None) if format["type"] == "json_object" => {
            json!({ "text": text }).to_string()
        }
        (Said::Free(text), None) => text,
    }
}

enum Said {
    Scripted(Value),
    Free(String),
}

/// The worst case: an order in the text is carried out to the letter, and without one the text is repeated.
fn obeyed(asked: &str) -> String {
    let lower = asked.to_ascii_lowercase();
    let order =
        ORDERS.iter().filter_map(|order| lower.rfind(order).map(|at| at + order.len())).max();
    let said = order.and_then(|at| asked.get(at..)).unwrap_or(asked);
    said.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '"' | '\'')).to_owned()
}

/// A model that obeys also takes over a whole JSON answer that the customer dictates.
fn embedded_json(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let end = text.rfind('}')?;
    serde_json::from_str(text.get(start..=end)?).ok()
}

fn last_user_text(messages: &[Value]) -> String {
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// The plainest value that the schema takes, with `text` wherever a free string fits.
fn fill(schema: &Value, text: &str, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(choice) = schema["enum"].as_array().and_then(|choices| choices.first()) {
        return choice.clone();
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    if let Some(choice) = schema["anyOf"].as_array().and_then(|choices| choices.first()) {
        return fill(choice, text, depth + 1);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("null"),
        kind => kind.as_str().unwrap_or("object"),
    };
    match kind {
        "string" => json!(text),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(0)),
        "boolean" => json!(false),
        "array" => json!([]),
        "object" => {
            let empty = Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&empty);
            let filled =
                properties.iter().map(|(key, schema)| (key.clone(), fill(schema, text, depth + 1)));
            Value::Object(filled.collect())
        }
        _ => Value::Null,
    }
}

/// The answer around the words. Four characters count as one token.
pub fn completion(world: &World, request: &Value, messages: &[Value], content: String) -> Value {
    let tokens = |chars: usize| chars.div_ceil(4);
    let prompt: usize =
        messages.iter().map(|message| message["content"].to_string().chars().count()).sum();
    let (prompt, completion) = (tokens(prompt), tokens(content.chars().count()));
    json!({
        "id": format!("chatcmpl-{}", world.openai.ids.alphanumeric(29)),
        "object": "chat.completion",
        "created": world.clock.now_ms() / 1_000,
        "model": request["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion },
    })
}
