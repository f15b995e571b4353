//! Load, step, commit: the one way in which a conversation changes.

use baton_core::{
    contact::{Contact, Identity, Point},
    conversation::Conversation,
    feed::{Fact, FactKind},
    ids::{ContactId, ConversationId, DeliveryId, DeskId, InboxId, WorkspaceId},
    step::{self, Context, Effects, Input, State},
    task::{TaskChange, TaskKind},
    time::SECOND_MS,
};
use baton_store::{Also, Cause, Commit, CommitError, StoreError};

use crate::{broken, crash, deliver::Go, hub::Hub, notice};

/// A commit that loses this often in a row gives up for now.
const MAX_CONFLICTS: u32 = 20;
/// Work of a stopped inbox is looked at again after this long.
const POSTPONE_MS: i64 = 30 * SECOND_MS;

/// Why a conversation was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// The inbox is stopped or gone: the work waits for the operator.
    #[error("use the inbox: it is stopped or was removed")]
    NoInbox,
    /// The conversation is gone.
    #[error("find the conversation")]
    NoConversation,
    /// Another node owns the conversation now.
    #[error("commit: another node holds the lease")]
    Fenced,
    /// The event is dealt with already, or it came with the change and is not the next one.
    #[error("commit: the event is not the next one to be dealt with")]
    OutOfTurn,
    /// Others changed the conversation again and again.
    #[error("commit: the conversation kept changing")]
    Conflict,
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for ApplyError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::Fenced => Self::Fenced,
            CommitError::OutOfTurn => Self::OutOfTurn,
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

/// What is put off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Postponed {
    Delivery(DeliveryId),
    Task(TaskKind),
}

/// Which conversation is changed.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// A known one.
    Known(ConversationId),
    /// The one of this identity at this inbox: found or made.
    Of { workspace: WorkspaceId, inbox: InboxId, identity: Identity },
}

/// What else a change needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct With {
    /// The event that is dealt with by this change.
    pub cause: Option<Cause>,
    /// What the input speaks of, beside the outbox.
    pub also: Also,
    /// Addresses by which the conversation is known from now on.
    pub aliases: Vec<Point>,
    /// The state as our own last commit left it: it is read again only where somebody has changed
    /// the conversation since.
    pub known: Option<State>,
    /// The attempt at what the change lets go is begun in the same commit. Only for workers:
    /// whoever can be dropped between the commit and the call must not begin any.
    pub begin: bool,
}

impl With {
    /// Nothing but to begin the attempt at what the change lets go.
    pub fn begin() -> Self {
        Self { begin: true, ..Self::default() }
    }

    /// Nothing is to be written beside what follows from the input.
    fn writes_nothing(&self, whose: &Whose) -> bool {
        self.cause.is_none() && self.aliases.is_empty() && matches!(whose, Whose::Known(_))
    }
}

/// What one step made of a state.
struct Stepped {
    effects: Effects,
    after: State,
    /// The place of the attempt that it began beside its input.
    go: Option<Go>,
}

impl Hub {
    /// Applies one input to one conversation and commits what follows. Returns the state after it.
    pub(crate) async fn apply(
        &self,
        whose: &Whose,
        with: &With,
        input: &Input,
    ) -> Result<(State, Effects), ApplyError> {
        self.apply_with(whose, with, |_| input.clone()).await
    }

    /// The same with an input that depends on the state it meets.
    pub(crate) async fn apply_with(
        &self,
        whose: &Whose,
        with: &With,
        input: impl Fn(&State) -> Input,
    ) -> Result<(State, Effects), ApplyError> {
        let mut known = with.known.clone();
        for _ in 0..MAX_CONFLICTS {
            let id = self.whose_id(whose).await?;
            let _one_at_a_time = match id {
                Some(id) => Some(self.lock_of(id).lock().await),
                None => None,
            };
            let state = match known.take() {
                Some(state) => state,
                None => self.load(whose, id, with).await?,
            };
            let input = input(&state);
            let change = crash::name(&input);
            let seen = broken::seen_by_the_rules(&state, &input);
            let Some(stepped) = self.step(&seen, input, with.begin) else {
                return Err(ApplyError::NoInbox);
            };
            let Stepped { effects, mut after, go } = stepped;
            let is_needless = || with.writes_nothing(whose) && effects.is_nothing(&state);
            if effects.ask_desk || is_needless() {
                // What is not committed has no state after it.
                drop(seen);
                return Ok((state, effects));
            }
            let commit = Commit {
                effects: effects.clone(),
                aliases: aliases(whose, with),
                cause: with.cause.clone(),
                now: self.clock.now(),
            };
            crash::before(change, go.is_some());
            match self.store.commit(commit).await {
                Ok(facts) => {
                    crash::after(change, go.is_some());
                    notice::count_all(&facts);
                    number(&mut after, &facts);
                    self.committed(&effects, &after, facts.len());
                    if let Some(go) = go {
                        self.attempts.hand_on(go, &effects, &after);
                    }
                    return Ok((after, effects));
                }
                Err(error) => {
                    go.iter().for_each(|go| self.give_up(go));
                    if !matches!(error, CommitError::Conflict) {
                        return Err(error.into());
                    }
                }
            }
        }
        Err(ApplyError::Conflict)
    }

    /// Applies one input to a known conversation.
    pub(crate) async fn apply_to(
        &self,
        id: ConversationId,
        input: Input,
    ) -> Result<(State, Effects), ApplyError> {
        self.apply(&Whose::Known(id), &With::default(), &input).await
    }

    /// Puts work off whose inbox is stopped, so that it holds up nobody else's.
    pub(crate) async fn postpone(
        &self,
        id: ConversationId,
        what: Postponed,
    ) -> Result<(), ApplyError> {
        let _one_at_a_time = self.lock_of(id).lock().await;
        let state = self.store.state_load(id, &Also::default()).await?;
        let state = state.ok_or(ApplyError::NoConversation)?;
        let until = self.clock.now().plus_ms(POSTPONE_MS);
        let mut effects = Effects::nothing(&state);
        match what {
            Postponed::Delivery(id) => {
                let mut rows = state.deliveries;
                rows.retain(|delivery| delivery.id == id);
                rows.iter_mut().for_each(|delivery| delivery.next_at = until);
                effects.deliveries = rows;
            }
            Postponed::Task(task) => effects.tasks.push(TaskChange::Set(task, until)),
        }
        let commit = Commit { effects, aliases: Vec::new(), cause: None, now: self.clock.now() };
        match self.store.commit(commit).await {
            // Whoever changed the conversation meanwhile looks at it anew.
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn lock_of(&self, id: ConversationId) -> &tokio::sync::Mutex<()> {
        let count = self.locks.len().max(1);
        let index = usize::try_from(id.0.as_u128() % count as u128).unwrap_or(0);
        &self.locks[index]
    }

    pub(crate) async fn whose_id(
        &self,
        whose: &Whose,
    ) -> Result<Option<ConversationId>, ApplyError> {
        match whose {
            Whose::Known(id) => Ok(Some(*id)),
            Whose::Of { workspace, inbox, identity } => {
                self.resolve(*workspace, *inbox, identity).await
            }
        }
    }

    pub(crate) async fn load(
        &self,
        whose: &Whose,
        id: Option<ConversationId>,
        with: &With,
    ) -> Result<State, ApplyError> {
        if let Some(id) = id {
            return self.store.state_load(id, &with.also).await?.ok_or(ApplyError::NoConversation);
        }
        let Whose::Of { workspace, inbox, identity } = whose else {
            return Err(ApplyError::NoConversation);
        };
        self.begin(*workspace, *inbox, identity).await
    }

    /// A conversation that is not stored yet, with the person where we know them already.
    async fn begin(
        &self,
        workspace: WorkspaceId,
        inbox: InboxId,
        identity: &Identity,
    ) -> Result<State, ApplyError> {
        let ids = self.ids.as_ref();
        let known = self.store.contact_find(workspace, &identity.points).await?;
        let contact = known.unwrap_or_else(|| Contact {
            id: ContactId::new(ids),
            workspace,
            name: None,
            points: Vec::new(),
        });
        Ok(State {
            conversation: Conversation::new(ConversationId::new(ids), workspace, inbox, contact.id),
            contact,
            session: None,
            handoff: None,
            deliveries: Vec::new(),
            messages: Vec::new(),
            consents: Vec::new(),
        })
    }

    /// The input, and with it the attempt at what it lets go, where one is to be begun and a call
    /// can be made now.
    fn step(&self, state: &State, input: Input, begin: bool) -> Option<Stepped> {
        let desk = desk_of(state, &input);
        self.in_context(state, desk, |context| {
            let mut draft = step::step(state, input, context);
            let head = draft.head().filter(|_| begin && !broken::begins_apart());
            let go = head.and_then(|id| self.go(draft.state(), id));
            if let (Some(id), Some(go)) = (head, &go) {
                draft.begin(id, go.free_at());
            }
            let (effects, after) = draft.finish(state);
            let (go, refused) = match effects.begun() {
                Some(_) => (go, None),
                None => (None, go),
            };
            refused.iter().for_each(|go| self.give_up(go));
            Stepped { effects, after, go }
        })
    }

    /// Asks the rules something about a conversation; none when its inbox does not run.
    pub(crate) fn in_context<T>(
        &self,
        state: &State,
        desk: Option<DeskId>,
        ask: impl FnOnce(&Context<'_>) -> T,
    ) -> Option<T> {
        let registry = self.registry();
        let inbox = registry.inboxes.get(&state.conversation.inbox)?;
        let channel = inbox.channel.as_ref().ok()?;
        let tenant = registry.tenants.get(&state.conversation.workspace)?;
        let desk = desk.and_then(|id| registry.desk(id));
        Some(ask(&Context {
            now: self.clock.now(),
            ids: self.ids.as_ref(),
            settings: tenant.settings.as_ref(),
            channel: channel.policy(),
            name: &inbox.row.name,
            ai: inbox.row.ai,
            routes: tenant.routes.as_ref(),
            desk: desk.as_deref().map(|desk| desk.policy()),
        }))
    }
}

/// The desk that spoke, whose session may be over by now, or else the one that owns the session.
fn desk_of(state: &State, input: &Input) -> Option<DeskId> {
    match input {
        Input::Rep { handoff, .. } | Input::Listed { handoff, .. } => Some(handoff.desk),
        _ => state.handoff.as_ref().map(|handoff| handoff.desk),
    }
}

/// A new session got its number with the commit.
fn number(after: &mut State, facts: &[Fact]) {
    let opened = facts.iter().find_map(|fact| match &fact.kind {
        FactKind::SessionOpened(session) => Some(session),
        _ => None,
    });
    if let (Some(opened), Some(session)) = (opened, &mut after.session)
        && opened.id == session.id
    {
        session.number = opened.number;
    }
}

fn aliases(whose: &Whose, with: &With) -> Vec<Point> {
    let mut aliases = with.aliases.clone();
    if let Whose::Of { identity, .. } = whose {
        aliases.extend(identity.points.iter().cloned());
    }
    aliases
}
