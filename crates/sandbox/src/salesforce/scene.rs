//! One conversation while something happens to it: entries are written, streams hear of them, records follow.

use serde_json::{Map, Value, json};

use super::conversation::{Conversation, Phase, Queue, Rep, Session};
use super::entry::{Entry, Kind, Sender, Shown};
use super::subject::What;
use super::{Inner, MESSAGING, lifecycle, record_id};
use crate::faults::Kind as Fault;
use crate::journal::{Direction, Entry as Line};
use crate::{World, dates};

/// Event numbers rise by at most so much.
const MAX_STEP: u64 = 9;
/// Sessions in a queue that hear their position.
const MAX_POSITIONS: usize = 20;

/// What people do to a conversation goes through this.
pub struct Scene<'a> {
    pub world: &'a World,
    pub inner: &'a mut Inner,
    /// The number of the conversation.
    pub at: usize,
    pub now_ms: i64,
    /// Journal number of the call that it follows from; 0 where somebody acts at the desk.
    pub seq: u64,
    /// Names and numbers of the events that were told.
    pub told: Vec<Value>,
}

impl<'a> Scene<'a> {
    pub fn new(world: &'a World, inner: &'a mut Inner, at: usize, seq: u64) -> Self {
        Self { world, inner, at, now_ms: world.clock.now_ms(), seq, told: Vec::new() }
    }

    pub fn conversation(&mut self) -> &mut Conversation {
        &mut self.inner.conversations[self.at]
    }

    /// The newest session.
    pub fn session(&mut self) -> Result<&mut Session, String> {
        let id = self.conversation().id.clone();
        self.conversation().last().ok_or_else(|| format!("conversation {id} has no session"))
    }

    /// Its session that is not over.
    pub fn live(&mut self, phases: &[Phase], deed: &str) -> Result<&mut Session, String> {
        let id = self.conversation().id.clone();
        let session = self.session()?;
        if phases.contains(&session.phase) {
            return Ok(session);
        }
        Err(format!("conversation {id} is {:?} and cannot be {deed}", session.phase))
    }

    /// A fresh id with this prefix.
    pub fn record(&self, prefix: &str) -> String {
        record_id::new(&self.inner.ids, prefix)
    }

    /// An entry of the platform's.
    pub fn tell(&mut self, kind: Kind, sender: Sender, payload: Value) {
        self.tell_with(kind, sender, payload, None);
    }

    /// An entry; reps see `shown` of it.
    pub fn tell_with(&mut self, kind: Kind, sender: Sender, payload: Value, shown: Option<Shown>) {
        let related = self.conversation().sessions.last().map(|session| session.id.clone());
        let related = related.into_iter().collect();
        let entry = self.entry(kind, sender, payload, shown, related);
        self.add(entry);
    }

    /// An entry that is not written yet.
    pub fn entry(
        &self,
        kind: Kind,
        sender: Sender,
        mut payload: Value,
        shown: Option<Shown>,
        related: Vec<String>,
    ) -> Entry {
        let own = payload.get("id").and_then(Value::as_str).map(str::to_owned);
        let identifier = own.unwrap_or_else(|| self.inner.ids.guid());
        payload["id"] = json!(identifier);
        payload["entryType"] = json!(kind.entry_type());
        Entry {
            identifier,
            kind,
            payload: payload.to_string(),
            sender,
            client_ms: self.now_ms,
            server_ms: self.now_ms,
            related,
            seq: self.seq,
            shown: shown.map(Box::new),
            ends: None,
        }
    }

    /// Writes an entry and tells whoever follows the end user; faults may come in between.
    pub fn add(&mut self, entry: Entry) {
        let kind = entry.kind;
        let position = self.conversation().push(entry);
        if kind == Kind::Note {
            return;
        }
        let what = What::Entry { conversation: self.at, position };
        self.send(kind.event(), what);
    }

    /// An event, of whatever name.
    pub fn send(&mut self, name: &str, what: What) {
        let (id, subject) = (self.conversation().id.clone(), self.conversation().subject.clone());
        let fault = self.world.faults.take_webhook(MESSAGING, name, Some(&id));
        let step = 1 + self.inner.ids.next_u64() % MAX_STEP;
        let now_ms = self.now_ms;
        let log = self.inner.subject(&subject);
        let number = match fault.as_ref().map(|rule| rule.fault) {
            Some(Fault::Drop) => None,
            Some(Fault::Reorder) => {
                log.hold(what, step);
                None
            }
            Some(Fault::Duplicate) => {
                log.append(what.clone(), step, now_ms);
                Some(log.append(what, step, now_ms))
            }
            Some(Fault::Delay) => {
                let wait_ms = fault.as_ref().map_or(0, |rule| rule.ms);
                Some(log.append(what, step, now_ms.saturating_add(wait_ms)))
            }
            _ => Some(log.append(what, step, now_ms)),
        };
        let fault = fault.map(|rule| rule.fault.name().to_owned());
        self.told.push(json!({ "event": name, "id": number, "fault": fault }));
        let mut line =
            Line::new(MESSAGING, &format!("webhook.{name}"), Direction::Out, self.now_ms);
        line.path = id;
        line.fault = fault;
        line.notes.push(number.map_or("not sent".to_owned(), |number| format!("event {number}")));
        self.world.journal.record(line);
    }

    /// `RoutingResult`; `to` is a queue or a rep.
    pub fn routing_result(&mut self, routing: &str, failure: &str, to: &Target) {
        let wait_s = self.inner.deployment.estimated_wait_s;
        let Ok(session) = self.session() else { return };
        let (id, routing_id) = (session.id.clone(), session.routing_id.clone());
        let failed = failure != "None";
        let errors = if failed { json!([format!("Routing failed: {failure}")]) } else { json!([]) };
        let target = match to {
            Target::Queue(queue) => json!({
                "routingConfigurationType": "QueueRoutingType",
                "queueId": queue.id,
            }),
            Target::Rep(rep) => json!({
                "routingConfigurationType": "AgentRoutingType",
                "agentId": rep.id,
            }),
        };
        let payload = json!({
            "routingType": routing,
            "failureType": failure,
            "failureReason": if failed { json!(failure) } else { Value::Null },
            "errorMessages": errors,
            "recordId": id,
            "pendingServiceRoutingId": routing_id,
            "estimatedWaitTime": {
                "isEWTRequested": wait_s.is_some(),
                "estimatedWaitTimeInSeconds": wait_s.unwrap_or(-1),
            },
            "isExternallyRouted": false,
            "routingConfigurationDetails": target,
        });
        self.tell(Kind::RoutingResult, Sender::system(), payload);
    }

    /// `RoutingWorkResult` for the piece of work that a rep has or is asked about.
    pub fn work_result(&mut self, work: &str) {
        let Ok(session) = self.session() else { return };
        let payload = json!({
            "workType": work,
            "workId": session.work_id,
            "workTargetId": session.id,
            "queueId": session.queue.id,
            "agentSessionId": null,
            "errorMessages": [],
        });
        self.tell(Kind::RoutingWorkResult, Sender::system(), payload);
    }

    /// `ParticipantChanged`: somebody comes or goes.
    pub fn participant(&mut self, operation: &str, role: &str, rep: &Rep) {
        let change = json!({
            "operation": operation,
            "participant": { "role": role, "appType": "agent", "subject": rep.id },
            "displayName": rep.name,
            "menuMetadata": null,
        });
        let verb = if operation == "add" { "has joined" } else { "has left" };
        let line = format!("{} {verb} the conversation.", rep.name);
        let shown = Shown::text(super::entry::Author::System, &line);
        let payload = json!({ "entries": [change] });
        self.tell_with(Kind::ParticipantChanged, Sender::system(), payload, Some(shown));
    }

    /// Moves the newest session on; the record follows, and `SessionStatusChanged` tells it.
    pub fn move_to(&mut self, phase: Phase) {
        let now_ms = self.now_ms;
        let Ok(session) = self.session() else { return };
        let before = std::mem::replace(&mut session.phase, phase);
        match phase {
            Phase::Waiting => session.queued_ms = now_ms,
            Phase::Active => {
                session.accepted_ms.get_or_insert(now_ms);
            }
            Phase::Ended => session.ended_ms = Some(now_ms),
            Phase::New | Phase::Inactive | Phase::Error => {}
        }
        let over = matches!(phase, Phase::Ended | Phase::Error);
        let trace = lifecycle::trace(&session.attributes).filter(|_| over);
        if let Some(live) = trace.and_then(|trace| self.inner.live_traces.get_mut(&trace)) {
            *live = live.saturating_sub(1);
        }
        self.line_up();
        self.mirror();
        self.status_changed(before);
    }

    /// The line of its queue follows the session.
    pub fn line_up(&mut self) {
        let at = self.at;
        let Ok(session) = self.session() else { return };
        let place = (session.queue.id.clone(), session.queued_ms, at);
        let place = (session.phase == Phase::Waiting).then_some(place);
        let earlier = std::mem::replace(&mut session.place, place.clone());
        if let Some(earlier) = earlier {
            self.inner.waiting.remove(&earlier);
        }
        self.inner.waiting.extend(place);
    }

    fn status_changed(&mut self, before: Phase) {
        let address = self.world.salesforce.account.channel_address.clone();
        let role = self.world.switches.get("salesforce.ended_by_role");
        let place = self.conversation().sessions.len().saturating_sub(1);
        let conversation = self.conversation().id.clone();
        let Ok(session) = self.session() else { return };
        let ended_by = match role.as_str() {
            "absent" => None,
            "wrong" => session.ended_by.map(|_| "EndUser"),
            _ => session.ended_by,
        };
        let payload = json!({
            "sessionId": session.id,
            "sessionStatus": session.phase.word(),
            "sessionStatusPrev": before.word(),
            "sessionStartTime": session.started_ms,
            "sessionEndTime": session.ended_ms,
            "sessionEndedByRole": ended_by,
            "channelAddressIdentifier": address,
            "conversationIdentifier": conversation,
        });
        let (id, ended) = (session.id.clone(), session.phase == Phase::Ended);
        let mut entry =
            self.entry(Kind::SessionStatusChanged, Sender::system(), payload, None, vec![id]);
        entry.ends = ended.then_some(place);
        self.add(entry);
    }

    /// The session's row says what the session is.
    pub fn mirror(&mut self) {
        let now_ms = self.now_ms;
        let Ok(session) = self.session() else { return };
        let owner = session.rep.as_ref().map_or(&session.queue.id, |rep| &rep.id);
        let fields = Map::from_iter([
            ("Status".to_owned(), json!(session.phase.word())),
            ("AcceptTime".to_owned(), json!(session.accepted_ms.map(instant))),
            ("EndTime".to_owned(), json!(session.ended_ms.map(instant))),
            ("OwnerId".to_owned(), json!(owner)),
        ]);
        let id = session.id.clone();
        self.world.salesforce.records.update("MessagingSession", &id, fields, now_ms);
    }

    /// Tells the first ones of a queue where they stand.
    pub fn queue_positions(&mut self, queue: &Queue) {
        if !self.world.switches.is("salesforce.queue_position", "yes") {
            return;
        }
        let own = self.at;
        let from = (queue.id.clone(), i64::MIN, 0);
        let line = self.inner.waiting.range(from..).take_while(|(id, ..)| *id == queue.id);
        let line = line.map(|(.., at)| *at).enumerate();
        let shown: Vec<(usize, usize)> =
            line.filter(|(place, at)| *place < MAX_POSITIONS || *at == own).collect();
        for (place, at) in shown {
            let mut scene = Scene::new(self.world, self.inner, at, self.seq);
            scene.queue_position(place + 1);
            self.told.extend(scene.told);
        }
    }

    fn queue_position(&mut self, position: usize) {
        let Ok(session) = self.session() else { return };
        if std::mem::replace(&mut session.position, position) == position {
            return;
        }
        let payload = json!({
            "position": position,
            "workItemId": session.id,
            "pendingServiceRoutingId": session.routing_id,
        });
        self.tell(Kind::QueuePosition, Sender::system(), payload);
    }
}

/// Whom work is given to.
pub enum Target {
    Queue(Queue),
    Rep(Rep),
}

/// As records carry it.
pub fn instant(at_ms: i64) -> String {
    let text = dates::iso(at_ms);
    format!("{}.{:03}+0000", text.trim_end_matches('Z'), at_ms.rem_euclid(1_000))
}
