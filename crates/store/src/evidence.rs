//! What was recorded about a desk, for those who look for the cause of trouble.

use std::collections::HashMap;

use baton_core::{
    delivery::{Attempt, Delivery},
    handoff::Handoff,
    ids::{DeliveryId, DeskId, WorkspaceId},
    time::Timestamp,
};

use crate::{
    Store,
    database::{Arg, limit},
    error::StoreError,
};

/// What a desk was asked to do since a moment, and what came of it. Newest first, bounded.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DeskRecord {
    /// The tries, each with what it was to bring.
    pub tries: Vec<(Delivery, Attempt)>,
    /// The handoffs that were given to it.
    pub handoffs: Vec<Handoff>,
    /// Replies of its reps that wait because the customer's window is closed.
    pub held: Vec<Delivery>,
    /// Its streams that cannot be heard: whose, since when at least, why.
    pub unheard: Vec<(String, Timestamp, String)>,
}

impl Store {
    /// What was recorded about a desk since a moment; at most so many rows of each kind.
    ///
    /// # Errors
    /// The database failed.
    pub async fn desk_record(
        &self,
        workspace: WorkspaceId,
        desk: DeskId,
        since: Timestamp,
        max: usize,
    ) -> Result<DeskRecord, StoreError> {
        let db = self.database();
        let args: [Arg; 4] =
            [workspace.to_string().into(), desk.to_string().into(), since.0.into(), limit(max)];
        let rest = "where t.\"workspace\" = $1 and t.\"desk\" = $2 and t.\"created_at\" >= $3 \
                    order by t.\"created_at\" desc, t.\"seq\" desc limit $4";
        let deliveries: Vec<Delivery> = db.select("evidence.deliveries", rest, &args).await?;
        let rest = "where t.\"workspace\" = $1 and t.\"desk\" = $2 and t.\"requested_at\" >= $3 \
                    order by t.\"requested_at\" desc, t.\"plan_seq\" desc limit $4";
        let handoffs = db.select("evidence.handoffs", rest, &args).await?;
        let rest = "where t.\"workspace\" = $1 and t.\"hold\" = 'window' and t.\"session\" in \
                    (select h.\"session\" from \"handoff\" h where h.\"desk\" = $2) \
                    and t.\"created_at\" >= $3 order by t.\"created_at\" desc limit $4";
        let held = db.select("evidence.held", rest, &args).await?;
        let unheard = self.streams_troubled(&args).await?;
        let rest = "where t.\"delivery\" in (select d.\"id\" from \"delivery\" d \
                    where d.\"workspace\" = $1 and d.\"desk\" = $2 and d.\"created_at\" >= $3 \
                    order by d.\"created_at\" desc, d.\"seq\" desc limit $4) \
                    order by t.\"started_at\" desc, t.\"number\" desc limit $4";
        let attempts: Vec<Attempt> = db.select("evidence.attempts", rest, &args).await?;
        let by_id: HashMap<DeliveryId, Delivery> =
            deliveries.into_iter().map(|delivery| (delivery.id, delivery)).collect();
        let tries = attempts.into_iter().filter_map(|attempt| {
            by_id.get(&attempt.delivery).map(|delivery| (delivery.clone(), attempt))
        });
        Ok(DeskRecord { tries: tries.collect(), handoffs, held, unheard })
    }
}
