//! Givings of sessions to desks.

use baton_core::{
    handoff::Handoff,
    ids::{ConversationId, DeskId, HandoffId, VendorId},
};

use crate::{Store, database::limit, error::StoreError};

/// The most handoffs or messages that one list holds.
const LIST_MAX: usize = 10_000;

impl Store {
    /// The newest handoff that made this work at the desk.
    ///
    /// # Errors
    /// The database failed.
    pub async fn handoff_by_work(
        &self,
        desk: DeskId,
        work: &VendorId,
    ) -> Result<Option<Handoff>, StoreError> {
        let rest = "where t.\"desk\" = $1 and t.\"work_id\" = $2 \
                    order by t.\"requested_at\" desc, t.\"plan_seq\" desc limit 1";
        let args = [desk.to_string().into(), work.as_str().into()];
        self.database().select_one("handoff.by_work", rest, &args).await
    }

    /// One handoff.
    ///
    /// # Errors
    /// The database failed.
    pub async fn handoff_get(&self, id: HandoffId) -> Result<Option<Handoff>, StoreError> {
        let args = [id.to_string().into()];
        self.database().select_one("handoff.get", "where t.\"id\" = $1", &args).await
    }

    /// All handoffs of a conversation, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn handoffs_of(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<Handoff>, StoreError> {
        let rest = "where t.\"conversation\" = $1 order by t.\"plan_seq\" limit $2";
        let args = [conversation.to_string().into(), limit(LIST_MAX)];
        self.database().select("handoff.of", rest, &args).await
    }

    /// The handoffs that are neither closed nor failed, a piece at a time, after one of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn handoffs_live(
        &self,
        after: Option<HandoffId>,
        max: usize,
    ) -> Result<Vec<Handoff>, StoreError> {
        let rest = "where t.\"live\" = 1 and t.\"id\" > $1 order by t.\"id\" limit $2";
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        self.database().select("handoff.live", rest, &[after.into(), limit(max)]).await
    }

    /// The handoffs whose work exists and is not over, for comparing with the desks at start.
    ///
    /// # Errors
    /// The database failed.
    pub async fn handoffs_open(&self) -> Result<Vec<Handoff>, StoreError> {
        let rest = "where t.\"live\" = 1 and t.\"state\" in ('waiting', 'active') \
                    order by t.\"requested_at\" limit $1";
        self.database().select("handoff.open", rest, &[limit(LIST_MAX)]).await
    }
}
