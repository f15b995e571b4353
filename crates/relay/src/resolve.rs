//! From what a vendor names to our conversation. When two turn out to be one, they merge.

use baton_core::{
    contact::Identity,
    feed::FactKind,
    ids::{ContactId, ConversationId, InboxId, WorkspaceId},
    step::Input,
};
use baton_store::{Also, StoreError, Unmerged};

use crate::{apply::ApplyError, hub::Hub};

impl Hub {
    /// The conversation of an identity at an inbox; none when it has never written.
    pub(crate) async fn resolve(
        &self,
        workspace: WorkspaceId,
        inbox: InboxId,
        identity: &Identity,
    ) -> Result<Option<ConversationId>, ApplyError> {
        let found = self.store.conversation_find(inbox, &identity.points).await?;
        let Some((&oldest, others)) = found.split_first() else { return Ok(None) };
        if others.is_empty() {
            return Ok(Some(oldest));
        }
        if let Some(parted) = self.parted(inbox, identity, &found).await? {
            return Ok(Some(parted));
        }
        let keep = self.liveliest(&found).await?.unwrap_or(oldest);
        for absorb in found.into_iter().filter(|id| *id != keep) {
            tracing::info!(%keep, %absorb, "two conversations are one person's: merged");
            // Boxed, because applying an input resolves first.
            Box::pin(self.apply_to(absorb, Input::Merged)).await?;
            self.store.conversation_merge(workspace, keep, absorb, self.clock.now()).await?;
        }
        Ok(Some(keep))
    }

    /// Where somebody has taken a merge of them back, none of them is merged by itself: the one
    /// that the best of the addresses belongs to is meant.
    async fn parted(
        &self,
        inbox: InboxId,
        identity: &Identity,
        found: &[ConversationId],
    ) -> Result<Option<ConversationId>, ApplyError> {
        let mut parted = false;
        for (at, a) in found.iter().enumerate() {
            for b in &found[at + 1..] {
                parted |= self.store.conversations_parted(*a, *b).await?;
            }
        }
        if !parted {
            return Ok(None);
        }
        for point in &identity.points {
            let of = self.store.conversation_of(inbox, point).await?;
            if of.is_some_and(|id| found.contains(&id)) {
                return Ok(of);
            }
        }
        Ok(found.first().copied())
    }

    /// Takes back that a conversation became part of a person's. From then on the two are merged
    /// by nobody but a person. The feed tells it.
    ///
    /// # Errors
    /// The database failed; nothing changed.
    pub async fn unmerge(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        absorbed: ConversationId,
        by: &str,
    ) -> Result<Unmerged, StoreError> {
        let notice = FactKind::OperatorNotice {
            code: "contacts_separated".to_owned(),
            text: format!("{by} separated conversation {absorbed} from contact {contact} again"),
        };
        let now = self.clock.now();
        let done =
            self.store.conversation_unmerge(workspace, contact, absorbed, notice, now).await?;
        self.fed();
        Ok(done)
    }

    /// The one with an open session, which somebody may be answering now.
    async fn liveliest(
        &self,
        found: &[ConversationId],
    ) -> Result<Option<ConversationId>, ApplyError> {
        for id in found {
            let state = self.store.state_load(*id, &Also::default()).await?;
            if state.is_some_and(|state| state.session.is_some()) {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }
}
