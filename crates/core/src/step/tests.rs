//! Tables and properties of the rules, on a store that is a few vectors.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

use super::*;

mod commands;
mod files;
mod keywords;
mod listed;
mod places;
mod properties;
mod provenance;
mod say;
mod tables;
mod template;

use crate::{
    channel::{Pace, WindowRule},
    consent::Keywords,
    contact::PointKind,
    delivery::{DeliveryState, Destination, Hold, Payload},
    desk::RepMessage,
    engine::Decision,
    fault::{Accepted, FaultClass},
    feed::FactKind,
    handoff::{HandoffReason, HandoffState, Place, Work},
    ids::{ContactId, ConversationId, DeskId, InboxId, VendorId, WorkspaceId},
    inbox::ChannelKind,
    interactive::ChoiceLimits,
    message::{AuthorKind, Content, MessageStatus},
    route::Choice,
    session::Owner,
    settings::{AfterDesk, LateMessage},
    template::TemplateUse,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS},
};

#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1_000)
    }
}

struct World {
    state: State,
    now: Timestamp,
    ids: Counted,
    settings: Settings,
    channel: ChannelPolicy,
    desk: DeskPolicy,
    routes: Vec<Route>,
    tasks: BTreeMap<String, (TaskKind, Timestamp)>,
    facts: Vec<NewFact>,
    sessions: Vec<Session>,
    /// Whether every step begins the attempt at what it lets go.
    begins: bool,
    /// Attempts that steps began beside their inputs, whose calls are not made yet.
    begun: Vec<Attempt>,
}

fn world() -> World {
    let (workspace, inbox, contact) = (
        WorkspaceId(Uuid::from_u128(1)),
        InboxId(Uuid::from_u128(2)),
        ContactId(Uuid::from_u128(3)),
    );
    let conversation =
        Conversation::new(ConversationId(Uuid::from_u128(4)), workspace, inbox, contact);
    let desk = |n| Choice::of(DeskId(Uuid::from_u128(n)));
    World {
        state: State {
            conversation,
            contact: Contact { id: contact, workspace, name: None, points: Vec::new() },
            session: None,
            handoff: None,
            deliveries: Vec::new(),
            messages: Vec::new(),
            consents: Vec::new(),
        },
        now: Timestamp(1_800_000_000_000),
        ids: Counted::default(),
        settings: Settings {
            reengagement: Some(TemplateUse {
                name: "reminder".to_owned(),
                language: "en".to_owned(),
                variables: Vec::new(),
                text: "Please write again.".to_owned(),
                ..TemplateUse::default()
            }),
            ..Settings::default()
        },
        channel: ChannelPolicy {
            channel: ChannelKind::Whatsapp,
            max_text_chars: 4_096,
            window: Some(WindowRule {
                open_ms: DAY_MS,
                margin_ms: MINUTE_MS,
                free_entry_ms: 3 * DAY_MS,
            }),
            templates: true,
            receipts: true,
            order_wait_ms: 3 * SECOND_MS,
            pair_pace: Some(Pace { burst: 45, refill_ms: 6_000 }),
            inbox_pace: None,
            stop_scope: ConsentScope::BusinessInitiated,
            keywords: Keywords::Chat,
            max_file_bytes: 1_000,
            choices: None,
            message_list: None,
        },
        desk: DeskPolicy {
            max_text_chars: 6_000,
            repeat_span_ms: MINUTE_MS,
            reconcile_every_ms: MINUTE_MS,
            case_every_ms: 0,
            listing_lag_ms: 2 * SECOND_MS,
            max_file_bytes: 1_000,
        },
        routes: vec![Route { inbox: None, topic: None, choices: vec![desk(10), desk(11)] }],
        tasks: BTreeMap::new(),
        facts: Vec::new(),
        sessions: Vec::new(),
        begins: false,
        begun: Vec::new(),
    }
}

fn put<T, K: PartialEq>(rows: &mut Vec<T>, row: T, key: impl Fn(&T) -> K) {
    match rows.iter_mut().find(|old| key(old) == key(&row)) {
        Some(old) => *old = row,
        None => rows.push(row),
    }
}

impl World {
    fn give(&mut self, input: Input) -> Effects {
        let cx = Context {
            now: self.now,
            ids: &self.ids,
            settings: &self.settings,
            channel: &self.channel,
            name: "Northwind",
            ai: true,
            routes: &self.routes,
            desk: Some(&self.desk),
        };
        let beside = !matches!(input, Input::Attempt { .. });
        let mut draft = step(&self.state, input, &cx);
        if let Some(head) = draft.head().filter(|_| self.begins && beside) {
            draft.begin(head, self.now);
        }
        let (effects, after) = draft.finish(&self.state);
        self.store(effects.clone());
        assert_eq!(after, self.state, "the state after a step is what its commit leaves");
        self.begun.extend(effects.begun().filter(|_| beside).cloned());
        effects
    }

    fn store(&mut self, effects: Effects) {
        self.state.conversation = effects.conversation;
        self.state.conversation.version += 1;
        if let Some(contact) = effects.contact {
            self.state.contact = contact;
        }
        for session in effects.sessions {
            put(&mut self.sessions, session.clone(), |s| s.id);
        }
        let open: Vec<&Session> = self.sessions.iter().filter(|s| s.is_open()).collect();
        assert!(open.len() <= 1, "two open sessions");
        let session = open.first().map(|s| (*s).clone());
        if session.as_ref().map(|s| s.id) != self.state.session.as_ref().map(|s| s.id) {
            self.state.handoff = None;
        }
        self.state.session = session;
        for handoff in effects.handoffs {
            let open = self.state.session.as_ref().is_some_and(|s| s.id == handoff.session);
            let newest = |old: &Handoff| old.plan_seq <= handoff.plan_seq;
            if open && self.state.handoff.as_ref().is_none_or(newest) {
                self.state.handoff = Some(handoff);
            }
        }
        for message in effects.messages {
            put(&mut self.state.messages, message, |m| m.id);
        }
        for delivery in effects.deliveries {
            put(&mut self.state.deliveries, delivery, |d| d.id);
        }
        for line in effects.consents {
            put(&mut self.state.consents, line, |c| (c.scope, c.point.clone()));
        }
        for change in effects.tasks {
            let key = format!("{:?}", change.task());
            match change {
                TaskChange::Set(task, at) => self.tasks.insert(key, (task, at)),
                TaskChange::Clear(_) => self.tasks.remove(&key),
            };
        }
        self.facts.extend(effects.facts);
    }

    fn customer(&mut self, text: &str) -> Effects {
        self.customer_at(text, self.now)
    }

    /// The same, written at another time than it is heard.
    fn customer_at(&mut self, text: &str, at: Timestamp) -> Effects {
        let vendor_id = VendorId(format!("wamid.{}", self.state.conversation.last_position));
        let who = Identity {
            points: vec![Point::new(PointKind::WhatsappUser, "US.1")],
            name: Some("Ana".to_owned()),
        };
        let content = Content::text(text);
        self.give(Input::Customer(CustomerMessage {
            vendor_id,
            who,
            at,
            content,
            reply_to: None,
            referral: None,
            answered_by_vendor: false,
        }))
    }

    fn turn(&mut self, decision: Decision) -> Effects {
        let session = self.state.session.clone().unwrap();
        self.give(Input::TurnEnded {
            up_to: session.asked_up_to,
            epoch: session.epoch,
            result: Ok(Turn { decision, language: None, tokens: 0 }),
        })
    }

    fn says(&mut self, text: &str) -> Effects {
        self.turn(Decision::Reply {
            text: text.to_owned(),
            choices: Vec::new(),
            citations: Vec::new(),
            knew: true,
        })
    }

    fn asks_for_person(&mut self) {
        self.customer("a person please");
        self.turn(Decision::Handoff { reason: HandoffReason::CustomerAsked });
    }

    fn plan(&mut self) {
        let handoff = self.state.handoff.clone().unwrap();
        let step = |name: &str| PlanStep {
            step: name.to_owned(),
            call: serde_json::json!({}),
            optional: false,
        };
        self.give(Input::Briefed {
            handoff: handoff.id,
            brief: Brief {
                subject: "s".to_owned(),
                summary: "s".to_owned(),
                classification: "other".to_owned(),
                sentiment: crate::brief::Sentiment::Neutral,
                language: "en".to_owned(),
                reason: "r".to_owned(),
            },
            place: Place { index: handoff.choice, choice: handoff.target, availability: None },
            plan: Ok(vec![step("create"), step("transcript")]),
        });
    }

    /// The head of a queue, as the store would give it.
    fn head(&self, to: Destination) -> Option<Delivery> {
        let mut queue: Vec<&Delivery> = self
            .state
            .deliveries
            .iter()
            .filter(|d| d.destination == to && d.state.is_queued())
            .collect();
        queue.sort_by_key(|d| d.seq);
        let head = queue.first()?;
        (head.state == DeliveryState::Waiting && head.next_at <= self.now).then(|| (*head).clone())
    }

    /// The attempt that a step began already, or a new one.
    fn attempt(&mut self, to: Destination) -> Option<Attempt> {
        let of =
            |state: &State, id| state.deliveries.iter().any(|d| d.id == id && d.destination == to);
        let begun = self.begun.iter().position(|attempt| of(&self.state, attempt.delivery));
        if let Some(at) = begun {
            return Some(self.begun.remove(at));
        }
        let head = self.head(to)?;
        let free_at = self.now;
        self.give(Input::Attempt { delivery: head.id, free_at }).begun().cloned()
    }

    fn send(&mut self, to: Destination, outcome: Outcome) -> Option<Delivery> {
        let attempt = self.attempt(to)?;
        let id = attempt.delivery;
        self.give(Input::Outcome { attempt, outcome });
        self.state.deliveries.iter().find(|d| d.id == id).cloned()
    }

    fn taken(&self, id: &str) -> Outcome {
        let work = (id == "work").then(|| Work { id: VendorId::from("c-1"), reference: None });
        let mut metadata = serde_json::Map::new();
        if work.is_some() {
            metadata.insert("dynamics365_chat_id".to_owned(), "c-1".into());
        }
        let vendor_id = Some(VendorId::from(id));
        Outcome::Accepted(Accepted { vendor_id, work, metadata, ..Accepted::default() })
    }

    /// Sends everything that may go to the customer now, waiting out receipts.
    fn drain(&mut self, to: Destination) -> Vec<String> {
        let mut texts = Vec::new();
        for n in 0..50 {
            let taken = self.taken(&format!("v-{}-{n}", self.facts.len()));
            match self.send(to, taken) {
                Some(sent) => texts.push(words(&sent)),
                None if self.state.conversation.awaited.is_some_and(|a| a.until > self.now) => {
                    self.now = self.now.plus_ms(3 * SECOND_MS);
                }
                None => break,
            }
        }
        texts
    }

    fn open_work(&mut self) {
        self.plan();
        let taken = self.taken("work");
        self.send(Destination::Desk, taken);
        self.drain(Destination::Desk);
        self.drain(Destination::Customer);
    }

    fn rep(&mut self, event: DeskEventKind) -> Effects {
        let handoff = self.state.handoff.clone().unwrap();
        self.give(Input::Rep { handoff, event, heard_at: self.now, templates: Vec::new() })
    }

    fn rep_says(&mut self, text: &str) -> Effects {
        self.rep(DeskEventKind::Message(said(text, None)))
    }

    fn owner(&self) -> Owner {
        self.state.session.as_ref().unwrap().owner
    }

    fn message(&self, text: &str) -> &Message {
        self.state.messages.iter().rev().find(|m| m.content.as_text() == text).unwrap()
    }

    fn rep_texts(&self) -> Vec<String> {
        let reps = self.state.messages.iter().filter(|m| m.author.kind == AuthorKind::Rep);
        reps.map(|m| m.content.as_text()).collect()
    }
}

fn said(text: &str, id: Option<&str>) -> RepMessage {
    RepMessage {
        vendor_id: id.map(VendorId::from),
        rep: Some("Rosa".to_owned()),
        at: None,
        content: Content::text(text),
    }
}

fn words(delivery: &Delivery) -> String {
    match &delivery.payload {
        Payload::Message { content, .. } => content.as_text(),
        Payload::Template { template, .. } => format!("template {}", template.name),
        Payload::Plan { step, .. } => format!("plan {step}"),
        Payload::Note { text } => format!("note {text}"),
        Payload::Close => "close".to_owned(),
    }
}

fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "reason")
}
