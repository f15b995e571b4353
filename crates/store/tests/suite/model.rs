//! The store against a small model in memory: any sequence of writes reads the same in both.

use std::collections::BTreeMap;

use baton_core::{
    delivery::{Delivery, DeliveryState, Hold},
    ids::*,
    message::{AuthorKind, Message},
    step::State,
    task::{TaskChange, TaskKind},
    time::Timestamp,
};
use baton_store::{Also, CommitError, Store};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::world::*;

crate::both!(any_sequence_of_commits_reads_like_the_model);

const CONVERSATIONS: usize = 3;
const CASES: usize = 12;

/// One write, on one of the conversations.
#[derive(Clone, Debug)]
enum Write {
    Say(String),
    Queue(i64),
    Move(usize, DeliveryState),
    Task(bool, i64),
    Stale,
}

fn write() -> impl Strategy<Value = Write> {
    let states = prop_oneof![
        Just(DeliveryState::Waiting),
        Just(DeliveryState::Held),
        Just(DeliveryState::Sending),
        Just(DeliveryState::Settling),
        Just(DeliveryState::Done),
        Just(DeliveryState::Cancelled),
    ];
    prop_oneof![
        "[^\0]{0,12}".prop_map(Write::Say),
        (0..4_i64).prop_map(Write::Queue),
        (0..6_usize, states).prop_map(|(which, state)| Write::Move(which, state)),
        (any::<bool>(), 0..4_i64).prop_map(|(set, at)| Write::Task(set, at)),
        Just(Write::Stale),
    ]
}

/// What the store should hold of one conversation.
struct Model {
    state: State,
    messages: Vec<Message>,
    deliveries: Vec<Delivery>,
    tasks: BTreeMap<&'static str, Timestamp>,
}

impl Model {
    async fn begin(w: &World, number: usize) -> Self {
        let state = w.begin(format!("{}{number}", next())).await;
        let session = state.session.clone().unwrap();
        let messages = w.store.messages_of_session(w.workspace, session.id, 0, 9).await.unwrap();
        Self { state, messages, deliveries: Vec::new(), tasks: BTreeMap::new() }
    }

    fn say(&mut self, text: &str) -> Message {
        let session = self.state.session.clone().unwrap();
        let position = self.messages.len() as i64 + 1;
        let said = message(&session, position, AuthorKind::Ai, text);
        self.messages.push(said.clone());
        said
    }

    /// The commit of a write, already applied to the model.
    fn apply(&mut self, write: &Write) -> Option<baton_store::Commit> {
        let session = self.state.session.clone().unwrap();
        let before = self.state.clone();
        let mut commit = change(&before, |_| {});
        let effects = &mut commit.effects;
        match write {
            Write::Say(text) => effects.messages = vec![self.say(text)],
            Write::Queue(after) => {
                let said = self.say("queued");
                let mut one = delivery(&session, self.deliveries.len() as i64 + 1, &said);
                one.next_at = NOW.plus_ms(*after);
                self.deliveries.push(one.clone());
                (effects.messages, effects.deliveries) = (vec![said], vec![one]);
            }
            Write::Move(which, state) => {
                let one = self.deliveries.get_mut(*which)?;
                one.state = *state;
                one.hold = (*state == DeliveryState::Held).then_some(Hold::Window);
                effects.deliveries = vec![one.clone()];
            }
            Write::Task(set, at) => {
                let (task, at) = (TaskKind::Turn(session.id), NOW.plus_ms(*at));
                effects.tasks = match set {
                    true => {
                        self.tasks.insert(task.name(), at);
                        vec![TaskChange::Set(task, at)]
                    }
                    false => {
                        self.tasks.remove(task.name());
                        vec![TaskChange::Clear(task)]
                    }
                };
            }
            Write::Stale => {
                effects.conversation.version -= 1;
                effects.messages =
                    vec![message(&session, 9_999, AuthorKind::Ai, "must not appear")];
                return Some(commit);
            }
        }
        self.state.conversation.version += 1;
        Some(commit)
    }

    async fn check(&self, store: &Store) {
        let id = self.state.conversation.id;
        let session = self.state.session.clone().unwrap();
        let loaded = store.state_load(id, &Also::default()).await.unwrap().unwrap();
        let unfinished: Vec<Delivery> =
            self.deliveries.iter().filter(|d| d.state.is_unfinished()).cloned().collect();
        let carried: Vec<Message> = self
            .messages
            .iter()
            .filter(|m| unfinished.iter().any(|d| d.payload.message() == Some(m.id)))
            .cloned()
            .collect();
        let mut expected = self.state.clone();
        (expected.deliveries, expected.messages) = (unfinished, carried);
        assert_eq!(loaded, expected);
        let said = store.messages_of_session(session.workspace, session.id, 0, 999).await.unwrap();
        assert_eq!(said, self.messages);
    }

    /// The head of the queue, where its time has come and nothing of the queue is on its way.
    fn due(&self, now: Timestamp) -> Option<DeliveryId> {
        let queue: Vec<&Delivery> =
            self.deliveries.iter().filter(|delivery| delivery.state.is_queued()).collect();
        let head = queue.first()?;
        let free = queue.iter().all(|delivery| delivery.state != DeliveryState::Sending);
        (free && head.state == DeliveryState::Waiting && head.next_at <= now).then_some(head.id)
    }
}

async fn any_sequence_of_commits_reads_like_the_model(w: World) {
    let mut runner = TestRunner::default();
    let sequences = proptest::collection::vec((0..CONVERSATIONS, write()), 1..24);
    for _ in 0..CASES {
        let writes = sequences.new_tree(&mut runner).unwrap().current();
        let mut models = Vec::new();
        for number in 0..CONVERSATIONS {
            models.push(Model::begin(&w, number).await);
        }
        for (which, write) in &writes {
            let Some(commit) = models[*which].apply(write) else { continue };
            let result = w.store.commit(commit).await;
            match write {
                Write::Stale => assert!(matches!(result, Err(CommitError::Conflict))),
                _ => assert!(result.is_ok(), "{writes:?}: {result:?}"),
            }
        }
        for model in &models {
            model.check(&w.store).await;
        }
        for now in [NOW, NOW.plus_ms(2), NOW.plus_ms(9)] {
            let mut due: Vec<DeliveryId> = w
                .store
                .delivery_due(now, 999)
                .await
                .unwrap()
                .into_iter()
                .filter(|d| models.iter().any(|m| m.state.conversation.id == d.conversation))
                .map(|d| d.delivery)
                .collect();
            let mut expected: Vec<DeliveryId> = models.iter().filter_map(|m| m.due(now)).collect();
            due.sort();
            expected.sort();
            assert_eq!(due, expected, "{writes:?}");
            let tasks = w.store.task_due(now, 999).await.unwrap();
            for model in &models {
                let session = model.state.session.clone().unwrap().id;
                let stored = tasks.iter().find(|t| t.what == TaskKind::Turn(session));
                let wanted = model.tasks.get("turn").copied().filter(|at| *at <= now);
                assert_eq!(stored.map(|t| t.due_at), wanted, "{writes:?}");
            }
        }
    }
}
