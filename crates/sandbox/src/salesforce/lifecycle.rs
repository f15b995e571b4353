//! What becomes of a session: routed, accepted, handed on, inactive, ended; each with its events in their order.
//!
//! No page documents the order. It follows what observers of live organisations report and the vendor's schema of
//! entries: a removed participant is not the end, `SessionStatusChanged` to `Ended` is.

use serde_json::{Map, Value, json};

use super::conversation::{MAX_SESSIONS, Phase, Queue, Rep, Session};
use super::entry::{Author, Kind, Sender, Shown};
use super::scene::{Scene, Target, instant};

/// States in which reps can do something.
pub const LIVE: &[Phase] = &[Phase::New, Phase::Waiting, Phase::Active, Phase::Inactive];

type Done = Result<(), String>;

/// What a session begins with.
#[derive(Default)]
pub struct Beginning {
    /// What reached the flow, and what was sent.
    pub kept: Map<String, Value>,
    pub sent: Map<String, Value>,
    /// Nobody routes it: pre-chat values were left out.
    pub unrouted: bool,
}

impl Scene<'_> {
    /// A new session, which is routed at once.
    pub fn begin(&mut self, beginning: Beginning) -> Result<(), String> {
        if self.conversation().sessions.len() >= MAX_SESSIONS {
            return Err("the conversation has too many sessions".to_owned());
        }
        if let Some(trace) = trace(&beginning.kept) {
            let live = self.inner.live_traces.entry(trace).or_default();
            *live += 1;
            if *live > 1 {
                self.inner.two_live.push(self.seq);
            }
        }
        let unrouted = beginning.unrouted;
        let session = self.session_row(beginning);
        let queue = session.queue.clone();
        self.conversation().sessions.push(session);
        if unrouted {
            return Ok(());
        }
        let failure = self.world.switches.get("salesforce.routing");
        self.routing_result("Initial", &failure, &Target::Queue(queue.clone()));
        if failure == "None" {
            self.move_to(Phase::Waiting);
            self.queue_positions(&queue);
        } else {
            self.move_to(Phase::Error);
        }
        Ok(())
    }

    fn session_row(&mut self, beginning: Beginning) -> Session {
        let queue = self.inner.queues[0].clone();
        let subject = self.conversation().subject.clone();
        let end_user = self.inner.subject(&subject).end_user_id.clone();
        let account = &self.world.salesforce.account;
        let mut fields = Map::from_iter([
            ("Status".to_owned(), json!("New")),
            ("Origin".to_owned(), json!("InboundInitiated")),
            ("ChannelType".to_owned(), json!("EmbeddedMessaging")),
            ("ChannelName".to_owned(), json!(account.channel_name)),
            ("MessagingEndUserId".to_owned(), json!(end_user)),
            ("MessagingChannelId".to_owned(), json!(account.channel_id)),
            ("ConversationId".to_owned(), json!(self.conversation().record_id)),
            ("StartTime".to_owned(), json!(instant(self.now_ms))),
            ("OwnerId".to_owned(), json!(queue.id)),
        ]);
        // The flow writes what it is given to fields of the same name.
        let mapped =
            beginning.kept.iter().map(|(name, value)| (format!("{name}__c"), value.clone()));
        fields.extend(mapped);
        let id = self.world.salesforce.records.create("MessagingSession", fields, self.now_ms);
        Session {
            id,
            phase: Phase::New,
            queue,
            rep: None,
            asked: None,
            supervisors: Vec::new(),
            routing_id: self.record("0JR"),
            work_id: self.record("0Bz"),
            started_ms: self.now_ms,
            queued_ms: self.now_ms,
            accepted_ms: None,
            ended_ms: None,
            ended_by: None,
            end_told_ms: None,
            transfers: 0,
            position: 0,
            place: None,
            greeted: false,
            attributes: beginning.kept,
            sent_attributes: beginning.sent,
        }
    }

    /// The system's first words, once.
    pub fn greet(&mut self) {
        let Some(text) = self.inner.deployment.greeting.clone() else { return };
        match self.session() {
            Ok(session) if !session.greeted => session.greeted = true,
            _ => return,
        }
        self.automatic(&text);
    }

    /// A message of the system's, as greetings and automatic answers are.
    pub fn automatic(&mut self, text: &str) {
        let id = self.inner.ids.guid();
        let payload = json!({
            "id": id,
            "abstractMessage": {
                "messageType": "StaticContentMessage",
                "id": id,
                "staticContent": { "formatType": "Text", "text": text },
            },
            "messageReason": "AutomatedResponse",
        });
        let shown = Shown::text(Author::System, text);
        self.tell_with(Kind::Message, Sender::system(), payload, Some(shown));
    }

    /// The work is pushed to a rep.
    pub fn ask(&mut self, rep: &Rep) -> Done {
        let work_id = self.record("0Bz");
        let session = self.live(&[Phase::Waiting, Phase::Active], "assigned")?;
        if let Some(asked) = &session.asked {
            return Err(format!("{} is being asked already", asked.name));
        }
        session.asked = Some(rep.clone());
        session.work_id = work_id;
        self.work_result("Assigned");
        Ok(())
    }

    /// A rep takes it; whoever had it goes.
    pub fn accept(&mut self, rep: &Rep) -> Done {
        let session = self.live(&[Phase::New, Phase::Waiting, Phase::Active], "accepted")?;
        let asked = session.asked.clone();
        match (&asked, &session.rep) {
            (Some(asked), _) if asked.id != rep.id => {
                return Err(format!("{} is asked, not {}", asked.name, rep.name));
            }
            (None, Some(holder)) => return Err(format!("{} has it already", holder.name)),
            (None, None) if session.phase == Phase::New => {
                return Err("nobody routed it to a rep".to_owned());
            }
            (None, None) => self.ask(rep)?,
            (Some(_), _) => {}
        }
        let session = self.session()?;
        session.asked = None;
        let holder = session.rep.replace(rep.clone());
        let (phase, queue) = (session.phase, session.queue.clone());
        if let Some(holder) = holder {
            self.participant("remove", "Agent", &holder);
            self.work_result("Transferred");
        }
        self.work_result("Accepted");
        self.participant("add", "Agent", rep);
        match phase {
            Phase::Active => self.mirror(),
            _ => {
                self.move_to(Phase::Active);
                self.queue_positions(&queue);
            }
        }
        Ok(())
    }

    /// Whoever is asked does not want it. A transfer that nobody takes stays where it was.
    pub fn decline(&mut self) -> Done {
        let session = self.live(&[Phase::Waiting, Phase::Active], "declined")?;
        if session.asked.take().is_none() {
            return Err("nobody is asked".to_owned());
        }
        self.work_result("Declined");
        Ok(())
    }

    /// The rep gives it to another rep, who is asked.
    pub fn transfer_to_rep(&mut self, to: &Rep, outcome: &str) -> Done {
        let session = self.live(&[Phase::Active], "handed on")?;
        session.transfers += 1;
        if outcome == "failed" {
            self.routing_result("Transfer", "RoutingError", &Target::Rep(to.clone()));
            self.work_result("TransferError");
            return Ok(());
        }
        self.routing_result("Transfer", "None", &Target::Rep(to.clone()));
        self.ask(to)?;
        match outcome {
            "accepted" => self.accept(to),
            "rejected" => self.decline(),
            "rings" => Ok(()),
            other => Err(format!("outcome {other} is not accepted, rejected, failed or rings")),
        }
    }

    /// The rep gives it to a queue and is gone.
    pub fn transfer_to_queue(&mut self, to: &Queue, outcome: &str) -> Done {
        let session = self.live(&[Phase::Active], "handed on")?;
        session.transfers += 1;
        if outcome == "failed" {
            self.routing_result("Transfer", "RoutingError", &Target::Queue(to.clone()));
            self.work_result("TransferError");
            return Ok(());
        }
        self.session()?.queue = to.clone();
        self.routing_result("Transfer", "None", &Target::Queue(to.clone()));
        self.leave("Transferred")?;
        self.move_to(Phase::Waiting);
        self.queue_positions(to);
        Ok(())
    }

    /// The rep who has it goes away without a word: back into the queue.
    pub fn abandon(&mut self) -> Done {
        let queue = self.live(&[Phase::Active], "given back")?.queue.clone();
        self.leave("Cancelled")?;
        self.routing_result("Transfer", "None", &Target::Queue(queue.clone()));
        self.move_to(Phase::Waiting);
        self.queue_positions(&queue);
        Ok(())
    }

    fn leave(&mut self, work: &str) -> Done {
        let session = self.session()?;
        session.asked = None;
        if let Some(holder) = session.rep.take() {
            self.participant("remove", "Agent", &holder);
            self.work_result(work);
        }
        Ok(())
    }

    /// A supervisor comes in.
    pub fn join(&mut self, supervisor: &Rep) -> Done {
        let session = self.live(&[Phase::Active], "joined")?;
        session.supervisors.push(supervisor.clone());
        self.participant("add", "Supervisor", supervisor);
        Ok(())
    }

    /// The customer has been silent for long.
    pub fn fall_silent(&mut self) -> Done {
        self.live(&[Phase::Active], "inactive")?;
        self.move_to(Phase::Inactive);
        Ok(())
    }

    /// The customer writes to an inactive session: into the queue again.
    pub fn wake(&mut self) -> Done {
        let session = self.live(&[Phase::Inactive], "woken")?;
        let queue = session.queue.clone();
        let holder = session.rep.take();
        self.move_to(Phase::Waiting);
        if let Some(holder) = holder {
            self.participant("remove", "Agent", &holder);
        }
        self.routing_result("Initial", "None", &Target::Queue(queue.clone()));
        self.queue_positions(&queue);
        Ok(())
    }

    /// It is over; `by` is a role.
    pub fn end(&mut self, by: &'static str) -> Done {
        let session = self.live(LIVE, "ended")?;
        session.ended_by = Some(by);
        let (holder, queue) = (session.rep.clone(), session.queue.clone());
        let supervisors = std::mem::take(&mut session.supervisors);
        session.asked = None;
        for supervisor in supervisors {
            self.participant("remove", "Supervisor", &supervisor);
        }
        if let Some(holder) = &holder {
            self.participant("remove", "Agent", holder);
        }
        self.move_to(Phase::Ended);
        self.work_result(if holder.is_some() { "Closed" } else { "Cancelled" });
        self.queue_positions(&queue);
        Ok(())
    }

    /// The end user closes the conversation.
    pub fn close(&mut self) -> Done {
        if self.conversation().live().is_some() {
            self.end("EndUser")?;
        }
        let (now_ms, subject) = (self.now_ms, self.conversation().subject.clone());
        self.conversation().closed_ms = Some(now_ms);
        let sender = Sender::end_user(&subject, "Guest");
        self.tell(Kind::CloseConversation, sender, json!({}));
        Ok(())
    }
}

/// The hub's own id of what it handed over.
pub fn trace(attributes: &Map<String, Value>) -> Option<String> {
    attributes.get("OpencxSessionId").and_then(Value::as_str).map(str::to_owned)
}
