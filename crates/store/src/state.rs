//! Everything about one conversation that the rules look at, in one statement.

use baton_core::{
    consent::Consent,
    contact::{Contact, Point},
    conversation::Conversation,
    delivery::Delivery,
    handoff::Handoff,
    ids::{ConversationId, DeliveryId, MessageId},
    message::Message,
    session::Session,
    step::State,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Store,
    dialect::Dialect,
    error::StoreError,
    table::{Column, Kind, Noun, Row, decode, parse},
};

/// What the rules need beside the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Also {
    /// This delivery with its message, even when it is finished.
    pub delivery: Option<DeliveryId>,
    /// The reps' messages after this position, to compare them with what a desk holds.
    pub rep_messages_after: Option<i64>,
    /// This message.
    pub message: Option<MessageId>,
}

impl Also {
    /// A delivery, even when it is finished.
    pub fn delivery(id: DeliveryId) -> Self {
        Self { delivery: Some(id), ..Self::default() }
    }

    /// A message.
    pub fn message(id: MessageId) -> Self {
        Self { message: Some(id), ..Self::default() }
    }

    /// What the reps said after this position.
    pub fn rep_messages_after(position: i64) -> Self {
        Self { rep_messages_after: Some(position), ..Self::default() }
    }
}

pub(crate) const IDS: &[Column] = &[("id", Kind::Text)];

/// A row of one text column `id`.
pub(crate) fn id_row(id: impl ToString) -> Row {
    let mut row = Row::new();
    row.insert("id".to_owned(), id.to_string().into());
    row
}

impl Store {
    /// Everything about a conversation that the rules look at; none when it does not exist.
    ///
    /// # Errors
    /// The database failed, or a row does not read.
    pub async fn state_load(
        &self,
        id: ConversationId,
        also: &Also,
    ) -> Result<Option<State>, StoreError> {
        let delivery = also.delivery.map(|id| id.to_string()).unwrap_or_default();
        let after = also.rep_messages_after.unwrap_or(i64::MAX);
        let message = also.message.map(|id| id.to_string()).unwrap_or_default();
        let args = [id.to_string().into(), delivery.into(), after.into(), message.into()];
        let texts = self.database().read("state.load", load_sql, &args).await?;
        let mut parts = Parts::default();
        for text in &texts {
            parts.take(parse("state", text)?)?;
        }
        Ok(parts.state())
    }
}

/// One part for each kind of row, each found by an index. Nothing is sorted and nothing is put
/// aside, which would take SQLite longer than all the rest: what comes twice is sorted out here.
fn load_sql(dialect: Dialect) -> String {
    let part = |noun: &str, row: String, from: &str| {
        let object = dialect.object(&[("noun", format!("'{noun}'")), ("row", row)]);
        format!("select {} from {from}", dialect.text(&object))
    };
    let point = dialect.object(&[
        ("kind", "p.\"kind\"".to_owned()),
        ("value", "p.\"value\"".to_owned()),
        ("place", POINT_PLACE.to_owned()),
    ]);
    let contact = dialect.object(&[("name", "k.\"name\"".to_owned())]);
    let delivery = || Delivery::TABLE.object(dialect, "d");
    let message = || Message::TABLE.object(dialect, "m");
    [
        part("conversation", Conversation::TABLE.object(dialect, "c"), CONVERSATION),
        part("session", Session::TABLE.object(dialect, "s"), OPEN_SESSION),
        part("handoff", Handoff::TABLE.object(dialect, "h"), HANDOFF),
        part("delivery", delivery(), &format!("{DELIVERIES} {UNFINISHED}")),
        part("delivery", delivery(), &format!("{DELIVERIES} {DELIVERY}")),
        part("message", message(), &format!("{DELIVERIES} {CARRIED} {UNFINISHED}")),
        part("message", message(), &format!("{DELIVERIES} {CARRIED} {DELIVERY}")),
        part("message", message(), REP_MESSAGES),
        part("message", message(), MESSAGE),
        part("contact", contact, CONTACT),
        part("point", point, POINTS),
        part("consent", consent_object(dialect), CONSENTS),
    ]
    .join(" union all ")
}

const CONVERSATION: &str = "\"conversation\" c where c.\"id\" = $1";
const OPEN_SESSION: &str =
    "\"session\" s where s.\"conversation\" = $1 and s.\"closed_at\" is null";
/// The newest handoff of the open session.
const HANDOFF: &str = "\"session\" s join \"handoff\" h on h.\"session\" = s.\"id\" \
    where s.\"conversation\" = $1 and s.\"closed_at\" is null \
    and not exists (select 1 from \"handoff\" o \
        where o.\"session\" = h.\"session\" and o.\"plan_seq\" > h.\"plan_seq\")";
const DELIVERIES: &str = "\"delivery\" d";
const CARRIED: &str = "join \"message\" m on m.\"id\" = d.\"message_id\"";
const UNFINISHED: &str = "where d.\"conversation\" = $1 and d.\"unfinished\" = 1";
const DELIVERY: &str = "where d.\"id\" = $2 and d.\"conversation\" = $1";
const REP_MESSAGES: &str = "\"message\" m where m.\"conversation\" = $1 \
    and m.\"author_kind\" = 'rep' and m.\"position\" > $3";
const MESSAGE: &str = "\"message\" m where m.\"id\" = $4 and m.\"conversation\" = $1";
const CONTACT: &str = "\"conversation\" c join \"contact\" k on k.\"id\" = c.\"contact\" \
    where c.\"id\" = $1";
const POINTS: &str = "\"conversation\" c join \"contact_point\" p on p.\"contact\" = c.\"contact\" \
    where c.\"id\" = $1";

/// The addresses by which this conversation's vendor knows the person come first, the newest of
/// them before all others: they are what the vendor can be given.
const POINT_PLACE: &str = "case when exists (select 1 from \"alias\" a \
    where a.\"conversation\" = $1 and a.\"kind\" = p.\"kind\" and a.\"value\" = p.\"value\") \
    then -1 - p.\"place\" else p.\"place\" end";

/// The newest line of each point of the contact and scope, at the conversation's inbox.
const CONSENTS: &str = "\"conversation\" c \
    join \"contact_point\" p on p.\"contact\" = c.\"contact\" \
    join \"consent\" n on n.\"inbox\" = c.\"inbox\" \
    and n.\"kind\" = p.\"kind\" and n.\"value\" = p.\"value\" \
    where c.\"id\" = $1 \
    and not exists (select 1 from \"consent\" o where o.\"inbox\" = n.\"inbox\" \
        and o.\"kind\" = n.\"kind\" and o.\"value\" = n.\"value\" \
        and o.\"scope\" = n.\"scope\" and o.\"seq\" > n.\"seq\")";

fn consent_object(dialect: Dialect) -> String {
    let point =
        dialect.object(&[("kind", "n.\"kind\"".to_owned()), ("value", "n.\"value\"".to_owned())]);
    let opted_out = "n.\"opted_out\"".to_owned();
    dialect.object(&[
        ("point", point),
        ("inbox", "n.\"inbox\"".to_owned()),
        ("scope", "n.\"scope\"".to_owned()),
        ("opted_out", opted_out),
        ("at", "n.\"at\"".to_owned()),
        ("source", "n.\"source\"".to_owned()),
    ])
}

/// What the statement returned, sorted.
#[derive(Default)]
struct Parts {
    conversation: Option<Conversation>,
    session: Option<Session>,
    handoff: Option<Handoff>,
    deliveries: Vec<Delivery>,
    messages: Vec<Message>,
    name: Option<String>,
    points: Vec<(i64, Point)>,
    consents: Vec<Consent>,
}

impl Parts {
    fn take(&mut self, mut part: Row) -> Result<(), StoreError> {
        let noun = part.get("noun").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(Value::Object(row)) = part.remove("row") else { return Ok(()) };
        match noun.as_str() {
            "conversation" => self.conversation = Some(decode(row)?),
            "session" => self.session = Some(decode(row)?),
            "handoff" => self.handoff = Some(decode(row)?),
            "delivery" => self.deliveries.push(decode(row)?),
            "message" => self.messages.push(decode(row)?),
            "contact" => self.name = row.get("name").and_then(Value::as_str).map(str::to_owned),
            "point" => {
                let place = row.get("place").and_then(Value::as_i64).unwrap_or(0);
                self.points.push((place, read("contact_point", row)?));
            }
            _ => self.consents.push(read("consent", flag(row, "opted_out"))?),
        }
        Ok(())
    }

    fn state(mut self) -> Option<State> {
        let conversation = self.conversation?;
        self.points.sort();
        self.deliveries.sort_by_key(|delivery| (delivery.seq, delivery.id));
        self.deliveries.dedup_by_key(|delivery| delivery.id);
        self.messages.sort_by_key(|message| (message.position, message.id));
        self.messages.dedup_by_key(|message| message.id);
        Some(State {
            contact: Contact {
                id: conversation.contact,
                workspace: conversation.workspace,
                name: self.name,
                points: self.points.into_iter().map(|(_, point)| point).collect(),
            },
            conversation,
            session: self.session,
            handoff: self.handoff,
            deliveries: self.deliveries,
            messages: self.messages,
            consents: self.consents,
        })
    }
}

/// Reads a row that is no noun of its own.
pub(crate) fn read<T: DeserializeOwned>(noun: &'static str, row: Row) -> Result<T, StoreError> {
    serde_json::from_value(Value::Object(row)).map_err(|e| StoreError::unreadable(noun, e))
}

/// The row with a 0 or 1 as a truth value.
pub(crate) fn flag(mut row: Row, name: &str) -> Row {
    let set = row.get(name).and_then(Value::as_i64) == Some(1);
    row.insert(name.to_owned(), set.into());
    row
}
