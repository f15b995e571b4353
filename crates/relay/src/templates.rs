//! Keeps the templates of every inbox as their vendors hold them: at the start, every half hour,
//! when a vendor says that something changed, and when somebody asks.

use std::time::Duration;

use baton_core::{
    channel::Channel,
    fault::Fault,
    ids::{ConversationId, InboxId, TemplateId, WorkspaceId},
    message::Author,
    step::{self, Input, State},
    template::{Template, TemplateUse},
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};
use baton_store::StoreError;

use crate::{
    apply::{Whose, With},
    crash,
    hub::Hub,
    inbox::{Said, SayError},
    rounds::{Reader, Round, Rounds, late},
};

/// How often an inbox's templates are read.
const EVERY_MS: i64 = 30 * MINUTE_MS;
/// The pause after a vendor did not list them.
const AFTER_FAULT_MS: i64 = 5 * MINUTE_MS;
/// Words of a vendor that come faster than this are one; a vendor counts such calls.
const AT_MOST_EVERY_MS: i64 = 10 * SECOND_MS;
/// A listing that takes longer has failed, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// When each inbox's templates were last read.
pub(crate) type TemplateSyncs = Rounds<Timestamp>;

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
    /// Reads this inbox's templates soon, but not more often than a vendor bears.
    fn soon(&self, inbox: InboxId, now: Timestamp) {
        self.sooner(inbox, |round| round.last.plus_ms(AT_MOST_EVERY_MS).max(now));
    }

    /// Notes that they were read, or why not; true when the trouble is new.
    fn read(&self, inbox: InboxId, now: Timestamp, problem: Option<String>) -> bool {
        let pause = if problem.is_some() { AFTER_FAULT_MS } else { EVERY_MS };
        self.done(inbox, Round { next_at: now.plus_ms(pause), problem, last: now })
    }
}

/// Reads the templates of the inboxes whose channels have them.
pub(crate) struct Templates;

impl Reader for Templates {
    type Last = Timestamp;

    fn rounds(hub: &Hub) -> &TemplateSyncs {
        &hub.templates
    }

    fn has(channel: &dyn Channel) -> bool {
        channel.templates().is_some()
    }

    async fn read(hub: &Hub, workspace: WorkspaceId, inbox: InboxId) {
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
        let is_news = self.templates.read(inbox, self.clock.now(), problem.clone());
        if let Some(problem) = problem.filter(|_| is_news) {
            let text = format!("the templates of an inbox could not be read: failed to {problem}");
            self.notify_operator(workspace, "templates_not_synced", text).await?;
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
        self.templates.last(inbox).and_then(|round| round.problem)
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
        syncs.read(ids(1).0, NOW, None);
        assert_eq!(syncs.due(&running, NOW), [ids(2)]);
        assert!(syncs.due(&running[..1], NOW.plus_ms(EVERY_MS - 1)).is_empty());
        assert_eq!(syncs.due(&running[..1], NOW.plus_ms(EVERY_MS)), [ids(1)]);
    }

    #[test]
    fn many_words_of_a_vendor_are_one_reading() {
        let syncs = TemplateSyncs::default();
        let (inbox, _) = ids(1);
        syncs.read(inbox, NOW, None);
        for ms in 0..50 {
            syncs.soon(inbox, NOW.plus_ms(ms));
        }
        assert!(syncs.due(&[ids(1)], NOW.plus_ms(AT_MOST_EVERY_MS - 1)).is_empty());
        assert_eq!(syncs.due(&[ids(1)], NOW.plus_ms(AT_MOST_EVERY_MS)), [ids(1)]);
        syncs.read(inbox, NOW.plus_ms(AT_MOST_EVERY_MS), None);
        assert!(syncs.due(&[ids(1)], NOW.plus_ms(2 * AT_MOST_EVERY_MS)).is_empty());
    }

    #[test]
    fn trouble_is_told_once() {
        let syncs = TemplateSyncs::default();
        let (inbox, _) = ids(1);
        let trouble = || Some("use the access token".to_owned());
        assert!(syncs.read(inbox, NOW, trouble()));
        assert!(!syncs.read(inbox, NOW, trouble()));
        assert!(!syncs.read(inbox, NOW, None));
        assert!(syncs.read(inbox, NOW, trouble()));
    }
}
