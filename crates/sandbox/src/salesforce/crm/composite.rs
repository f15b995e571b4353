//! Several requests in one call, which may refer to each other's answers.
//!
//! Source: "Composite", "Composite Subrequest" and "Batch", REST API Developer Guide, checked 2026-11.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::core::Core;
use super::request::Request;
use super::scope::Scope;
use super::{collections, entry, resource};

/// Subrequests of one call, and of these queries and collections.
const MAX_REQUESTS: usize = 25;
const MAX_HEAVY: usize = 5;
const ROLLED_BACK: &str =
    "The transaction was rolled back since another operation in the same transaction failed.";

/// Carries out what is below `composite`.
pub fn serve(scope: &mut Scope<'_>, core: &Core, request: &Request) -> Answered {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["composite"]) => composite(scope, core, request),
        ("POST", ["composite", "batch"]) => batch(scope, core, request),
        (_, ["composite", "sobjects", rest @ ..]) => {
            collections::serve(scope, request, rest, false)
        }
        (method, ["composite", ..]) => Err(Refusal::method(method, "POST")),
        _ => Err(Refusal::no_resource()),
    }
}

/// One subrequest as it is written.
struct Part {
    method: Method,
    url: String,
    body: Value,
    headers: Map<String, Value>,
    reference: String,
}

/// Answers so far, by reference id.
type Known = BTreeMap<String, Value>;

fn composite(scope: &mut Scope<'_>, core: &Core, request: &Request) -> Answered {
    let body = request.object()?;
    let is_whole = body.get("allOrNone").and_then(Value::as_bool).unwrap_or(false);
    let parts = parts(&body)?;
    let mark = scope.org.tables.begin();
    let (mut answers, mut known, mut failed) = (Vec::new(), Known::new(), None);
    for (at, part) in parts.iter().enumerate() {
        let answer = if is_whole && failed.is_some() {
            halted(ROLLED_BACK)
        } else {
            one(scope, core, part, &known, is_whole)
        };
        if answer.status >= 300 {
            failed = failed.or(Some(at));
        } else {
            known.insert(part.reference.clone(), answer.body_value());
        }
        answers.push(answer);
    }
    match failed.filter(|_| is_whole) {
        Some(at) => {
            scope.org.tables.roll_back(mark);
            let others = answers.iter_mut().enumerate().filter(|(other, _)| *other != at);
            others.for_each(|(_, answer)| *answer = halted(ROLLED_BACK));
        }
        None => scope.org.tables.commit(mark),
    }
    let told = parts.iter().zip(&answers).map(|(part, answer)| {
        let headers = answer.headers.iter().map(|(name, value)| (capital(name), json!(value)));
        json!({
            "body": answer.body_value(),
            "httpHeaders": headers.collect::<Map<_, _>>(),
            "httpStatusCode": answer.status,
            "referenceId": part.reference,
        })
    });
    Ok(Answer::json(200, json!({ "compositeResponse": told.collect::<Vec<_>>() })))
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn halted(message: &str) -> Answer {
    Answer::of(Err(Refusal::new(400, "PROCESSING_HALTED", message)))
}

fn parts(body: &Map<String, Value>) -> Result<Vec<Part>, Refusal> {
    let wanted = body.get("compositeRequest").and_then(Value::as_array);
    let wanted = wanted.ok_or_else(|| {
        let message = "Required fields are missing: [compositeRequest]";
        Refusal::new(400, "REQUIRED_FIELD_MISSING", message)
    })?;
    if wanted.len() > MAX_REQUESTS {
        let message = format!(
            "The limit of {MAX_REQUESTS} subrequests in a composite request has been exceeded: {}",
            wanted.len()
        );
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let parts: Vec<Part> = wanted.iter().map(part).collect::<Result<_, _>>()?;
    let is_heavy =
        |part: &&Part| part.url.contains("/query") || part.url.contains("/composite/sobjects");
    if parts.iter().filter(is_heavy).count() > MAX_HEAVY {
        let message =
            format!("Up to {MAX_HEAVY} subrequests can be queries or sObject collections");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let references: BTreeSet<&str> = parts.iter().map(|part| part.reference.as_str()).collect();
    if references.len() < parts.len() {
        let message = "Duplicate referenceId provided. Reference Ids must be unique in a request.";
        return Err(Refusal::new(400, "INVALID_FIELD", message));
    }
    Ok(parts)
}

fn part(wanted: &Value) -> Result<Part, Refusal> {
    let text = |name: &str| {
        wanted[name].as_str().map(str::to_owned).ok_or_else(|| {
            let message = format!("Required fields are missing: [{name}]");
            Refusal::new(400, "REQUIRED_FIELD_MISSING", message)
        })
    };
    let reference = text("referenceId")?;
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if !reference.chars().all(is_good) || reference.is_empty() {
        let message = format!(
            "Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only letters, \
             numbers and underscores ('_')."
        );
        return Err(Refusal::new(400, "INVALID_FIELD", message));
    }
    let method = Method::from_bytes(text("method")?.to_uppercase().as_bytes());
    Ok(Part {
        method: method.map_err(|_| Refusal::body("the method does not read"))?,
        url: text("url")?,
        body: wanted["body"].clone(),
        headers: super::org::object(wanted["httpHeaders"].clone()),
        reference,
    })
}

fn one(scope: &mut Scope<'_>, core: &Core, part: &Part, known: &Known, is_whole: bool) -> Answer {
    let resolved =
        filled(&part.url, known).and_then(|url| Ok((url, filled_value(&part.body, known)?)));
    let (url, body) = match resolved {
        Ok(resolved) => resolved,
        Err(message) => return halted(&message),
    };
    let Some(target) = url.strip_prefix(&scope.base()) else {
        let message = format!("The url {url} is not of this version of the API");
        return Answer::of(Err(Refusal::new(400, "INVALID_URL", message)));
    };
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = Request::new(part.method.clone(), target, headers(&part.headers), bytes);
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let answered = match path.as_slice() {
        ["composite", "sobjects", rest @ ..] => collections::serve(scope, &request, rest, is_whole),
        ["composite", ..] => Err(Refusal::no_resource()),
        _ => scope.whole(|scope| resource::serve(scope, core, &request)),
    };
    if let Err(refusal) = &answered {
        scope.org.broken.refused(scope.seq, refusal);
    }
    Answer::of(entry::several(answered))
}

fn headers(given: &Map<String, Value>) -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    let mut headers: HeaderMap = [(axum::http::header::CONTENT_TYPE, json)].into_iter().collect();
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.to_lowercase().as_bytes());
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A text with `@{ref.path}` replaced.
fn filled(text: &str, known: &Known) -> Result<String, String> {
    let (mut whole, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("@{") {
        let (path, after) =
            after.split_once('}').ok_or_else(|| format!("Invalid reference in {text}"))?;
        whole.push_str(before);
        match looked_up(path, known)? {
            Value::String(value) => whole.push_str(&value),
            other => whole.push_str(&other.to_string()),
        }
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn filled_value(value: &Value, known: &Known) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => json!(filled(text, known)?),
        Value::Array(all) => {
            all.iter().map(|one| filled_value(one, known)).collect::<Result<_, _>>()?
        }
        Value::Object(all) => {
            let pairs = all.iter().map(|(name, one)| Ok((name.clone(), filled_value(one, known)?)));
            Value::Object(pairs.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// `ref.id`, `ref.records[0].Id`, `ref[1].id`.
fn looked_up(path: &str, known: &Known) -> Result<Value, String> {
    let missing = || {
        format!(
            "Invalid reference specified. No value for {path} found in {}",
            path.split(['.', '[']).next().unwrap_or(path)
        )
    };
    let dotted = path.replace('[', ".").replace(']', "");
    let mut steps = dotted.split('.');
    let mut value = steps.next().and_then(|name| known.get(name)).ok_or_else(missing)?;
    for step in steps {
        let next = match step.parse::<usize>() {
            Ok(index) if value.is_array() => value.get(index),
            _ => value.get(step),
        };
        value = next.ok_or_else(missing)?;
    }
    Ok(value.clone())
}

/// Requests that have nothing to do with each other.
fn batch(scope: &mut Scope<'_>, core: &Core, request: &Request) -> Answered {
    let body = request.object()?;
    let wanted = body.get("batchRequests").and_then(Value::as_array).cloned().unwrap_or_default();
    if wanted.is_empty() || wanted.len() > MAX_REQUESTS {
        let message = format!("A batch has 1 to {MAX_REQUESTS} requests");
        return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    }
    let halts = body.get("haltOnError").and_then(Value::as_bool).unwrap_or(false);
    let mut results: Vec<Value> = Vec::new();
    let mut has_errors = false;
    for wanted in &wanted {
        let url = wanted["url"].as_str().unwrap_or_default().trim_start_matches('/');
        let part = Part {
            method: Method::from_bytes(wanted["method"].as_str().unwrap_or("GET").as_bytes())
                .unwrap_or(Method::GET),
            url: format!("/services/data/{}", url.trim_start_matches("services/data/")),
            body: wanted["richInput"].clone(),
            headers: Map::new(),
            reference: String::new(),
        };
        let answer = if halts && has_errors {
            halted("Batch processing halted per request")
        } else {
            one(scope, core, &part, &Known::new(), false)
        };
        has_errors |= answer.status >= 400;
        results.push(json!({ "statusCode": answer.status, "result": answer.body_value() }));
    }
    Ok(Answer::json(200, json!({ "hasErrors": has_errors, "results": results })))
}
