//! From what a vendor names to our conversation. When two turn out to be one, they merge.

use baton_core::{
    contact::Identity,
    ids::{ConversationId, InboxId, WorkspaceId},
    step::Input,
};
use baton_store::Also;

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
        let keep = self.liveliest(&found).await?.unwrap_or(oldest);
        for absorb in found.into_iter().filter(|id| *id != keep) {
            tracing::info!(%keep, %absorb, "two conversations are one person's: merged");
            // Boxed, because applying an input resolves first.
            Box::pin(self.apply_to(absorb, Input::Merged)).await?;
            self.store.conversation_merge(workspace, keep, absorb, self.clock.now()).await?;
        }
        Ok(Some(keep))
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
