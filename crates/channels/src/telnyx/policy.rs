//! What Telnyx allows, and what its error codes mean. Numbers and codes were checked on 2026-11-20
//! against the page named beside them (Telnyx documentation).

use baton_core::{
    channel::ChannelPolicy,
    consent::ConsentScope,
    fault::{Fault, FaultClass},
    time::{MINUTE_MS, SECOND_MS},
};

use super::{config::Config, wire::Error};
use crate::{
    outcome::Replay::{self, After, Never, Unsure},
    sms,
};

/// "Message encoding": a message has at most 10 parts, of 67 characters outside GSM-7.
pub(super) const MAX_PARTS: usize = 10;
const MAX_TEXT_CHARS: usize = 670;
/// "Send MMS": media of one message have at most 1 MB in all.
pub(super) const MAX_SENT_FILE_BYTES: u64 = 1_000_000;
/// What carriers take of an MMS at most ("Send MMS"), rounded up generously.
const MAX_FILE_BYTES: u64 = 5 * 1_024 * 1_024;
/// "Advanced opt-in/out": after STOP every message is refused with 40300.
pub(super) const STOP_SCOPE: ConsentScope = ConsentScope::Everything;

/// Limits and powers of the number.
pub(super) fn of(config: &Config) -> ChannelPolicy {
    ChannelPolicy {
        stop_scope: STOP_SCOPE,
        ..sms::policy(MAX_TEXT_CHARS, config.per_second, MAX_FILE_BYTES)
    }
}

/// One line of the error table.
pub(super) struct Rule {
    code: i64,
    pub class: FaultClass,
    pub replay: Replay,
    operator: &'static str,
    rep: &'static str,
}

const fn rule(
    code: i64,
    class: FaultClass,
    replay: Replay,
    operator: &'static str,
    rep: &'static str,
) -> Rule {
    Rule { code, class, replay, operator, rep }
}

const CONNECTION: &str =
    "Telnyx does not accept messages from us at the moment. Please tell an administrator.";
const BUSY: &str = "Telnyx is limiting our messages at the moment.";
const DOWN: &str = "Telnyx has a problem of its own at the moment.";
const BROKEN: &str = "Telnyx did not accept this message. An administrator can see why.";
const UNREACHABLE: &str = "The customer cannot be reached at this number.";
const FILTERED: &str = "A mobile network held this message back.";
const FILE: &str = "The file could not be sent. Check its type and size.";

use FaultClass as F;

/// The code with which Telnyx refuses whoever wrote STOP, and a few other senders.
const BLOCKED: i64 = 40_300;

/// "API errors" and "Messaging error codes".
#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule(10_002, F::NotReachable, Never, "send: a phone number is not valid", UNREACHABLE),
    rule(10_005, F::Bug, Never, "send: something named does not exist; check the messaging profile ID", CONNECTION),
    rule(10_007, F::VendorDown, Unsure, SERVER, DOWN),
    rule(10_008, F::VendorDown, Unsure, SERVER, DOWN),
    rule(10_009, F::Auth, Never, "use the API key: Telnyx refuses it; make a new one under Keys & Credentials", CONNECTION),
    rule(10_010, F::Permission, Never, "use the API key: it lacks a right; see Keys & Credentials", CONNECTION),
    rule(10_011, F::RateLimited, After(SECOND_MS), "send: too many calls to Telnyx at once; it passes by itself", BUSY),
    rule(20_100, F::Payment, Never, "send: the account has no funds left; add some in the Telnyx portal", CONNECTION),
    rule(40_001, F::NotReachable, Never, "deliver: the recipient's number is a landline or has no route", UNREACHABLE),
    rule(40_002, F::ContentRejected, Never, "deliver: a filter took the message for spam, for now; see the number's registration", FILTERED),
    rule(40_003, F::AccountRestricted, Never, "deliver: a carrier has blocked the number as spam for good; use another", FILTERED),
    rule(40_004, F::NotReachable, Never, "deliver: the recipient's carrier rejects the message without a reason", UNREACHABLE),
    rule(40_005, F::NotReachable, Never, "deliver: the message expired on its way", "The message did not reach the customer in time."),
    rule(40_006, F::NotReachable, Never, "deliver: the recipient's carrier is not available", UNREACHABLE),
    rule(40_008, F::NotReachable, Never, "deliver: the recipient's carrier did not take the message", UNREACHABLE),
    rule(40_009, F::ContentRejected, Never, "deliver: a carrier finds the words not valid", BROKEN),
    rule(40_010, F::NotRegistered, Never, "deliver: the number is not registered for US messages (10DLC); register brand and campaign at Telnyx", CONNECTION),
    rule(40_011, F::RateLimited, Never, "deliver: a carrier's limit is used up; lower messages_per_second", BUSY),
    rule(40_012, F::NotReachable, Never, "deliver: a carrier finds the recipient's number not valid", UNREACHABLE),
    rule(40_013, F::NotRegistered, Never, "deliver: a carrier does not know the sender; check that the number is active", CONNECTION),
    rule(40_014, F::RateLimited, Never, "deliver: it waited too long in Telnyx's queue; lower messages_per_second", BUSY),
    rule(40_015, F::ContentRejected, Never, "deliver: Telnyx's filter took the message for spam", FILTERED),
    rule(40_100, F::NotRegistered, Never, "send: the number is not set up for messages; see its messaging settings", CONNECTION),
    rule(BLOCKED, F::OptedOut, Never, "send: the customer has written STOP to this messaging profile; only their START lifts it", "The customer does not want messages from this number."),
    rule(40_301, F::NotReachable, Never, "send: the recipient cannot take this kind of message", UNREACHABLE),
    rule(40_302, F::ContentRejected, Never, "send: the message is too large", "The message is too long."),
    rule(40_305, F::NotRegistered, Never, "send: the sender is not a number of this messaging profile", CONNECTION),
    rule(40_308, F::MediaProblem, Never, "send: the sender sends no MMS; set mms to no", "Files cannot be sent from this number."),
    rule(40_309, F::NotReachable, Never, "send: this country is not allowed; see the messaging profile's destinations", "Messages to this country are switched off. An administrator can allow them."),
    rule(40_310, F::NotReachable, Never, "send: the recipient's number is not valid", UNREACHABLE),
    rule(40_312, F::NotRegistered, Never, "send: the messaging profile is disabled", CONNECTION),
    rule(40_314, F::AccountRestricted, Never, "send: messages are disabled on the account; ask Telnyx", CONNECTION),
    rule(40_315, F::AccountRestricted, Never, "send: Telnyx finds the sender unhealthy; see its deliverability", CONNECTION),
    rule(40_317, F::MediaProblem, Never, "send: the files are too many or too large; an MMS has at most 1 MB", FILE),
    rule(40_318, F::RateLimited, After(MINUTE_MS), "send: Telnyx's queue for the number is full; it passes by itself", BUSY),
    rule(40_322, F::ContentRejected, Never, "send: Telnyx refuses the words", FILTERED),
];

const SERVER: &str = "send: Telnyx reports a problem of its own; see its status page if it stays";

/// The line of a code; none for one that is not known.
pub(super) fn lookup(code: i64) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// What an error means, whether it came as an answer or in a report. `details` are Telnyx's own
/// words about it.
pub(super) fn fault(code: Option<i64>, details: &str) -> Fault {
    let Some(code) = code else {
        return Fault::new(F::Unknown, words("deliver: Telnyx gives no code", details))
            .for_rep(BROKEN);
    };
    let known = lookup(code);
    let ours = known.map_or("send: Telnyx gives a code that is not known here", |r| r.operator);
    Fault::new(known.map_or(F::Unknown, |rule| rule.class), words(ours, details))
        .with_code(code.to_string())
        .for_rep(known.map_or(BROKEN, |rule| rule.rep))
}

/// Whether an error says that the recipient wrote STOP; the code alone has other reasons too.
pub(super) fn is_for_stop(error: &Error) -> bool {
    let says = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains("STOP"));
    error.code() == Some(BLOCKED) && (says(&error.title) || says(&error.detail))
}

fn words(ours: &str, details: &str) -> String {
    /// Enough for Telnyx's longest documented ones, in characters.
    const MAX_DETAILS_CHARS: usize = 300;
    let details: String = details.chars().take(MAX_DETAILS_CHARS).collect();
    if details.is_empty() { ours.to_owned() } else { format!("{ours} (Telnyx: {details})") }
}
