//! What Twilio allows, and what its error codes mean. Numbers and codes were checked on
//! 2026-11-20 against the page named beside them (Twilio documentation); Twilio's own pages warn
//! that codes may change, so that only our classes decide what follows.

use baton_core::{
    channel::{ChannelPolicy, Pace, WindowRule},
    consent::{ConsentScope, Keywords},
    fault::{Fault, FaultClass},
    inbox::ChannelKind,
    step::WINDOW_CLOSED,
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

use super::{config::Config, listing};
use crate::{
    outcome::Replay::{self, After, Never, Unsure},
    sms, whatsapp,
};

/// "Messages resource", Body: at most 1,600 characters, on WhatsApp too.
pub(super) const MAX_TEXT_CHARS: usize = 1_600;
/// "Accepted content types": an MMS has at most 5 MB in all.
const MAX_MMS_BYTES: u64 = 5 * 1_024 * 1_024;
/// "Accepted content types": a file on WhatsApp has at most 16 MB.
const MAX_WHATSAPP_BYTES: u64 = 16 * 1_024 * 1_024;
/// "Send messages with content templates": a template's body with its variables filled.
pub(super) const MAX_TEMPLATE_BODY_CHARS: usize = 1_024;

/// "Default handling of opt-out keywords": whole messages, in lower case, that Twilio answers.
const DEFAULT_KEYWORDS: &[&str] = &[
    "stop",
    "stopall",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "start",
    "yes",
    "unstop",
    "help",
    "info",
];

/// Whether Twilio's default handling has answered this text.
pub(super) fn is_default_keyword(text: &str) -> bool {
    DEFAULT_KEYWORDS.contains(&text.trim().to_lowercase().as_str())
}

/// Limits and powers of the sender.
pub(super) fn of(config: &Config) -> ChannelPolicy {
    let policy = match config.channel {
        ChannelKind::Whatsapp => whatsapp(config.per_second),
        // "Error 30001": a US long code passes on one segment a second and queues the rest.
        // "Advanced Opt-Out": after STOP every message is refused with 21610.
        _ => sms::policy(MAX_TEXT_CHARS, config.per_second.unwrap_or(1), MAX_MMS_BYTES),
    };
    ChannelPolicy { message_list: Some(listing::RULE), ..policy }
}

/// Meta's rules, at which Twilio passes messages on.
fn whatsapp(per_second: Option<u32>) -> ChannelPolicy {
    ChannelPolicy {
        channel: ChannelKind::Whatsapp,
        max_text_chars: MAX_TEXT_CHARS,
        // "Error 63016": 24 hours from the customer's last message. The margin is ours. Meta,
        // "Free entry points": 72 hours from our answer.
        window: Some(WindowRule {
            open_ms: 24 * HOUR_MS,
            margin_ms: MINUTE_MS,
            free_entry_ms: 72 * HOUR_MS,
        }),
        templates: true,
        receipts: true,
        order_wait_ms: 3 * SECOND_MS,
        // Meta, "Pair rate limits": one message every 6 seconds to the same user; up to 45 at
        // once, borrowed from what follows.
        pair_pace: Some(Pace { burst: 45, refill_ms: 6 * SECOND_MS }),
        // Meta, "Throughput": 80 messages per second and number by default.
        inbox_pace: Some(Pace::per_second(per_second.unwrap_or(80))),
        stop_scope: ConsentScope::BusinessInitiated,
        keywords: Keywords::Chat,
        max_file_bytes: MAX_WHATSAPP_BYTES,
        choices: Some(whatsapp::CHOICES),
        message_list: None,
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
    "Twilio does not accept messages from us at the moment. Please tell an administrator.";
const BUSY: &str = "Twilio is limiting our messages at the moment.";
const DOWN: &str = "Twilio has a problem of its own at the moment.";
const BROKEN: &str = "Twilio did not accept this message. An administrator can see why.";
const UNREACHABLE: &str = "The customer cannot be reached at this number.";
const NO_WHATSAPP: &str = "The customer cannot be reached on WhatsApp.";
const FILE: &str = "The file could not be sent. Check its type and size.";
const TEMPLATE: &str = "The template was not accepted. An administrator can see why.";
const OPTED_OUT: &str = "The customer does not want messages from this number.";
const FILTERED: &str = "A mobile network held this message back.";

use FaultClass as F;

/// "Error and Warning Dictionary". What concerns one recipient only is never a matter of the
/// account, for which messages are kept until an operator acts. Some arrive as the answer to a call, some only in a status.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    // The call itself.
    rule(20_003, F::Auth, Never, "use the credentials: Twilio refuses them; copy account SID and auth token (or API key) again", CONNECTION),
    rule(20_404, F::Bug, Never, "send: the account or the Messaging Service does not exist; check their SIDs", CONNECTION),
    rule(20_429, F::RateLimited, After(5 * SECOND_MS), "send: too many calls to Twilio at once; it passes by itself", BUSY),
    rule(20_500, F::VendorDown, Unsure, SERVER, DOWN),
    rule(20_503, F::VendorDown, Unsure, SERVER, DOWN),
    rule(21_211, F::NotReachable, Never, "send: the recipient's number is not valid", UNREACHABLE),
    rule(21_212, F::Bug, Never, "send: the sender's number is not valid; check the sender", CONNECTION),
    rule(21_408, F::NotReachable, Never, "send: messages to this country are switched off; see Messaging > Settings > Geo permissions", "Messages to this country are switched off. An administrator can allow them."),
    rule(21_602, F::ContentRejected, Never, "send: the message is empty", "The message is empty."),
    rule(21_606, F::NotRegistered, Never, "send: the sender is not a number of this account that can send messages; check the sender", CONNECTION),
    rule(21_608, F::NotReachable, Never, "send: a trial account writes only to verified numbers; upgrade it or verify the recipient", CONNECTION),
    rule(21_609, F::Bug, Never, "send: Twilio cannot call the webhook address; check webhook_url", CONNECTION),
    rule(21_610, F::OptedOut, Never, "send: the customer has written STOP to this sender; only their START lifts it", OPTED_OUT),
    rule(21_611, F::RateLimited, After(MINUTE_MS), "send: the sender's queue at Twilio is full; it passes by itself", BUSY),
    rule(21_612, F::NotReachable, Never, "send: the sender has no way to this recipient", UNREACHABLE),
    rule(21_614, F::NotReachable, Never, "send: the recipient's number is not a mobile number", UNREACHABLE),
    rule(21_617, F::ContentRejected, Never, "send: the text is longer than 1600 characters", "The message is too long: 1600 characters at most."),
    rule(21_620, F::MediaProblem, Never, "send: the address of the file is not valid", FILE),
    rule(21_623, F::MediaProblem, Never, "send: too many files in one message", FILE),
    rule(21_635, F::MediaProblem, Never, "send: the recipient's number cannot receive MMS", "This customer's number cannot receive files."),
    rule(21_655, F::TemplateProblem, Never, "send: no content template has this ContentSid", TEMPLATE),
    rule(21_656, F::TemplateProblem, Never, "send: the variables do not fit the content template", TEMPLATE),
    rule(21_703, F::NotRegistered, Never, "send: the Messaging Service has no sender for this channel; add the number to it", CONNECTION),
    rule(21_910, F::Bug, Never, "send: sender and recipient are on different channels; check the sender", CONNECTION),
    // What carriers say.
    rule(30_001, F::RateLimited, Never, "deliver: it waited longer than Twilio keeps messages; the sender's pace is too low for what it sends", BUSY),
    rule(30_002, F::AccountRestricted, Never, "deliver: Twilio has suspended the account; see the Twilio Console", CONNECTION),
    rule(30_003, F::NotReachable, Never, "deliver: the phone is off or out of reach", "The customer's phone could not be reached."),
    rule(30_004, F::NotReachable, Never, "deliver: the recipient or the carrier blocks the message", "This customer's number blocks our messages."),
    rule(30_005, F::NotReachable, Never, "deliver: the recipient's number is not in use", UNREACHABLE),
    rule(30_006, F::NotReachable, Never, "deliver: the recipient's number is a landline or its carrier cannot be reached", UNREACHABLE),
    rule(30_007, F::ContentRejected, Never, "deliver: the carrier filtered the message as unwanted; see Messaging insights and the campaign's registration", FILTERED),
    rule(30_008, F::Unknown, Never, "deliver: the carrier gives no reason", "The message did not reach the customer; the network gives no reason."),
    rule(30_032, F::NotRegistered, Never, "deliver: the toll-free number is not verified; send in its verification at Twilio", CONNECTION),
    rule(30_034, F::NotRegistered, Never, "deliver: the number is not registered for US messages (A2P 10DLC); register brand and campaign at Twilio", CONNECTION),
    rule(30_410, F::NotReachable, Never, "deliver: the carrier did not answer in time", "The customer's network did not answer."),
    // What WhatsApp says.
    rule(63_003, F::NotReachable, Never, "deliver: the recipient is not on WhatsApp", NO_WHATSAPP),
    rule(63_005, F::ContentRejected, Never, "deliver: WhatsApp did not accept the content", BROKEN),
    rule(63_007, F::NotRegistered, Never, "send: the sender is not a WhatsApp sender of this account; check the sender", CONNECTION),
    rule(63_013, F::ContentRejected, Never, "deliver: the message breaks a policy of WhatsApp", BROKEN),
    rule(63_015, F::NotReachable, Never, "deliver: the recipient has not joined the WhatsApp sandbox; they must send its join word first", NO_WHATSAPP),
    rule(63_016, F::WindowClosed, Never, "deliver: more than 24 hours have passed since the customer last wrote; only a template can be sent", WINDOW_CLOSED),
    rule(63_018, F::RateLimited, Never, "deliver: WhatsApp's limit for this sender is used up; see its messaging limit", BUSY),
    rule(63_019, F::MediaProblem, Never, "deliver: WhatsApp could not fetch the file; Baton's public address must be reachable", FILE),
    rule(63_020, F::AccountRestricted, Never, "deliver: the WhatsApp Business Account is paused or unpaid; see Meta Business settings", CONNECTION),
    rule(63_021, F::ContentRejected, Never, "deliver: WhatsApp finds the content not valid; a filled template has at most 1024 characters", BROKEN),
    rule(63_024, F::NotReachable, Never, "deliver: the recipient is not valid on WhatsApp", NO_WHATSAPP),
    rule(63_025, F::MediaProblem, Never, "deliver: WhatsApp could not take the file", FILE),
    rule(63_027, F::TemplateProblem, Never, "deliver: the template does not exist in this language", TEMPLATE),
    rule(63_028, F::TemplateProblem, Never, "deliver: the number of variables differs from the template", TEMPLATE),
    rule(63_029, F::TemplateProblem, Never, "deliver: the recipient's WhatsApp could not load the template", TEMPLATE),
    rule(63_030, F::Bug, Never, "deliver: WhatsApp does not support a parameter of the message", BROKEN),
    rule(63_032, F::NotReachable, Never, "deliver: WhatsApp does not let this customer receive the message", NO_WHATSAPP),
    rule(63_049, F::OptedOut, Never, "deliver: Meta chose not to deliver this marketing message to the customer", "WhatsApp held this marketing message back."),
    rule(63_051, F::AccountRestricted, Never, "deliver: the WhatsApp Business Account is locked; see Meta Business settings", CONNECTION),
];

const SERVER: &str = "send: Twilio reports a problem of its own; see status.twilio.com if it stays";

/// The line of a code; none for one that is not known.
pub(super) fn lookup(code: i64) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// What an error means, whether it came as an answer or in a status. `details` are Twilio's own
/// words about it.
pub(super) fn fault(code: Option<i64>, details: &str) -> Fault {
    let Some(code) = code else {
        return Fault::new(F::Unknown, words("deliver: Twilio gives no code", details))
            .for_rep(BROKEN);
    };
    let known = lookup(code);
    let ours = known.map_or("send: Twilio gives a code that is not known here", |r| r.operator);
    Fault::new(known.map_or(F::Unknown, |rule| rule.class), words(ours, details))
        .with_code(code.to_string())
        .for_rep(known.map_or(BROKEN, |rule| rule.rep))
}

fn words(ours: &str, details: &str) -> String {
    /// Enough for Twilio's longest documented ones, in characters.
    const MAX_DETAILS_CHARS: usize = 300;
    let details: String = details.chars().take(MAX_DETAILS_CHARS).collect();
    if details.is_empty() { ours.to_owned() } else { format!("{ours} (Twilio: {details})") }
}
