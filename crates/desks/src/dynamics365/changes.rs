//! Dataverse's own webhooks, where an administrator registered one: that a row changed. Nothing
//! that they hold is relayed; they only make us look at a case at once instead of in a minute.
//!
//! "Use webhooks to create external handlers for server events" and "Register a webhook"
//! (Dataverse developer guide, read 2026-11-21): the key stands in the query as `code`; the body
//! is a `RemoteExecutionContext` as JSON, without its parameters where it would exceed 256 KB.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use baton_core::{
    desk::{DeskEvent, DeskEventKind},
    ids::VendorId,
    inbound::{Answer, ParseFault, RawEvent, RawRequest, Received},
};
use serde_json::Value;

use super::{
    config::Config,
    ids::read_guid,
    policy,
    wire::{self, Changed},
};

/// The source key of these events: they have no order to keep.
pub const SOURCE: &str = "dataverse";

/// Verifies a webhook of Dataverse's by its key.
pub fn receive(config: &Config, request: &RawRequest) -> Received {
    let Some(key) = &config.dataverse_webhook_key else {
        return Received::Answer(Answer::status(404));
    };
    if request.method != "POST" {
        return Received::Answer(Answer::status(405));
    }
    if request.body.len() > policy::WEBHOOK_MAX_BYTES {
        return Received::Answer(Answer::status(413));
    }
    let given = request.query.split('&').find_map(|pair| pair.strip_prefix("code="));
    let ours = key.reveal().as_bytes();
    if given.is_none_or(|given| verify_slices_are_equal(ours, given.as_bytes()).is_err()) {
        return Received::Answer(Answer::status(401));
    }
    Received::Store {
        events: vec![RawEvent {
            vendor_event_id: None,
            source_key: SOURCE.to_owned(),
            body: String::from_utf8_lossy(&request.body).replace('\0', "\u{fffd}"),
        }],
        answer: Answer::status(200),
    }
}

/// Which case a change is about; none where it is about something else.
pub fn parse(event: &RawEvent) -> Result<Vec<DeskEvent>, ParseFault> {
    let changed: Changed = wire::read_object(event.body.as_bytes()).map_err(|why| ParseFault {
        code: "malformed",
        text: format!("the body is no execution context: {why}"),
    })?;
    let case = if changed.primaryentityname.eq_ignore_ascii_case("incident") {
        read_guid(&changed.primaryentityid)
    } else {
        regarding(&changed.inputparameters)
    };
    let event = |id| DeskEvent { work: VendorId(id), what: DeskEventKind::Changed };
    Ok(case.map(event).into_iter().collect())
}

/// The case that an activity or a note belongs to.
fn regarding(parameters: &Value) -> Option<String> {
    let target = pair(parameters, "target")?;
    let attributes = target.get("attributes")?;
    let lookup = pair(attributes, "regardingobjectid").or_else(|| pair(attributes, "objectid"))?;
    let table = lookup.get("logicalname").and_then(Value::as_str)?;
    let id = lookup.get("id").and_then(Value::as_str)?;
    table.eq_ignore_ascii_case("incident").then(|| read_guid(id))?
}

/// The value under a key in a list of pairs, which is how Dataverse writes its collections.
fn pair<'a>(pairs: &'a Value, key: &str) -> Option<&'a Value> {
    let is_it = |pair: &&Value| {
        pair.get("key").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(key))
    };
    pairs.as_array()?.iter().find(is_it)?.get("value")
}
