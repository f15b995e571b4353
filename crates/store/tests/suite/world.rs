//! A database of its own for each test, with one workspace, inbox and desk.

use std::{
    collections::BTreeMap,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

use baton_core::{
    contact::{Contact, Point, PointKind},
    conversation::Conversation,
    delivery::{Delivery, DeliveryState, Destination, Payload},
    feed::{FactKind, NewFact},
    handoff::{Handoff, HandoffReason, HandoffState},
    ids::*,
    inbound::Source,
    inbox::{ChannelKind, DeskRow, Inbox},
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::Choice,
    session::{Owner, Session},
    settings::Settings,
    step::{Effects, State},
    time::Timestamp,
};
use baton_store::{
    Commit, ConfigChange, DeskConfig, InboxConfig, NewInbound, SecretKey, Store, StoreConfig,
};
use futures::FutureExt;
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

pub const NOW: Timestamp = Timestamp(1_763_632_800_000);
pub const PARTITIONS: u32 = 8;
const LEASE_MS: i64 = 60_000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

pub struct World {
    pub kind: Kind,
    pub url: String,
    pub store: Store,
    pub workspace: WorkspaceId,
    pub inbox: InboxId,
    pub desk: DeskId,
}

type Test = fn(World) -> Pin<Box<dyn Future<Output = ()>>>;

static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn uuid() -> Uuid {
    let n = next();
    Uuid::from_u64_pair(n << 16 | 0x7000, n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

fn base_url() -> String {
    std::env::var("BATON_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned())
}

/// Runs a test in a database that is gone afterwards, also when the test fails.
pub fn run(kind: Kind, test: Test) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let schema = format!("t_{}", std::process::id() as u64 * 1_000 + next());
    let base = base_url();
    let result = runtime.block_on(async {
        let url = match kind {
            Kind::Sqlite => format!("sqlite:{}", folder.path().join("baton.db").display()),
            Kind::Postgres => {
                admin(&base, &format!("create schema {schema}")).await;
                let sign = if base.contains('?') { '&' } else { '?' };
                format!("{base}{sign}application_name={schema}&options=-c%20search_path%3D{schema}")
            }
        };
        let result = AssertUnwindSafe(async { test(World::new(kind, url).await).await })
            .catch_unwind()
            .await;
        if kind == Kind::Postgres {
            admin(&base, &format!("drop schema {schema} cascade")).await;
        }
        result
    });
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

async fn admin(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url)
        .await
        .expect("a PostgreSQL server for tests: set BATON_TEST_POSTGRES to its address");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

pub fn key(byte: u8) -> SecretKey {
    SecretKey::new([byte; 32])
}

impl World {
    async fn new(kind: Kind, url: String) -> Self {
        let store = open(&url, "one").await;
        store.lease_take(LEASE_MS).await.unwrap();
        let workspace = WorkspaceId(uuid());
        let (inbox, desk) = (InboxId(uuid()), DeskId(uuid()));
        store.workspace_create(workspace, "Shop", &Settings::default()).await.unwrap();
        let world = Self { kind, url, store, workspace, inbox, desk };
        let change = ConfigChange {
            inboxes: vec![world.inbox_config(inbox)],
            desks: vec![world.desk_config(desk)],
            ..ConfigChange::default()
        };
        world.store.config_put(workspace, change).await.unwrap();
        world
    }

    /// A second process on the same database.
    pub async fn second(&self, node: &str) -> Store {
        open(&self.url, node).await
    }

    pub fn inbox_config(&self, id: InboxId) -> InboxConfig {
        let inbox = Inbox {
            id,
            workspace: self.workspace,
            name: format!("inbox {id}"),
            channel: ChannelKind::Whatsapp,
            vendor: "whatsapp_cloud".to_owned(),
            ai: true,
            settings: serde_json::Map::new(),
        };
        InboxConfig { inbox, secrets: serde_json::Map::new() }
    }

    pub fn desk_config(&self, id: DeskId) -> DeskConfig {
        let desk = DeskRow {
            id,
            workspace: self.workspace,
            name: format!("desk {id}"),
            vendor: "dynamics365".to_owned(),
            settings: serde_json::Map::new(),
        };
        DeskConfig { desk, secrets: serde_json::Map::new() }
    }

    /// Every text of every column of a table, as the database holds it.
    pub async fn raw(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.kind {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    pub fn phone(&self, digits: impl ToString) -> Point {
        Point::new(PointKind::Phone, digits.to_string())
    }

    /// A customer of this number writes for the first time.
    pub fn first_contact(&self, digits: impl ToString) -> Commit {
        let point = self.phone(digits);
        let contact = Contact {
            id: ContactId(uuid()),
            workspace: self.workspace,
            name: Some("Ada".to_owned()),
            points: vec![point.clone()],
        };
        let mut conversation =
            Conversation::new(ConversationId(uuid()), self.workspace, self.inbox, contact.id);
        conversation.last_position = 1;
        let session = session(&conversation);
        let message = message(&session, 1, AuthorKind::Customer, "Where is my order?");
        let facts = vec![
            NewFact { session: Some(session.id), kind: FactKind::SessionOpened(session.clone()) },
            NewFact { session: Some(session.id), kind: FactKind::MessageAdded(message.clone()) },
        ];
        Commit {
            effects: Effects {
                conversation,
                contact: Some(contact),
                sessions: vec![session],
                messages: vec![message],
                facts,
                ..nothing(Conversation::new(
                    ConversationId(uuid()),
                    self.workspace,
                    self.inbox,
                    ContactId(uuid()),
                ))
            },
            aliases: vec![point],
            cause: None,
            now: NOW,
        }
    }

    /// Commits a first contact and loads it.
    pub async fn begin(&self, digits: impl ToString) -> State {
        let commit = self.first_contact(digits);
        let id = commit.effects.conversation.id;
        self.store.commit(commit).await.unwrap();
        self.load(id).await
    }

    pub async fn load(&self, id: ConversationId) -> State {
        self.store.state_load(id, &Default::default()).await.unwrap().unwrap()
    }

    pub fn event(&self, key: &str, vendor_event_id: Option<&str>) -> NewInbound {
        NewInbound {
            id: InboundId(uuid()),
            workspace: self.workspace,
            source: Source::Inbox(self.inbox),
            vendor_event_id: vendor_event_id.map(str::to_owned),
            source_key: key.to_owned(),
            body: r#"{"text":"ok"}"#.to_owned(),
            received_at: NOW,
        }
    }
}

pub async fn open(url: &str, node: &str) -> Store {
    Store::open(config(url, node)).await.unwrap()
}

pub fn config(url: &str, node: &str) -> StoreConfig {
    StoreConfig {
        url: url.to_owned(),
        partitions: PARTITIONS,
        key: Some(key(7)),
        node: node.to_owned(),
    }
}

/// Effects that change the conversation's version and nothing else.
pub fn nothing(conversation: Conversation) -> Effects {
    Effects {
        conversation,
        contact: None,
        sessions: Vec::new(),
        handoffs: Vec::new(),
        messages: Vec::new(),
        deliveries: Vec::new(),
        attempts: Vec::new(),
        tasks: Vec::new(),
        consents: Vec::new(),
        recipients: Vec::new(),
        facts: Vec::new(),
        ask_desk: false,
    }
}

/// A commit of a change to a loaded conversation.
pub fn change(state: &State, change: impl FnOnce(&mut Effects)) -> Commit {
    let mut effects = nothing(state.conversation.clone());
    change(&mut effects);
    Commit { effects, aliases: Vec::new(), cause: None, now: NOW }
}

pub fn session(conversation: &Conversation) -> Session {
    Session {
        id: SessionId(uuid()),
        workspace: conversation.workspace,
        conversation: conversation.id,
        number: 0,
        owner: Owner::Ai,
        epoch: 1,
        opened_at: NOW,
        last_activity_at: NOW,
        closed_at: None,
        close_reason: None,
        answered_up_to: 0,
        asked_up_to: 1,
        asked_at: Some(NOW),
        reruns: 0,
        misses: 0,
        tokens_spent: 0,
        language: None,
        metadata: serde_json::Map::new(),
    }
}

pub fn message(session: &Session, position: i64, by: AuthorKind, text: &str) -> Message {
    Message {
        id: MessageId(uuid()),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        position,
        author: Author::unnamed(by),
        content: Content::text(text),
        at: NOW,
        recorded_at: NOW,
        vendor_id: Some(VendorId(format!("wamid.{}", next()))),
        reply_to: None,
        status: MessageStatus::Received,
        fault: None,
        citations: Vec::new(),
        cost: None,
    }
}

pub fn delivery(session: &Session, seq: i64, message: &Message) -> Delivery {
    Delivery {
        id: DeliveryId(uuid()),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        destination: Destination::Customer,
        handoff: None,
        desk: None,
        seq,
        author: AuthorKind::Ai,
        epoch: 1,
        payload: Payload::Message {
            message: message.id,
            content: message.content.clone(),
            reply_to: None,
        },
        state: DeliveryState::Waiting,
        hold: None,
        next_at: NOW,
        attempts: 0,
        created_at: NOW,
        settle_until: None,
        vendor_id: None,
        fault: None,
    }
}

pub fn handoff(session: &Session, desk: DeskId, plan_seq: i64) -> Handoff {
    Handoff {
        id: HandoffId(uuid()),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        desk,
        choice: 0,
        target: Choice::of(desk),
        state: HandoffState::Requested,
        reason: HandoffReason::CustomerAsked,
        epoch: 2,
        transcript_up_to: 1,
        plan_seq,
        brief: None,
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
