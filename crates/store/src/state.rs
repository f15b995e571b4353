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
    database::Arg,
    dialect::Dialect,
    error::StoreError,
    table::{Column, Kind, Noun, Row, array, decode, parse},
};

/// What the rules need beside the outbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Also {
    /// These deliveries with their messages, even when they are finished.
    pub deliveries: Vec<DeliveryId>,
    /// The reps' messages after this position, to compare them with what a desk holds.
    pub rep_messages_after: Option<i64>,
    /// These messages.
    pub messages: Vec<MessageId>,
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
        let ids = array(also.deliveries.iter().map(id_row));
        let after = also.rep_messages_after.unwrap_or(i64::MAX);
        let messages = array(also.messages.iter().map(id_row));
        let args = [id.to_string().into(), Arg::Text(ids), Arg::Int(after), Arg::Text(messages)];
        let texts = self.database().read("state.load", load_sql, &args).await?;
        let mut parts = Parts::default();
        for text in &texts {
            parts.take(parse("state", text)?)?;
        }
        Ok(parts.state())
    }
}

fn load_sql(dialect: Dialect) -> String {
    let part = |noun: &str, row: String| {
        dialect.text(&dialect.object(&[("noun", format!("'{noun}'")), ("row", row)]))
    };
    let point = dialect.object(&[
        ("kind", "p.\"kind\"".to_owned()),
        ("value", "p.\"value\"".to_owned()),
        ("place", POINT_PLACE.to_owned()),
    ]);
    let contact = dialect.object(&[("name", "k.\"name\"".to_owned())]);
    format!(
        "with c as (select * from \"conversation\" where \"id\" = $1), \
         s as (select * from \"session\" where \"conversation\" = $1 and \"closed_at\" is null \
               order by \"number\" desc limit 1), \
         h as (select * from \"handoff\" where \"session\" = (select \"id\" from s) \
               order by \"plan_seq\" desc limit 1), \
         d as (select * from \"delivery\" where \"conversation\" = $1 and \"unfinished\" = 1 \
               union all select x.* from (select distinct r.\"id\" from {also}) i \
               cross join \"delivery\" x where x.\"id\" = i.\"id\" and x.\"conversation\" = $1 \
               and x.\"unfinished\" = 0), \
         m as (select m.* from d join \"message\" m on m.\"id\" = d.\"message_id\" \
               union select * from \"message\" where \"conversation\" = $1 \
               and \"author_kind\" = 'rep' and \"position\" > $3 \
               union select x.* from {named} cross join \"message\" x \
               where x.\"id\" = r.\"id\" and x.\"conversation\" = $1) \
         select {} from c union all select {} from s union all select {} from h \
         union all select {} from d \
         union all select {} from m \
         union all select {} from \"contact\" k where k.\"id\" = (select \"contact\" from c) \
         union all select {} from \"contact_point\" p \
             where p.\"contact\" = (select \"contact\" from c) \
         union all select {} from {CONSENTS}",
        part("conversation", Conversation::TABLE.object(dialect, "c")),
        part("session", Session::TABLE.object(dialect, "s")),
        part("handoff", Handoff::TABLE.object(dialect, "h")),
        part("delivery", Delivery::TABLE.object(dialect, "d")),
        part("message", Message::TABLE.object(dialect, "m")),
        part("contact", contact),
        part("point", point),
        part("consent", consent_object(dialect)),
        also = dialect.rows(2, IDS),
        named = dialect.rows(4, IDS),
    )
}

/// The addresses by which this conversation's vendor knows the person come first, the newest of
/// them before all others: they are what the vendor can be given.
const POINT_PLACE: &str = "case when exists (select 1 from \"alias\" a \
    where a.\"conversation\" = $1 and a.\"kind\" = p.\"kind\" and a.\"value\" = p.\"value\") \
    then -1 - p.\"place\" else p.\"place\" end";

/// The newest line of each point of the contact and scope, at the conversation's inbox.
const CONSENTS: &str = "\"contact_point\" p join \"consent\" n \
    on n.\"inbox\" = (select \"inbox\" from c) \
    and n.\"kind\" = p.\"kind\" and n.\"value\" = p.\"value\" \
    where p.\"contact\" = (select \"contact\" from c) \
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
        self.deliveries.sort_by_key(|delivery| delivery.seq);
        self.messages.sort_by_key(|message| message.position);
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
