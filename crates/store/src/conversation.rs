//! Threads, the people in them, and the addresses by which both are found.

use baton_core::{
    contact::{Contact, Point},
    ids::{ContactId, ConversationId, InboxId, WorkspaceId},
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    Store,
    database::{Arg, Database, Tx},
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row, read},
    table::{Column, Kind, Row, array, parse},
};

const POINTS: &[Column] = &[("kind", Kind::Text), ("value", Kind::Text), ("place", Kind::Int)];

/// Points as rows, in their order.
pub(crate) fn point_rows(points: &[Point]) -> Vec<Row> {
    (0_i64..)
        .zip(points)
        .map(|(place, point)| {
            let mut row = Row::new();
            row.insert("kind".to_owned(), point.kind.name().into());
            row.insert("value".to_owned(), crate::table::clean(point.value.clone()).into());
            row.insert("place".to_owned(), place.into());
            row
        })
        .collect()
}

impl Store {
    /// The conversations of an inbox that are known under any of the points: distinct, oldest
    /// first. More than one means that they should be merged.
    ///
    /// # Errors
    /// The database failed.
    pub async fn conversation_find(
        &self,
        inbox: InboxId,
        points: &[Point],
    ) -> Result<Vec<ConversationId>, StoreError> {
        let make = |dialect: Dialect| {
            format!(
                "select c.\"id\" from \"conversation\" c where c.\"id\" in \
                 (select a.\"conversation\" from {} cross join \"alias\" a \
                  where a.\"inbox\" = $2 and a.\"kind\" = r.\"kind\" \
                  and a.\"value\" = r.\"value\") \
                 order by coalesce((select min(s.\"number\") from \"session\" s \
                 where s.\"conversation\" = c.\"id\"), {}), c.\"id\"",
                dialect.rows(1, POINTS),
                i64::MAX
            )
        };
        let args = [Arg::Text(array(point_rows(points))), inbox.to_string().into()];
        let ids = self.database().read("conversation.find", make, &args).await?;
        Ok(ids.iter().filter_map(|id| ConversationId::read(id)).collect())
    }

    /// The person whom the first known of the points belongs to.
    ///
    /// # Errors
    /// The database failed.
    pub async fn contact_find(
        &self,
        workspace: WorkspaceId,
        points: &[Point],
    ) -> Result<Option<Contact>, StoreError> {
        let make = |dialect: Dialect| {
            format!(
                "select p.\"contact\" from {} cross join \"contact_point\" p \
                 where p.\"workspace\" = $2 and p.\"kind\" = r.\"kind\" \
                 and p.\"value\" = r.\"value\" order by r.\"place\" limit 1",
                dialect.rows(1, POINTS)
            )
        };
        let args = [Arg::Text(array(point_rows(points))), workspace.to_string().into()];
        let ids = self.database().read("contact.find", make, &args).await?;
        let Some(id) = ids.first().and_then(|id| ContactId::read(id)) else { return Ok(None) };
        Ok(contacts(self.database(), &[id]).await?.into_iter().next())
    }

    /// Makes two conversations of one inbox one: what is known under the absorbed one's names is
    /// found in the kept one from now on, and its person's addresses move to the kept one's.
    /// A row says what moved, so that it can be undone. Steps under way in either are refused.
    ///
    /// # Errors
    /// The database failed; nothing changed.
    pub async fn conversation_merge(
        &self,
        workspace: WorkspaceId,
        keep: ConversationId,
        absorb: ConversationId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(merge(tx, workspace, keep, absorb, now))).await
    }
}

async fn merge(
    tx: &mut Tx,
    workspace: WorkspaceId,
    keep: ConversationId,
    absorb: ConversationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ws = Arg::from(workspace.to_string());
    let raise = "update \"conversation\" set \"version\" = \"version\" + 1 \
                 where \"workspace\" = $1 and \"id\" = $2 returning \"contact\"";
    let mut contacts = Vec::new();
    for id in [keep, absorb] {
        let args = [ws.clone(), id.to_string().into()];
        contacts.extend(tx.run("merge.raise", |_| raise.to_owned(), &args).await?);
    }
    let [kept, absorbed] = contacts.as_slice() else { return Ok(()) };
    let aliases = moved(tx, "merge.alias", "alias", "conversation", keep, absorb).await?;
    let (points, conversations) = if kept == absorbed {
        (Vec::new(), Vec::new())
    } else {
        name_kept(tx, kept, absorbed).await?;
        (
            moved(tx, "merge.point", "contact_point", "contact", kept, absorbed).await?,
            follow(tx, kept, absorbed).await?,
        )
    };
    let moved = json!({
        "aliases": aliases, "points": points, "conversations": conversations,
        "contact": absorbed, "kept_contact": kept,
    });
    let sql = "insert into \"merge\" (\"workspace\", \"keep\", \"absorb\", \"at\", \"moved\") \
               values ($1, $2, $3, $4, $5) on conflict do nothing";
    let args = [
        ws,
        keep.to_string().into(),
        absorb.to_string().into(),
        now.0.into(),
        moved.to_string().into(),
    ];
    tx.run("merge.row", |_| sql.to_owned(), &args).await.map(|_| ())
}

/// Re-points rows with kind and value; returns which.
async fn moved(
    tx: &mut Tx,
    name: &'static str,
    table: &str,
    column: &str,
    keep: impl ToString,
    absorb: impl ToString,
) -> Result<Vec<Value>, StoreError> {
    let make = |dialect: Dialect| {
        let object = dialect.text(
            &dialect.object(&[("kind", "\"kind\"".to_owned()), ("value", "\"value\"".to_owned())]),
        );
        format!(
            "update \"{table}\" set \"{column}\" = $1 where \"{column}\" = $2 returning {object}"
        )
    };
    let args = [keep.to_string().into(), absorb.to_string().into()];
    let texts = tx.run(name, make, &args).await?;
    texts.iter().map(|text| parse("merge", text).map(Value::Object)).collect()
}

/// The absorbed person's other conversations follow.
async fn follow(tx: &mut Tx, kept: &str, absorbed: &str) -> Result<Vec<String>, StoreError> {
    let sql = "update \"conversation\" set \"contact\" = $1, \"version\" = \"version\" + 1 \
               where \"contact\" = $2 returning \"id\"";
    tx.run("merge.follow", |_| sql.to_owned(), &[kept.into(), absorbed.into()]).await
}

/// The kept person takes the other's name where they have none.
async fn name_kept(tx: &mut Tx, kept: &str, absorbed: &str) -> Result<(), StoreError> {
    let sql = "update \"contact\" set \"name\" = coalesce(\"name\", \
               (select a.\"name\" from \"contact\" a where a.\"id\" = $2)) where \"id\" = $1";
    tx.run("merge.name", |_| sql.to_owned(), &[kept.into(), absorbed.into()]).await.map(|_| ())
}

/// The people of these ids with all their points.
pub(crate) async fn contacts(
    database: &Database,
    ids: &[ContactId],
) -> Result<Vec<Contact>, StoreError> {
    let make = |dialect: Dialect| {
        let object = dialect.text(&dialect.object(&[
            ("id", "k.\"id\"".to_owned()),
            ("workspace", "k.\"workspace\"".to_owned()),
            ("name", "k.\"name\"".to_owned()),
            ("kind", "p.\"kind\"".to_owned()),
            ("value", "p.\"value\"".to_owned()),
        ]));
        format!(
            "select {object} from \"contact\" k left join \"contact_point\" p \
             on p.\"contact\" = k.\"id\" where k.\"id\" in (select r.\"id\" from {}) \
             order by k.\"id\", p.\"place\", p.\"kind\", p.\"value\"",
            dialect.rows(1, IDS)
        )
    };
    let args = [Arg::Text(array(ids.iter().map(id_row)))];
    let mut people: Vec<Contact> = Vec::new();
    for text in database.read("contact.all", make, &args).await? {
        let mut row = parse("contact", &text)?;
        let point = Row::from_iter(
            ["kind", "value"].map(|f| (f.to_owned(), row.remove(f).unwrap_or_default())),
        );
        row.insert("points".to_owned(), json!([]));
        let contact: Contact = read("contact", row)?;
        if people.last().is_none_or(|last| last.id != contact.id) {
            people.push(contact);
        }
        if let (Some(person), false) = (people.last_mut(), point["kind"].is_null()) {
            person.points.push(read("contact_point", point)?);
        }
    }
    Ok(people)
}
