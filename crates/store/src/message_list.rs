//! Since when the messages that a vendor lists of an inbox's address are ours, and which of them
//! are known.

use std::collections::{HashMap, HashSet};

use baton_core::{
    ids::{ConversationId, InboxId, VendorId, WorkspaceId},
    inbound::Source,
    time::Timestamp,
};

use crate::{
    Store,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    inbound::event_id,
    state::{IDS, id_row},
    table::array,
};

/// The most deliveries to one customer that are told apart.
const KNOWN_MAX: usize = 10_000;

impl Store {
    /// Since when an inbox reads the list of this subject; none when it does not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn message_list_begun(
        &self,
        inbox: InboxId,
        subject: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select cast(\"begun_at\" as text) from \"message_list\" \
                   where \"inbox\" = $1 and \"subject\" = $2";
        let args = [inbox.to_string().into(), subject.into()];
        let texts = self.database().read("message_list.begun", |_| sql.to_owned(), &args).await?;
        Ok(texts.first().and_then(|text| text.parse().ok()).map(Timestamp))
    }

    /// From now on an inbox reads the list of this subject, and no other.
    ///
    /// # Errors
    /// The database failed.
    pub async fn message_list_begin(
        &self,
        (workspace, inbox): (WorkspaceId, InboxId),
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "insert into \"message_list\" (\"inbox\", \"workspace\", \"subject\", \"begun_at\") \
                   values ($1, $2, $3, $4) on conflict (\"inbox\") do update \
                   set \"subject\" = excluded.\"subject\", \"begun_at\" = excluded.\"begun_at\"";
        let args: [Arg; 4] =
            [inbox.to_string().into(), workspace.to_string().into(), subject.into(), now.0.into()];
        self.write(move |tx| {
            Box::pin(async move {
                tx.write("message_list.begin", |_| sql.to_owned(), &args).await.map(|_| ())
            })
        })
        .await
    }

    /// The inbox reads no list any more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn message_list_end(&self, inbox: InboxId) -> Result<(), StoreError> {
        let sql = "delete from \"message_list\" where \"inbox\" = $1";
        let args = [inbox.to_string().into()];
        self.write(move |tx| {
            Box::pin(async move {
                tx.write("message_list.end", |_| sql.to_owned(), &args).await.map(|_| ())
            })
        })
        .await
    }

    /// Those of a vendor's events that are stored already.
    ///
    /// # Errors
    /// The database failed.
    pub async fn inbound_known(
        &self,
        source: Source,
        ids: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        let make = |dialect: Dialect| {
            format!(
                "select \"vendor_event_id\" from \"inbound\" where \"source\" = $1 \
                 and \"vendor_event_id\" in (select r.\"id\" from {})",
                dialect.rows(2, IDS)
            )
        };
        let source = serde_json::to_string(&source)
            .map_err(|error| StoreError::unreadable("inbound", error))?;
        let stored: HashMap<String, &str> = ids.iter().map(|id| (event_id(id), *id)).collect();
        let args = [source.into(), Arg::Text(array(stored.keys().map(id_row)))];
        let found = self.database().read("inbound.known", make, &args).await?;
        Ok(found.iter().filter_map(|id| stored.get(id)).map(|id| (*id).to_owned()).collect())
    }

    /// Those of a vendor's ids that are of deliveries to an inbox's customers.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deliveries_known(
        &self,
        inbox: InboxId,
        ids: &[VendorId],
    ) -> Result<HashSet<VendorId>, StoreError> {
        let make = |dialect: Dialect| {
            format!(
                "select d.\"vendor_id\" from \"delivery\" d \
                 join \"conversation\" c on c.\"id\" = d.\"conversation\" \
                 where d.\"vendor_id\" in (select r.\"id\" from {}) \
                 and d.\"destination\" = 'customer' and c.\"inbox\" = $1",
                dialect.rows(2, IDS)
            )
        };
        let ids = array(ids.iter().map(|id| id_row(id.as_str())));
        let args = [inbox.to_string().into(), Arg::Text(ids)];
        let found = self.database().read("delivery.known", make, &args).await?;
        Ok(found.into_iter().map(VendorId).collect())
    }

    /// The vendor's ids of what it took from us for a customer, the newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn customer_vendor_ids(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<VendorId>, StoreError> {
        let sql = "select \"vendor_id\" from \"delivery\" where \"conversation\" = $1 \
                   and \"destination\" = 'customer' and \"vendor_id\" is not null \
                   order by \"seq\" desc limit $2";
        let args = [conversation.to_string().into(), limit(KNOWN_MAX)];
        let texts =
            self.database().read("delivery.customer_ids", |_| sql.to_owned(), &args).await?;
        Ok(texts.into_iter().map(VendorId).collect())
    }
}
