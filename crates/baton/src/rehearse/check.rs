//! Whether what a scenario expects has come true.

use std::collections::BTreeMap;

use baton_core::{
    conversation::WindowKind,
    delivery::DeliveryState,
    feed::FactKind,
    ids::VendorId,
    message::{AuthorKind, Message},
    time::Timestamp,
};
use baton_sandbox::Filter;
use baton_store::{SessionFilter, SessionView};
use serde_json::Value;

use super::{
    Failure, api, campaign, case,
    line::{Expect, Facet},
    pattern::Pattern,
    seen::{self, Item, Sight},
    stage::Stage,
};

/// Sessions and messages that a scenario has at most.
const MANY: usize = 5_000;
/// How long "nothing more" is watched for, in milliseconds of the virtual clock.
const WATCH_MS: i64 = 20_000;

/// Where an expectation stands.
pub enum Verdict {
    /// It has come true.
    Met,
    /// Not yet; this is what is there instead.
    NotYet(String),
    /// It cannot come true any more.
    Wrong(String),
}

use Verdict::{Met, NotYet, Wrong};

type Checked = Result<Verdict, Failure>;

/// Looks once.
///
/// # Errors
/// It cannot be looked at.
pub async fn check(stage: &Stage, sight: &mut Sight, expect: &Expect) -> Checked {
    match expect {
        Expect::CustomerSees { who, by, text } => {
            customer_sees(stage, sight, who.as_deref(), *by, text).await
        }
        Expect::CustomerSeesFile(kind) => customer_sees_file(stage, sight, kind).await,
        Expect::CustomerSeesChoices(words) => choices(stage, sight, words).await,
        Expect::Api(answer) => Ok(api::look(sight, answer)),
        Expect::RepSeesFile(name) => rep_sees_file(stage, sight, name).await,
        Expect::CustomerSeesNothingMore { who } => nothing_on_phone(stage, sight, who).await,
        Expect::RepReads(text) => rep_reads(stage, sight, text).await,
        Expect::RepSees(text) => rep_sees(stage, sight, text).await,
        Expect::RepSeesNothingMore => nothing_at_desk(stage, sight).await,
        Expect::AtDesk { what, name, value } => at_desk(stage, sight, *what, name, value).await,
        Expect::Held(count) => held(stage, *count).await,
        Expect::Parked(count) => {
            sight.parked = *count;
            let parked = stage.store()?.unfinished().await?.parked;
            Ok(equal(&parked.to_string(), &count.to_string()))
        }
        Expect::Operator(code) => operator(stage, code).await,
        Expect::Cases(count) => {
            let mut cases = 0;
            for desk in &stage.company.desks {
                cases += case::ids(stage, desk.back).await?.len();
            }
            Ok(equal(&cases.to_string(), &count.to_string()))
        }
        Expect::Row { set, column, value } => {
            Ok(fits(value, &case::newest_row(stage, set, column).await?))
        }
        Expect::Campaign(outlook) => campaign::look(stage, outlook).await,
        Expect::Calls { vendor, operation, count } => Ok(calls(stage, vendor, operation, *count)),
        _ => about_session(stage, sight, expect).await,
    }
}

fn equal(is: &str, wanted: &str) -> Verdict {
    if is == wanted { Met } else { NotYet(format!("it is {is}")) }
}

fn fits(wanted: &Pattern, is: &str) -> Verdict {
    if wanted.fits(is) { Met } else { NotYet(format!("it is {is}")) }
}

async fn customer_sees(
    stage: &Stage,
    sight: &mut Sight,
    who: Option<&str>,
    by: Option<AuthorKind>,
    text: &Pattern,
) -> Checked {
    let phone = seen::phone(stage, who.or(sight.customer.as_deref())).await?;
    let item = match sight.unread(&phone.items) {
        None => return Ok(NotYet("nothing new came to the phone".to_owned())),
        Some(item) if !item.arrived => {
            return Ok(NotYet(format!("on its way to the phone: {}", item.text)));
        }
        Some(item) if !text.fits(&item.text) => {
            return Ok(Wrong(format!("the customer saw: {}", item.text)));
        }
        Some(item) => item,
    };
    if let Some(by) = by {
        match author(stage, sight, item).await? {
            Some(author) if author == by => {}
            Some(author) => return Ok(Wrong(format!("that was said by {}", author.name()))),
            None => return Ok(NotYet("nobody knows who said that".to_owned())),
        }
    }
    sight.read.insert(item.id.clone());
    Ok(Met)
}

async fn customer_sees_file(stage: &Stage, sight: &mut Sight, kind: &Pattern) -> Checked {
    let phone = seen::phone(stage, sight.customer.as_deref()).await?;
    let Some(item) = sight.unread(&phone.items).filter(|item| item.arrived) else {
        return Ok(NotYet("nothing new came to the phone".to_owned()));
    };
    let told = |name: &str| item.file[name].as_str().unwrap_or_default();
    if !kind.fits(told("mime_type")) {
        return Ok(Wrong(format!("the customer saw: {} {}", told("mime_type"), item.text)));
    }
    let Some(url) = &sight.rep_file else { return Ok(Wrong("no rep sent a file".to_owned())) };
    if stage.hash(url).await? != told("sha256") {
        return Ok(Wrong("the customer got other bytes than the rep sent".to_owned()));
    }
    sight.read.insert(item.id.clone());
    Ok(Met)
}

/// Below the newest thing that was read.
async fn choices(stage: &Stage, sight: &Sight, words: &Pattern) -> Checked {
    let phone = seen::phone(stage, sight.customer.as_deref()).await?;
    let newest = phone.items.iter().rev().find(|item| sight.read.contains(&item.id));
    Ok(fits(words, &newest.map_or_else(String::new, |item| item.choices.join(" | "))))
}

async fn rep_sees_file(stage: &Stage, sight: &mut Sight, name: &Pattern) -> Checked {
    let Some(thread) = sight.at_desk(stage).await? else { return Ok(no_conversation()) };
    sight.known.insert(thread.id.clone());
    let Some(item) = sight.unread(&thread.items) else {
        return Ok(NotYet("nothing new came to the rep".to_owned()));
    };
    let told = |name: &str| item.file[name].as_str().unwrap_or_default();
    if !name.fits(told("name")) {
        return Ok(Wrong(format!("the rep saw: {} {}", told("name"), item.text)));
    }
    let sent = seen::sent_hashes(stage, sight.customer.as_deref()).await?;
    // The bytes are in the note of a case, and behind an address in a conversation.
    let hash = match told("sha256") {
        "" => stage.hash(told("contentUrl")).await?,
        hash => hash.to_owned(),
    };
    if !sent.contains(&hash) {
        return Ok(Wrong("the rep got other bytes than the customer sent".to_owned()));
    }
    sight.read.insert(item.id.clone());
    Ok(Met)
}

/// Who said what stands on the phone: by its delivery, else by its words.
async fn author(stage: &Stage, sight: &Sight, item: &Item) -> Result<Option<AuthorKind>, Failure> {
    let store = stage.store()?;
    let id = VendorId(item.id.clone());
    for inbox in &stage.company.inboxes {
        if let Some((_, delivery)) = store.delivery_by_vendor_id(inbox.id, &id).await? {
            return Ok(store.delivery_get(delivery).await?.map(|delivery| delivery.author));
        }
    }
    let messages = messages(stage, sight).await?;
    let same = messages.iter().rev().find(|m| m.content.as_text() == item.text);
    Ok(same.map(|m| m.author.kind))
}

async fn nothing_on_phone(stage: &Stage, sight: &Sight, who: &Option<String>) -> Checked {
    stage.play(WATCH_MS).await?;
    let phone = seen::phone(stage, who.as_deref().or(sight.customer.as_deref())).await?;
    Ok(match sight.unread(&phone.items) {
        None => Met,
        Some(item) => Wrong(format!("the customer saw: {}", item.text)),
    })
}

async fn rep_reads(stage: &Stage, sight: &mut Sight, text: &Pattern) -> Checked {
    let Some(thread) = sight.at_desk(stage).await? else { return Ok(no_conversation()) };
    sight.known.insert(thread.id.clone());
    Ok(fits(text, thread.start()))
}

fn no_conversation() -> Verdict {
    NotYet("the desk has no conversation".to_owned())
}

async fn rep_sees(stage: &Stage, sight: &mut Sight, text: &Pattern) -> Checked {
    let Some(thread) = sight.at_desk(stage).await? else { return Ok(no_conversation()) };
    sight.known.insert(thread.id.clone());
    match sight.unread(&thread.items) {
        None => Ok(NotYet("nothing new came to the rep".to_owned())),
        Some(item) if !text.fits(&item.text) => Ok(Wrong(format!("the rep saw: {}", item.text))),
        Some(item) => {
            sight.read.insert(item.id.clone());
            Ok(Met)
        }
    }
}

async fn nothing_at_desk(stage: &Stage, sight: &Sight) -> Checked {
    stage.play(WATCH_MS).await?;
    let Some(thread) = sight.at_desk(stage).await? else { return Ok(Met) };
    Ok(match sight.unread(&thread.items) {
        None => Met,
        Some(item) => Wrong(format!("the rep saw: {}", item.text)),
    })
}

async fn at_desk(
    stage: &Stage,
    sight: &mut Sight,
    what: Facet,
    name: &str,
    value: &Pattern,
) -> Checked {
    let Some(thread) = sight.at_desk(stage).await? else { return Ok(no_conversation()) };
    sight.known.insert(thread.id.clone());
    let found = match what {
        Facet::Context => {
            let variables = thread.whole["context"].as_array().cloned().unwrap_or_default();
            let variable = variables.into_iter().find(|v| v["name"] == name);
            variable.map_or(Value::Null, |v| v["value"].clone())
        }
        Facet::Customer => thread.whole["customer"][name].clone(),
        Facet::Conversation => thread.whole[name].clone(),
    };
    let text = match &found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(fits(value, &text))
}

async fn held(stage: &Stage, count: u64) -> Checked {
    let deliveries = stage.store()?.unfinished().await?.deliveries;
    let held = deliveries.get(DeliveryState::Held.name()).copied().unwrap_or(0);
    Ok(equal(&held.to_string(), &count.to_string()))
}

async fn operator(stage: &Stage, code: &str) -> Checked {
    let facts = stage.store()?.feed_after(stage.company.workspace, 0, None, MANY).await?;
    let told: Vec<&str> = facts
        .iter()
        .filter_map(|fact| match &fact.kind {
            FactKind::OperatorNotice { code, .. } => Some(code.as_str()),
            _ => None,
        })
        .collect();
    let met = told.contains(&code);
    Ok(if met { Met } else { NotYet(format!("operators read {told:?}")) })
}

fn calls(stage: &Stage, vendor: &str, operation: &str, count: usize) -> Verdict {
    let filter = Filter {
        vendor: Some(vendor.to_owned()),
        operation: Some(operation.to_owned()),
        direction: Some("in".to_owned()),
        after: 0,
        limit: MANY,
    };
    let calls = stage.sandbox.world.journal.list(&filter).len();
    if calls > count {
        return Wrong(format!("there were {calls} such calls"));
    }
    equal(&calls.to_string(), &count.to_string())
}

async fn about_session(stage: &Stage, sight: &mut Sight, expect: &Expect) -> Checked {
    let sessions = sessions(stage, sight).await?;
    if let Expect::Sessions(count) = expect {
        return Ok(equal(&sessions.len().to_string(), &count.to_string()));
    }
    if let Expect::Message { text, status } = expect {
        let messages = messages(stage, sight).await?;
        let found = messages.iter().rev().find(|m| text.fits(&m.content.as_text()));
        return Ok(match found {
            Some(message) => equal(message.status.name(), status),
            None => NotYet("there is no such message".to_owned()),
        });
    }
    if let Expect::Cites(article) = expect {
        return cites(stage, sight, article).await;
    }
    let Some(view) = sessions.last() else {
        return Ok(NotYet("this customer has no session".to_owned()));
    };
    let handoff = view.handoff.as_ref();
    Ok(match expect {
        Expect::Desk(state) => {
            let is = handoff.map_or("nothing", |handoff| handoff.state.name());
            if let Some(work) = handoff.and_then(|h| h.work.as_ref()) {
                sight.known.insert(work.id.as_str().to_owned());
            }
            equal(is, state)
        }
        Expect::Reason(reason) => equal(handoff.map_or("none", |h| h.reason.name()), reason),
        Expect::Session { state, reason } => in_state(view, state, reason.as_deref()),
        Expect::Owner(owner) => equal(view.session.owner.name(), owner),
        Expect::Window(is) => equal(&window(stage, view), is),
        Expect::Costs(costs) => fits(costs, &told_costs(view)),
        Expect::Metadata { key, value } => match view.session.metadata.get(key) {
            Some(Value::String(found)) => fits(value, found),
            Some(found) => fits(value, &found.to_string()),
            None => NotYet(format!("the session has no {key}")),
        },
        _ => Wrong("this cannot be checked".to_owned()),
    })
}

/// `open by message`, `closed by call`, `open by message, free entry`.
fn window(stage: &Stage, view: &SessionView) -> String {
    let now = Timestamp(stage.clock.now_ms());
    let Some(window) = view.conversation.window else { return "never opened".to_owned() };
    let is = if window.is_open(now) { "open" } else { "closed" };
    let by = match window.kind {
        WindowKind::Message => "message",
        WindowKind::Call => "call",
    };
    let free = window.free_entry_until.is_some_and(|until| until > now);
    format!("{is} by {by}{}", if free { ", free entry" } else { "" })
}

/// `service: 2 charged, 1 free`, by category, with the sum where prices are known:
/// `sms: 2 charged, 0 free, 0.015800 USD`.
fn told_costs(view: &SessionView) -> String {
    let mut categories: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (cost, count) in &view.costs {
        let (charged, free) = categories.entry(&cost.category).or_default();
        *(if cost.billable { charged } else { free }) += count;
        if let Some(price) = &cost.price {
            *sums.entry((&cost.category, &price.currency)).or_default() += price.micros * count;
        }
    }
    let sum = |name: &str| {
        let own = sums.iter().filter(|((category, _), _)| *category == name);
        let words = own.map(|((_, currency), micros)| {
            format!(", {}.{:06} {currency}", micros / 1_000_000, micros % 1_000_000)
        });
        words.collect::<String>()
    };
    let told = categories.iter().map(|(name, (charged, free))| {
        format!("{name}: {charged} charged, {free} free{}", sum(name))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn in_state(view: &SessionView, state: &str, reason: Option<&str>) -> Verdict {
    let is = if view.session.is_open() { "open" } else { "closed" };
    let why = serde_json::to_value(view.session.close_reason).unwrap_or_default();
    match reason {
        Some(reason) if is == state && why != reason => NotYet(format!("it is closed by {why}")),
        _ => equal(is, state),
    }
}

async fn cites(stage: &Stage, sight: &Sight, article: &Pattern) -> Checked {
    let messages = messages(stage, sight).await?;
    let newest = messages.iter().rev().find(|m| m.author.kind == AuthorKind::Ai);
    let cited: Vec<&str> =
        newest.iter().flat_map(|m| &m.citations).map(|c| c.source.as_str()).collect();
    let met = cited.iter().any(|source| article.fits(source));
    Ok(if met { Met } else { NotYet(format!("it cites {cited:?}")) })
}

/// The sessions of the customer whom the scenario speaks of, oldest first.
pub async fn sessions(stage: &Stage, sight: &Sight) -> Result<Vec<SessionView>, Failure> {
    let phone = seen::phone(stage, sight.customer.as_deref()).await?;
    let filter = SessionFilter { open: None, owner: None, q: None, before: None, limit: MANY };
    let mut views = stage.store()?.session_list(stage.company.workspace, &filter).await?;
    views.retain(|v| v.contact.points.iter().any(|p| phone.addresses.contains(&p.value)));
    views.sort_by_key(|view| view.session.number);
    Ok(views)
}

/// Everything said in those sessions.
async fn messages(stage: &Stage, sight: &Sight) -> Result<Vec<Message>, Failure> {
    let mut all = Vec::new();
    for view in sessions(stage, sight).await? {
        let session = view.session.id;
        let workspace = stage.company.workspace;
        all.extend(stage.store()?.messages_of_session(workspace, session, 0, MANY).await?);
    }
    Ok(all)
}
