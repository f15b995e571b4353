//! Committed facts, in order and without gaps.

use baton_core::{
    feed::{Fact, FactKind},
    ids::{SessionId, WorkspaceId},
    time::Timestamp,
};

use crate::{Store, commit::add_fact, database::limit, error::StoreError};

impl Store {
    /// Adds a fact that belongs to no conversation, such as what a vendor says about an account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn fact_add(
        &self,
        workspace: WorkspaceId,
        kind: FactKind,
        at: Timestamp,
    ) -> Result<Fact, StoreError> {
        self.write(move |tx| Box::pin(add_fact(tx, workspace, kind, at))).await
    }

    /// The facts after a position, oldest first; only those of one session where it is named.
    ///
    /// # Errors
    /// The database failed.
    pub async fn feed_after(
        &self,
        workspace: WorkspaceId,
        after: i64,
        session: Option<SessionId>,
        max: usize,
    ) -> Result<Vec<Fact>, StoreError> {
        let db = self.database();
        let workspace = workspace.to_string().into();
        match session {
            None => {
                let rest = "where t.\"workspace\" = $1 and t.\"position\" > $2 \
                            order by t.\"position\" limit $3";
                db.select("feed.after", rest, &[workspace, after.into(), limit(max)]).await
            }
            Some(session) => {
                let rest = "where t.\"workspace\" = $1 and t.\"position\" > $2 \
                            and t.\"session\" = $4 order by t.\"position\" limit $3";
                let args = [workspace, after.into(), limit(max), session.to_string().into()];
                db.select("feed.after_session", rest, &args).await
            }
        }
    }

    /// The position of the newest fact; 0 when there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn feed_last(&self, workspace: WorkspaceId) -> Result<i64, StoreError> {
        let sql = "select cast(\"feed_position\" as text) from \"workspace\" where \"id\" = $1";
        let args = [workspace.to_string().into()];
        let texts = self.database().read("feed.last", |_| sql.to_owned(), &args).await?;
        Ok(texts.first().and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}
