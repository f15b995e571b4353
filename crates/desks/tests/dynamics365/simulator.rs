//! The desk against the simulator, which is written from Microsoft's pages and not from our client.

use std::{collections::BTreeSet, sync::Arc};

use baton_core::{
    contact::{Contact, Point, PointKind},
    desk::{Checked, Desk, DeskWhat, ToDesk},
    fault::Outcome,
    ids::{DeliveryId, DeskId},
    route::Choice,
};
use baton_sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::support::{NOW, clock, contact, desk_with, handoff, id};

pub struct Stage {
    pub desk: Arc<dyn Desk>,
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl Stage {
    /// A desk that knows what an administrator pastes, and where the sandbox is.
    pub async fn new(more: Value) -> Self {
        let time = baton_sandbox::Clock::frozen(NOW.0);
        let config = Config::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = baton_sandbox::start(config.clone(), time, listener).await.unwrap();
        let account = &config.dynamics365;
        let urls = account.urls(&format!("http://{}", sandbox.addr));
        let mut settings = json!({
            "tenant_id": account.tenant_id, "client_id": account.client_id,
            "client_secret": account.client_secret, "environment_url": urls.environment_url,
            "messaging_url": urls.messaging_url, "messaging_scope": urls.messaging_scope,
            "login_url": urls.login_url,
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let desk = desk_with(settings.as_object().unwrap(), &clock(), None);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let stage = Self { desk, sandbox, http };
        stage.control("dynamics365/webhook", json!({ "url": "http://127.0.0.1:9/hooks/1" })).await;
        stage
    }

    /// With the organisation's id, as after the check.
    async fn connected() -> Self {
        let organization = Config::default().dynamics365.organization_id;
        Self::new(json!({ "organization_id": organization })).await
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn rows(&self, set: &str) -> Vec<Value> {
        let url = format!("http://{}/_control/dynamics365/rows/{set}", self.sandbox.addr);
        let rows: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        rows.as_array().or_else(|| rows["rows"].as_array()).cloned().unwrap()
    }

    /// What the contact step learns of a customer.
    async fn contact(&self, contact: &Contact) -> Outcome {
        let step = json!({ "operation": "contact", "channel": "whatsapp", "session": "s" });
        let (handoff, what) = (handoff(), DeskWhat::Plan(&step));
        let delivery = DeliveryId(id(9));
        let call =
            self.desk.render(&ToDesk { delivery, handoff: &handoff, contact, what }).unwrap();
        self.desk.send(&call).await
    }

    async fn contact_id(&self, contact: &Contact) -> String {
        match self.contact(contact).await {
            Outcome::Accepted(accepted) => accepted.learned["contact"].clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn failed(checked: &Checked) -> Vec<String> {
    let of = |check: &baton_core::desk::Check| {
        let fault = check.fault.as_ref()?;
        Some(format!("{}: {}", check.name, fault.operator))
    };
    checked.checks.iter().filter_map(of).collect()
}

fn with_phone(digits: &str) -> Contact {
    Contact { points: vec![Point::new(PointKind::Phone, digits)], ..contact() }
}

#[tokio::test]
async fn four_values_are_enough_and_the_rest_is_found() {
    let stage = Stage::new(json!({})).await;
    let account = Config::default().dynamics365;
    let checked = stage.desk.check().await;
    assert_eq!(failed(&checked), [""; 0]);
    for (key, value) in [
        ("organization_id", &account.organization_id),
        ("channel_id", &account.channel_id),
        ("workstream_id", &account.workstream_id),
    ] {
        assert_eq!(checked.derived[key], json!(value.to_ascii_lowercase()), "{key}");
    }
    let named = json!({ "default_queue_id": account.workstream_id });
    let stage = Stage::new(named).await;
    assert_eq!(stage.desk.check().await.derived["channel_id"], json!(account.channel_id));
}

#[tokio::test]
async fn each_privilege_taken_away_is_the_one_that_the_check_names() {
    let stage = Stage::connected().await;
    let all = stage.desk.check().await;
    assert_eq!(failed(&all), [""; 0]);
    let names: BTreeSet<String> = all
        .checks
        .iter()
        .filter_map(|check| check.name.strip_prefix("privilege_").map(str::to_owned))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in &names {
        stage.control("dynamics365/privileges", json!({ "remove": [name] })).await;
        let failed = failed(&stage.desk.check().await);
        assert_eq!(failed.len(), 1, "{name}: {failed:?}");
        assert!(failed[0].starts_with(&format!("privilege_{name}: ")), "{failed:?}");
        assert!(failed[0].contains(&format!("lacks the privilege {name};")), "{failed:?}");
        stage.control("dynamics365/privileges", json!({ "restore": [name] })).await;
    }
}

#[tokio::test]
async fn a_stored_number_is_found_in_any_format() {
    let stage = Stage::connected().await;
    for (stored, digits) in [
        ("(0170) 123 45-67", "491701234567"),
        ("+44 20 7946 0123", "442079460123"),
        ("415.555.0132", "14155550132"),
    ] {
        let row = json!({ "lastname": stored, "mobilephone": stored });
        stage.control("dynamics365/contacts", row).await;
        let found = stage.contact_id(&with_phone(digits)).await;
        let rows = stage.rows("contacts").await;
        let row = rows.iter().find(|row| row["contactid"] == json!(found)).unwrap();
        assert_eq!(row["lastname"], json!(stored));
    }
}

#[tokio::test]
async fn handoffs_at_the_same_time_make_one_contact() {
    let stage = Stage::connected().await;
    let before = stage.rows("contacts").await.len();
    let customer = with_phone("33612345678");
    let (a, b, c, d) = tokio::join!(
        stage.contact_id(&customer),
        stage.contact_id(&customer),
        stage.contact_id(&customer),
        stage.contact_id(&customer),
    );
    assert!([b, c, d].iter().all(|other| *other == a));
    assert_eq!(stage.rows("contacts").await.len(), before + 1);
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_makes_no_second_contact() {
    let stage = Stage::connected().await;
    let before = stage.rows("contacts").await.len();
    let nameless =
        Contact { points: vec![Point::new(PointKind::WhatsappUser, "DE.123")], ..contact() };
    let lost = json!({
        "vendor": "dataverse", "operation": "contacts.update",
        "fault": "timeout_after_accept",
    });
    stage.control("faults", lost).await;
    assert_eq!(stage.contact(&nameless).await.name(), "unknown");
    let first = stage.contact_id(&nameless).await;
    assert_eq!(stage.contact_id(&nameless).await, first);
    assert_eq!(stage.rows("contacts").await.len(), before + 1);
}

#[tokio::test]
async fn whether_a_rep_is_there_is_asked() {
    for (presence, free) in [("available", true), ("offline", false)] {
        let stage = Stage::connected().await;
        let rep = json!({ "name": "Robin Hale", "presence": presence });
        stage.control("dynamics365/rep", rep).await;
        let target = Choice::of(DeskId(id(4)));
        let there = stage.desk.availability(&target).unwrap().await.unwrap();
        assert_eq!((there.free, there.open), (free, true), "{presence}");
        assert_eq!(there.position, Some(1));
    }
}
