//! What was said.

use baton_core::{
    ids::{ConversationId, MessageId, SessionId, WorkspaceId},
    message::Message,
};

use crate::{Store, database::limit, error::StoreError};

impl Store {
    /// One message.
    ///
    /// # Errors
    /// The database failed.
    pub async fn message_get(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let args = [id.to_string().into()];
        self.database().select_one("message.get", "where t.\"id\" = $1", &args).await
    }

    /// The messages of a session after a position, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages_of_session(
        &self,
        workspace: WorkspaceId,
        session: SessionId,
        after: i64,
        max: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let rest = "where t.\"workspace\" = $1 and t.\"session\" = $2 and t.\"position\" > $3 \
                    order by t.\"position\" limit $4";
        let args =
            [workspace.to_string().into(), session.to_string().into(), after.into(), limit(max)];
        self.database().select("message.of_session", rest, &args).await
    }

    /// The newest messages of a session up to a position, returned oldest first, without those
    /// that were withdrawn: what engines and transcripts read.
    ///
    /// # Errors
    /// The database failed.
    pub async fn messages_up_to(
        &self,
        conversation: ConversationId,
        session: SessionId,
        up_to: i64,
        max: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let rest = "where t.\"conversation\" = $1 and t.\"session\" = $2 and t.\"position\" <= $3 \
                    and t.\"status\" <> 'cancelled' order by t.\"position\" desc limit $4";
        let args =
            [conversation.to_string().into(), session.to_string().into(), up_to.into(), limit(max)];
        let mut messages: Vec<Message> =
            self.database().select("message.up_to", rest, &args).await?;
        messages.reverse();
        Ok(messages)
    }
}
