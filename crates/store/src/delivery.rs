//! The outbox.

use baton_core::{
    delivery::{Attempt, Delivery, Destination},
    ids::{ConversationId, DeliveryId, HandoffId, InboxId, VendorId, WorkspaceId},
    time::Timestamp,
};
use serde::Deserialize;

use crate::{
    Store,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    state::read,
    table::parse,
};

/// The most deliveries or attempts that one list holds.
const LIST_MAX: usize = 10_000;

/// The head of a queue whose time has come.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Due {
    /// What is to be tried.
    pub delivery: DeliveryId,
    /// Its thread.
    pub conversation: ConversationId,
    /// Its tenant.
    pub workspace: WorkspaceId,
    /// Which way it goes.
    pub destination: Destination,
    /// The payload's name; "invitation" where it goes out for a campaign.
    pub payload_kind: String,
}

/// Nothing earlier stands in the same queue, and nothing of it is on its way: what was held until
/// now may be earlier than that. What is held is out of the queue.
pub(crate) const HEAD: &str = "not exists (select 1 from \"delivery\" o \
    where o.\"queue\" = t.\"queue\" and o.\"queued\" = 1 \
    and (o.\"seq\" < t.\"seq\" or o.\"state\" = 'sending'))";

impl Store {
    /// The heads of the queues whose time has come, within the partitions that this process
    /// holds. What goes out for campaigns comes last: nobody waits for it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delivery_due(&self, now: Timestamp, max: usize) -> Result<Vec<Due>, StoreError> {
        let dialect = self.database().dialect;
        let object = dialect.text(&dialect.object(&[
            ("delivery", "t.\"id\"".to_owned()),
            ("conversation", "t.\"conversation\"".to_owned()),
            ("workspace", "t.\"workspace\"".to_owned()),
            ("destination", "t.\"destination\"".to_owned()),
            ("payload_kind", "t.\"payload_kind\"".to_owned()),
        ]));
        let sql = format!(
            "select {object} from \"delivery\" t where t.\"state\" = 'waiting' \
             and t.\"next_at\" <= $1 and t.\"partition\" in ({}) and {HEAD} \
             order by t.\"payload_kind\" = 'invitation', t.\"next_at\", t.\"seq\" limit $2",
            self.held_partitions()
        );
        let texts = self.database().read_text(sql, &[now.0.into(), limit(max)]).await?;
        texts.iter().map(|text| read("delivery", parse("delivery", text)?)).collect()
    }

    /// Deliveries whose attempt has no outcome: at start, those that were cut short. Within the
    /// partitions that this process holds.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delivery_sending(&self) -> Result<Vec<(ConversationId, DeliveryId)>, StoreError> {
        let sql = format!(
            "select \"conversation\" || ' ' || \"id\" from \"delivery\" \
             where \"state\" = 'sending' and \"partition\" in ({}) limit $1",
            self.held_partitions()
        );
        let texts = self.database().read_text(sql, &[limit(LIST_MAX)]).await?;
        Ok(texts.iter().filter_map(|text| pair(text)).collect())
    }

    /// The newest attempt at a delivery.
    ///
    /// # Errors
    /// The database failed.
    pub async fn attempt_last(&self, delivery: DeliveryId) -> Result<Option<Attempt>, StoreError> {
        let rest = "where t.\"delivery\" = $1 order by t.\"number\" desc limit 1";
        self.database().select_one("attempt.last", rest, &[delivery.to_string().into()]).await
    }

    /// One delivery.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delivery_get(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let args = [id.to_string().into()];
        self.database().select_one("delivery.get", "where t.\"id\" = $1", &args).await
    }

    /// The delivery to a customer of this inbox that the vendor knows under this id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delivery_by_vendor_id(
        &self,
        inbox: InboxId,
        vendor_id: &VendorId,
    ) -> Result<Option<(ConversationId, DeliveryId)>, StoreError> {
        let sql = "select d.\"conversation\" || ' ' || d.\"id\" from \"delivery\" d \
                   join \"conversation\" c on c.\"id\" = d.\"conversation\" \
                   where d.\"vendor_id\" = $1 and d.\"destination\" = 'customer' \
                   and c.\"inbox\" = $2 order by d.\"created_at\" desc, d.\"seq\" desc limit 1";
        let args = [vendor_id.as_str().into(), inbox.to_string().into()];
        let texts =
            self.database().read("delivery.by_vendor_id", |_| sql.to_owned(), &args).await?;
        Ok(texts.first().and_then(|text| pair(text)))
    }

    /// All deliveries of a conversation, in the order of their numbers.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deliveries_of(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<Delivery>, StoreError> {
        let rest = "where t.\"conversation\" = $1 order by t.\"seq\" limit $2";
        let args = [conversation.to_string().into(), limit(LIST_MAX)];
        self.database().select("delivery.of", rest, &args).await
    }

    /// All attempts of a conversation, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn attempts_of(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<Attempt>, StoreError> {
        let rest = "where t.\"conversation\" = $1 \
                    order by t.\"started_at\", t.\"delivery\", t.\"number\" limit $2";
        let args = [conversation.to_string().into(), limit(LIST_MAX)];
        self.database().select("attempt.of", rest, &args).await
    }

    /// The desk's ids of what it took from us for this handoff.
    ///
    /// # Errors
    /// The database failed.
    pub async fn desk_vendor_ids(&self, handoff: HandoffId) -> Result<Vec<VendorId>, StoreError> {
        let sql = "select \"vendor_id\" from \"delivery\" where \"handoff\" = $1 \
                   and \"destination\" = 'desk' and \"vendor_id\" is not null \
                   order by \"seq\" limit $2";
        let args: [Arg; 2] = [handoff.to_string().into(), limit(LIST_MAX)];
        let texts =
            self.database().read("delivery.desk_ids", |_: Dialect| sql.to_owned(), &args).await?;
        Ok(texts.into_iter().map(VendorId).collect())
    }
}

fn pair(text: &str) -> Option<(ConversationId, DeliveryId)> {
    let (conversation, delivery) = text.split_once(' ')?;
    Some((ConversationId::read(conversation)?, DeliveryId::read(delivery)?))
}
