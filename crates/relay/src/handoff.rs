//! The handoff's I/O: writing the brief, planning the work, comparing with the desk.

use std::{sync::Arc, time::Duration};

use baton_core::{
    brief::{Brief, SUBJECT_MAX_CHARS, SUMMARY_MAX_CHARS},
    delivery::Destination,
    desk::{Desk, Listing, Opening, PlanStep, RepMessage},
    fault::{Fault, FaultClass},
    file::SharedFile,
    handoff::{Handoff, HandoffState, Place},
    ids::{ConversationId, HandoffId},
    message::Message,
    session::Session,
    step::{self, Effects, Input, State},
    task::TaskKind,
    template::Template,
    time::{HOUR_MS, MINUTE_MS},
};
use baton_store::Also;

use crate::{
    apply::{ApplyError, Postponed, Whose, With},
    crash,
    hub::Hub,
    place,
    registry::Registry,
    turn::{SIGNAL_PATIENCE, SNAPSHOT_LINES, snapshot},
};

/// The newest messages that a desk is given.
const TRANSCRIPT_MESSAGES: usize = 500;
/// A desk that cannot tell what was said in an ended work is asked again for this long.
const COMPARE_AFTER_END_MS: i64 = HOUR_MS;
/// The most templates that a rep's command can choose from.
const COMMAND_TEMPLATES: usize = 500;
/// A listing begins this long before the work was opened, because clocks differ.
pub(crate) const LISTING_MARGIN_MS: i64 = 5 * MINUTE_MS;

impl Hub {
    /// Writes the brief and plans the work.
    pub(crate) async fn brief(
        &self,
        conversation: ConversationId,
        id: HandoffId,
    ) -> Result<(), ApplyError> {
        let state = self.store.state_load(conversation, &Also::default()).await?;
        let due = |state: &State| {
            state.handoff.as_ref().is_some_and(|h| h.id == id && h.state == HandoffState::Requested)
        };
        let Some(state) = state.filter(due) else {
            self.apply_to(conversation, Input::Due(TaskKind::Brief(id))).await?;
            return Ok(());
        };
        let (Some(session), Some(handoff)) = (&state.session, &state.handoff) else {
            return Ok(());
        };
        let messages = self
            .store
            .messages_up_to(conversation, session.id, handoff.transcript_up_to, TRANSCRIPT_MESSAGES)
            .await?;
        let registry = self.registry();
        let brief = write_brief(&registry, &state, session, handoff, &messages).await;
        let files = self.shared_files(&messages);
        let shown = self.with_links(messages);
        let place = place::pick(&registry, &state, session, handoff, &brief).await;
        let plan = plan(&registry, &state, handoff, &place, &brief, &Said { shown, files });
        let input = Input::Briefed { handoff: id, brief, place, plan };
        self.apply(&Whose::Known(conversation), &With::begin(), &input).await?;
        Ok(())
    }

    /// Asks a desk that was given up whether it made the work after all.
    pub(crate) async fn recall(
        &self,
        conversation: ConversationId,
        id: HandoffId,
    ) -> Result<(), ApplyError> {
        let Some(handoff) = self.store.handoff_get(id).await? else { return Ok(()) };
        let found = match self.registry().desk(handoff.desk) {
            Some(desk) => desk.find(&handoff).await,
            None => Ok(None),
        };
        self.apply_to(conversation, Input::Recalled { handoff, found }).await?;
        Ok(())
    }

    /// Compares one handoff with what its desk holds.
    pub(crate) async fn reconcile(
        &self,
        conversation: ConversationId,
        id: HandoffId,
    ) -> Result<(), ApplyError> {
        let task = TaskKind::Reconcile(id);
        let handoff = self.store.handoff_get(id).await?.filter(|h| self.is_compared(h));
        let desk = handoff.as_ref().and_then(|h| self.registry().desk(h.desk));
        let closed = handoff.as_ref().is_some_and(|h| h.state == HandoffState::Closed);
        let listed = match (handoff, desk) {
            (Some(handoff), Some(desk)) => self.list(desk.as_ref(), handoff).await,
            _ => None,
        };
        match listed {
            Some(listed) => self.compare(listed, With::begin()).await,
            None if closed => self.postpone(conversation, Postponed::Task(task)).await,
            None => self.apply_to(conversation, Input::Due(task)).await.map(|_| ()),
        }
    }

    /// Open ones, and those that ended a moment ago: some desks tell what was said only later.
    fn is_compared(&self, handoff: &Handoff) -> bool {
        let ended_ms = handoff.closed_at.map(|at| self.clock.now().since_ms(at));
        handoff.state.is_open()
            || (handoff.state == HandoffState::Closed
                && ended_ms.is_some_and(|ms| ms < COMPARE_AFTER_END_MS))
    }

    /// What the desk holds; none when it cannot be asked now.
    pub(crate) async fn list(&self, desk: &dyn Desk, handoff: Handoff) -> Option<Listed> {
        handoff.work.as_ref()?;
        let since = handoff.requested_at.plus_ms(-LISTING_MARGIN_MS);
        crash::point("before", "list");
        let listing = desk.list(&handoff, since).await;
        crash::point("after", "list");
        match listing {
            Ok(listing) => Some(Listed { handoff, listing }),
            Err(fault) => {
                tracing::warn!(handoff = %handoff.id, fault = %fault.operator, "desk not listed");
                None
            }
        }
    }

    /// Brings what we know in line with what the desk holds. What we know is read together with
    /// the rest of the state, so that a webhook which comes meanwhile is never brought twice.
    pub(crate) async fn compare(&self, listed: Listed, with: With) -> Result<(), ApplyError> {
        let Listed { handoff, listing } = listed;
        let with = With { also: Also::rep_messages_after(handoff.transcript_up_to), ..with };
        let whose = Whose::Known(handoff.conversation);
        let templates = self.templates_for(&handoff, &listing.from_rep).await?;
        let input = Input::Listed { handoff, listing, templates };
        self.apply(&whose, &with, &input).await.map(|_| ())
    }

    /// The templates of the conversation's inbox, where a rep typed a command.
    pub(crate) async fn templates_for(
        &self,
        handoff: &Handoff,
        said: &[RepMessage],
    ) -> Result<Vec<Template>, ApplyError> {
        let registry = self.registry();
        let Some(tenant) = registry.tenants.get(&handoff.workspace) else { return Ok(Vec::new()) };
        let prefix = &tenant.settings.handoff.command_prefix;
        let is_command = |m: &RepMessage| step::command(&m.content.as_text(), prefix).is_some();
        if !said.iter().any(is_command) {
            return Ok(Vec::new());
        }
        let state = self.store.state_load(handoff.conversation, &Also::default()).await?;
        let Some(inbox) = state.map(|state| state.conversation.inbox) else {
            return Ok(Vec::new());
        };
        Ok(self.store.template_list(handoff.workspace, Some(inbox), COMMAND_TEMPLATES).await?)
    }

    /// Tells the desk that the customer has a rep's message, or has read it. May be lost.
    pub(crate) async fn show_mark(&self, message: &Message, read: bool) -> Result<(), ApplyError> {
        let Some((desk, handoff)) = self.open_desk(message).await? else { return Ok(()) };
        let message = message.clone();
        signal(async move {
            match read {
                true => desk.read(&handoff, &message).await,
                false => desk.delivered(&handoff, &message).await,
            }
        });
        Ok(())
    }

    /// Tells the desk that has the customer's message until when the customer can be answered
    /// freely. May be lost.
    pub(crate) async fn show_window(&self, effects: &Effects) -> Result<(), ApplyError> {
        let to_desk = effects.deliveries.iter().any(|d| d.destination == Destination::Desk);
        let (Some(message), Some(window)) =
            (effects.messages.last().filter(|_| to_desk), effects.conversation.window)
        else {
            return Ok(());
        };
        let Some((desk, handoff)) = self.open_desk(message).await? else { return Ok(()) };
        signal(async move { desk.window(&handoff, window.expires_at).await });
        Ok(())
    }

    /// The desk that has the message's session now, with its open handoff.
    async fn open_desk(
        &self,
        message: &Message,
    ) -> Result<Option<(Arc<dyn Desk>, Handoff)>, ApplyError> {
        let handoffs = self.store.handoffs_of(message.conversation).await?;
        let of_it = |h: &Handoff| h.session == message.session && h.state.is_open();
        let handoff = handoffs.into_iter().rev().find(of_it);
        let desk = handoff.as_ref().and_then(|handoff| self.registry().desk(handoff.desk));
        Ok(desk.zip(handoff))
    }
}

/// Sends something that may be lost.
fn signal(sending: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        if tokio::time::timeout(SIGNAL_PATIENCE, sending).await.is_err() {
            tracing::debug!("a sign for a rep was lost");
        }
    });
}

/// What a desk holds of a handoff's work.
pub(crate) struct Listed {
    handoff: Handoff,
    listing: Listing,
}

/// Compares every open handoff: webhooks that came while nobody listened are lost otherwise. Where
/// a stream tells, it does so itself when it is open again.
pub(crate) async fn compare_all(hub: &Arc<Hub>) {
    let open = match hub.store.handoffs_open().await {
        Ok(open) => open,
        Err(error) => return tracing::error!(%error, "open handoffs not read"),
    };
    let registry = hub.registry();
    let streams = |h: &Handoff| registry.desk(h.desk).is_some_and(|desk| desk.subject(h).is_some());
    for handoff in open.into_iter().filter(|handoff| !streams(handoff)) {
        if let Err(error) = hub.reconcile(handoff.conversation, handoff.id).await {
            tracing::warn!(handoff = %handoff.id, %error, "handoff not compared; the timer will");
        }
    }
}

async fn write_brief(
    registry: &Registry,
    state: &State,
    session: &Session,
    handoff: &Handoff,
    messages: &[Message],
) -> Brief {
    let newest = &messages[messages.len().saturating_sub(SNAPSHOT_LINES)..];
    if let Some(tenant) = registry.tenants.get(&state.conversation.workspace) {
        let snapshot = snapshot(state, session, newest, &tenant.settings, registry);
        let deadline = Duration::from_millis(tenant.settings.engine.deadline_ms.unsigned_abs());
        for engine in [&tenant.engine, &tenant.fallback] {
            crash::point("before", "write");
            let brief =
                tokio::time::timeout(deadline, engine.brief(&snapshot, handoff.reason)).await;
            crash::point("after", "write");
            match brief {
                Ok(Ok(brief)) => return bounded(brief, &tenant.settings.classifications),
                Ok(Err(fault)) => {
                    tracing::warn!(fault = %fault.operator, "brief not written by the engine");
                }
                Err(_) => tracing::warn!("brief not written in time by the engine"),
            }
        }
    }
    bare_brief(session, handoff)
}

/// Never without a brief: at least why the session comes.
fn bare_brief(session: &Session, handoff: &Handoff) -> Brief {
    Brief {
        subject: format!("Session {}", session.number),
        summary: "No summary could be written; please read the transcript.".to_owned(),
        classification: "other".to_owned(),
        sentiment: baton_core::brief::Sentiment::Neutral,
        language: session.language.clone().unwrap_or_else(|| "en".to_owned()),
        reason: handoff.reason.words().to_owned(),
    }
}

/// Whatever an engine wrote stays within the workspace's lists and the desks' limits.
fn bounded(mut brief: Brief, classifications: &[String]) -> Brief {
    brief.subject = clip(&brief.subject, SUBJECT_MAX_CHARS);
    brief.summary = clip(&brief.summary, SUMMARY_MAX_CHARS);
    brief.reason = clip(&brief.reason, SUBJECT_MAX_CHARS);
    brief.language = clip(&brief.language, 8);
    if !classifications.contains(&brief.classification) {
        brief.classification =
            classifications.last().cloned().unwrap_or_else(|| "other".to_owned());
    }
    brief
}

fn clip(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

/// What a desk is given of the conversation.
struct Said {
    shown: Vec<Message>,
    files: Vec<SharedFile>,
}

fn plan(
    registry: &Registry,
    state: &State,
    handoff: &Handoff,
    place: &Place,
    brief: &Brief,
    said: &Said,
) -> Result<Vec<PlanStep>, Fault> {
    let refuse = |text: &str| Fault::new(FaultClass::NotRegistered, text);
    let desk = registry
        .desk(place.choice.desk)
        .ok_or_else(|| refuse("use the desk: it is stopped or was removed; check its settings"))?;
    let channel = registry
        .inboxes
        .get(&state.conversation.inbox)
        .ok_or_else(|| refuse("find the inbox"))?
        .row
        .channel;
    desk.open(&Opening {
        handoff,
        session: handoff.session,
        channel,
        contact: &state.contact,
        brief,
        transcript: &said.shown,
        files: &said.files,
        choice: &place.choice,
        window_until: state.conversation.window.map(|window| window.expires_at),
    })
}
