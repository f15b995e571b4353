//! Keeps the templates of every inbox as their vendors hold them: at the start, every half hour,
//! when a vendor says that something changed, and when somebody asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use baton_core::{
    fault::{Fault, FaultClass},
    feed::FactKind,
    ids::{ConversationId, InboxId, TemplateId, WorkspaceId},
    message::Author,
    step::{self, Input, State},
    template::{Template, TemplateUse},
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};
use baton_store::StoreError;
use tokio::sync::Notify;

use crate::{
    apply::{Whose, With},
    crash,
    hub::Hub,
    inbox::{Said, SayError},
};

/// How often an inbox's templates are read.
const EVERY_MS: i64 = 30 * MINUTE_MS;
/// The pause after a vendor did not list them.
const AFTER_FAULT_MS: i64 = 5 * MINUTE_MS;
/// Words of a vendor that come faster than this are one; a vendor counts such calls.
const AT_MOST_EVERY_MS: i64 = 10 * SECOND_MS;
/// A listing that takes longer has failed, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// New inboxes are looked for this often, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// When each inbox is read next, and what was wrong the last time.
#[derive(Debug, Default)]
pub(crate) struct TemplateSyncs {
    inboxes: Mutex<HashMap<InboxId, Sync>>,
    bell: Notify,
}

#[derive(Clone, Debug)]
struct Sync {
    next_at: Timestamp,
    last_at: Option<Timestamp>,
    problem: Option<String>,
}

/// Why an inbox's templates were not read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateSyncError {
    /// The inbox does not run, or its channel knows no templates.
    #[error("use the inbox: it does not run, or its channel has no templates")]
    NoTemplates,
    /// The vendor did not list them.
    #[error("{}", .0.operator)]
    Vendor(Fault),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TemplateSyncs {
    fn lock(&self) -> MutexGuard<'_, HashMap<InboxId, Sync>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those whose time has come; what does not run any more is forgotten.
    fn due(
        &self,
        running: &[(InboxId, WorkspaceId)],
        now: Timestamp,
    ) -> Vec<(InboxId, WorkspaceId)> {
        let mut inboxes = self.lock();
        inboxes.retain(|id, _| running.iter().any(|(known, _)| known == id));
        running
            .iter()
            .filter(|(id, _)| inboxes.get(id).is_none_or(|sync| sync.next_at <= now))
            .copied()
            .collect()
    }

    /// Reads this inbox's templates soon, but not more often than a vendor bears.
    fn soon(&self, inbox: InboxId, now: Timestamp) {
        if let Some(sync) = self.lock().get_mut(&inbox) {
            let free_at = sync.last_at.map_or(now, |last| last.plus_ms(AT_MOST_EVERY_MS)).max(now);
            sync.next_at = sync.next_at.min(free_at);
        }
        self.bell.notify_one();
    }

    /// The first moment at which any is read.
    fn next_at(&self) -> Option<Timestamp> {
        self.lock().values().map(|sync| sync.next_at).min()
    }

    /// Notes how it went; true when the trouble is new.
    fn done(&self, inbox: InboxId, now: Timestamp, problem: Option<String>) -> bool {
        let pause = if problem.is_some() { AFTER_FAULT_MS } else { EVERY_MS };
        let sync = Sync { next_at: now.plus_ms(pause), last_at: Some(now), problem };
        let is_bad = sync.problem.is_some();
        let before = self.lock().insert(inbox, sync);
        is_bad && before.is_none_or(|before| before.problem.is_none())
    }
}

/// Reads what is due, until the hub stops.
pub(crate) async fn run(hub: Arc<Hub>) {
    while !hub.is_stopping() {
        if hub.is_ready() {
            sync_due(&hub).await;
        }
        let timer = async {
            match hub.templates.next_at() {
                Some(at) if at > hub.clock.now() => hub.clock.sleep_until(at).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => {}
            () = hub.templates.bell.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = hub.stopped() => {}
        }
    }
}

async fn sync_due(hub: &Hub) {
    let registry = hub.registry();
    let running: Vec<(InboxId, WorkspaceId)> = registry
        .inboxes
        .iter()
        .filter(|(_, inbox)| inbox.channel.as_ref().is_ok_and(|c| c.templates().is_some()))
        .map(|(id, inbox)| (*id, inbox.row.workspace))
        .collect();
    for (inbox, workspace) in hub.templates.due(&running, hub.clock.now()) {
        if hub.is_stopping() {
            return;
        }
        if let Err(error) = hub.templates_sync(workspace, inbox).await {
            tracing::warn!(%inbox, %error, "templates not read");
        }
    }
}

impl Hub {
    /// Reads the templates of an inbox from its vendor now; how many there are.
    ///
    /// # Errors
    /// The inbox does not run or has no templates, the vendor does not list them, or the store
    /// does not answer.
    pub async fn templates_sync(
        &self,
        workspace: WorkspaceId,
        inbox: InboxId,
    ) -> Result<usize, TemplateSyncError> {
        let read = self.read_templates(workspace, inbox).await;
        let problem = match &read {
            Ok(_) => None,
            Err(TemplateSyncError::NoTemplates) => return read,
            Err(error) => Some(error.to_string()),
        };
        let is_news = self.templates.done(inbox, self.clock.now(), problem.clone());
        if let Some(problem) = problem.filter(|_| is_news) {
            let text = format!("the templates of an inbox could not be read: failed to {problem}");
            let kind = FactKind::OperatorNotice { code: "templates_not_synced".to_owned(), text };
            self.store.fact_add(workspace, kind, self.clock.now()).await?;
            self.fed();
        }
        read
    }

    async fn read_templates(
        &self,
        workspace: WorkspaceId,
        inbox: InboxId,
    ) -> Result<usize, TemplateSyncError> {
        let registry = self.registry();
        let channel = registry.channel(inbox).ok_or(TemplateSyncError::NoTemplates)?;
        let power = channel.templates().ok_or(TemplateSyncError::NoTemplates)?;
        crash::point("before", "templates");
        let listed = tokio::time::timeout(PATIENCE, power.list()).await;
        crash::point("after", "templates");
        let late = || Fault::new(FaultClass::VendorDown, "hear from the vendor in time");
        let list = listed.unwrap_or_else(|_| Err(late())).map_err(TemplateSyncError::Vendor)?;
        let now = self.clock.now();
        let of_ours = |listed| {
            Template::new(TemplateId::new(self.ids.as_ref()), workspace, inbox, listed, now)
        };
        let templates: Vec<Template> = list.templates.into_iter().map(of_ours).collect();
        let count = templates.len();
        self.store.template_put_all(inbox, templates, list.complete).await?;
        Ok(count)
    }

    /// Sends a template to the customer of a conversation, whatever its window says.
    ///
    /// # Errors
    /// The customer does not want it, the inbox does not run, or the store does not answer;
    /// nothing was sent.
    pub async fn template_say(
        &self,
        conversation: ConversationId,
        author: Author,
        template: TemplateUse,
    ) -> Result<Said, SayError> {
        let whose = Whose::Known(conversation);
        let state = self.load(&whose, Some(conversation), &With::default()).await?;
        self.may_send(&state, &template)?;
        let input = Input::Template { author, template: template.clone() };
        let (state, effects) = self.apply(&whose, &With::default(), &input).await?;
        match effects.messages.iter().max_by_key(|message| message.position) {
            Some(said) => Ok(Said { session: said.session, message: said.id }),
            // The customer opted out in between.
            None => Err(self.may_send(&state, &template).err().unwrap_or(SayError::Busy)),
        }
    }

    fn may_send(&self, state: &State, template: &TemplateUse) -> Result<(), SayError> {
        let ask = |cx: &step::Context<'_>| step::template_refusal(state, cx, template);
        match self.in_context(state, None, ask) {
            None => Err(SayError::NoInbox),
            Some(Some(fault)) => Err(SayError::Refused(fault)),
            Some(None) => Ok(()),
        }
    }

    /// What was wrong when this inbox's templates were last read; none when nothing was.
    pub fn templates_problem(&self, inbox: InboxId) -> Option<String> {
        self.templates.lock().get(&inbox).and_then(|sync| sync.problem.clone())
    }

    /// A vendor said, or an error showed, that its templates are not what we hold.
    pub(crate) fn templates_soon(&self, inbox: InboxId) {
        self.templates.soon(inbox, self.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn ids(n: u128) -> (InboxId, WorkspaceId) {
        (InboxId(Uuid::from_u128(n)), WorkspaceId(Uuid::from_u128(9)))
    }

    #[test]
    fn an_inbox_is_read_at_the_start_and_every_half_hour() {
        let syncs = TemplateSyncs::default();
        let running = [ids(1), ids(2)];
        assert_eq!(syncs.due(&running, NOW), running);
        syncs.done(ids(1).0, NOW, None);
        assert_eq!(syncs.due(&running, NOW), [ids(2)]);
        assert!(syncs.due(&running[..1], NOW.plus_ms(EVERY_MS - 1)).is_empty());
        assert_eq!(syncs.due(&running[..1], NOW.plus_ms(EVERY_MS)), [ids(1)]);
    }

    #[test]
    fn many_words_of_a_vendor_are_one_reading() {
        let syncs = TemplateSyncs::default();
        let (inbox, _) = ids(1);
        syncs.done(inbox, NOW, None);
        for ms in 0..50 {
            syncs.soon(inbox, NOW.plus_ms(ms));
        }
        assert!(syncs.due(&[ids(1)], NOW.plus_ms(AT_MOST_EVERY_MS - 1)).is_empty());
        assert_eq!(syncs.due(&[ids(1)], NOW.plus_ms(AT_MOST_EVERY_MS)), [ids(1)]);
        syncs.done(inbox, NOW.plus_ms(AT_MOST_EVERY_MS), None);
        assert!(syncs.due(&[ids(1)], NOW.plus_ms(2 * AT_MOST_EVERY_MS)).is_empty());
    }

    #[test]
    fn trouble_is_told_once() {
        let syncs = TemplateSyncs::default();
        let (inbox, _) = ids(1);
        let trouble = || Some("use the access token".to_owned());
        assert!(syncs.done(inbox, NOW, trouble()));
        assert!(!syncs.done(inbox, NOW, trouble()));
        assert!(!syncs.done(inbox, NOW, None));
        assert!(syncs.done(inbox, NOW, trouble()));
    }
}
