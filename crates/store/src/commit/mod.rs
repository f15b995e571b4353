//! What a step decided becomes lasting, many conversations at once. A unit that loses is left
//! out before anything else of it is written, and never fails its neighbours.

mod admit;
mod marks;
mod nouns;
mod number;
mod rows;

use std::{collections::HashSet, sync::Arc};

use baton_core::{contact::Point, feed::Fact, ids::InboundId, step::Effects, time::Timestamp};

use crate::{
    Store, Terms,
    error::{CommitError, StoreError},
    inbound::{NewInbound, Prepared},
    transaction::Tx,
};
pub(crate) use number::{Numbered, add_fact};
use rows::CommitRows;

/// What one transaction is to make lasting.
#[derive(Clone, PartialEq, Debug)]
pub struct Commit {
    /// What the step decided. The conversation's version is the one that was read; 0 makes it.
    pub effects: Effects,
    /// All points under which the conversation is known in its inbox.
    pub aliases: Vec<Point>,
    /// The event that is dealt with by this.
    pub cause: Option<Cause>,
    /// The moment of the commit.
    pub now: Timestamp,
}

/// The event that a commit deals with.
#[derive(Clone, PartialEq, Debug)]
pub enum Cause {
    /// One that is stored and waits.
    Stored(InboundId),
    /// One that comes with the commit, and is stored by it as dealt with.
    Arriving(Arc<NewInbound>),
}

impl Cause {
    fn id(&self) -> InboundId {
        match self {
            Self::Stored(id) => *id,
            Self::Arriving(event) => event.id,
        }
    }
}

impl Commit {
    /// The event that has to wait for this commit.
    fn stored(&self) -> Option<InboundId> {
        match self.cause {
            Some(Cause::Stored(id)) => Some(id),
            _ => None,
        }
    }
}

/// A commit with the terms under which it is made.
pub(crate) struct Pledge {
    commit: Commit,
    /// The event that comes with it.
    arriving: Option<Prepared>,
    rows: CommitRows,
    terms: Arc<Terms>,
}

impl Store {
    /// Makes a step's effects lasting, all of them or none. Returns its facts with their
    /// positions; sessions in them carry their numbers.
    ///
    /// # Errors
    /// [`CommitError::Conflict`]: somebody else was faster (another version, a new conversation
    /// under one of the same points); load and step again.
    /// [`CommitError::Fenced`]: this process does not hold the partition of the event, or of
    /// the conversation where there is no event.
    /// [`CommitError::OutOfTurn`]: the event is dealt with already, or comes with the commit and is
    /// not the next one of its key.
    pub async fn commit(&self, commit: Commit) -> Result<Vec<Fact>, CommitError> {
        let arriving = match &commit.cause {
            Some(Cause::Arriving(event)) => {
                Some(Prepared::dealt_with(event.as_ref().clone(), self.shared.partitions)?)
            }
            _ => None,
        };
        let rows = CommitRows::make(&commit, self.shared.partitions)?;
        let pledge = Arc::new(Pledge { commit, arriving, rows, terms: self.terms() });
        let numbered = self.shared.writer.commit(Arc::clone(&pledge)).await?;
        Ok(numbered.facts(&pledge.commit))
    }
}

/// The commits of one transaction: what is still alive, and why the others are not.
struct Round<'a> {
    pledges: &'a [&'a Pledge],
    verdicts: Vec<Option<CommitError>>,
}

/// Writes the commits that may be; answers each. None where it was looked ahead and somebody lost
/// before it: the transaction is to be undone, and made again without.
pub(crate) async fn write(
    tx: &mut Tx,
    node: &str,
    pledges: &[&Pledge],
    looks_ahead: bool,
) -> Result<Option<Vec<Result<Numbered, CommitError>>>, StoreError> {
    if pledges.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut round = Round { pledges, verdicts: pledges.iter().map(|_| None).collect() };
    round.once_per_conversation();
    let admitted = round.alive().count();
    let foresaw = looks_ahead && admit::look_ahead(tx, &round).await?;
    admit::fence(tx, node, &mut round).await?;
    let stored = admit::store_arriving(tx, &mut round).await?;
    if foresaw && round.alive().count() < admitted {
        return Ok(None);
    }
    marks::keep_waiting(tx, &mut round).await?;
    admit::raise_versions(tx, &mut round).await?;
    admit::make_conversations(tx, &mut round).await?;
    admit::forget_lost(tx, &round, &stored);
    let numbered = number::number(tx, &round).await?;
    nouns::write(tx, &round, &numbered)?;
    marks::write(tx, &round);
    let answers = round.verdicts.into_iter().zip(numbered);
    Ok(Some(answers.map(|(lost, numbered)| lost.map_or(Ok(numbered), Err)).collect()))
}

impl<'a> Round<'a> {
    /// The commits that are still alive, with their places.
    fn alive(&self) -> impl Iterator<Item = (usize, &'a Commit)> + '_ {
        self.pledges
            .iter()
            .enumerate()
            .filter(|(at, _)| self.verdicts[*at].is_none())
            .map(|(at, pledge)| (at, &pledge.commit))
    }

    /// Their rows.
    fn rows(&self) -> impl Iterator<Item = (usize, &'a CommitRows)> + '_ {
        self.alive().map(|(at, _)| (at, &self.pledges[at].rows))
    }

    fn lose(&mut self, at: usize, error: CommitError) {
        self.verdicts[at] = Some(error);
    }

    /// Leaves out every alive commit that does not pass.
    fn keep(&mut self, error: &CommitError, mut passes: impl FnMut(usize, &Commit) -> bool) {
        let lost: Vec<usize> =
            self.alive().filter(|(at, c)| !passes(*at, c)).map(|(at, _)| at).collect();
        lost.into_iter().for_each(|at| self.lose(at, error.clone()));
    }

    /// Two commits of one conversation, or of one event, cannot both have read the newest state.
    fn once_per_conversation(&mut self) {
        let (mut conversations, mut events) = (HashSet::new(), HashSet::new());
        self.keep(&CommitError::Conflict, |_, commit| {
            conversations.insert(commit.effects.conversation.id)
                && commit.cause.as_ref().is_none_or(|cause| events.insert(cause.id()))
        });
    }
}
