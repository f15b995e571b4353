//! Threads, the people in them, and the addresses by which both are found.

use baton_core::{
    contact::{Contact, Point, PointKind},
    conversation::Conversation,
    ids::{ContactId, ConversationId, InboxId, SessionId, WorkspaceId},
    inbox::ChannelKind,
    phone,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Store,
    database::{Arg, Database},
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row, read},
    table::{Column, Kind, Noun, Row, array, decode, parse},
};

/// The most conversations of one person that are listed.
const CONVERSATIONS_MAX: i64 = 200;

const POINTS: &[Column] = &[("kind", Kind::Text), ("value", Kind::Text), ("place", Kind::Int)];

/// The points, then every other spelling of their phone numbers: the vendor's own one is found
/// first.
fn spellings(points: &[Point]) -> Vec<Point> {
    let phones = points.iter().filter(|point| point.kind == PointKind::Phone);
    let others = phones.flat_map(|point| phone::aliases(&point.value));
    let others = others.map(|value| Point::new(PointKind::Phone, value));
    let mut all: Vec<Point> = points.to_vec();
    for point in others {
        if !all.contains(&point) {
            all.push(point);
        }
    }
    all
}

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

/// A person with their threads.
#[derive(Clone, PartialEq, Debug)]
pub struct ContactView {
    /// The person.
    pub contact: Contact,
    /// Their threads, newest first.
    pub conversations: Vec<ConversationView>,
}

/// A thread as its person's page shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct ConversationView {
    /// The thread.
    pub conversation: Conversation,
    /// The inbox: id, name and channel.
    pub inbox: (InboxId, String, ChannelKind),
    /// The newest session: id, number, and whether it runs.
    pub session: Option<(SessionId, i64, bool)>,
}

/// What a person's page selects of a thread beside the thread itself.
#[derive(Deserialize)]
struct Beside {
    inbox: InboxId,
    inbox_name: String,
    channel: ChannelKind,
    session: Option<SessionId>,
    number: Option<i64>,
    closed_at: Option<i64>,
}

impl Store {
    /// A person with their points and threads.
    ///
    /// # Errors
    /// The database failed.
    pub async fn contact_get(
        &self,
        workspace: WorkspaceId,
        id: ContactId,
    ) -> Result<Option<ContactView>, StoreError> {
        let mut found = contacts(self.database(), &[id]).await?;
        found.retain(|contact| contact.workspace == workspace);
        let Some(contact) = found.into_iter().next() else { return Ok(None) };
        let texts =
            self.database().read("contact.get", threads_sql, &[id.to_string().into()]).await?;
        let conversations = texts
            .iter()
            .map(|text| ConversationView::read(parse("conversation", text)?))
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(ContactView { contact, conversations }))
    }

    /// The conversations of an inbox that are known under any of the points, in any spelling of
    /// a phone number: distinct, oldest first. More than one means that they should be merged.
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
        let args = [Arg::Text(array(point_rows(&spellings(points)))), inbox.to_string().into()];
        let ids = self.database().read("conversation.find", make, &args).await?;
        Ok(ids.iter().filter_map(|id| ConversationId::read(id)).collect())
    }

    /// The conversation of an inbox that is known under exactly this point.
    ///
    /// # Errors
    /// The database failed.
    pub async fn conversation_of(
        &self,
        inbox: InboxId,
        point: &Point,
    ) -> Result<Option<ConversationId>, StoreError> {
        let sql = "select \"conversation\" from \"alias\" where \"inbox\" = $1 \
                   and \"kind\" = $2 and \"value\" = $3";
        let args = [inbox.to_string().into(), point.kind.name().into(), point.value.clone().into()];
        let ids = self.database().read("conversation.of", |_| sql.to_owned(), &args).await?;
        Ok(ids.first().and_then(|id| ConversationId::read(id)))
    }

    /// The person whom the first known of the points belongs to, in any spelling of a phone
    /// number.
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
        let args = [Arg::Text(array(point_rows(&spellings(points)))), workspace.to_string().into()];
        let ids = self.database().read("contact.find", make, &args).await?;
        let Some(id) = ids.first().and_then(|id| ContactId::read(id)) else { return Ok(None) };
        Ok(contacts(self.database(), &[id]).await?.into_iter().next())
    }
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

fn threads_sql(dialect: Dialect) -> String {
    let object = dialect.text(&dialect.object(&[
        ("conversation", Conversation::TABLE.object(dialect, "c")),
        ("inbox", "i.\"id\"".to_owned()),
        ("inbox_name", "i.\"name\"".to_owned()),
        ("channel", "i.\"channel\"".to_owned()),
        ("session", "s.\"id\"".to_owned()),
        ("number", "s.\"number\"".to_owned()),
        ("closed_at", "s.\"closed_at\"".to_owned()),
    ]));
    format!(
        "select {object} from \"conversation\" c join \"inbox\" i on i.\"id\" = c.\"inbox\" \
         left join \"session\" s on s.\"conversation\" = c.\"id\" and s.\"number\" = \
         (select max(o.\"number\") from \"session\" o where o.\"conversation\" = c.\"id\") \
         where c.\"contact\" = $1 order by c.\"id\" desc limit {CONVERSATIONS_MAX}"
    )
}

impl ConversationView {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        let thread = match row.remove("conversation") {
            Some(Value::Object(thread)) => thread,
            _ => Row::new(),
        };
        let beside: Beside = read("conversation", row)?;
        let session = beside.session.zip(beside.number);
        Ok(Self {
            conversation: decode(thread)?,
            inbox: (beside.inbox, beside.inbox_name, beside.channel),
            session: session.map(|(id, number)| (id, number, beside.closed_at.is_none())),
        })
    }
}
