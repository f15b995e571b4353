//! Episodes of service, as the console and the API list them.

use std::collections::HashMap;

use baton_core::{
    contact::Contact,
    conversation::Conversation,
    cost::Cost,
    handoff::Handoff,
    ids::{DeskId, InboxId, SessionId, WorkspaceId},
    inbox::ChannelKind,
    message::Message,
    session::{Owner, Session},
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Store,
    conversation::contacts,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    state::{IDS, id_row, read},
    table::{Noun, Row, array, decode, parse},
};

/// Which sessions are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionFilter {
    /// Only open (true) or closed (false) ones.
    pub open: Option<bool>,
    /// Only those of this owner.
    pub owner: Option<Owner>,
    /// Only those whose contact's name or address contains this, or that are known under it.
    pub q: Option<String>,
    /// Only those after this one in the list: the last one of the page before.
    pub before: Option<(Timestamp, SessionId)>,
    /// The most that are returned.
    pub limit: usize,
}

/// A session with everything that a list or a page shows of it.
#[derive(Clone, PartialEq, Debug)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// Its thread.
    pub conversation: Conversation,
    /// The person.
    pub contact: Contact,
    /// The inbox: id, name and channel.
    pub inbox: (InboxId, String, ChannelKind),
    /// The newest handoff.
    pub handoff: Option<Handoff>,
    /// The handoff's desk: id, name and vendor.
    pub desk: Option<(DeskId, String, String)>,
    /// The newest message.
    pub last_message: Option<Message>,
    /// What its messages cost as their vendors said, each kind of cost with its number of
    /// messages.
    pub costs: Vec<(Cost, i64)>,
}

impl Store {
    /// A page of sessions, newest activity first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_list(
        &self,
        workspace: WorkspaceId,
        filter: &SessionFilter,
    ) -> Result<Vec<SessionView>, StoreError> {
        let mut args: Vec<Arg> = vec![workspace.to_string().into(), limit(filter.limit)];
        let wanted = conditions(filter, &mut args);
        let page = format!(
            "where s.\"workspace\" = $1{wanted} \
             order by s.\"last_activity_at\" desc, s.\"id\" desc limit $2"
        );
        let sql = format!(
            "{} order by s.\"last_activity_at\" desc, s.\"id\" desc",
            view_sql(self.database().dialect, &page)
        );
        let texts = self.database().read_text(sql, &args).await?;
        self.views(&texts).await
    }

    /// One session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_get(
        &self,
        workspace: WorkspaceId,
        id: SessionId,
    ) -> Result<Option<SessionView>, StoreError> {
        let make =
            |dialect: Dialect| view_sql(dialect, "where s.\"workspace\" = $1 and s.\"id\" = $2");
        let args = [workspace.to_string().into(), id.to_string().into()];
        let texts = self.database().read("session.get", make, &args).await?;
        Ok(self.views(&texts).await?.into_iter().next())
    }

    /// The session that anybody knows under this word: its id or number, a vendor's id of a
    /// message, a delivery or its vendor's id, a desk's work id or reference, or any value of
    /// its metadata. The newest where several fit.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_find(
        &self,
        workspace: WorkspaceId,
        any_id: &str,
    ) -> Result<Option<SessionId>, StoreError> {
        let word = any_id.trim();
        let number = word.trim_start_matches('#').parse::<i64>().unwrap_or(-1);
        let args: [Arg; 3] = [workspace.to_string().into(), word.into(), number.into()];
        let sql = format!(
            "select \"id\" from \"session\" where \"workspace\" = $1 \
             and \"id\" in ({KNOWN_AS}) order by \"number\" desc limit 1"
        );
        let texts = self.database().read("session.find", |_| sql, &args).await?;
        Ok(texts.first().and_then(|text| SessionId::read(text)))
    }

    async fn views(&self, texts: &[String]) -> Result<Vec<SessionView>, StoreError> {
        let rows = texts
            .iter()
            .map(|text| ViewRow::read(parse("session", text)?))
            .collect::<Result<Vec<ViewRow>, StoreError>>()?;
        let ids: Vec<_> = rows.iter().map(|row| row.conversation.contact).collect();
        let people: HashMap<_, Contact> =
            contacts(self.database(), &ids).await?.into_iter().map(|c| (c.id, c)).collect();
        let mut costs = self.costs(&rows).await?;
        let view = |row: ViewRow| {
            let costs = costs.remove(&row.session.id).unwrap_or_default();
            row.view(&people, costs)
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// What the messages of each session cost.
    async fn costs(
        &self,
        rows: &[ViewRow],
    ) -> Result<HashMap<SessionId, Vec<(Cost, i64)>>, StoreError> {
        let make = |dialect: Dialect| {
            let object = dialect.text(&dialect.object(&[
                ("session", "m.\"session\"".to_owned()),
                ("cost", "m.\"cost\"".to_owned()),
                ("count", "count(*)".to_owned()),
            ]));
            format!(
                "select {object} from \"message\" m where m.\"cost\" is not null \
                 and m.\"session\" in (select r.\"id\" from {}) \
                 group by m.\"session\", m.\"cost\" order by m.\"cost\"",
                dialect.rows(1, IDS)
            )
        };
        let args = [Arg::Text(array(rows.iter().map(|row| id_row(row.session.id))))];
        let mut costs: HashMap<SessionId, Vec<(Cost, i64)>> = HashMap::new();
        for text in self.database().read("session.costs", make, &args).await? {
            let row: CostRow = read("cost", parse("cost", &text)?)?;
            let cost = serde_json::from_str(&row.cost)
                .map_err(|error| StoreError::unreadable("cost", error))?;
            costs.entry(row.session).or_default().push((cost, row.count));
        }
        Ok(costs)
    }
}

#[derive(Deserialize)]
struct CostRow {
    session: SessionId,
    cost: String,
    count: i64,
}

/// The ids of the sessions known as `$2`, or as number `$3`, in the workspace `$1`.
const KNOWN_AS: &str = "select \"id\" from \"session\" where \"workspace\" = $1 and \"id\" = $2 \
    union select \"id\" from \"session\" where \"workspace\" = $1 and \"number\" = $3 \
    union select \"session\" from \"message\" where \"workspace\" = $1 and \"vendor_id\" = $2 \
    union select \"session\" from \"delivery\" where \"workspace\" = $1 and \"id\" = $2 \
    union select \"session\" from \"delivery\" where \"workspace\" = $1 and \"vendor_id\" = $2 \
    union select \"session\" from \"handoff\" where \"workspace\" = $1 and \"work_id\" = $2 \
    union select \"session\" from \"handoff\" where \"workspace\" = $1 and \"work_reference\" = $2 \
    union select \"session\" from \"trace\" where \"workspace\" = $1 and \"value\" = $2";

/// The wanted conditions; their arguments follow those that are there already.
fn conditions(filter: &SessionFilter, args: &mut Vec<Arg>) -> String {
    let mut sql = String::new();
    match filter.open {
        Some(true) => sql.push_str(" and s.\"closed_at\" is null"),
        Some(false) => sql.push_str(" and s.\"closed_at\" is not null"),
        None => {}
    }
    if let Some(owner) = filter.owner {
        args.push(owner.name().into());
        sql.push_str(&format!(" and s.\"owner\" = ${}", args.len()));
    }
    if let Some((at, id)) = filter.before {
        args.push(at.0.into());
        args.push(id.to_string().into());
        let n = args.len();
        sql.push_str(&format!(" and (s.\"last_activity_at\", s.\"id\") < (${}, ${n})", n - 1));
    }
    let word = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    if let Some(word) = word {
        args.push(format!("%{}%", escaped(&word.to_lowercase())).into());
        args.push(word.into());
        args.push(word.trim_start_matches('#').parse::<i64>().unwrap_or(-1).into());
        let n = args.len();
        let known = KNOWN_AS.replace("$3", &format!("${n}")).replace("$2", &format!("${}", n - 1));
        let like = n - 2;
        sql.push_str(&format!(
            " and (s.\"id\" in ({known}) or exists (select 1 from \"conversation\" c \
             join \"contact\" k on k.\"id\" = c.\"contact\" where c.\"id\" = s.\"conversation\" \
             and (lower(k.\"name\") like ${like} escape '!' or exists (select 1 \
             from \"contact_point\" p where p.\"contact\" = k.\"id\" \
             and lower(p.\"value\") like ${like} escape '!'))))"
        ));
    }
    sql
}

/// The word with the wildcards of `like` taken literally.
fn escaped(word: &str) -> String {
    word.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// The page is chosen first, so that only its rows are looked at further.
fn view_sql(dialect: Dialect, page: &str) -> String {
    let object = dialect.text(&dialect.object(&[
        ("session", Session::TABLE.object(dialect, "s")),
        ("conversation", Conversation::TABLE.object(dialect, "c")),
        ("inbox", "i.\"id\"".to_owned()),
        ("inbox_name", "i.\"name\"".to_owned()),
        ("channel", "i.\"channel\"".to_owned()),
        ("handoff", Handoff::TABLE.object(dialect, "h")),
        ("desk", "d.\"id\"".to_owned()),
        ("desk_name", "d.\"name\"".to_owned()),
        ("desk_vendor", "d.\"vendor\"".to_owned()),
        ("message", Message::TABLE.object(dialect, "m")),
    ]));
    format!(
        "select {object} from (select s.* from \"session\" s {page}) s \
         join \"conversation\" c on c.\"id\" = s.\"conversation\" \
         join \"inbox\" i on i.\"id\" = c.\"inbox\" \
         left join \"handoff\" h on h.\"session\" = s.\"id\" and h.\"plan_seq\" = \
         (select max(o.\"plan_seq\") from \"handoff\" o where o.\"session\" = s.\"id\") \
         left join \"desk\" d on d.\"id\" = h.\"desk\" \
         left join \"message\" m on m.\"session\" = s.\"id\" and m.\"position\" = \
         (select max(o.\"position\") from \"message\" o where o.\"session\" = s.\"id\")"
    )
}

struct ViewRow {
    session: Session,
    conversation: Conversation,
    inbox: (InboxId, String, ChannelKind),
    handoff: Option<Handoff>,
    desk: Option<(DeskId, String, String)>,
    last_message: Option<Message>,
}

impl ViewRow {
    fn read(mut row: Row) -> Result<Self, StoreError> {
        let session = part(&mut row, "session")?;
        let conversation = part(&mut row, "conversation")?;
        let handoff = optional(&mut row, "handoff")?;
        let last_message = optional(&mut row, "message")?;
        let mut value = |name: &str| row.remove(name).unwrap_or_default();
        let inbox = Value::from(vec![value("inbox"), value("inbox_name"), value("channel")]);
        let desk = Value::from(vec![value("desk"), value("desk_name"), value("desk_vendor")]);
        let unreadable = |e| StoreError::unreadable("session", e);
        let has_desk = !desk[0].is_null();
        let desk =
            has_desk.then(|| serde_json::from_value(desk)).transpose().map_err(unreadable)?;
        let inbox = serde_json::from_value(inbox).map_err(unreadable)?;
        Ok(Self { session, conversation, inbox, handoff, desk, last_message })
    }

    fn view(
        self,
        people: &HashMap<baton_core::ids::ContactId, Contact>,
        costs: Vec<(Cost, i64)>,
    ) -> SessionView {
        let id = self.conversation.contact;
        let unknown = || Contact {
            id,
            workspace: self.conversation.workspace,
            name: None,
            points: Vec::new(),
        };
        SessionView {
            contact: people.get(&id).cloned().unwrap_or_else(unknown),
            session: self.session,
            conversation: self.conversation,
            inbox: self.inbox,
            handoff: self.handoff,
            desk: self.desk,
            last_message: self.last_message,
            costs,
        }
    }
}

fn part<T: Noun>(row: &mut Row, name: &str) -> Result<T, StoreError> {
    match row.remove(name) {
        Some(Value::Object(part)) => decode(part),
        _ => decode(Row::new()),
    }
}

fn optional<T: Noun>(row: &mut Row, name: &str) -> Result<Option<T>, StoreError> {
    match row.remove(name) {
        Some(Value::Object(part)) if part.get("id").is_some_and(|id| !id.is_null()) => {
            decode(part).map(Some)
        }
        _ => Ok(None),
    }
}
