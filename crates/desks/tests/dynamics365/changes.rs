//! Dataverse's own webhooks: known by their key, and only a reason to look.

use baton_core::{
    desk::DeskEventKind,
    inbound::{RawEvent, RawRequest, Received},
};
use serde_json::{Value, json};

use crate::support::*;

const KEY: &str = "fake-key-0123456789";
const CASE: &str = "dddddddd-0000-4000-8000-000000000001";

fn desk_with_key() -> std::sync::Arc<dyn baton_core::desk::Desk> {
    let mut settings = settings("http://127.0.0.1:1");
    settings.insert("dataverse_webhook_key".to_owned(), json!(KEY));
    desk_with(&settings, &clock(), None)
}

fn request(query: &str, body: &Value) -> RawRequest {
    RawRequest {
        method: "POST".to_owned(),
        path: String::new(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

/// An answer by e-mail was made: as "Sample: execution context" shows contexts, cut short.
fn answered() -> Value {
    json!({
        "MessageName": "Update", "PrimaryEntityName": "email", "Depth": 1,
        "PrimaryEntityId": "eeeeeeee-0000-4000-8000-000000000002",
        "InputParameters": [{ "key": "Target", "value": {
            "__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts",
            "LogicalName": "email",
            "Attributes": [
                { "key": "statuscode", "value": { "Value": 3 } },
                { "key": "regardingobjectid", "value": {
                    "__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts",
                    "Id": CASE.to_uppercase(), "LogicalName": "incident", "Name": null,
                } },
            ],
        } }],
    })
}

fn status(received: &Received) -> u16 {
    match received {
        Received::Answer(answer) | Received::Store { answer, .. } => answer.status,
        Received::StaleKeys => 0,
    }
}

#[test]
fn only_the_key_lets_a_change_in() {
    let desk = desk_with_key();
    let body = answered();
    assert_eq!(status(&desk.receive(&request(&format!("code={KEY}"), &body), NOW)), 200);
    assert_eq!(status(&desk.receive(&request(&format!("a=b&code={KEY}"), &body), NOW)), 200);
    for wrong in ["", "code=", "code=fake-key-0123456788", "key=fake-key-0123456789", "code"] {
        assert_eq!(status(&desk.receive(&request(wrong, &body), NOW)), 401, "{wrong:?}");
    }
    let without = desk_at("http://127.0.0.1:1", &clock());
    assert_eq!(status(&without.receive(&request("code=", &body), NOW)), 404, "none was set");
    let mut settings = settings("http://127.0.0.1:1");
    settings.insert("dataverse_webhook_key".to_owned(), json!("too short"));
    assert!(build(&settings, &clock(), None).is_err());
}

#[test]
fn a_change_names_its_case_and_nothing_of_it_is_said() {
    let desk = desk_with_key();
    let parsed = |body: &Value| {
        let request = request(&format!("code={KEY}"), body);
        let Received::Store { mut events, .. } = desk.receive(&request, NOW) else { panic!() };
        let event: RawEvent = events.remove(0);
        desk.parse(&event).unwrap()
    };
    let of_email = parsed(&answered());
    assert_eq!((of_email[0].work.as_str(), &of_email[0].what), (CASE, &DeskEventKind::Changed));
    let resolved = json!({ "MessageName": "Update", "PrimaryEntityName": "incident",
        "PrimaryEntityId": CASE });
    assert_eq!(parsed(&resolved)[0].work.as_str(), CASE, "also without its parameters");
    for other in [
        json!({ "PrimaryEntityName": "contact", "PrimaryEntityId": CASE }),
        json!({ "PrimaryEntityName": "email", "InputParameters": [] }),
        json!({ "PrimaryEntityName": "incident", "PrimaryEntityId": "no id" }),
        json!({}),
    ] {
        assert!(parsed(&other).is_empty(), "{other}");
    }
}
