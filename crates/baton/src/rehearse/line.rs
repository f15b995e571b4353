//! One line of a scenario: something that happens, or something that somebody then sees.
//!
//! What happens: `customer: …`, `customer priya.k: …`, `customer calls`, `other responder: …`, `rep accepts`, `rep: …`, `rep ends`,
//! `customer sends file: {…}`, `rep sends file: NAME`, `phone app: …`, `clock +25h`, `fault VENDOR OPERATION FAULT count=2`, `switch NAME = VALUE`,
//! `hub is killed`, `hub starts`. Faults, switches and operations are the sandbox's own.
//!
//! Templates: `rep sends template NAME: {values}`, `rep is refused template NAME FIELD: {values}`,
//! `campaign sends NAME: {document}`, `campaign is paused`, `whatsapp template: {document}`;
//! `campaign: done`, `campaign counts: {counts}`.
//!
//! `dynamics queue: {…}` and `dynamics rep: {…}` say who works when and where; `{queue}` is the
//! seeded workstream's. `dataverse tells of the case with: KEY` is an administrator's own webhook.
//!
//! `customer taps: TITLE`, `twilio registration: {…}`; `api PATH: {document}` is a call of the
//! hub's API (`api.rs`).
//!
//! What must come true: `ai: …`, `system: …`, `customer sees: …`, `rep sees: …` take the next
//! thing that came to the phone or the rep's thread, in order, and `… sees file: …` compares bytes; `… sees nothing more` watches for
//! a while; `desk: waiting`, `owner: ai`, `session: closed by silent`, `message "…": read` and
//! the like look at a state. `…` alone lets go of everything seen so far. What is left unread at
//! the end fails the scenario.

use baton_core::message::AuthorKind;
use serde_json::{Map, Value, json};

use super::{
    api,
    campaign::{self, Job, Outlook},
    case,
    pattern::Pattern,
    script::{named_pattern, span_ms},
};

/// What a line means.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Something happens.
    Do(Deed),
    /// Something must come true.
    Expect(Expect),
    /// From here on something may take this long on the virtual clock before it fails.
    Patience(i64),
    /// Whatever was seen up to here does not matter.
    Anything,
}

/// Something that happens.
#[derive(Clone, PartialEq, Debug)]
pub enum Deed {
    /// The customer does something on the phone: the sandbox's own words for it.
    Customer { who: Option<String>, what: Map<String, Value> },
    /// The customer writes so many messages of a thousand characters, one after the other.
    Lengthy { count: usize },
    /// The rep sends a picture of this name.
    RepFile { name: String },
    /// Meta sends the customer's last message once more.
    Repeat,
    /// Meta sends one webhook with so many messages; the middle one is not readable.
    Batch { count: usize },
    /// Meta reports that a message failed.
    Report { code: i64, text: Pattern },
    /// A person answers on the company's own phone.
    PhoneApp { text: String },
    /// Something else happens at WhatsApp: the sandbox's order and its members.
    Whatsapp { order: &'static str, what: Value },
    /// A rep, a supervisor or the platform does something: the order and its members.
    Desk { order: &'static str, what: Map<String, Value> },
    /// A rep does something on the newest case.
    Case { order: &'static str, what: Value },
    /// An order of Salesforce's simulator.
    Salesforce { order: String, what: Value },
    /// Dataverse's own webhook tells that the newest case changed.
    CaseChanged { key: String },
    /// Who works when and where at the desk changes: the order and its members.
    Staff { order: &'static str, what: Value },
    /// The rep looks at another customer's conversation.
    TurnTo { who: String },
    /// Time passes.
    Clock { ms: i64 },
    /// Something will go wrong.
    Fault(Value),
    /// The vendor behaves in the other documented way.
    Switch { name: String, value: String },
    /// What the model says.
    Model(Value),
    /// Dynamics already knows a person.
    Contact(Value),
    /// Somebody does something with templates.
    Templates(Job),
    /// Somebody calls the hub's API.
    Api(api::Call),
    /// Something changes at Twilio: the sandbox's order and its members.
    Twilio { order: &'static str, what: Value },
    /// The hub's process ends without warning.
    Kill,
    /// The hub's process starts.
    Start,
}

/// Something that must come true.
#[derive(Clone, PartialEq, Debug)]
pub enum Expect {
    /// The next thing on the customer's phone.
    CustomerSees { who: Option<String>, by: Option<AuthorKind>, text: Pattern },
    /// The next thing on the customer's phone is the rep's last file, byte for byte.
    CustomerSeesFile(Pattern),
    /// What can be tapped below the newest thing that the customer read, one after the other.
    CustomerSeesChoices(Pattern),
    /// What the last call of the API was answered.
    Api(api::Answer),
    /// Nothing else comes to this phone.
    CustomerSeesNothingMore { who: Option<String> },
    /// The newest answer of the AI names this article.
    Cites(Pattern),
    /// What opens the conversation at the desk says this.
    RepReads(Pattern),
    /// The next thing in the rep's thread that the rep did not write.
    RepSees(Pattern),
    /// The next thing in the rep's thread is a customer's file of this name, byte for byte.
    RepSeesFile(Pattern),
    /// Nothing else comes to the rep.
    RepSeesNothingMore,
    /// Something that the desk's conversation was opened with or became.
    AtDesk { what: Facet, name: String, value: Pattern },
    /// Where the handoff stands, or `nothing`.
    Desk(String),
    /// Why the session was handed over.
    Reason(String),
    /// Open, closed, or closed for a reason.
    Session { state: String, reason: Option<String> },
    /// How many sessions the conversation has had.
    Sessions(usize),
    /// How many cases there are.
    Cases(usize),
    /// A column of the newest row in a table of the desk's organisation.
    Row { set: String, column: String, value: Pattern },
    /// Who must answer.
    Owner(String),
    /// Whether the window is open, and what opened it.
    Window(String),
    /// What the session's messages cost, by category.
    Costs(Pattern),
    /// A trace id on the session.
    Metadata { key: String, value: Pattern },
    /// How far one of our messages has come.
    Message { text: Pattern, status: String },
    /// How many deliveries are held.
    Held(u64),
    /// How many events were set aside.
    Parked(u64),
    /// What an operator is told.
    Operator(String),
    /// How the newest campaign stands.
    Campaign(Outlook),
    /// How often a vendor was called.
    Calls { vendor: String, operation: String, count: usize },
}

/// A part of what the desk holds of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Facet {
    /// A context variable.
    Context,
    /// What is known of the customer.
    Customer,
    /// A value of the conversation itself: `state`, `contact_linked`, `transfers`.
    Conversation,
}

/// Reads a line.
///
/// # Errors
/// Says what is not understood.
pub fn read(line: &str) -> Result<Step, String> {
    if line == "…" || line == "..." {
        return Ok(Step::Anything);
    }
    if let Some(deed) = whole(line) {
        return Ok(Step::Do(deed));
    }
    if let Some(deed) = case::whole(line) {
        return Ok(Step::Do(deed));
    }
    if let Some(job) = campaign::whole(line) {
        return Ok(Step::Do(Deed::Templates(job)));
    }
    if let Some(expect) = nothing_more(line) {
        return Ok(Step::Expect(expect));
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "clock" => Ok(Step::Do(Deed::Clock { ms: span(rest.trim_start_matches('+'))? })),
        "patience" => Ok(Step::Patience(span(rest)?)),
        "fault" => fault(rest).map(|fault| Step::Do(Deed::Fault(fault))),
        "switch" => {
            let (name, value) = rest.split_once('=').ok_or("write switch NAME = VALUE")?;
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            Ok(Step::Do(Deed::Switch { name, value }))
        }
        "message" => status_of(rest).map(Step::Expect),
        _ => {
            let (head, tail) = line.split_once(':').ok_or("this line is not understood")?;
            let (head, tail) = (head.trim(), tail.trim());
            match said(head, tail)? {
                Some(deed) => Ok(Step::Do(deed)),
                None => expectation(head, tail).map(Step::Expect),
            }
        }
    }
}

fn span(text: &str) -> Result<i64, String> {
    span_ms(text.trim()).ok_or_else(|| format!("{text:?} is no time such as 90s, 30m or 25h"))
}

/// Lines without words of anybody's.
fn whole(line: &str) -> Option<Deed> {
    let simple = match line {
        "hub is killed" => Some(Deed::Kill),
        "hub starts" => Some(Deed::Start),
        "whatsapp repeats the last message" => Some(Deed::Repeat),
        "customer calls" => Some(whatsapp("call", json!({}))),
        "other responder takes over" => Some(whatsapp("responder", json!({ "action": "take" }))),
        "rep types" => Some(desk("typing", json!({}))),
        "rep ends" => Some(desk("end", json!({}))),
        "rep closes" => Some(desk("close", json!({}))),
        "supervisor closes" => Some(desk("force_close", json!({}))),
        "desk is out of hours" => Some(desk("out_of_hours", json!({}))),
        _ => None,
    };
    simple.or_else(|| {
        let rest = line.strip_prefix("rep ")?;
        if let Some(to) = rest.strip_prefix("transfers to ") {
            return Some(desk("transfer", json!({ "to": to })));
        }
        if let Some(who) = rest.strip_prefix("turns to ") {
            return Some(Deed::TurnTo { who: who.to_owned() });
        }
        let name = rest.strip_suffix("accepts").filter(|name| !name.contains(':'))?.trim();
        let rep = if name.is_empty() { "Rosa" } else { name };
        Some(desk("accept", json!({ "rep": rep })))
    })
}

fn nothing_more(line: &str) -> Option<Expect> {
    let who = line.strip_suffix(" sees nothing more")?;
    match who.split_once(' ') {
        None if who == "rep" => Some(Expect::RepSeesNothingMore),
        None if who == "customer" => Some(Expect::CustomerSeesNothingMore { who: None }),
        Some(("customer", name)) => {
            Some(Expect::CustomerSeesNothingMore { who: Some(name.to_owned()) })
        }
        _ => None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn desk(order: &'static str, what: Value) -> Deed {
    Deed::Desk { order, what: object(what) }
}

fn whatsapp(order: &'static str, what: Value) -> Deed {
    Deed::Whatsapp { order, what }
}

/// `whatsapp messages.text status code=131047 count=2`.
fn fault(text: &str) -> Result<Value, String> {
    let mut words = text.split_whitespace();
    let (Some(vendor), Some(operation), Some(fault)) = (words.next(), words.next(), words.next())
    else {
        return Err("write fault VENDOR OPERATION FAULT NAME=VALUE…".to_owned());
    };
    let mut rule = json!({ "vendor": vendor, "operation": operation, "fault": fault });
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{word:?} has no ="))?;
        rule[name] = match span_ms(value) {
            Some(ms) => ms.into(),
            None => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
        };
    }
    Ok(rule)
}

/// `"Sorry for the delay": delivered`.
fn status_of(text: &str) -> Result<Expect, String> {
    let (quoted, status) = text.rsplit_once(':').ok_or("write message \"WORDS\": STATUS")?;
    let words = quoted.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let words = words.ok_or("the message's words stand in double quotes")?;
    Ok(Expect::Message { text: Pattern::new(words), status: status.trim().to_owned() })
}

/// Somebody speaks.
fn said(head: &str, tail: &str) -> Result<Option<Deed>, String> {
    let text = || json!({ "text": tail });
    Ok(Some(match head {
        "customer" => Deed::Customer { who: None, what: object(text()) },
        "customer sends" => Deed::Customer { who: None, what: object(json!({ "type": tail })) },
        "customer by advertisement" => {
            let referral = json!({ "source_type": "ad", "headline": "Winter sale" });
            Deed::Customer {
                who: None,
                what: object(json!({ "text": tail, "referral": referral })),
            }
        }
        "customer taps" => Deed::Customer { who: None, what: object(json!({ "choose": tail })) },
        "twilio registration" => Deed::Twilio {
            order: "registration",
            what: serde_json::from_str(tail).map_err(|e| format!("registration: {e}"))?,
        },
        "customer sends file" => {
            let file: Value = serde_json::from_str(tail).map_err(|e| format!("file: {e}"))?;
            Deed::Customer { who: None, what: object(json!({ "media": file })) }
        }
        "rep sends file" => Deed::RepFile { name: tail.to_owned() },
        "phone app" => Deed::PhoneApp { text: tail.to_owned() },
        "other responder" => whatsapp("responder", json!({ "action": "say", "text": tail })),
        "other responder passes" => {
            whatsapp("responder", json!({ "action": "pass", "summary": tail }))
        }
        "rep" => desk("reply", text()),
        "rep says twice" => desk("reply", json!({ "text": tail, "times": 2 })),
        "rep whispers" => desk("reply", json!({ "text": tail, "private": true })),
        "model" => Deed::Model(serde_json::from_str(tail).map_err(|e| format!("model: {e}"))?),
        "dynamics contact" => {
            Deed::Contact(serde_json::from_str(tail).map_err(|e| format!("contact: {e}"))?)
        }
        "dataverse tells of the case with" => Deed::CaseChanged { key: tail.to_owned() },
        "dynamics rep" => staff("rep", tail)?,
        "dynamics queue" => staff("queue", tail)?,
        "customer writes at length" => {
            let count = tail.split_whitespace().next().and_then(|n| n.parse().ok());
            Deed::Lengthy { count: count.ok_or("write how many messages")? }
        }
        "whatsapp posts at once" => {
            let count = tail.split_whitespace().next().and_then(|n| n.parse().ok());
            Deed::Batch { count: count.ok_or("write how many messages")? }
        }
        _ => return said_by_name(head, tail),
    }))
}

fn staff(order: &'static str, tail: &str) -> Result<Deed, String> {
    let what = serde_json::from_str(tail).map_err(|e| format!("{order}: {e}"))?;
    Ok(Deed::Staff { order, what })
}

fn said_by_name(head: &str, tail: &str) -> Result<Option<Deed>, String> {
    if let Some(job) = campaign::deed(head, tail)? {
        return Ok(Some(Deed::Templates(job)));
    }
    if let Some(deed) = case::said(head, tail) {
        return Ok(Some(deed));
    }
    if let Some(call) = api::call(head, tail)? {
        return Ok(Some(Deed::Api(call)));
    }
    if let Some(order) = head.strip_prefix("salesforce ") {
        let what = serde_json::from_str(tail).map_err(|e| format!("{order}: {e}"))?;
        return Ok(Some(Deed::Salesforce { order: order.to_owned(), what }));
    }
    if let Some(name) = head.strip_prefix("dynamics event ") {
        return Ok(Some(desk("event", json!({ "name": name, "text": tail }))));
    }
    if let Some(code) = head.strip_prefix("whatsapp reports failed ") {
        let code = code.parse().map_err(|_| format!("{code:?} is no code"))?;
        return Ok(Some(Deed::Report { code, text: Pattern::new(tail) }));
    }
    match head.strip_prefix("customer ") {
        Some(name) if name.ends_with("sees") || name.starts_with("sees ") => Ok(None),
        Some(name) => Ok(Some(Deed::Customer {
            who: Some(name.to_owned()),
            what: object(json!({ "text": tail })),
        })),
        None => Ok(None),
    }
}

fn expectation(head: &str, tail: &str) -> Result<Expect, String> {
    if let Some(outlook) = campaign::outlook(head, tail)? {
        return Ok(Expect::Campaign(outlook));
    }
    if let Some(answer) = api::answer(head, tail) {
        return Ok(Expect::Api(answer));
    }
    let text = Pattern::new(tail);
    let word = || tail.to_owned();
    let sees = |by| Expect::CustomerSees { who: None, by, text: Pattern::new(tail) };
    Ok(match head {
        "ai" => sees(Some(AuthorKind::Ai)),
        "system" => sees(Some(AuthorKind::System)),
        "customer sees" => sees(None),
        "ai cites" => Expect::Cites(text),
        "customer sees file" => Expect::CustomerSeesFile(text),
        "customer sees choices" => Expect::CustomerSeesChoices(text),
        "rep sees file" => Expect::RepSeesFile(text),
        "rep reads" => Expect::RepReads(text),
        "rep sees" => Expect::RepSees(text),
        "desk" => Expect::Desk(word()),
        "desk context" => at_desk(Facet::Context, tail)?,
        "desk customer" => at_desk(Facet::Customer, tail)?,
        "desk conversation" => at_desk(Facet::Conversation, tail)?,
        "reason" => Expect::Reason(word()),
        "session" => match tail.split_once(" by ") {
            Some((state, reason)) => {
                Expect::Session { state: state.to_owned(), reason: Some(reason.to_owned()) }
            }
            None => Expect::Session { state: word(), reason: None },
        },
        "sessions" => Expect::Sessions(number(tail)?),
        "cases" => Expect::Cases(number(tail)?),
        "owner" => Expect::Owner(word()),
        "window" => Expect::Window(word()),
        "costs" => Expect::Costs(text),
        "held" => Expect::Held(number(tail)?),
        "parked" => Expect::Parked(number(tail)?),
        "operator reads" => Expect::Operator(word()),
        _ => return expectation_by_name(head, tail),
    })
}

fn expectation_by_name(head: &str, tail: &str) -> Result<Expect, String> {
    let words: Vec<&str> = head.split_whitespace().collect();
    Ok(match words[..] {
        ["customer", who, "sees"] => {
            Expect::CustomerSees { who: Some(who.to_owned()), by: None, text: Pattern::new(tail) }
        }
        ["case", name] => {
            let (what, value) = (Facet::Conversation, Pattern::new(tail));
            Expect::AtDesk { what, name: name.to_owned(), value }
        }
        ["row", set, column] => {
            let (set, column) = (set.to_owned(), column.to_owned());
            Expect::Row { set, column, value: Pattern::new(tail) }
        }
        ["metadata", key] => Expect::Metadata { key: key.to_owned(), value: Pattern::new(tail) },
        ["calls", vendor, operation] => Expect::Calls {
            vendor: vendor.to_owned(),
            operation: operation.to_owned(),
            count: number(tail)?,
        },
        _ => return Err(format!("nobody is called {head:?}")),
    })
}

fn at_desk(what: Facet, tail: &str) -> Result<Expect, String> {
    let (name, value) = named_pattern(tail)?;
    Ok(Expect::AtDesk { what, name, value })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(line: &str) -> Deed {
        match read(line) {
            Ok(Step::Do(deed)) => deed,
            other => panic!("{line:?} is {other:?}"),
        }
    }

    fn expect(line: &str) -> Expect {
        match read(line) {
            Ok(Step::Expect(expect)) => expect,
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn people_speak() {
        let what = object(json!({ "text": "it says: rep ends" }));
        assert_eq!(
            deed("customer: it says: rep ends"),
            Deed::Customer { who: None, what: what.clone() }
        );
        assert_eq!(
            deed("customer priya.k: it says: rep ends"),
            Deed::Customer { who: Some("priya.k".to_owned()), what }
        );
        assert_eq!(deed("rep: Hello"), desk("reply", json!({ "text": "Hello" })));
        assert_eq!(deed("rep accepts"), desk("accept", json!({ "rep": "Rosa" })));
        assert_eq!(deed("rep Ana Ruiz accepts"), desk("accept", json!({ "rep": "Ana Ruiz" })));
        assert_eq!(deed("rep ends"), desk("end", json!({})));
    }

    #[test]
    fn people_see() {
        let text = Pattern::new("Hello");
        let sees = |who: Option<&str>, by| Expect::CustomerSees {
            who: who.map(str::to_owned),
            by,
            text: text.clone(),
        };
        assert_eq!(expect("customer sees: Hello"), sees(None, None));
        assert_eq!(expect("customer 15550100002 sees: Hello"), sees(Some("15550100002"), None));
        assert_eq!(expect("ai: Hello"), sees(None, Some(AuthorKind::Ai)));
        assert_eq!(expect("rep sees nothing more"), Expect::RepSeesNothingMore);
        assert_eq!(
            expect("customer priya.k sees nothing more"),
            Expect::CustomerSeesNothingMore { who: Some("priya.k".to_owned()) }
        );
        assert_eq!(
            expect("message \"a: b\": delivered"),
            Expect::Message { text: Pattern::new("a: b"), status: "delivered".to_owned() }
        );
        assert_eq!(
            expect("session: closed by rep_ended"),
            Expect::Session { state: "closed".to_owned(), reason: Some("rep_ended".to_owned()) }
        );
    }

    #[test]
    fn vendors_misbehave() {
        assert_eq!(
            deed("fault whatsapp messages.text status code=131047 count=2 ms=5s"),
            Deed::Fault(json!({
                "vendor": "whatsapp", "operation": "messages.text", "fault": "status",
                "code": 131047, "count": 2, "ms": 5000,
            }))
        );
        assert_eq!(deed("clock +25h"), Deed::Clock { ms: 90_000_000 });
        assert_eq!(read("patience 10m"), Ok(Step::Patience(600_000)));
    }

    #[test]
    fn what_nobody_says_is_refused() {
        for line in
            ["", "rep", "clock tomorrow", "waiter: soup", "message hello: read", "sessions: x"]
        {
            assert!(read(line).is_err(), "{line:?}");
        }
    }
}
