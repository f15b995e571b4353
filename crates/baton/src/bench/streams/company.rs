//! The company whose conversations are live: everything in the store and at the desk as a handoff
//! leaves it, without anybody having said much.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use baton_core::{
    brief::{Brief, Sentiment},
    contact::{Contact, Point, PointKind},
    conversation::{Conversation, Window, WindowKind},
    desk::{Desk, DeskWhat, Opening, ToDesk},
    fault::{Fault, Outcome},
    handoff::{Handoff, HandoffReason, HandoffState, Work},
    ids::{
        ContactId, ConversationId, DeliveryId, HandoffId, InboxId, MessageId, SessionId,
        WorkspaceId,
    },
    inbox::{ChannelKind, Inbox},
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::Choice,
    session::{Owner, Session},
    step::Effects,
    time::{Clock, HOUR_MS, Timestamp},
};
use baton_files::{Files, FilesConfig};
use baton_relay::{
    Builder as _,
    system::{SystemClock, SystemIds},
};
use baton_sandbox::{Clock as SandboxClock, Config as SandboxConfig, World};
use baton_store::{Commit, ConfigChange, InboxConfig, Store, StoreError};
use futures::{StreamExt, TryStreamExt, stream};

use super::processes::LOOK_EVERY;
use crate::{
    bench::parts,
    builder::Vendors,
    hub::RunError,
    seed::{self, Back, Company, SeededDesk},
    settings::Settings,
};

/// Numbers that the customers write to: each has a ceiling at its vendor, which is not what is
/// measured.
const INBOXES: usize = 32;
/// A connection to the desk takes so many customers: it buys no more tokens in a minute than its
/// vendor gives.
const CUSTOMERS_EACH: usize = 150;
/// Things that are made at the same time.
const AT_ONCE: usize = 16;
/// How long an earlier hub's leases may last.
const LEASES: Duration = Duration::from_secs(90);
const LEASE_MS: i64 = 60_000;
/// How long the hub may have to do.
const SETTLED_WITHIN: Duration = Duration::from_secs(600);
/// The simulators' accounts are made from it, in their process too.
const SEED: u64 = 1;

/// The company, and the live conversations that it has so far.
pub struct Live {
    workspace: WorkspaceId,
    desk: SeededDesk,
    inboxes: Vec<InboxId>,
    vendors: Vendors,
    store: Store,
    /// The work of each conversation, by the desk's id.
    pub work: Vec<String>,
}

/// One conversation that is about to be live.
struct One {
    contact: Contact,
    conversation: Conversation,
    session: Session,
    message: Message,
    handoff: Handoff,
}

impl Live {
    /// Makes the company, on the simulators' accounts and with customers at an address.
    ///
    /// # Errors
    /// The store does not take it.
    pub async fn begin(
        store: Store,
        folder: &Path,
        vendors_url: &str,
        customers_url: &str,
    ) -> Result<Self, RunError> {
        let account = SandboxConfig::from_seed(SEED);
        let world = World::new(&account, SandboxClock::running(), vendors_url.to_owned())
            .map_err(RunError::io("read the simulators' accounts"))?;
        let sides = (&[][..], &[Back::Salesforce][..]);
        let mut company = seed::plant(&store, &world, sides, "http://127.0.0.1", |_| {}).await?;
        for desk in &mut company.desks {
            // Records are not what is measured.
            desk.settings.retain(|key, _| !key.starts_with("crm_"));
        }
        let inboxes: Vec<InboxId> = (0..INBOXES).map(|_| InboxId::new(&SystemIds)).collect();
        let made = inboxes.iter().enumerate();
        let change = ConfigChange {
            inboxes: made.map(|(at, id)| inbox(&company, *id, at, customers_url)).collect(),
            desks: company.desks.iter().map(|desk| seed::desk(&company, desk)).collect(),
            ..ConfigChange::default()
        };
        store.config_put(company.workspace, change).await?;
        let none = || RunError::Refused("make the company's desk".to_owned());
        let desk = company.desks.pop().ok_or_else(none)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let files = Files::open(FilesConfig::Folder(folder.join("files"))).await?;
        let vendors = Vendors::new(&clock, true, "", Settings::load(None)?.vendors)?
            .with_store(Arc::new(files), store.clone());
        Ok(Self { workspace: company.workspace, desk, inboxes, vendors, store, work: Vec::new() })
    }

    /// Adds conversations until there are so many. No hub may run.
    ///
    /// # Errors
    /// The desk or the store does not take one.
    pub async fn grow(&mut self, to: usize) -> Result<(), RunError> {
        let from = self.work.len();
        let mut ready = Vec::with_capacity(to - from);
        for begin in (from..to).step_by(CUSTOMERS_EACH) {
            let desk = self.desk()?;
            let opened = stream::iter(begin..to.min(begin + CUSTOMERS_EACH))
                .map(|number| open(desk.as_ref(), self.one(number)))
                .buffered(AT_ONCE);
            ready.extend(opened.try_collect::<Vec<_>>().await?);
        }
        self.take_leases().await?;
        let commits = ready.iter().map(|one| self.store.commit(one.commit()));
        let done = stream::iter(commits).buffer_unordered(AT_ONCE * 16);
        done.try_collect::<Vec<_>>().await.map_err(|e| RunError::Refused(e.to_string()))?;
        self.store.lease_release().await?;
        let work = ready.into_iter().filter_map(|one| one.handoff.work);
        self.work.extend(work.map(|work| work.id.0));
        Ok(())
    }

    /// Waits until the hub has dealt with everything that it was told.
    ///
    /// # Errors
    /// It does not get there.
    pub async fn settled(&self) -> Result<(), RunError> {
        let settled = async {
            loop {
                let left = self.store.unfinished().await?;
                if left.inbound == 0 && left.deliveries.values().sum::<u64>() == 0 {
                    return Ok::<(), StoreError>(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let late = |_| RunError::Refused("see the hub deal with what it was told".to_owned());
        Ok(tokio::time::timeout(SETTLED_WITHIN, settled).await.map_err(late)??)
    }

    /// Waits until an earlier hub's leases are over.
    async fn take_leases(&self) -> Result<(), RunError> {
        let partitions = Settings::load(None)?.store.partitions as usize;
        let taken = async {
            while self.store.lease_take(LEASE_MS).await?.by_partition.len() < partitions {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok::<(), StoreError>(())
        };
        let late = |_| RunError::Refused("take the leases of the hub that was killed".to_owned());
        Ok(tokio::time::timeout(LEASES, taken).await.map_err(late)??)
    }

    fn desk(&self) -> Result<Arc<dyn Desk>, RunError> {
        let desk = &self.desk;
        let made = self.vendors.desk(desk.id, desk.back.vendor(), &desk.settings);
        made.map_err(|fault| RunError::Refused(format!("make the desk: {fault}")))
    }

    /// A customer who wrote a moment ago, and is now to be given to a rep.
    fn one(&self, number: usize) -> One {
        let (ids, now, workspace) = (&SystemIds, seed::now(), self.workspace);
        let contact = Contact {
            id: ContactId::new(ids),
            workspace,
            name: Some(format!("Customer {number}")),
            points: vec![Point::new(PointKind::Phone, format!("1555{:07}", 300_000 + number))],
        };
        let inbox = self.inboxes[number % self.inboxes.len()];
        let mut conversation =
            Conversation::new(ConversationId::new(ids), workspace, inbox, contact.id);
        conversation.last_position = 1;
        conversation.window = Some(Window {
            kind: WindowKind::Message,
            opened_by: None,
            opened_at: now,
            expires_at: now.plus_ms(23 * HOUR_MS),
            refused: false,
            referred_at: None,
            free_entry_until: None,
        });
        let session = session(&conversation, now);
        let message = message(&session, now);
        let handoff = handoff(&session, Choice::of(self.desk.id), now);
        One { contact, conversation, session, message, handoff }
    }
}

impl One {
    /// What makes it live in the store.
    fn commit(&self) -> Commit {
        let effects = Effects {
            conversation: self.conversation.clone(),
            contact: Some(self.contact.clone()),
            sessions: vec![self.session.clone()],
            handoffs: vec![self.handoff.clone()],
            messages: vec![self.message.clone()],
            deliveries: Vec::new(),
            attempts: Vec::new(),
            tasks: Vec::new(),
            consents: Vec::new(),
            recipients: Vec::new(),
            facts: Vec::new(),
            ask_desk: false,
        };
        let aliases = self.contact.points.clone();
        Commit { effects, aliases, cause: None, now: self.handoff.requested_at }
    }
}

/// Makes the work at the desk, as the plan of a handoff does; what makes it easier for the rep is
/// left out.
async fn open(desk: &dyn Desk, mut one: One) -> Result<One, RunError> {
    let failed = |fault: Fault| RunError::Refused(fault.operator);
    let brief = brief();
    let opening = Opening {
        handoff: &one.handoff,
        session: one.session.id,
        channel: ChannelKind::Whatsapp,
        contact: &one.contact,
        brief: &brief,
        transcript: std::slice::from_ref(&one.message),
        files: &[],
        choice: &one.handoff.target,
        window_until: one.conversation.window.as_ref().map(|window| window.expires_at),
    };
    for step in desk.open(&opening).map_err(failed)? {
        let to_desk = ToDesk {
            delivery: DeliveryId::new(&SystemIds),
            handoff: &one.handoff,
            contact: &one.contact,
            what: DeskWhat::Plan(&step.call),
        };
        let call = desk.render(&to_desk).map_err(failed)?;
        match desk.send(&call).await {
            Outcome::Accepted(accepted) => {
                if let Some(work) = accepted.work {
                    waits(&mut one, work, brief);
                    return Ok(one);
                }
            }
            other => return Err(RunError::Refused(format!("open a conversation: {other:?}"))),
        }
    }
    Err(RunError::Refused("open a conversation: the plan makes none".to_owned()))
}

fn waits(one: &mut One, work: Work, brief: Brief) {
    one.handoff.brief = Some(brief);
    one.handoff.work = Some(work);
    one.handoff.state = HandoffState::Waiting;
    one.handoff.opened_at = Some(one.handoff.requested_at);
}

fn inbox(company: &Company, id: InboxId, at: usize, customers_url: &str) -> InboxConfig {
    let vendor = "whatsapp_cloud";
    let mut settings = parts::vendor_settings();
    settings.insert("base_url".to_owned(), customers_url.into());
    settings.insert("phone_number_id".to_owned(), (1_000 + at).to_string().into());
    let fields = baton_channels::fields(vendor).unwrap_or_default();
    let (settings, secrets) = seed::split(&settings, fields);
    let inbox = Inbox {
        id,
        workspace: company.workspace,
        name: format!("number {at}"),
        channel: ChannelKind::Whatsapp,
        vendor: vendor.to_owned(),
        ai: true,
        settings,
    };
    InboxConfig { inbox, secrets }
}

fn session(conversation: &Conversation, now: Timestamp) -> Session {
    Session {
        id: SessionId::new(&SystemIds),
        workspace: conversation.workspace,
        conversation: conversation.id,
        number: 0,
        owner: Owner::Desk,
        epoch: 2,
        opened_at: now,
        last_activity_at: now,
        closed_at: None,
        close_reason: None,
        answered_up_to: 1,
        asked_up_to: 1,
        asked_at: None,
        reruns: 0,
        misses: 0,
        tokens_spent: 0,
        language: Some("en".to_owned()),
        metadata: serde_json::Map::new(),
    }
}

fn message(session: &Session, now: Timestamp) -> Message {
    Message {
        id: MessageId::new(&SystemIds),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        position: 1,
        author: Author::unnamed(AuthorKind::Customer),
        content: Content::text("Where is my order? I want to talk to somebody."),
        at: now,
        recorded_at: now,
        vendor_id: None,
        reply_to: None,
        status: MessageStatus::Received,
        fault: None,
        citations: Vec::new(),
        cost: None,
    }
}

fn handoff(session: &Session, target: Choice, now: Timestamp) -> Handoff {
    Handoff {
        id: HandoffId::new(&SystemIds),
        workspace: session.workspace,
        conversation: session.conversation,
        session: session.id,
        desk: target.desk,
        choice: 0,
        target,
        state: HandoffState::Opening,
        reason: HandoffReason::CustomerAsked,
        epoch: session.epoch,
        transcript_up_to: 1,
        plan_seq: 0,
        brief: None,
        work: None,
        learned: BTreeMap::new(),
        rep_name: None,
        wait_told_at: None,
        requested_at: now,
        opened_at: None,
        closed_at: None,
        fault: None,
    }
}

fn brief() -> Brief {
    Brief {
        subject: "Where is the order".to_owned(),
        summary: "The customer asks where an order is, and wants a person.".to_owned(),
        classification: "other".to_owned(),
        sentiment: Sentiment::Neutral,
        language: "en".to_owned(),
        reason: "The customer asked for a person.".to_owned(),
    }
}
