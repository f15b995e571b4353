//! Who works in the contact centre, in which queues, and how work is handed out.
//!
//! Sources: "Manage presence" (presence follows capacity), "Create and manage workstreams" (push and pick, affinity,
//! auto-close), "Manage overflow of work items in queues", "Synchronize service representative presence status" (the
//! ids); read 2026-11-21. Capacity is counted in units.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Account;
use super::conversation::Rep;
use super::hours::{Hours, Opening};

/// People, queues, members of a queue and rules that are kept.
pub const MAX_STAFF: usize = 1_000;
/// Waiting times that the average of a queue is made of.
const MAX_WAITS: usize = 20;
/// Units of a rep's capacity unless somebody says otherwise.
const DEFAULT_UNITS: u32 = 100;

/// The statuses that every environment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Available,
    Busy,
    DoNotDisturb,
    Away,
    Offline,
    /// Set by the system alone, after a missed notification.
    Inactive,
}

impl Presence {
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Busy,
        Self::DoNotDisturb,
        Self::Away,
        Self::Offline,
        Self::Inactive,
    ];

    /// `msdyn_presenceid`. The one of Inactive is not published.
    pub fn id(self) -> &'static str {
        match self {
            Self::Available => "f523f628-c07a-e811-8162-000d3aa11f50",
            Self::Busy => "efdeb843-c07a-e811-8162-000d3aa11f50",
            Self::DoNotDisturb => "08971864-c07a-e811-8162-000d3aa11f50",
            Self::Away => "3dacae76-c07a-e811-8162-000d3aa11f50",
            Self::Offline => "70139190-c07a-e811-8162-000d3aa11f50",
            Self::Inactive => "a1e00000-c07a-e811-8162-000d3aa11f50",
        }
    }

    /// What reps read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Busy => "Busy",
            Self::DoNotDisturb => "Do not disturb",
            Self::Away => "Appear away",
            Self::Offline => "Offline",
            Self::Inactive => "Inactive",
        }
    }

    /// `msdyn_basepresencestatus`.
    pub fn base(self) -> u32 {
        match self {
            Self::Available => 192_360_000,
            Self::Busy => 192_360_001,
            Self::DoNotDisturb => 192_360_002,
            Self::Away | Self::Inactive => 192_360_003,
            Self::Offline => 192_360_004,
        }
    }

    /// Available and Busy are computed anew with the next conversation; the others stay until somebody changes them.
    fn stays(self) -> bool {
        !matches!(self, Self::Available | Self::Busy)
    }
}

/// A person with presence and capacity.
#[derive(Clone, Debug)]
pub struct Person {
    pub rep: Rep,
    /// Set by hand.
    pub chosen: Option<Presence>,
    pub units: u32,
}

impl Person {
    /// What others see while `used` units are taken.
    pub fn presence(&self, used: u32) -> Presence {
        match self.chosen {
            Some(chosen) => chosen,
            None if used == 0 => Presence::Available,
            None if used >= self.units => Presence::DoNotDisturb,
            None => Presence::Busy,
        }
    }

    /// A conversation was taken or given back.
    pub fn recompute(&mut self) {
        self.chosen = self.chosen.filter(|chosen| chosen.stays());
    }
}

/// What is done with work that overflows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    AssignAnyway,
    EndConversation,
    /// To the queue of this id or name.
    Transfer(String),
}

/// When a queue overflows, and what then happens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overflow {
    pub out_of_hours: Action,
    /// Work items that may be open, 1 to 100.
    pub limit: Option<usize>,
    pub over_limit: Action,
    /// Waiting time in the queue, 1 minute to 2 days.
    pub waiting_minutes: Option<i64>,
    pub over_waiting: Action,
}

#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub id: String,
    pub name: String,
    /// Rep ids.
    pub members: Vec<String>,
    pub hours: Hours,
    pub overflow: Overflow,
    /// Told instead of the average of the last ones.
    pub average_wait_s: Option<i64>,
    pub waits_s: VecDeque<i64>,
    /// When representatives were last counted, and how many could take work.
    pub counted: Option<(i64, usize)>,
    /// When the hours were last read, and what they said.
    pub read: Option<(i64, Opening)>,
}

impl Queue {
    /// Somebody waited so long until a rep took over.
    pub fn waited(&mut self, seconds: i64) {
        self.waits_s.push_back(seconds);
        while self.waits_s.len() > MAX_WAITS {
            self.waits_s.pop_front();
        }
    }

    /// In seconds; unknown while nobody has been served.
    pub fn average_wait_s(&self) -> Option<i64> {
        let count = i64::try_from(self.waits_s.len()).unwrap_or(i64::MAX);
        let average = (count > 0).then(|| self.waits_s.iter().sum::<i64>() / count);
        self.average_wait_s.or(average)
    }
}

/// How the workstream hands out work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workstream {
    /// Work is pushed to reps; otherwise they pick it.
    pub push: bool,
    /// Units that one conversation takes.
    pub units: u32,
    /// How long a rep is asked, in seconds.
    pub ring_s: i64,
    /// Who had a conversation gets it again.
    pub affinity: bool,
    pub allowed: Vec<Presence>,
    /// A waiting conversation closes after so much inactivity.
    pub auto_close_minutes: Option<i64>,
    /// One in wrap-up closes after so long; never by itself if absent.
    pub wrap_up_minutes: Option<i64>,
    /// Who lets a notification pass becomes Inactive.
    pub inactive_when_missed: bool,
    /// Who rejects one becomes Do not disturb.
    pub do_not_disturb_when_rejected: bool,
}

impl Default for Workstream {
    fn default() -> Self {
        Self {
            push: false,
            units: 20,
            ring_s: 120,
            affinity: true,
            allowed: vec![Presence::Available, Presence::Busy],
            // 28 days.
            auto_close_minutes: Some(28 * 24 * 60),
            wrap_up_minutes: None,
            inactive_when_missed: false,
            do_not_disturb_when_rejected: false,
        }
    }
}

/// A route-to-queue rule over a context variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub variable: String,
    pub equals: String,
    /// Its id once the rule is kept.
    pub queue: String,
}

/// Everything an administrator sets up.
pub struct Staff {
    pub people: Vec<Person>,
    pub queues: Vec<Queue>,
    pub workstream: Workstream,
    /// The first that fits decides.
    pub routes: Vec<Route>,
}

impl Staff {
    /// One queue without anybody in it.
    pub fn new(account: &Account) -> Self {
        let messaging = Queue {
            id: account.queue_id.clone(),
            name: "Messaging".to_owned(),
            ..Queue::default()
        };
        Self {
            people: Vec::new(),
            queues: vec![messaging],
            workstream: Workstream::default(),
            routes: Vec::new(),
        }
    }

    pub fn person(&mut self, id: &str) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.rep.id.eq_ignore_ascii_case(id))
    }

    /// By id or name.
    pub fn queue(&self, wanted: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| is_queue(queue, wanted))
    }

    pub fn queue_mut(&mut self, wanted: &str) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| is_queue(queue, wanted))
    }

    /// Where work with these context variables goes.
    pub fn route(&self, context: &BTreeMap<String, String>) -> Option<&Queue> {
        let fits = |route: &&Route| context.get(&route.variable) == Some(&route.equals);
        let routed = self.routes.iter().find(fits).and_then(|route| self.queue(&route.queue));
        routed.or_else(|| self.queues.first())
    }

    pub fn add_person(&mut self, rep: Rep) -> bool {
        let room = self.people.len() < MAX_STAFF;
        if room {
            self.people.push(Person { rep, chosen: None, units: DEFAULT_UNITS });
        }
        room
    }
}

fn is_queue(queue: &Queue, wanted: &str) -> bool {
    queue.id.eq_ignore_ascii_case(wanted) || queue.name.eq_ignore_ascii_case(wanted)
}
