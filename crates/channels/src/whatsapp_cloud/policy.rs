//! What the Cloud API allows, and what its error codes mean. Every number and code was checked
//! on 2026-11-20 against the page named beside it (WhatsApp Business Platform documentation).

use baton_core::{
    channel::{ChannelPolicy, Pace, WindowRule},
    consent::{ConsentScope, Keywords},
    fault::{Fault, FaultClass},
    inbox::ChannelKind,
    step::WINDOW_CLOSED,
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

use crate::{
    outcome::Replay::{self, After, Never, Unsure},
    whatsapp,
};

/// Limits and powers.
pub(super) const POLICY: ChannelPolicy = ChannelPolicy {
    channel: ChannelKind::Whatsapp,
    // "Text messages": the body has at most 4,096 characters.
    max_text_chars: 4_096,
    // "Send messages", Customer service windows: 24 hours from the customer's last message or
    // call. The margin is ours. "Pricing", Free entry points: 72 hours from our answer.
    window: Some(WindowRule {
        open_ms: 24 * HOUR_MS,
        margin_ms: MINUTE_MS,
        free_entry_ms: 72 * HOUR_MS,
    }),
    templates: true,
    receipts: true,
    // "Send messages": the order of a burst is not promised. The time is ours.
    order_wait_ms: 3 * SECOND_MS,
    // "About the platform", Pair rate limits: one message every 6 seconds to the same user; up
    // to 45 at once, borrowed from what follows.
    pair_pace: Some(Pace { burst: 45, refill_ms: 6 * SECOND_MS }),
    // "Throughput": 80 messages per second and number by default.
    inbox_pace: Some(Pace::per_second(80)),
    // `user_preferences` covers marketing only, but a customer who writes STOP means everything
    // that we would begin ("Get opt-in").
    stop_scope: ConsentScope::BusinessInitiated,
    keywords: Keywords::Chat,
    // "Media": documents have up to 100 MB, everything else less.
    max_file_bytes: 100 * MEGABYTE,
    choices: Some(whatsapp::CHOICES),
    message_list: None,
};

/// What Meta's pages mean by a megabyte is not said; the larger reading would be refused.
const MEGABYTE: u64 = 1_024 * 1_024;

/// The types of one kind of media that Meta takes, and their most bytes ("Media").
pub(super) struct Taken {
    pub types: &'static [&'static str],
    pub max_bytes: u64,
}

pub(super) const IMAGES: Taken =
    Taken { types: &["image/jpeg", "image/png"], max_bytes: 5 * MEGABYTE };
pub(super) const AUDIO: Taken = Taken {
    types: &["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"],
    max_bytes: 16 * MEGABYTE,
};
pub(super) const VIDEOS: Taken =
    Taken { types: &["video/mp4", "video/3gpp"], max_bytes: 16 * MEGABYTE };
/// 500 KB where it moves, 100 KB where it does not, which only Meta looks at.
pub(super) const STICKERS: Taken = Taken { types: &["image/webp"], max_bytes: 500 * 1_024 };
/// Any type; those beside Office files, PDF and text are not promised.
pub(super) const DOCUMENTS: Taken = Taken { types: &[], max_bytes: 100 * MEGABYTE };
/// The most characters beside a file ("Image messages" and its neighbours).
pub(super) const MAX_CAPTION_CHARS: usize = 1_024;

/// The most characters of a template's name ("Template components").
pub(super) const MAX_TEMPLATE_NAME_CHARS: usize = 512;
/// The most characters of a template's body with its variables filled ("Template components").
pub(super) const MAX_TEMPLATE_BODY_CHARS: usize = 1_024;
/// Spaces in a row that a variable may not reach ("Error codes", 132007 and 132018).
pub(super) const REFUSED_SPACES: &str = "     ";

/// One line of the error table.
pub(super) struct Rule {
    first: i64,
    last: i64,
    pub class: FaultClass,
    pub replay: Replay,
    operator: &'static str,
    rep: &'static str,
}

const fn rule(
    codes: (i64, i64),
    class: FaultClass,
    replay: Replay,
    operator: &'static str,
    rep: &'static str,
) -> Rule {
    Rule { first: codes.0, last: codes.1, class, replay, operator, rep }
}

const fn one(code: i64) -> (i64, i64) {
    (code, code)
}

const CONNECTION: &str =
    "WhatsApp does not accept messages from us at the moment. Please tell an administrator.";
const BUSY: &str = "WhatsApp is limiting our messages at the moment.";
const DOWN: &str = "WhatsApp has a problem of its own at the moment.";
const BROKEN: &str = "WhatsApp did not accept this message. An administrator can see why.";
const TEMPLATE: &str = "WhatsApp did not accept the template. An administrator can see why.";
const UNREACHABLE: &str = "The customer cannot be reached on WhatsApp.";

use FaultClass as F;

/// "Error codes" (11 September 2026). Codes decide, not titles or HTTP statuses. Only codes by
/// which Meta says that it did not take the message are safe to replay.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule(one(0), F::Auth, Never, AUTH, CONNECTION),
    rule(one(190), F::Auth, Never, AUTH, CONNECTION),
    rule(one(3), F::Permission, Never, PERMISSION, CONNECTION),
    rule(one(10), F::Permission, Never, PERMISSION, CONNECTION),
    rule((200, 299), F::Permission, Never, PERMISSION, CONNECTION),
    rule(one(131_005), F::Permission, Never, PERMISSION, CONNECTION),
    rule(one(4), F::RateLimited, After(MINUTE_MS), "send: the app has used up its Graph API calls; it passes by itself", BUSY),
    rule(one(80_007), F::RateLimited, After(MINUTE_MS), "send: the WhatsApp Business Account has used up its calls; it passes by itself", BUSY),
    rule(one(130_429), F::RateLimited, After(SECOND_MS), "send: the number's messages per second are used up; it passes by itself", BUSY),
    rule(one(131_056), F::PairLimited, After(6 * SECOND_MS), "send: too many messages to this customer in a short time; it passes by itself", BUSY),
    rule(one(131_057), F::VendorDown, After(MINUTE_MS), MAINTENANCE, DOWN),
    rule(one(2_494_100), F::VendorDown, After(MINUTE_MS), MAINTENANCE, DOWN),
    rule(one(1), F::VendorDown, Unsure, SERVER, DOWN),
    rule(one(2), F::VendorDown, Unsure, SERVER, DOWN),
    rule(one(131_000), F::VendorDown, Unsure, SERVER, DOWN),
    rule(one(131_016), F::VendorDown, Unsure, SERVER, DOWN),
    rule(one(133_004), F::VendorDown, Unsure, SERVER, DOWN),
    rule(one(131_048), F::AccountRestricted, Never, "send: Meta limits the number because customers blocked or reported it; see its quality rating in WhatsApp Manager", "WhatsApp limits our number at the moment. The message was not sent."),
    rule(one(131_064), F::AccountRestricted, Never, "send: Meta limits the account because templates were put into a wrong category; see WhatsApp Manager", TEMPLATE),
    rule(one(368), F::AccountRestricted, Never, RESTRICTED, CONNECTION),
    rule(one(131_031), F::AccountRestricted, Never, RESTRICTED, CONNECTION),
    rule(one(130_497), F::AccountRestricted, Never, "send: the account may not message people in this country; see Meta's commerce policy", "Our WhatsApp account may not message people in this country."),
    rule(one(131_047), F::WindowClosed, Never, "send: more than 24 hours have passed since the customer last wrote; only a template can be sent", WINDOW_CLOSED),
    rule(one(131_026), F::NotReachable, Never, "send: the recipient is not on WhatsApp, uses an old version or has not accepted Meta's terms", UNREACHABLE),
    rule(one(131_030), F::NotReachable, Never, "send: a test number writes only to numbers on its allow list; add the recipient under WhatsApp > API Setup", UNREACHABLE),
    rule(one(131_062), F::NotReachable, Never, "send: this template needs the customer's phone number, and only a user id is known", "This template needs the customer's phone number, which is not known."),
    rule(one(131_021), F::Bug, Never, "send: the recipient is the sending number itself", "This is our own WhatsApp number."),
    rule(one(130_403), F::OptedOut, Never, "send: our account has blocked this customer; unblock them in WhatsApp Manager first", "We have blocked this customer on WhatsApp. An administrator can unblock them."),
    rule(one(131_050), F::OptedOut, Never, "send: the customer has stopped marketing messages from us", "The customer does not want marketing messages from us."),
    rule(one(130_472), F::OptedOut, Never, "send: Meta holds this marketing message back from the customer as part of an experiment", "WhatsApp held this marketing message back."),
    rule(one(131_049), F::OptedOut, Never, "send: the customer has had enough marketing messages for now; not before tomorrow", "WhatsApp held this marketing message back; the customer has had several lately."),
    rule(one(131_051), F::ContentRejected, Never, "send: Meta does not support this type of message", BROKEN),
    rule(one(131_052), F::MediaProblem, Never, "fetch: the customer's file cannot be had from Meta; ask for it again", "The customer's file could not be fetched. Ask them to send it again."),
    rule(one(131_053), F::MediaProblem, Never, "send: Meta could not take the file; check its type and size", "WhatsApp did not accept the file. Check its type and size."),
    rule(one(131_008), F::Bug, Never, BUG, BROKEN),
    rule(one(131_009), F::Bug, Never, BUG, BROKEN),
    rule(one(33), F::Bug, Never, "send: the phone number ID is not known or was deleted; check it under WhatsApp > API Setup", CONNECTION),
    rule(one(100), F::Bug, Never, "send: Meta refuses a parameter; check the phone number ID first", BROKEN),
    rule(one(135_000), F::Bug, Never, BUG, BROKEN),
    rule(one(131_037), F::NotRegistered, Never, "send: the number's display name is not approved; see WhatsApp Manager", CONNECTION),
    rule(one(131_045), F::NotRegistered, Never, "send: the number is not registered with its certificate; register it again", CONNECTION),
    rule((133_000, 133_016), F::NotRegistered, Never, "send: the number is not registered for the Cloud API, or its PIN is wrong; register it again", CONNECTION),
    rule(one(131_042), F::Payment, Never, "send: the WhatsApp Business Account has no valid payment method; add one in Meta Business settings", CONNECTION),
    rule(one(131_055), F::Permission, Never, "send: this method needs the marketing messages API; see its settings at Meta", CONNECTION),
    rule(one(131_063), F::Permission, Never, "send: this method needs the marketing messages API; see its settings at Meta", CONNECTION),
    rule((134_100, 134_102), F::TemplateProblem, Never, "send: the marketing messages API refuses this template", TEMPLATE),
    rule(one(132_000), F::TemplateProblem, Never, "send: the number of variables differs from the template, which was changed at Meta; it is read again now: fill its form anew", TEMPLATE),
    rule(one(132_001), F::TemplateProblem, Never, "send: no approved template has this name and language; the templates are read again now: choose one of those", TEMPLATE),
    rule(one(132_005), F::TemplateProblem, Never, "send: the template becomes too long with its variables filled", TEMPLATE),
    rule(one(132_007), F::TemplateProblem, Never, "send: the template's content breaks a rule of WhatsApp; see its rejection reason", TEMPLATE),
    rule(one(132_012), F::TemplateProblem, Never, "send: a variable has the wrong form for the template", TEMPLATE),
    rule(one(132_015), F::TemplateProblem, Never, "send: Meta has paused the template for low quality; edit it or choose another", TEMPLATE),
    rule(one(132_016), F::TemplateProblem, Never, "send: Meta has disabled the template for good; choose another", TEMPLATE),
    rule(one(132_018), F::TemplateProblem, Never, "send: a variable of the template is not valid", TEMPLATE),
    rule((132_068, 132_069), F::TemplateProblem, Never, "send: the form behind the message is blocked or throttled; see WhatsApp Manager", TEMPLATE),
    rule(one(2_494_191), F::Permission, Never, "take the conversation: this number is not the escalation partner at Meta", CONNECTION),
];

const AUTH: &str = "use the access token: Meta refuses it; make a new system user token in Meta Business settings and put it into the inbox";
const PERMISSION: &str = "use the access token: it lacks a right; it needs whatsapp_business_messaging and whatsapp_business_management, and the system user needs this account as an asset";
const MAINTENANCE: &str =
    "send: Meta is working on the number, usually for a minute; it passes by itself";
const SERVER: &str = "send: Meta reports a problem of its own; see Meta's status page if it stays";
const RESTRICTED: &str = "send: Meta has restricted or locked the account; see Account quality in Meta Business settings";
const BUG: &str = "send: Meta says that the request was malformed; report this with its code";

/// The line of a code; none for one that is not known.
pub(super) fn lookup(code: i64) -> Option<&'static Rule> {
    // 133004 lies inside the range of 133000 to 133016; the table has the exact line first.
    RULES.iter().find(|rule| (rule.first..=rule.last).contains(&code))
}

/// What an error means, whether it came as an answer or in a status. `details` are Meta's own
/// words about it.
pub(super) fn fault(code: Option<i64>, details: &str) -> Fault {
    let Some(code) = code else {
        return Fault::new(F::Unknown, words("send: Meta gives no code", details)).for_rep(BROKEN);
    };
    let known = lookup(code);
    let operator = match known {
        // Meta repeats a malformed token in the words beside these.
        Some(rule) if rule.class == F::Auth => rule.operator.to_owned(),
        Some(rule) => words(rule.operator, details),
        None => words("send: Meta gives a code that is not known here", details),
    };
    let class = known.map_or(F::Unknown, |rule| rule.class);
    Fault::new(class, operator)
        .with_code(code.to_string())
        .for_rep(known.map_or(BROKEN, |rule| rule.rep))
}

fn words(ours: &str, details: &str) -> String {
    /// Enough for Meta's longest documented ones, in characters.
    const MAX_DETAILS_CHARS: usize = 300;
    let details: String = details.chars().take(MAX_DETAILS_CHARS).collect();
    if details.is_empty() { ours.to_owned() } else { format!("{ours} (Meta: {details})") }
}
