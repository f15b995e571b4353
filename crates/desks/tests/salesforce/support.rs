//! A desk beside the simulator, which is written from Salesforce's pages and not from our client.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use baton_core::{
    brief::{Brief, Sentiment},
    channel::Call,
    config::ConfigFault,
    contact::{Contact, Point, PointKind},
    desk::{Desk, DeskEvent, DeskEventKind, DeskWhat, EventStream, Opening, PlanStep, ToDesk},
    fault::{Accepted, Fault, Outcome},
    handoff::{Handoff, HandoffReason, HandoffState},
    ids::{ContactId, ConversationId, DeliveryId, DeskId, HandoffId, SessionId, WorkspaceId},
    inbound::RawEvent,
    inbox::ChannelKind,
    keep::Keep,
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::Choice,
    secret::Secret,
    time::{BoxFuture, Clock, Timestamp},
};
use baton_desks::Deps;
use baton_files::Files;
use baton_sandbox::{Config, Sandbox, salesforce::Account};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// 2025-11-20T10:00:00Z.
pub const NOW: Timestamp = Timestamp(1_763_632_800_000);

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// The sandbox's clock as the desk's.
pub struct SharedClock(pub baton_sandbox::Clock);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_ms())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(self.0.sleep_until(at.0))
    }
}

/// A drawer in memory.
#[derive(Default)]
pub struct Drawer(pub Mutex<HashMap<String, (Secret, Timestamp)>>);

impl Keep for Drawer {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Option<Secret>> {
        let found = self.0.lock().unwrap().get(name).map(|(secret, _)| secret.clone());
        Box::pin(std::future::ready(found))
    }

    fn put<'a>(&'a self, name: &'a str, value: &'a Secret, until: Timestamp) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().insert(name.to_owned(), (value.clone(), until));
        Box::pin(std::future::ready(()))
    }
}

/// What an administrator pastes.
pub fn settings(account: &Account, base: &str) -> Map<String, Value> {
    let urls = account.urls(base);
    let settings = json!({
        "instance_url": urls.instance_url, "scrt_url": urls.messaging_url,
        "organization_id": account.org_id_18, "deployment": account.deployment,
        "auth_key_id": account.key_id, "private_key": account.identity_private_key_pem,
        "issuer": account.key_set_issuer,
    });
    settings.as_object().unwrap().clone()
}

/// A desk, and everything around it.
pub struct Stage {
    pub desk: Arc<dyn Desk>,
    pub clock: baton_sandbox::Clock,
    pub drawer: Arc<Drawer>,
    pub settings: Map<String, Value>,
    files: Option<Arc<Files>>,
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// With some settings as they are given.
    pub async fn with(more: Value) -> Self {
        Self::with_files(more, None).await
    }

    pub async fn with_files(more: Value, files: Option<Arc<Files>>) -> Self {
        let clock = baton_sandbox::Clock::frozen(NOW.0);
        let config = Config::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sandbox = baton_sandbox::start(config.clone(), clock.clone(), listener).await.unwrap();
        let mut settings = settings(&config.salesforce, &format!("http://{}", sandbox.addr));
        settings.extend(more.as_object().unwrap().clone());
        let drawer = Arc::new(Drawer::default());
        let desk = build(&settings, &clock, &drawer, files.clone()).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { desk, clock, drawer, settings, files, sandbox, http }
    }

    /// The desk anew, as after a restart: nothing in memory, the drawer as it was.
    pub fn restart(&mut self) {
        self.desk = build(&self.settings, &self.clock, &self.drawer, self.files.clone()).unwrap();
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A rep's or an administrator's deed.
    pub async fn act(&self, deed: &str, body: Value) -> Value {
        self.control(&format!("salesforce/{deed}"), body).await
    }

    pub async fn switch(&self, name: &str, value: &str) {
        self.control("switches", json!({ format!("salesforce.{name}"): value })).await;
    }

    /// The next call of this operation goes wrong.
    pub async fn fault(&self, operation: &str, how: Value) {
        let mut rule = json!({ "vendor": "salesforce", "operation": operation });
        rule.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        self.control("faults", rule).await;
    }

    pub async fn look(&self, path: &str) -> Value {
        let url = format!("http://{}/_control/{path}", self.sandbox.addr);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// How often a call was made, by the end of its path.
    pub async fn calls(&self, end: &str) -> Vec<Value> {
        let requests = self.look("requests").await;
        let all = requests["requests"].as_array().unwrap().clone();
        let ends = |call: &Value| {
            let path = call["path"].as_str().unwrap_or_default();
            path.split('?').next().unwrap_or_default().ends_with(end)
        };
        all.into_iter().filter(ends).collect()
    }

    /// What the rep sees of the only conversation.
    pub async fn seen(&self) -> Value {
        let all = self.look("salesforce/conversations").await;
        let id = all["conversations"][0]["id"].as_str().unwrap().to_owned();
        self.look(&format!("salesforce/conversations/{id}")).await
    }

    /// The customer's messages as the rep reads them.
    pub async fn said(&self) -> Vec<String> {
        let seen = self.seen().await;
        let messages = seen["messages"].as_array().unwrap().iter();
        let customers = messages.filter(|m| m["author"] == "customer");
        customers.map(|m| m["text"].as_str().unwrap().to_owned()).collect()
    }

    /// No promise to the rep was broken.
    pub async fn unbroken(&self) {
        let found = self.look("violations").await;
        let all = found["violations"].as_array().or(found.as_array()).unwrap();
        let broken: Vec<&Value> = all.iter().filter(|v| v["count"] != 0).collect();
        assert!(broken.is_empty(), "{broken:?}");
    }

    /// Makes the conversation; the handoff that knows it.
    pub async fn opened(&self) -> Handoff {
        let handoff = handoff();
        let (accepted, _) = self.create(&handoff).await;
        Handoff { work: accepted.work, state: HandoffState::Waiting, ..handoff }
    }

    /// The same, with a rep who took it.
    pub async fn accepted(&self) -> Handoff {
        let handoff = self.opened().await;
        self.act("assign", json!({})).await;
        self.act("accept", json!({})).await;
        Handoff { state: HandoffState::Active, rep_name: Some("Robin Hale".to_owned()), ..handoff }
    }

    pub async fn create(&self, handoff: &Handoff) -> (Accepted, Call) {
        let plan = plan(&*self.desk, handoff, &[]);
        let step = plan.iter().find(|step| step.step == "conversation").unwrap();
        let call = rendered(&*self.desk, handoff, 1, DeskWhat::Plan(&step.call)).unwrap();
        match self.desk.send(&call).await {
            Outcome::Accepted(accepted) => (accepted, call),
            other => panic!("{other:?}"),
        }
    }

    /// The customer says something.
    pub async fn say(&self, handoff: &Handoff, delivery: u128, text: &str) -> Outcome {
        self.desk.send(&says(&*self.desk, handoff, delivery, text)).await
    }

    /// Opens the stream of the handoff's customer.
    pub async fn listen(&self, after: Option<&str>) -> Box<dyn EventStream> {
        let subject = self.desk.subject(&handoff()).unwrap();
        self.desk.listen(&subject, after).await.unwrap()
    }
}

/// What a stream tells until something that the caller looks for.
pub async fn until(
    stage: &Stage,
    stream: &mut Box<dyn EventStream>,
    wanted: impl Fn(&DeskEventKind) -> bool,
) -> Vec<DeskEventKind> {
    let mut kinds = Vec::new();
    loop {
        let heard = stream.next().await.unwrap().unwrap();
        for event in &heard.events {
            kinds.extend(understood(&*stage.desk, event).into_iter().map(|event| event.what));
        }
        if kinds.iter().any(&wanted) {
            return kinds;
        }
    }
}

pub fn understood(desk: &dyn Desk, event: &RawEvent) -> Vec<DeskEvent> {
    desk.parse(event).unwrap()
}

pub fn build(
    settings: &Map<String, Value>,
    clock: &baton_sandbox::Clock,
    drawer: &Arc<Drawer>,
    files: Option<Arc<Files>>,
) -> Result<Arc<dyn Desk>, ConfigFault> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    let deps = Deps {
        http: http.build().unwrap(),
        downloads: baton_files::Client::new(true).unwrap(),
        clock: Arc::new(SharedClock(clock.clone())),
        keep: Some(Arc::clone(drawer) as _),
        files,
        development: true,
    };
    baton_desks::build("salesforce", settings, &deps)
}

/// A desk for what needs no network.
pub fn desk_with(more: Value) -> Arc<dyn Desk> {
    let mut settings = settings(&Account::from_seed(0), "http://127.0.0.1:1");
    settings.extend(more.as_object().unwrap().clone());
    let clock = baton_sandbox::Clock::frozen(NOW.0);
    build(&settings, &clock, &Arc::default(), None).unwrap()
}

pub fn handoff() -> Handoff {
    Handoff {
        id: HandoffId(id(7)),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        desk: DeskId(id(4)),
        choice: 0,
        target: Choice::of(DeskId(id(4))),
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

pub fn contact() -> Contact {
    Contact {
        id: ContactId(id(5)),
        workspace: WorkspaceId(id(1)),
        name: Some("Maria da Silva".to_owned()),
        points: vec![
            Point::new(PointKind::Phone, "491701234567"),
            Point::new(PointKind::Email, "maria@example.com"),
        ],
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

pub fn opening<'a>(
    handoff: &'a Handoff,
    contact: &'a Contact,
    transcript: &'a [Message],
) -> Opening<'a> {
    Opening {
        handoff,
        session: handoff.session,
        channel: ChannelKind::Whatsapp,
        contact,
        brief: handoff.brief.as_ref().unwrap(),
        transcript,
        files: &[],
        choice: &handoff.target,
        window_until: Some(NOW.plus_ms(3_600_000)),
    }
}

/// The plan of a live handoff.
pub fn plan(desk: &dyn Desk, handoff: &Handoff, transcript: &[Message]) -> Vec<PlanStep> {
    desk.open(&opening(handoff, &contact(), transcript)).unwrap()
}

/// One message of a transcript.
pub fn message(position: i64, kind: AuthorKind, content: Content) -> Message {
    Message {
        id: baton_core::ids::MessageId(id(1_000 + u128::try_from(position).unwrap())),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        position,
        author: Author::unnamed(kind),
        content,
        at: NOW,
        recorded_at: NOW,
        vendor_id: None,
        reply_to: None,
        status: MessageStatus::Received,
        fault: None,
        citations: Vec::new(),
        cost: None,
    }
}

/// One thing for the desk in the vendor's words, or why there are none.
pub fn rendered(
    desk: &dyn Desk,
    handoff: &Handoff,
    delivery: u128,
    what: DeskWhat<'_>,
) -> Result<Call, Fault> {
    let contact = contact();
    desk.render(&ToDesk { delivery: DeliveryId(id(delivery)), handoff, contact: &contact, what })
}

pub fn says(desk: &dyn Desk, handoff: &Handoff, delivery: u128, text: &str) -> Call {
    shows(desk, handoff, delivery, &Content::text(text))
}

pub fn shows(desk: &dyn Desk, handoff: &Handoff, delivery: u128, content: &Content) -> Call {
    let author = Author::unnamed(AuthorKind::Customer);
    let what = DeskWhat::Message { author: &author, content, file_url: None };
    rendered(desk, handoff, delivery, what).unwrap()
}

/// The texts of messages among what happened.
pub fn texts(kinds: &[DeskEventKind]) -> Vec<String> {
    let text = |kind: &DeskEventKind| match kind {
        DeskEventKind::Message(message) => Some(message.content.as_text()),
        _ => None,
    };
    kinds.iter().filter_map(text).collect()
}
