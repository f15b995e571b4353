//! What both sides hold once the world is at rest: the vendors' journal, and the hub's rows.

use baton_core::{
    delivery::{Attempt, Delivery},
    handoff::Handoff,
    message::Message,
};
use baton_sandbox::{Direction, Entry, Filter};
use baton_store::{Parked, SessionFilter, SessionView};
use serde_json::Value;

use super::{people::Typed, world::World};

/// Everything that the checks look at.
pub struct Evidence {
    /// Every request to a simulator and every attempt to send a webhook, in order.
    pub journal: Vec<Entry>,
    /// Every conversation at the desk with all that was said.
    pub works: Vec<Value>,
    /// What the simulators counted as broken promises.
    pub violations: Vec<(String, u64)>,
    /// What the rep typed, in order.
    pub typed: Vec<Typed>,
    pub sessions: Vec<SessionView>,
    pub messages: Vec<Message>,
    pub deliveries: Vec<Delivery>,
    pub attempts: Vec<Attempt>,
    pub handoffs: Vec<Handoff>,
    pub parked: Vec<Parked>,
    /// What the hub has still to do, by what it is.
    pub unfinished: Vec<(String, u64)>,
}

impl Evidence {
    pub async fn gather(world: &World, typed: Vec<Typed>) -> Self {
        let outside = &world.outside;
        let all = Filter { limit: usize::MAX, ..Filter::default() };
        let (_, dropped) = outside.world.journal.extent();
        assert_eq!(dropped, 0, "the journal is not whole");
        let mut works = Vec::new();
        for work in outside.works().await {
            works.push(outside.work(work["id"].as_str().unwrap()).await);
        }
        let store = &world.store;
        let mut evidence = Self {
            journal: outside.world.journal.list(&all),
            works,
            violations: violations(&outside.see("violations").await),
            typed,
            sessions: sessions(world).await,
            messages: Vec::new(),
            deliveries: Vec::new(),
            attempts: Vec::new(),
            handoffs: Vec::new(),
            parked: store.parked(world.company.workspace, None, 10_000).await.unwrap(),
            unfinished: world.unfinished().await,
        };
        evidence.read_conversations(world).await;
        evidence
    }

    async fn read_conversations(&mut self, world: &World) {
        let store = &world.store;
        let mut conversations = Vec::new();
        for view in &self.sessions {
            let (workspace, session) = (world.company.workspace, view.session.id);
            let said = store.messages_of_session(workspace, session, 0, 100_000).await.unwrap();
            self.messages.extend(said);
            if !conversations.contains(&view.conversation.id) {
                conversations.push(view.conversation.id);
            }
        }
        for id in conversations {
            self.deliveries.extend(store.deliveries_of(id).await.unwrap());
            self.attempts.extend(store.attempts_of(id).await.unwrap());
            self.handoffs.extend(store.handoffs_of(id).await.unwrap());
        }
    }

    /// Requests to, or webhooks from, a vendor.
    pub fn of<'a>(
        &'a self,
        vendor: &'a str,
        direction: Direction,
        operation: &'a str,
    ) -> impl Iterator<Item = &'a Entry> {
        self.journal.iter().filter(move |entry| {
            entry.vendor == vendor
                && entry.direction == direction
                && entry.operation.starts_with(operation)
        })
    }

    /// What the customers' vendor took to bring to a customer, in order.
    pub fn reached(&self) -> impl Iterator<Item = &Entry> {
        self.of("whatsapp", Direction::In, "messages.")
            .filter(|entry| entry.notes.iter().any(|note| note == "accepted"))
    }
}

/// The text of a send to a customer.
pub fn text(entry: &Entry) -> &str {
    entry.body["text"]["body"].as_str().unwrap_or_default()
}

async fn sessions(world: &World) -> Vec<SessionView> {
    let filter = SessionFilter { limit: 100_000, ..SessionFilter::default() };
    let found = world.store.session_list(world.company.workspace, &filter).await.unwrap();
    assert!(found.len() < 100_000);
    found
}

fn violations(seen: &Value) -> Vec<(String, u64)> {
    let rows = seen["violations"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap()))
        .collect()
}
