//! The tables of the core's nouns: column names equal the fields of the structs.

use baton_core::{
    campaign::{Campaign, Recipient},
    conversation::{Conversation, partition_of},
    delivery::{Attempt, Delivery},
    feed::Fact,
    handoff::Handoff,
    ids::ConversationId,
    inbound::Inbound,
    inbox::{DeskRow, Inbox},
    message::Message,
    session::Session,
    task::Task,
    template::Template,
};
use serde_json::Value;

use crate::table::{
    Kind::{Bool, Int, Json, Text},
    Noun, Row, Table,
};

fn put(row: &mut Row, name: &str, value: impl Into<Value>) {
    row.insert(name.to_owned(), value.into());
}

fn put_partition(row: &mut Row, conversation: ConversationId, partitions: u32) {
    put(row, "partition", partition_of(conversation, partitions));
}

impl Noun for Inbox {
    const TABLE: Table = Table {
        name: "inbox",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("name", Text),
            ("channel", Text),
            ("vendor", Text),
            ("ai", Bool),
            ("settings", Json),
        ],
        derived: &[],
    };
}

impl Noun for DeskRow {
    const TABLE: Table = Table {
        name: "desk",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("name", Text),
            ("vendor", Text),
            ("settings", Json),
        ],
        derived: &[],
    };
}

impl Noun for Inbound {
    const TABLE: Table = Table {
        name: "inbound",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("source", Json),
            ("source_key", Text),
            ("body", Text),
            ("received_at", Int),
            ("tries", Int),
        ],
        derived: &[],
    };
}

impl Noun for Conversation {
    const TABLE: Table = Table {
        name: "conversation",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("inbox", Text),
            ("contact", Text),
            ("version", Int),
            ("last_position", Int),
            ("last_seq", Int),
            ("window", Json),
            ("reengaged", Bool),
            ("awaited", Json),
            ("rep_ended_at", Int),
        ],
        derived: &[("partition", Int)],
    };

    fn derive(&self, row: &mut Row, partitions: u32) {
        put_partition(row, self.id, partitions);
    }
}

impl Noun for Session {
    const TABLE: Table = Table {
        name: "session",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("number", Int),
            ("owner", Text),
            ("epoch", Int),
            ("opened_at", Int),
            ("last_activity_at", Int),
            ("closed_at", Int),
            ("close_reason", Text),
            ("answered_up_to", Int),
            ("asked_up_to", Int),
            ("asked_at", Int),
            ("reruns", Int),
            ("misses", Int),
            ("tokens_spent", Int),
            ("language", Text),
            ("metadata", Json),
        ],
        derived: &[],
    };
}

impl Noun for Message {
    const TABLE: Table = Table {
        name: "message",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("session", Text),
            ("position", Int),
            ("author", Json),
            ("content", Json),
            ("at", Int),
            ("recorded_at", Int),
            ("vendor_id", Text),
            ("reply_to", Text),
            ("status", Text),
            ("fault", Json),
            ("citations", Json),
            ("cost", Json),
        ],
        derived: &[("author_kind", Text)],
    };

    fn derive(&self, row: &mut Row, _partitions: u32) {
        put(row, "author_kind", self.author.kind.name());
    }
}

impl Noun for Handoff {
    const TABLE: Table = Table {
        name: "handoff",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("session", Text),
            ("desk", Text),
            ("choice", Int),
            ("target", Json),
            ("state", Text),
            ("reason", Text),
            ("epoch", Int),
            ("transcript_up_to", Int),
            ("plan_seq", Int),
            ("brief", Json),
            ("work", Json),
            ("learned", Json),
            ("rep_name", Text),
            ("wait_told_at", Int),
            ("requested_at", Int),
            ("opened_at", Int),
            ("closed_at", Int),
            ("fault", Json),
        ],
        derived: &[("live", Int), ("work_id", Text), ("work_reference", Text)],
    };

    fn derive(&self, row: &mut Row, _partitions: u32) {
        let work = self.work.as_ref();
        put(row, "live", i64::from(self.state.is_live()));
        put(row, "work_id", work.map(|w| crate::table::clean(w.id.0.clone())));
        put(row, "work_reference", work.and_then(|w| w.reference.clone()).map(crate::table::clean));
    }
}

impl Noun for Delivery {
    const TABLE: Table = Table {
        name: "delivery",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("session", Text),
            ("destination", Text),
            ("handoff", Text),
            ("desk", Text),
            ("seq", Int),
            ("author", Text),
            ("epoch", Int),
            ("payload", Json),
            ("state", Text),
            ("hold", Text),
            ("next_at", Int),
            ("attempts", Int),
            ("created_at", Int),
            ("settle_until", Int),
            ("vendor_id", Text),
            ("fault", Json),
        ],
        derived: &[
            ("queue", Text),
            ("queued", Int),
            ("unfinished", Int),
            ("message_id", Text),
            ("payload_kind", Text),
            ("partition", Int),
        ],
    };

    fn derive(&self, row: &mut Row, partitions: u32) {
        put(row, "queue", format!("{}:{}", self.conversation, self.destination.name()));
        put(row, "queued", i64::from(self.state.is_queued()));
        put(row, "unfinished", i64::from(self.state.is_unfinished()));
        put(row, "message_id", self.payload.message().map(|id| id.to_string()));
        let invitation = self.payload.is_invitation();
        put(row, "payload_kind", if invitation { "invitation" } else { self.payload.name() });
        put_partition(row, self.conversation, partitions);
    }
}

impl Noun for Attempt {
    const TABLE: Table = Table {
        name: "attempt",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("delivery", Text),
            ("number", Int),
            ("started_at", Int),
            ("ended_at", Int),
            ("outcome", Json),
        ],
        derived: &[],
    };
}

impl Noun for Task {
    const TABLE: Table = Table {
        name: "task",
        key: &["kind", "subject"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("conversation", Text),
            ("what", Json),
            ("due_at", Int),
        ],
        derived: &[("kind", Text), ("subject", Text), ("partition", Int)],
    };

    fn derive(&self, row: &mut Row, partitions: u32) {
        put(row, "kind", self.what.name());
        put(row, "subject", self.what.subject());
        put_partition(row, self.conversation, partitions);
    }
}

impl Noun for Campaign {
    const TABLE: Table = Table {
        name: "campaign",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("inbox", Text),
            ("name", Text),
            ("template", Json),
            ("replies", Json),
            ("pace_per_minute", Int),
            ("state", Text),
            ("why", Text),
            ("created_at", Int),
            ("ended_at", Int),
        ],
        derived: &[],
    };
}

impl Noun for Recipient {
    const TABLE: Table = Table {
        name: "recipient",
        key: &["campaign", "place"],
        columns: &[
            ("campaign", Text),
            ("place", Int),
            ("workspace", Text),
            ("point", Json),
            ("given", Text),
            ("name", Text),
            ("values", Json),
            ("state", Text),
            ("why", Text),
            ("session", Text),
            ("message", Text),
            ("delivery", Text),
            ("marked_at", Int),
        ],
        derived: &[],
    };
}

impl Noun for Template {
    const TABLE: Table = Table {
        name: "template",
        key: &["id"],
        columns: &[
            ("id", Text),
            ("workspace", Text),
            ("inbox", Text),
            ("vendor_id", Text),
            ("name", Text),
            ("language", Text),
            ("category", Text),
            ("status", Text),
            ("quality", Text),
            ("reason", Text),
            ("parts", Json),
            ("synced_at", Int),
        ],
        derived: &[],
    };
}

impl Noun for Fact {
    const TABLE: Table = Table {
        name: "feed",
        key: &["workspace", "position"],
        columns: &[
            ("workspace", Text),
            ("position", Int),
            ("at", Int),
            ("session", Text),
            ("kind", Text),
            ("data", Json),
        ],
        derived: &[],
    };
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, PgConnection};

    use super::*;
    use crate::{
        database::Database,
        schema,
        secret::Vault,
        table::Kind,
        user::{ApiKey, Login, User},
    };

    /// Columns that are written by statements of their own, beside the noun's.
    const OTHERS: &[(&str, &[&str])] = &[
        ("inbox", &["stopped", "secrets"]),
        ("desk", &["stopped", "secrets"]),
        (
            "inbound",
            &[
                "vendor_event_id",
                "seq",
                "partition",
                "state",
                "next_at",
                "park_code",
                "park_reason",
            ],
        ),
    ];

    async fn check<T: Noun>(database: &Database) {
        let table = T::TABLE;
        let others = OTHERS.iter().find(|(name, _)| *name == table.name).map_or(&[][..], |o| o.1);
        let sql = database.dialect.describe(table.name);
        let mut found = database.read_text(sql, &[]).await.unwrap();
        found.retain(|line| !others.iter().any(|name| line.starts_with(&format!("{name} "))));
        let written = table.written();
        let mut described: Vec<String> = written
            .iter()
            .map(|(name, kind)| match kind {
                Kind::Text | Kind::Json => format!("{name} text"),
                Kind::Int | Kind::Bool => format!("{name} bigint"),
            })
            .collect();
        found.sort();
        described.sort();
        assert_eq!(found, described, "{} on {:?}", table.name, database.dialect);
        assert!(table.key.iter().all(|key| written.iter().any(|(name, _)| name == key)));
    }

    async fn check_all(url: &str) {
        let database = Database::connect(url, 4).await.unwrap();
        schema::prepare(&database, &Vault::new(None)).await.unwrap();
        check::<Inbox>(&database).await;
        check::<DeskRow>(&database).await;
        check::<Inbound>(&database).await;
        check::<Conversation>(&database).await;
        check::<Session>(&database).await;
        check::<Message>(&database).await;
        check::<Handoff>(&database).await;
        check::<Delivery>(&database).await;
        check::<Attempt>(&database).await;
        check::<Task>(&database).await;
        check::<Template>(&database).await;
        check::<Campaign>(&database).await;
        check::<Recipient>(&database).await;
        check::<Fact>(&database).await;
        check::<User>(&database).await;
        check::<Login>(&database).await;
        check::<ApiKey>(&database).await;
        database.close().await;
    }

    #[tokio::test]
    async fn the_descriptions_fit_the_schema_of_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        check_all(&format!("sqlite:{}", folder.path().join("baton.db").display())).await;
    }

    #[tokio::test]
    async fn the_descriptions_fit_the_schema_of_postgres() {
        let base = std::env::var("BATON_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned());
        let name = format!("descriptions_{}", std::process::id());
        let mut admin = PgConnection::connect(&base).await.unwrap();
        for sql in ["drop schema if exists {} cascade", "create schema {}"] {
            let sql = sqlx::AssertSqlSafe(sql.replace("{}", &name));
            sqlx::raw_sql(sql).execute(&mut admin).await.unwrap();
        }
        check_all(&format!("{base}?options=-c%20search_path%3D{name}")).await;
        let sql = sqlx::AssertSqlSafe(format!("drop schema {name} cascade"));
        sqlx::raw_sql(sql).execute(&mut admin).await.unwrap();
    }
}
