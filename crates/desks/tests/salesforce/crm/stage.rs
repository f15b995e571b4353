//! The desk against the simulator of the organisation's records, which is written from Salesforce's
//! pages and not from our client.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use baton_core::{
    brief::{Brief, Sentiment},
    channel::Call,
    contact::{Contact, Point, PointKind},
    desk::{Desk, DeskWhat, Listing, Opening, PlanStep, ToDesk},
    fault::{Accepted, Fault, Outcome},
    file::SharedFile,
    handoff::{Handoff, HandoffReason, HandoffState, Work},
    ids::{
        ContactId, ConversationId, DeliveryId, DeskId, HandoffId, MessageId, SessionId, VendorId,
        WorkspaceId,
    },
    inbox::ChannelKind,
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::{Choice, WorkKind},
    time::{BoxFuture, Clock, Timestamp},
};
use baton_desks::Deps;
use baton_files::Files;
use baton_sandbox::{Config, Sandbox, salesforce::Account};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// 2025-11-20T10:00:00Z.
pub const NOW: Timestamp = Timestamp(1_763_632_800_000);
const CONTACT_KEY: &str = "Baton_Id__c";
const CASE_KEY: &str = "Baton_Handoff__c";

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A clock that stands still until it is moved.
pub struct StillClock(AtomicI64);

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub struct Stage {
    pub desk: Arc<dyn Desk>,
    pub account: Account,
    sandbox: Sandbox,
    http: reqwest::Client,
    clock: Arc<StillClock>,
}

impl Stage {
    /// With fields that keep our keys, as a setup leaves the organisation.
    pub async fn keyed(more: Value) -> Self {
        let mut settings = json!({
            "contact_external_id_field": CONTACT_KEY, "case_external_id_field": CASE_KEY,
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let stage = Self::new(settings, None).await;
        for (object, name) in [("Contact", CONTACT_KEY), ("Case", CASE_KEY)] {
            stage.add_key(object, name).await;
        }
        stage
    }

    pub async fn add_key(&self, object: &str, name: &str) {
        let field = json!({
            "object": object, "name": name, "length": 80, "external_id": true, "unique": true,
        });
        self.order("fields", field).await;
        self.order("external_keys", json!({ "object": object, "field": name })).await;
    }

    pub async fn new(more: Value, files: Option<Arc<Files>>) -> Self {
        let config = Config::default();
        let account = config.salesforce.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let time = baton_sandbox::Clock::frozen(NOW.0);
        let sandbox = baton_sandbox::start(config, time, listener).await.unwrap();
        let clock = Arc::new(StillClock(AtomicI64::new(NOW.0)));
        let base = format!("http://{}", sandbox.addr);
        let settings = settings(&account, &base, &more);
        let desk = build(&settings, &clock, files);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { desk, account, sandbox, http, clock }
    }

    pub async fn advance(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
        self.control("clock", json!({ "advance_ms": ms })).await;
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn patch(&self, path: &str, body: Value) {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let status = self.http.patch(url).json(&body).send().await.unwrap().status();
        assert!(status.is_success(), "{path}: {status}");
    }

    pub async fn delete(&self, path: &str) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        self.http.delete(url).send().await.unwrap().json().await.unwrap()
    }

    pub async fn order(&self, path: &str, body: Value) -> Value {
        self.control(&format!("salesforce/crm/{path}"), body).await
    }

    pub async fn look(&self, path: &str) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ name: value })).await;
    }

    /// The next such call goes wrong.
    pub async fn fault(&self, operation: &str, fault: &str, code: Option<(u16, &str)>) {
        let mut rule =
            json!({ "vendor": "salesforce_crm", "operation": operation, "fault": fault });
        if let Some((status, code)) = code {
            (rule["status"], rule["code"]) = (json!(status), json!(code));
        }
        self.control("faults", rule).await;
    }

    pub async fn rows(&self, object: &str) -> Vec<Value> {
        let rows = self.look(&format!("salesforce/crm/records/{object}")).await;
        rows["records"].as_array().unwrap().clone()
    }

    pub async fn add(&self, object: &str, fields: Value) -> String {
        let made = self.order(&format!("records/{object}"), fields).await;
        made["Id"].as_str().unwrap().to_owned()
    }

    /// The names of the calls about records so far.
    pub async fn calls(&self) -> Vec<String> {
        let seen = self.look("requests?vendor=salesforce_crm&limit=1000").await;
        let name = |call: &Value| call["operation"].as_str().unwrap_or_default().to_owned();
        seen["requests"].as_array().unwrap().iter().map(name).collect()
    }

    pub async fn violations(&self) -> Vec<Value> {
        let seen = self.look("violations").await;
        let counted = |one: &&Value| one["count"] != 0;
        seen["violations"].as_array().unwrap().iter().filter(counted).cloned().collect()
    }

    pub fn rendered(&self, handoff: &Handoff, what: DeskWhat<'_>) -> Result<Call, Fault> {
        self.as_delivery(9, handoff, &contact(), what)
    }

    pub fn as_delivery(
        &self,
        delivery: u128,
        handoff: &Handoff,
        contact: &Contact,
        what: DeskWhat<'_>,
    ) -> Result<Call, Fault> {
        self.desk.render(&ToDesk { delivery: DeliveryId(id(delivery)), handoff, contact, what })
    }

    pub async fn step(&self, handoff: &Handoff, step: &Value) -> Outcome {
        let call = self.rendered(handoff, DeskWhat::Plan(step)).unwrap();
        self.desk.send(&call).await
    }

    /// Takes all steps of a plan as the hub does, and tells the handoff what they bring.
    pub async fn open(&self, handoff: &mut Handoff, plan: &[PlanStep], contact: &Contact) {
        for (at, step) in (100..).zip(plan) {
            let call = self.as_delivery(at, handoff, contact, DeskWhat::Plan(&step.call)).unwrap();
            let accepted = accepted(self.desk.send(&call).await);
            handoff.learned.extend(accepted.learned);
            handoff.work = handoff.work.take().or(accepted.work);
        }
    }

    /// What the customer says on the work.
    pub fn says(&self, delivery: u128, handoff: &Handoff, text: &str) -> Call {
        let (author, content) = (Author::unnamed(AuthorKind::Customer), Content::text(text));
        let what = DeskWhat::Message { author: &author, content: &content, file_url: None };
        self.as_delivery(delivery, handoff, &contact(), what).unwrap()
    }

    pub async fn list(&self, handoff: &Handoff) -> Listing {
        self.desk.list(handoff, NOW).await.unwrap()
    }
}

fn settings(account: &Account, base: &str, more: &Value) -> Map<String, Value> {
    let urls = account.urls(base);
    let settings = json!({
        "instance_url": urls.instance_url, "scrt_url": urls.messaging_url,
        "organization_id": account.org_id_15, "deployment": account.deployment,
        "auth_key_id": account.key_id, "private_key": account.identity_private_key_pem,
        "issuer": account.key_set_issuer, "crm_consumer_key": account.consumer_key,
        "crm_username": account.username, "crm_login_url": urls.login_url,
        "crm_private_key": account.core_private_key_pem,
    });
    let mut settings = settings.as_object().unwrap().clone();
    settings.extend(more.as_object().unwrap().clone());
    settings.retain(|_, value| !value.is_null());
    settings
}

fn build(
    settings: &Map<String, Value>,
    clock: &Arc<StillClock>,
    files: Option<Arc<Files>>,
) -> Arc<dyn Desk> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let deps = Deps {
        http: http.build().unwrap(),
        downloads: baton_files::Client::new(true).unwrap(),
        clock: Arc::clone(clock) as _,
        keep: None,
        files,
        development: true,
    };
    baton_desks::build("salesforce", settings, &deps).unwrap()
}

pub fn accepted(outcome: Outcome) -> Accepted {
    match outcome {
        Outcome::Accepted(accepted) => accepted,
        other => panic!("{other:?}"),
    }
}

pub fn choice(kind: WorkKind) -> Choice {
    Choice { kind, ..Choice::of(DeskId(id(4))) }
}

/// A handoff before its work is there.
pub fn handoff(kind: WorkKind) -> Handoff {
    Handoff {
        id: HandoffId(id(7)),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        desk: DeskId(id(4)),
        choice: 0,
        target: choice(kind),
        state: HandoffState::Opening,
        reason: HandoffReason::CustomerAsked,
        epoch: 2,
        transcript_up_to: 10,
        plan_seq: 1,
        brief: Some(brief()),
        work: None,
        learned: BTreeMap::new(),
        wait_told_at: None,
        rep_name: None,
        requested_at: NOW,
        opened_at: None,
        closed_at: None,
        fault: None,
    }
}

/// The same with its work.
pub fn opened(kind: WorkKind, work: &str) -> Handoff {
    let work = Some(Work { id: VendorId::from(work), reference: None });
    Handoff { work, opened_at: Some(NOW), ..handoff(kind) }
}

pub fn contact() -> Contact {
    of(
        &[(PointKind::Phone, "491701234567"), (PointKind::Email, "maria@example.com")],
        Some("Maria da Silva"),
    )
}

pub fn of(points: &[(PointKind, &str)], name: Option<&str>) -> Contact {
    Contact {
        id: ContactId(id(5)),
        workspace: WorkspaceId(id(1)),
        name: name.map(str::to_owned),
        points: points.iter().map(|(kind, value)| Point::new(*kind, *value)).collect(),
    }
}

pub fn brief() -> Brief {
    Brief {
        subject: "Parcel lost".to_owned(),
        summary: "The parcel did not come.\nShe wants a refund.".to_owned(),
        classification: "Delivery".to_owned(),
        sentiment: Sentiment::Negative,
        language: "en".to_owned(),
        reason: "The customer asked for a person.".to_owned(),
    }
}

pub fn message(n: u128, kind: AuthorKind, at: Timestamp, text: &str) -> Message {
    let mut message = Message {
        id: MessageId(id(n)),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        position: 0,
        author: Author::unnamed(kind),
        content: Content::text(text),
        vendor_id: None,
        reply_to: None,
        at,
        recorded_at: at,
        status: MessageStatus::Received,
        fault: None,
        citations: vec![],
        cost: None,
    };
    message.position = i64::try_from(n).unwrap();
    message
}

/// The plan for a customer on WhatsApp.
pub fn plan(
    stage: &Stage,
    handoff: &Handoff,
    contact: &Contact,
    transcript: &[Message],
    files: &[SharedFile],
) -> Vec<PlanStep> {
    let opening = Opening {
        handoff,
        session: handoff.session,
        channel: ChannelKind::Whatsapp,
        contact,
        brief: &brief(),
        transcript,
        files,
        choice: &handoff.target,
        window_until: Some(NOW.plus_ms(3_600_000)),
    };
    stage.desk.open(&opening).unwrap()
}

pub fn named<'a>(plan: &'a [PlanStep], name: &str) -> &'a Value {
    let found = plan.iter().find(|step| step.step == name);
    &found.unwrap_or_else(|| panic!("no {name} in {plan:?}")).call
}
