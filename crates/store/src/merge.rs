//! Two threads that turn out to be one person's, and the way back.

use baton_core::{
    contact::Point,
    feed::FactKind,
    ids::{ContactId, ConversationId, WorkspaceId},
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Store,
    commit::add_fact,
    conversation::point_rows,
    database::Arg,
    dialect::Dialect,
    error::StoreError,
    state::read,
    table::{Column, Kind, Row, array, parse},
    transaction::Tx,
};

/// The most merges of one person that are listed.
const MERGES_MAX: i64 = 200;

/// Two conversations that became one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merge {
    /// The thread that goes on.
    pub keep: ConversationId,
    /// The thread that became part of it.
    pub absorb: ConversationId,
    /// The person whose thread was absorbed; the same as `kept_contact` where they were one.
    pub contact: ContactId,
    /// The person whose thread goes on.
    pub kept_contact: ContactId,
    /// The addresses that moved from the absorbed thread to the other.
    pub aliases: Vec<Point>,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
}

/// What became of the wish to take a merge back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unmerged {
    /// It is taken back.
    Done,
    /// This person has no such merge, or it is taken back already.
    Unknown,
    /// The thread that went on has since become part of another: that merge comes first.
    Later(ConversationId),
}

/// What a merge moved, as its row tells.
#[derive(Deserialize)]
struct Moved {
    aliases: Vec<Point>,
    points: Vec<Point>,
    conversations: Vec<ConversationId>,
    contact: ContactId,
    kept_contact: ContactId,
}

#[derive(Deserialize)]
struct MergeRow {
    keep: ConversationId,
    absorb: ConversationId,
    at: Timestamp,
    moved: String,
    undone_at: Option<Timestamp>,
}

impl MergeRow {
    fn read(text: &str) -> Result<Self, StoreError> {
        read("merge", parse("merge", text)?)
    }

    fn moved(&self) -> Result<Moved, StoreError> {
        let row: Row = parse("merge", &self.moved)?;
        read("merge", row)
    }

    fn merge(self) -> Result<Merge, StoreError> {
        let Moved { aliases, contact, kept_contact, .. } = self.moved()?;
        let Self { keep, absorb, at, undone_at, .. } = self;
        Ok(Merge { keep, absorb, contact, kept_contact, aliases, at, undone_at })
    }
}

fn select(dialect: Dialect, rest: &str) -> String {
    let names = ["keep", "absorb", "at", "moved", "undone_at"];
    let fields = names.map(|name| (name, format!("m.\"{name}\"")));
    format!("select {} from \"merge\" m {rest}", dialect.text(&dialect.object(&fields)))
}

impl Store {
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

    /// The merges in which a person's threads took part, newest first, those taken back included.
    ///
    /// # Errors
    /// The database failed.
    pub async fn contact_merges(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<Merge>, StoreError> {
        let theirs = "(select c.\"id\" from \"conversation\" c where c.\"contact\" = $2)";
        let make = |dialect: Dialect| {
            let rest = format!(
                "where m.\"workspace\" = $1 and (m.\"keep\" in {theirs} or m.\"absorb\" in {theirs}) \
                 order by m.\"at\" desc, m.\"absorb\" limit {MERGES_MAX}"
            );
            select(dialect, &rest)
        };
        let args = [workspace.to_string().into(), contact.to_string().into()];
        let texts = self.database().read("merge.of_contact", make, &args).await?;
        texts.iter().map(|text| MergeRow::read(text)?.merge()).collect()
    }

    /// Takes the merge back by which a conversation became part of a person's: its addresses and
    /// its person are what they were. What was written meanwhile stays where it is. The feed
    /// tells it as `notice`. Steps under way in either are refused.
    ///
    /// # Errors
    /// The database failed; nothing changed.
    pub async fn conversation_unmerge(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        absorb: ConversationId,
        notice: FactKind,
        now: Timestamp,
    ) -> Result<Unmerged, StoreError> {
        self.write(move |tx| {
            let notice = notice.clone();
            Box::pin(async move {
                let done = unmerge(tx, workspace, contact, absorb, now).await?;
                if done == Unmerged::Done {
                    add_fact(tx, workspace, notice, now).await?;
                }
                Ok(done)
            })
        })
        .await
    }

    /// Whether somebody took a merge of these conversations back: they are not to be merged
    /// again by themselves.
    ///
    /// # Errors
    /// The database failed.
    pub async fn conversations_parted(
        &self,
        a: ConversationId,
        b: ConversationId,
    ) -> Result<bool, StoreError> {
        let sql = "select \"absorb\" from \"merge\" where \"undone_at\" is not null \
                   and \"absorb\" in ($1, $2) and \"keep\" in ($1, $2) limit 1";
        let args = [a.to_string().into(), b.to_string().into()];
        Ok(!self.database().read("merge.parted", |_| sql.to_owned(), &args).await?.is_empty())
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
    let contacts = raise(tx, workspace, keep, absorb).await?;
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

/// Refuses the steps under way in both; gives the persons of both.
async fn raise(
    tx: &mut Tx,
    workspace: WorkspaceId,
    keep: ConversationId,
    absorb: ConversationId,
) -> Result<Vec<String>, StoreError> {
    let raise = "update \"conversation\" set \"version\" = \"version\" + 1 \
                 where \"workspace\" = $1 and \"id\" = $2 returning \"contact\"";
    let mut contacts = Vec::new();
    for id in [keep, absorb] {
        let args = [workspace.to_string().into(), id.to_string().into()];
        contacts.extend(tx.run("merge.raise", |_| raise.to_owned(), &args).await?);
    }
    Ok(contacts)
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

async fn unmerge(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: ContactId,
    absorb: ConversationId,
    now: Timestamp,
) -> Result<Unmerged, StoreError> {
    let make = |dialect: Dialect| {
        select(
            dialect,
            "join \"conversation\" c on c.\"id\" = m.\"keep\" where m.\"workspace\" = $1 \
             and m.\"absorb\" = $2 and c.\"contact\" = $3 and m.\"undone_at\" is null \
             order by m.\"at\" desc limit 1",
        )
    };
    let args =
        [workspace.to_string().into(), absorb.to_string().into(), Arg::from(contact.to_string())];
    let found = tx.run("unmerge.find", make, &args).await?;
    let Some(text) = found.first() else { return Ok(Unmerged::Unknown) };
    let row = MergeRow::read(text)?;
    if let Some(later) = absorbed_by(tx, row.keep).await? {
        return Ok(Unmerged::Later(later));
    }
    let moved = row.moved()?;
    raise(tx, workspace, row.keep, absorb).await?;
    let (kept, theirs) = (contact.to_string(), moved.contact.to_string());
    let (alias, point) = ("unmerge.alias", "unmerge.point");
    give_back(tx, alias, ("alias", "conversation"), &moved.aliases, (row.keep, absorb)).await?;
    give_back(tx, point, ("contact_point", "contact"), &moved.points, (&kept, &theirs)).await?;
    let ids: Vec<Row> = moved.conversations.iter().map(crate::state::id_row).collect();
    let make = |dialect: Dialect| {
        format!(
            "update \"conversation\" set \"contact\" = $2, \"version\" = \"version\" + 1 \
             where \"contact\" = $3 and \"id\" in (select r.\"id\" from {})",
            dialect.rows(1, crate::state::IDS)
        )
    };
    let args = [Arg::Text(array(ids)), theirs.into(), kept.into()];
    tx.run("unmerge.follow", make, &args).await?;
    let sql = "update \"merge\" set \"undone_at\" = $1 where \"absorb\" = $2 and \"at\" = $3";
    let args = [now.0.into(), absorb.to_string().into(), row.at.0.into()];
    tx.run("unmerge.row", |_| sql.to_owned(), &args).await?;
    Ok(Unmerged::Done)
}

/// The conversation that this one has become part of, if it has.
async fn absorbed_by(
    tx: &mut Tx,
    keep: ConversationId,
) -> Result<Option<ConversationId>, StoreError> {
    let sql = "select \"keep\" from \"merge\" where \"absorb\" = $1 and \"undone_at\" is null \
               order by \"at\" desc limit 1";
    let found = tx.run("unmerge.later", |_| sql.to_owned(), &[keep.to_string().into()]).await?;
    Ok(found.first().and_then(|id| ConversationId::read(id)))
}

/// Re-points those of the rows with kind and value that still stand where the merge put them.
async fn give_back(
    tx: &mut Tx,
    name: &'static str,
    (table, column): (&str, &str),
    points: &[Point],
    (from, to): (impl ToString, impl ToString),
) -> Result<(), StoreError> {
    const KEYS: &[Column] = &[("kind", Kind::Text), ("value", Kind::Text)];
    let make = |dialect: Dialect| {
        format!(
            "update \"{table}\" set \"{column}\" = $2 where \"{column}\" = $3 and exists \
             (select 1 from {} where r.\"kind\" = \"{table}\".\"kind\" \
             and r.\"value\" = \"{table}\".\"value\")",
            dialect.rows(1, KEYS)
        )
    };
    let args =
        [Arg::Text(array(point_rows(points))), to.to_string().into(), from.to_string().into()];
    tx.run(name, make, &args).await.map(|_| ())
}
