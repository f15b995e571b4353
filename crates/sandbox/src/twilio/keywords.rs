//! STOP, START and HELP: who may not be written to any more, and what Twilio itself answers.

use serde::Serialize;
use serde_json::{Value, json};

use super::Held;
use super::message::{Author, Channel, Message};
use super::numbers::{Kind, Number};
use crate::World;

/// The default keywords (Support for opt-out keywords, checked 2026-11-20).
const STOP: [&str; 8] =
    ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];
const HELP: [&str; 2] = ["HELP", "INFO"];
/// Carriers, not Twilio, keep the list of a toll-free number, and know fewer words.
const TOLL_FREE_STOP: [&str; 1] = ["STOP"];
const TOLL_FREE_START: [&str; 2] = ["START", "UNSTOP"];

/// A number or messaging service, and a customer's index.
pub type Pair = (String, usize);

/// Since when somebody may not be written to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OptOut {
    pub at_ms: i64,
    /// Whether the business has been told: its webhook took the STOP, or a send was refused with 21610.
    pub told: bool,
}

/// What a customer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    Stop,
    Start,
    Help,
}

impl Keyword {
    /// The value of `OptOutType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    fn answer(self) -> &'static str {
        match self {
            Self::Stop => {
                "You are unsubscribed and get no more messages from us. START subscribes you again."
            }
            Self::Start => "You are subscribed again. HELP for help, STOP to unsubscribe.",
            Self::Help => "STOP unsubscribes you. Message and data rates may apply.",
        }
    }
}

/// The whole message, whatever its case, is a keyword or nothing.
fn find(body: &str, kind: Kind, opted_out: bool) -> Option<Keyword> {
    let word = body.trim().to_uppercase();
    let among = |words: &[&str]| words.contains(&word.as_str());
    let (stop, start) = match kind {
        Kind::LongCode => (among(&STOP), among(&START)),
        Kind::TollFree => (among(&TOLL_FREE_STOP), among(&TOLL_FREE_START)),
    };
    // "Yes" is also an answer to many questions.
    let start = start && (opted_out || word != "YES");
    if stop {
        Some(Keyword::Stop)
    } else if start {
        Some(Keyword::Start)
    } else {
        among(&HELP).then_some(Keyword::Help)
    }
}

/// Whose list a number's customers are on.
pub fn scope(world: &World, number: &Number) -> String {
    match number.in_service {
        true => world.twilio.account.service_sid.clone(),
        false => number.phone_number.clone(),
    }
}

/// Does what an inbound SMS asks for, answers it, and tells what it was.
pub fn obey(
    world: &World,
    held: &mut Held,
    number: &Number,
    customer: usize,
    body: &str,
) -> Option<Keyword> {
    let pair = (scope(world, number), customer);
    let before = held.opt_outs.contains_key(&pair);
    let keyword = find(body, number.kind, before)?;
    match keyword {
        Keyword::Stop if !before => {
            let at_ms = world.clock.now_ms();
            held.opt_outs.insert(pair, OptOut { at_ms, told: false });
        }
        Keyword::Start => {
            held.opt_outs.remove(&pair);
        }
        _ => {}
    }
    let repeated = keyword == Keyword::Stop && before;
    if !repeated && world.switches.is("twilio.opt_out_reply", "yes") {
        answer(world, held, number, customer, keyword);
    }
    Some(keyword)
}

fn answer(world: &World, held: &mut Held, number: &Number, customer: usize, keyword: Keyword) {
    let now_ms = world.clock.now_ms();
    let to = held.customers.get(customer).map(|one| one.address(Channel::Sms));
    held.messages.keep(Message {
        sid: world.twilio.sid("SM"),
        author: Author::Twilio,
        channel: Channel::Sms,
        direction: "outbound-reply",
        customer,
        from: number.phone_number.clone(),
        to: to.unwrap_or_default(),
        body: keyword.answer().to_owned(),
        media: Vec::new(),
        service_sid: None,
        status: "delivered",
        error: None,
        segments: 1,
        created_ms: now_ms,
        updated_ms: now_ms,
        sent_ms: Some(now_ms),
        status_callback: None,
        content: Value::Null,
        reply_to: None,
        seq: 0,
    });
}

/// The business knows now.
pub fn tell(held: &mut Held, pair: &Pair) {
    if let Some(opt_out) = held.opt_outs.get_mut(pair) {
        opt_out.told = true;
    }
}

/// Everybody who may not be written to.
pub fn list(held: &Held) -> Vec<Value> {
    let rows = held.opt_outs.iter().map(|((scope, customer), opt_out)| {
        let customer = held.customers.get(*customer).map(|one| one.key().to_owned());
        json!({ "scope": scope, "customer": customer, "at_ms": opt_out.at_ms, "told": opt_out.told })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_message_is_a_keyword() {
        let long = |body: &str| find(body, Kind::LongCode, false);
        assert_eq!(long(" stop \n"), Some(Keyword::Stop));
        assert_eq!(long("OptOut"), Some(Keyword::Stop));
        assert_eq!(long("please stop"), None);
        assert_eq!(long("Info"), Some(Keyword::Help));
        assert_eq!(long("unstop"), Some(Keyword::Start));
        assert_eq!((long("yes"), find("yes", Kind::LongCode, true)), (None, Some(Keyword::Start)));
        assert_eq!(find("end", Kind::TollFree, false), None);
        assert_eq!(find("stop", Kind::TollFree, false), Some(Keyword::Stop));
    }
}
