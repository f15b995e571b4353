//! Engine turns: outside any transaction, on a snapshot, one per session at a time.

use std::{sync::Arc, time::Duration};

use baton_core::{
    engine::{Engine, Line, Snapshot},
    fault::{Fault, FaultClass},
    ids::{ConversationId, InboxId, SessionId},
    message::{AuthorKind, Message},
    session::{Owner, Session},
    settings::Settings,
    step::{Input, State},
    task::TaskKind,
};
use baton_store::Also;

use crate::{
    apply::{ApplyError, Whose, With},
    crash,
    hub::Hub,
};

/// The newest messages that an engine sees.
pub(crate) const SNAPSHOT_LINES: usize = 60;
/// A lost signal is given up after this long, in real time.
pub(crate) const SIGNAL_PATIENCE: Duration = Duration::from_secs(5);

impl Hub {
    /// Runs one turn and commits what came of it.
    pub(crate) async fn turn(
        &self,
        conversation: ConversationId,
        id: SessionId,
    ) -> Result<(), ApplyError> {
        let state = self.store.state_load(conversation, &Also::default()).await?;
        let Some(state) = state.filter(|state| is_due(state, id)) else {
            self.apply_to(conversation, Input::Due(TaskKind::Turn(id))).await?;
            return Ok(());
        };
        let Some(session) = state.session.clone() else { return Ok(()) };
        let up_to = session.asked_up_to;
        let messages = self.store.messages_up_to(conversation, id, up_to, SNAPSHOT_LINES).await?;
        self.attend(state.conversation.inbox, &messages);
        let result = self.think(&state, &session, &messages).await;
        let input = Input::TurnEnded { up_to, epoch: session.epoch, result };
        self.apply(&Whose::Known(conversation), &With::begin(), &input).await?;
        Ok(())
    }

    async fn think(
        &self,
        state: &State,
        session: &Session,
        messages: &[Message],
    ) -> Result<baton_core::engine::Turn, Fault> {
        let registry = self.registry();
        let Some(tenant) = registry.tenants.get(&state.conversation.workspace) else {
            return Err(Fault::new(FaultClass::EngineFailed, "the workspace is gone"));
        };
        let settings = Arc::clone(&tenant.settings);
        let snapshot = snapshot(state, session, messages, &settings, &registry);
        let engine: Arc<dyn Engine> = Arc::clone(&tenant.engine);
        let deadline = Duration::from_millis(settings.engine.deadline_ms.unsigned_abs());
        crash::point("before", "think");
        let turn = tokio::time::timeout(deadline, engine.turn(&snapshot)).await;
        crash::point("after", "think");
        let result = turn.unwrap_or_else(|_| {
            Err(Fault::new(FaultClass::EngineFailed, "the engine did not answer in time"))
        });
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        metrics::counter!("baton_turns_total", "engine" => engine.vendor(), "outcome" => outcome)
            .increment(1);
        result
    }

    /// Marks the customer's newest message as read and shows that somebody writes. May be lost.
    pub(crate) fn attend(&self, inbox: InboxId, messages: &[Message]) {
        let newest = messages.iter().rev().find(|m| m.author.kind == AuthorKind::Customer);
        let Some(vendor_id) = newest.and_then(|m| m.vendor_id.clone()) else { return };
        let Some(channel) = self.registry().channel(inbox) else { return };
        tokio::spawn(async move {
            let signal = channel.attend(&vendor_id);
            if tokio::time::timeout(SIGNAL_PATIENCE, signal).await.is_err() {
                tracing::debug!("a typing sign was lost");
            }
        });
    }
}

fn is_due(state: &State, id: SessionId) -> bool {
    state.session.as_ref().is_some_and(|s| s.id == id && s.owner == Owner::Ai && s.is_unanswered())
}

/// Everything that an engine may know.
pub(crate) fn snapshot(
    state: &State,
    session: &Session,
    messages: &[Message],
    settings: &Settings,
    registry: &crate::registry::Registry,
) -> Snapshot {
    let lines: Vec<Line> = messages
        .iter()
        .map(|message| Line {
            author: message.author.kind,
            text: message.content.as_text(),
            at: message.at,
        })
        .collect();
    let unanswered = messages
        .iter()
        .rev()
        .take_while(|m| {
            m.position > session.answered_up_to && m.author.kind == AuthorKind::Customer
        })
        .count();
    let inbox = registry.inboxes.get(&state.conversation.inbox);
    let running = registry.channel(state.conversation.inbox);
    Snapshot {
        session: session.id,
        channel: inbox.map_or(baton_core::inbox::ChannelKind::Web, |inbox| inbox.row.channel),
        choices: running.and_then(|channel| channel.policy().choices),
        contact_name: state.contact.name.clone(),
        lines,
        unanswered,
        rules: settings.handoff.clone(),
        classifications: settings.classifications.clone(),
        language: session.language.clone(),
        default_language: settings.default_language.clone(),
        misses: session.misses,
        tokens_spent: session.tokens_spent,
        token_budget: settings.engine.session_token_budget,
    }
}
