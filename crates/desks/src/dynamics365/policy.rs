//! What Dynamics 365 allows, with the page of every number, and what its errors mean.
//!
//! Pages are those of the Dynamics 365 Contact Center documentation unless another is named;
//! all were checked on 2026-11-20.

use baton_core::{
    desk::DeskPolicy,
    fault::{Fault, FaultClass, Outcome},
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

use super::wire;

/// Characters of one message: "Use /conversation/{id} endpoint".
pub const TEXT_MAX: usize = 6_000;
/// Bytes of the start message: "Use /consumer/conversation/create endpoint" says 27 Kb; we take
/// the smaller reading, and count the bytes as they travel.
pub const START_MAX_BYTES: usize = 27_000;
/// Characters of a customer field: the same page.
pub const FIELD_MAX: usize = 200;
/// Characters of a context value. The page allows 4,000, but the column
/// `msdyn_ocliveworkitemcontextitem.msdyn_value` holds 512 (its entity reference).
pub const CONTEXT_MAX: usize = 512;
/// Characters of a sender's name: "Use /conversation/{id} endpoint".
pub const NAME_MAX: usize = 256;
/// Messages of one page: "Use /conversation/{conversationId}/messages endpoint".
pub const MESSAGES_PAGE: usize = 100;
/// Conversations of one page: "Use /conversations endpoint".
pub const CONVERSATIONS_PAGE: usize = 250;

/// Pages that one listing reads at most; our own bound.
pub const PAGES_MAX: usize = 20;
/// Transcript notes that one listing reads at most; our own bound.
pub const NOTES_MAX: usize = 50;
/// A webhook's body; our own bound, far above the 28 KB that a messaging channel's message may
/// have ("Configure a custom messaging channel").
pub const WEBHOOK_MAX_BYTES: usize = 1024 * 1024;
/// A webhook's token; our own bound, far above what Entra issues.
pub const TOKEN_MAX_BYTES: usize = 16 * 1024;
/// An answer of the Messaging API or of Entra; our own bound.
pub const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;
/// A page of transcript notes; our own bound, above the 5 MB that an attachment may have in
/// base64 ("Attachment and annotation files", Dataverse).
pub const NOTES_MAX_BYTES: usize = 16 * 1024 * 1024;
/// How long one call may take; our own bound, above the 10 s that the service itself waits.
pub const CALL_TIMEOUT_MS: u64 = 15_000;

/// Tokens are renewed this long before they end; our own margin.
pub const RENEW_EARLY_MS: i64 = 5 * MINUTE_MS;
/// How far clocks may differ when a webhook's token is checked; "Access tokens" of the
/// Microsoft identity platform names 5 minutes as usual.
pub const SKEW_MS: i64 = 5 * MINUTE_MS;
/// A key that is unknown to keys as fresh as this is foreign; also the least pause between two
/// fetches. Our own bound: Entra publishes keys long before it signs with them.
pub const KEYS_FRESH_MS: i64 = MINUTE_MS;
/// The least pause after a failed fetch of keys; our own bound.
pub const KEYS_PAUSE_MS: i64 = 5 * SECOND_MS;
/// Keys are fetched again after this time ("Signing key rollover", Microsoft identity
/// platform: check daily), so that a withdrawn one is forgotten.
pub const KEYS_OLD_MS: i64 = 24 * HOUR_MS;
/// A conversation that ended is read from its transcript; for this long after its last change
/// a missing transcript is taken as not written yet. Our own bound: no page gives a time.
pub const TRANSCRIPT_WAIT_MS: i64 = 5 * MINUTE_MS;
/// The longest pause that we accept from `Retry-After`; our own bound.
const RETRY_AFTER_MAX_MS: i64 = HOUR_MS;

/// The organisation's limit of one attachment where nobody says otherwise, in MB ("Attachment
/// and annotation files", Dataverse).
pub const ATTACHMENT_MB: u64 = 5;
/// The most that it can be raised to, in MB (the same page).
pub const ATTACHMENT_MOST_MB: u64 = 128;
/// Where Microsoft keeps the files of reps. No page names the hosts: an assumption, with a
/// setting beside it.
pub const FILE_HOSTS: &[&str] = &[
    ".dynamics.com",
    ".omnichannelengagementhub.com",
    ".omnichannelengagementhub.us",
    ".microsoft.com",
    ".skype.com",
    ".blob.core.windows.net",
];

/// What the hub must know.
pub const POLICY: DeskPolicy = DeskPolicy {
    // Room for the words that mark a speaker who is not the customer.
    max_text_chars: TEXT_MAX - 200,
    // Four tries of 10 s each ("Use webhook to receive messages and events"), and pauses of
    // unknown length between them.
    repeat_span_ms: 2 * MINUTE_MS,
    // The pages ask not to poll; this only closes gaps that a dropped webhook left.
    reconcile_every_ms: 2 * MINUTE_MS,
    // Not documented: an assumption.
    listing_lag_ms: 10 * SECOND_MS,
    // "Attachment and annotation files" (Dataverse): the organisation's limit is at most 128 MB.
    max_file_bytes: 128 * 1_024 * 1_024,
};

/// Region of the environment's host → geo and domain of the Messaging API (the table in
/// Microsoft's omnichannel-chat-sdk, `CoreServicesUtils.ts`).
const GEOS: &[(&str, &str)] = &[
    ("crm", "us"),
    ("crm2", "br"),
    ("crm3", "ca"),
    ("crm4", "eu"),
    ("crm5", "as"),
    ("crm6", "au"),
    ("crm7", "jp"),
    ("crm8", "in"),
    ("crm9", "gov"),
    ("crm11", "uk"),
    ("crm12", "fr"),
    ("crm14", "za"),
    ("crm15", "ae"),
    ("crm16", "de"),
    ("crm17", "ch"),
    ("crm19", "no"),
    ("crm20", "sg"),
    ("crm21", "kr"),
    ("crm22", "se"),
    ("crmtest", "test"),
];

/// The geo and the domain of a region.
pub fn geo(zone: &str) -> Option<(&'static str, &'static str)> {
    let (_, geo) = GEOS.iter().find(|(name, _)| *name == zone)?;
    Some((geo, if *geo == "gov" { "us" } else { "com" }))
}

/// A call that did not succeed.
#[derive(Debug)]
pub struct Failure {
    pub certainty: Certainty,
    pub fault: Fault,
}

/// What a failure says about the thing that was to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// Not done; worth another try after the vendor's pause.
    NotDone { after_ms: Option<i64> },
    /// Refused.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Failure {
    /// Refused, and why.
    pub fn refused(class: FaultClass, text: impl Into<String>) -> Self {
        Self { certainty: Certainty::Refused, fault: Fault::new(class, text) }
    }

    /// Not done, and why.
    pub fn not_done(after_ms: Option<i64>, class: FaultClass, text: impl Into<String>) -> Self {
        Self { certainty: Certainty::NotDone { after_ms }, fault: Fault::new(class, text) }
    }

    /// Perhaps done, and why nobody knows.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { certainty: Certainty::Unknown, fault: Fault::new(FaultClass::VendorDown, text) }
    }

    /// The same failure of a step before the call itself: the call was certainly not made.
    pub fn before_the_call(self) -> Self {
        match self.certainty {
            Certainty::Unknown => Self { certainty: Certainty::NotDone { after_ms: None }, ..self },
            _ => self,
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        let fault = failure.fault;
        match failure.certainty {
            Certainty::NotDone { after_ms } => Self::Retry { after_ms, fault },
            Certainty::Refused => Self::Rejected { fault },
            Certainty::Unknown => Self::Unknown { fault },
        }
    }
}

/// An answer, read within its bound.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// `Retry-After` in seconds, as text.
    pub retry_after: Option<String>,
    /// `x-ms-correlation-id` or its kin.
    pub correlation: Option<String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn retry_after_ms(&self) -> Option<i64> {
        let seconds: i64 = self.retry_after.as_deref()?.trim().parse().ok()?;
        Some(seconds.saturating_mul(SECOND_MS).clamp(0, RETRY_AFTER_MAX_MS))
    }

    /// The words for Microsoft's support, where the answer carries an id.
    fn trace(&self) -> String {
        match &self.correlation {
            Some(id) => format!(" (correlation id {})", visible(id, 64)),
            None => String::new(),
        }
    }
}

/// A vendor's words on one line, without control characters, cut.
fn visible(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// Code, the status it comes with, class, text ("Error handling in messaging APIs").
const MESSAGING_ERRORS: &[(u32, u16, FaultClass, &str)] = {
    use FaultClass::{Bug, ContentRejected, NotRegistered, WorkEnded};
    &[
        (
            30001,
            400,
            NotRegistered,
            "Dynamics 365 does not know the organisation; correct organization_id (Power Platform admin center, Details)",
        ),
        (
            30002,
            400,
            NotRegistered,
            "Dynamics 365 does not know the channel; correct channel_id (msdyn_occustommessagingchannelid)",
        ),
        (30003, 400, Bug, "Dynamics 365 does not support this operation"),
        (
            30004,
            404,
            NotRegistered,
            "the channel record does not exist in Dynamics 365; make it again and correct channel_id",
        ),
        (30005, 400, Bug, "Dynamics 365 does not accept the conversation id"),
        (30006, 400, Bug, "Dynamics 365 does not accept the timestamp"),
        (30007, 400, Bug, "Dynamics 365 does not accept the page size"),
        (30008, 400, Bug, "Dynamics 365 does not accept the page size"),
        (30009, 400, Bug, "Dynamics 365 does not accept the continuation token"),
        (30010, 400, Bug, "Dynamics 365 takes no more than 100 context variables"),
        (
            30011,
            400,
            ContentRejected,
            "the text is longer than the 6,000 characters that Dynamics 365 takes",
        ),
        (30012, 400, Bug, "Dynamics 365 cannot read the request"),
        (30013, 404, WorkEnded, "the conversation has ended in Dynamics 365"),
        (
            30014,
            400,
            NotRegistered,
            "the channel is not linked to a workstream; add it to a messaging workstream in the Copilot Service admin center",
        ),
        (30015, 500, FaultClass::VendorDown, "Dynamics 365 could not write its answer"),
        (30016, 400, ContentRejected, "the message has neither text nor a file"),
    ]
};

/// The documented code in an answer. Where the number stands in the body is not documented, so
/// it is looked for everywhere, as a number of its own and only beside its own status: a
/// customer's words that the body repeats must not decide.
fn messaging_code(reply: &Reply) -> Option<&'static (u32, u16, FaultClass, &'static str)> {
    let text = String::from_utf8_lossy(&reply.body);
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 5)
        .filter_map(|digits| digits.parse::<u32>().ok())
        .find_map(|code| MESSAGING_ERRORS.iter().find(|row| row.0 == code && row.1 == reply.status))
}

/// What a failed call of the Messaging API means; 401 is the token's matter.
pub fn messaging_failure(reply: &Reply, about_a_conversation: bool) -> Failure {
    use FaultClass::{
        Bug, ContentRejected, NotRegistered, Permission, RateLimited, Unknown, VendorDown,
    };
    let trace = reply.trace();
    let refused = |class, text: &str| Failure::refused(class, format!("{text}{trace}"));
    if let Some((code, status, class, text)) = messaging_code(reply) {
        let mut failure = refused(*class, text);
        failure.fault = failure.fault.with_code(code.to_string());
        if *status >= 500 {
            failure.certainty = Certainty::Unknown;
        }
        return failure;
    }
    let mut failure = match reply.status {
        300..=399 => refused(Bug, "the address redirects; correct messaging_url"),
        400 => refused(Bug, &format!("Dynamics 365 refuses the request{}", detail(reply))),
        403 => refused(
            Permission,
            "Dynamics 365 forbids this; check the application user and its roles",
        ),
        404 if about_a_conversation => {
            refused(FaultClass::WorkEnded, "the conversation has ended in Dynamics 365")
        }
        404 => refused(NotRegistered, "nothing answers there; check messaging_url and channel_id"),
        413 => refused(ContentRejected, "the message is too large for Dynamics 365"),
        429 => Failure::not_done(
            reply.retry_after_ms(),
            RateLimited,
            format!("Dynamics 365 asks for a pause{trace}"),
        ),
        408 | 500.. => Failure::unknown(format!("Dynamics 365 answered {}{trace}", reply.status)),
        status => refused(Unknown, &format!("Dynamics 365 answered {status}")),
    };
    if failure.certainty == Certainty::Unknown {
        failure.fault.class = VendorDown;
    }
    failure.fault = failure.fault.with_code(format!("http_{}", reply.status));
    failure
}

/// Title and detail of an RFC 7807 problem.
fn detail(reply: &Reply) -> String {
    let problem: wire::Problem = wire::read(&reply.body).unwrap_or_default();
    let words: Vec<String> =
        [problem.title, problem.detail].into_iter().flatten().map(|t| visible(&t, 200)).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(": ")) }
}

/// Code, class, text ("Web service error codes" of Dataverse).
const DATAVERSE_ERRORS: &[(&str, FaultClass, &str)] = &[
    (
        "0x80072560",
        FaultClass::Permission,
        "the application is no user of the environment; add it as an application user in the Power Platform admin center",
    ),
    (
        "0x80042f09",
        FaultClass::Permission,
        "the application user has no security role; assign one in the Power Platform admin center",
    ),
    (
        "0x80040220",
        FaultClass::Permission,
        "the application user lacks a right; its role must read conversations, transcripts and notes",
    ),
    (
        "0x8004a112",
        FaultClass::Permission,
        "the application user is disabled; enable it in the Power Platform admin center",
    ),
    (
        "0x80040225",
        FaultClass::Permission,
        "the application user is disabled; enable it in the Power Platform admin center",
    ),
];

/// What a failed call of Dataverse means; 401 is the token's matter.
pub fn dataverse_failure(reply: &Reply) -> Failure {
    let trace = reply.trace();
    let problem: wire::Problem = wire::read(&reply.body).unwrap_or_default();
    let code = problem.error.and_then(|error| error.code).map(|code| visible(&code, 20));
    let known = code.as_deref().and_then(|code| {
        DATAVERSE_ERRORS.iter().find(|row| row.0.eq_ignore_ascii_case(code.trim()))
    });
    let mut failure = match (known, reply.status) {
        (Some((_, class, text)), _) => Failure::refused(*class, format!("{text}{trace}")),
        (None, 429) => Failure::not_done(
            reply.retry_after_ms(),
            FaultClass::RateLimited,
            format!("Dataverse asks for a pause{trace}"),
        ),
        (None, 403) => Failure::refused(
            FaultClass::Permission,
            format!("Dataverse forbids this; check the application user and its roles{trace}"),
        ),
        (None, 404) => Failure::refused(
            FaultClass::NotRegistered,
            format!("nothing answers there; check environment_url{trace}"),
        ),
        (None, status @ 500..) => Failure::unknown(format!("Dataverse answered {status}{trace}")),
        (None, status) => Failure::refused(
            FaultClass::Bug,
            format!("Dataverse refuses the request with {status}{trace}"),
        ),
    };
    let code = code.unwrap_or_else(|| format!("http_{}", reply.status));
    failure.fault = failure.fault.with_code(code);
    failure
}

/// Code and text ("Microsoft Entra authentication and authorization error codes").
const ENTRA_ERRORS: &[(i64, &str)] = &[
    (
        7_000_215,
        "Entra refuses the client secret; paste the secret's Value (not its Secret ID) into client_secret",
    ),
    (
        7_000_222,
        "the client secret has expired; make a new one in the app registration and set client_secret",
    ),
    (700_016, "Entra knows no such application in the tenant; correct client_id or tenant_id"),
    (7_000_218, "Entra got no client secret; set client_secret"),
    (70_011, "Entra refuses the scope; correct environment_url or messaging_scope"),
    (28_002, "Entra refuses the scope; correct environment_url or messaging_scope"),
    (
        500_011,
        "the tenant has no such resource; correct environment_url or messaging_scope, or tenant_id",
    ),
    (90_002, "Entra knows no such tenant; correct tenant_id"),
];

/// What a refused token means. The protocol's `error` decides what is done; the codes, which
/// Microsoft may change, only choose the words. The description is never shown.
pub fn entra_failure(reply: &Reply) -> Failure {
    let refusal: wire::TokenRefusal = wire::read(&reply.body).unwrap_or_default();
    let known = ENTRA_ERRORS.iter().find(|row| refusal.error_codes.contains(&row.0));
    let mut failure = match refusal.error.as_str() {
        _ if reply.status == 429 || reply.status >= 500 => Failure::not_done(
            reply.retry_after_ms(),
            FaultClass::VendorDown,
            format!("Entra answered {}; it is tried again", reply.status),
        ),
        "temporarily_unavailable" => Failure::not_done(
            reply.retry_after_ms(),
            FaultClass::VendorDown,
            "Entra is not available for the moment; it is tried again",
        ),
        "" => Failure::not_done(
            None,
            FaultClass::VendorDown,
            format!("Entra answered {} without a reason; check login_url", reply.status),
        ),
        error => {
            let general = match error {
                "invalid_client" => {
                    "Entra refuses the application's credentials; check client_id and client_secret"
                }
                "unauthorized_client" => {
                    "Entra does not let the application in; check client_id and tenant_id"
                }
                "invalid_scope" | "invalid_resource" => {
                    "Entra refuses the scope; correct environment_url or messaging_scope"
                }
                _ => "Entra refuses to issue a token; check tenant_id, client_id and client_secret",
            };
            Failure::refused(FaultClass::Auth, known.map_or(general, |row| row.1))
        }
    };
    let code = match refusal.error_codes.first() {
        Some(code) => format!("AADSTS{code}"),
        None if refusal.error.is_empty() => format!("http_{}", reply.status),
        None => visible(&refusal.error, 64),
    };
    failure.fault = failure.fault.with_code(code);
    failure
}

/// A token that the vendor does not take. The first time a fresh one may help.
pub fn denied(service: &str, again: bool) -> Failure {
    let failure = if again {
        Failure::refused(
            FaultClass::Auth,
            format!(
                "{service} refuses a fresh token; check that the channel record names this \
                 client_id and tenant_id, and that channel_id and organization_id belong together"
            ),
        )
    } else {
        Failure::not_done(
            Some(0),
            FaultClass::Auth,
            format!("{service} refuses the token; it is tried again with a fresh one"),
        )
    };
    Failure { fault: failure.fault.with_code("http_401"), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: None, correlation: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn the_number_is_found_wherever_it_stands() {
        for body in [
            r#"{"errorCode":30014,"message":"no"}"#,
            r#"{"type":"x","title":"30014","status":400,"detail":"no"}"#,
            r#"{"error":{"code":"30014"}}"#,
            "Error 30014: not linked",
        ] {
            let failure = messaging_failure(&reply(400, body), false);
            assert_eq!(failure.fault.code.as_deref(), Some("30014"), "{body}");
            assert_eq!(failure.certainty, Certainty::Refused);
            assert!(failure.fault.operator.contains("workstream"));
        }
    }

    #[test]
    fn a_number_beside_another_status_or_inside_a_longer_one_decides_nothing() {
        for body in [r#"{"detail":"my order 30013"}"#, r#"{"detail":"1300140"}"#] {
            let failure = messaging_failure(&reply(400, body), true);
            assert_eq!(failure.fault.class, FaultClass::Bug, "{body}");
        }
    }

    #[test]
    fn statuses_say_whether_it_was_done() {
        let of = |status, conversation| messaging_failure(&reply(status, ""), conversation);
        assert_eq!(of(404, true).fault.class, FaultClass::WorkEnded);
        assert_eq!(of(404, false).fault.class, FaultClass::NotRegistered);
        assert_eq!(of(500, true).certainty, Certainty::Unknown);
        assert_eq!(of(503, true).certainty, Certainty::Unknown);
        assert_eq!(of(429, true).certainty, Certainty::NotDone { after_ms: None });
        assert_eq!(of(418, true).certainty, Certainty::Refused);
        let failure = messaging_failure(&reply(500, r#"{"code":30015}"#), true);
        assert_eq!(failure.certainty, Certainty::Unknown);
    }

    #[test]
    fn the_pause_is_the_vendors_but_bounded() {
        for (text, expected) in
            [("7", Some(7_000)), ("999999999999", Some(HOUR_MS)), ("soon", None), ("-1", Some(0))]
        {
            let reply = Reply { retry_after: Some(text.to_owned()), ..reply(429, "") };
            let failure = messaging_failure(&reply, true);
            assert_eq!(failure.certainty, Certainty::NotDone { after_ms: expected }, "{text}");
        }
    }

    #[test]
    fn entras_error_decides_and_its_code_chooses_the_words() {
        let refused = |error: &str, code: i64| {
            let body = format!(
                r#"{{"error":"{error}","error_description":"AADSTS: app secret~value","error_codes":[{code}]}}"#
            );
            entra_failure(&reply(401, &body))
        };
        let failure = refused("invalid_client", 7_000_215);
        assert_eq!(failure.certainty, Certainty::Refused);
        assert!(failure.fault.operator.contains("Secret ID"));
        assert_eq!(failure.fault.code.as_deref(), Some("AADSTS7000215"));
        assert!(!format!("{:?}", failure.fault).contains("secret~value"));
        assert!(refused("invalid_client", 7_000_222).fault.operator.contains("expired"));
        assert!(refused("unauthorized_client", 700_016).fault.operator.contains("client_id"));
        assert!(refused("invalid_client", 1).fault.operator.contains("credentials"));
        let pause = refused("temporarily_unavailable", 7_000_215);
        assert_eq!(pause.certainty, Certainty::NotDone { after_ms: None });
        let html = entra_failure(&reply(404, "<html>"));
        assert_eq!(html.certainty, Certainty::NotDone { after_ms: None });
    }

    #[test]
    fn dataverse_errors_name_the_cure() {
        let body = r#"{"error":{"code":"0x80072560","message":"The user is not a member"}}"#;
        let failure = dataverse_failure(&reply(403, body));
        assert_eq!(failure.fault.class, FaultClass::Permission);
        assert!(failure.fault.operator.contains("application user"));
    }
}
