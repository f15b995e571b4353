//! What the errors of Entra, the Messaging API and Dataverse mean: whether it was done, who can act,
//! and what to do. All pages were checked on 2026-11-20.
//!
//! The texts here say why; [`Failure::doing`] puts what was tried in front where they leave the desk.

use baton_core::fault::{Fault, FaultClass};

use super::{
    super::{privileges, wire},
    RETRY_AFTER_MAX_MS,
};
use crate::failure::{Certainty, Failure, retry_after_ms};

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
        retry_after_ms(self.retry_after.as_deref(), RETRY_AFTER_MAX_MS)
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
    let error = problem.error.unwrap_or_default();
    let code = error.code.map(|code| visible(&code, 20));
    let message = error.message.unwrap_or_default();
    let lacking = privileges::missing(&message).filter(|_| reply.status == 403);
    let known = code.as_deref().and_then(|code| {
        DATAVERSE_ERRORS.iter().find(|row| row.0.eq_ignore_ascii_case(code.trim()))
    });
    let mut failure = match (known, reply.status) {
        _ if let Some(name) = lacking => {
            Failure::refused(FaultClass::Permission, format!("{}{trace}", privileges::cure(name)))
        }
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

/// What refusals say of rows ("Web service error codes", Dataverse; `ErrorCodes.cs` of
/// Dynamics365-Apps-Samples; both read 2026-11-21).
const EXISTS: &[&str] = &["0x80060882", "0x80060892", "0x80040237", "http_412"];
const MISSING: &str = "0x80040217";
const CASE_CLOSED: &str = "0x80044411";
/// A blocked extension; a file that is too large, or whose name is refused.
const FILE_REFUSED: &[&str] = &["0x80043e09", "0x80044a02", "0x80044a08"];

fn is_code(failure: &Failure, codes: &[&str]) -> bool {
    let code = failure.fault.code.as_deref();
    code.is_some_and(|code| codes.iter().any(|known| known.eq_ignore_ascii_case(code)))
}

/// A row of this id, or with this value, is there already.
pub fn exists(failure: &Failure) -> bool {
    is_code(failure, EXISTS)
}

/// A row that the call names is not there.
pub fn is_missing(failure: &Failure) -> bool {
    is_code(failure, &[MISSING])
}

/// What asking for a row brought; none where it is not there.
pub fn unless_missing<T>(asked: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match asked {
        Err(failure) if is_missing(&failure) => Ok(None),
        asked => asked.map(Some),
    }
}

/// The case is resolved or cancelled already.
pub fn is_closed_case(failure: &Failure) -> bool {
    is_code(failure, &[CASE_CLOSED])
}

/// The organisation does not take this file.
pub fn refuses_file(failure: &Failure) -> bool {
    is_code(failure, FILE_REFUSED)
}

/// Code and text for a case that is refused: settings that an operator corrects, while the case
/// waits.
const CASE_ERRORS: &[(&str, &str)] = &[
    (
        MISSING,
        "Dynamics 365 does not know a row that the case names: its contact, case_owner, or a \
         lookup in ticket_properties",
    ),
    (
        "0x8004431a",
        "Dynamics 365 does not know a value of an option set; correct ticket_properties, \
         case_origin or case_priority",
    ),
    (
        "0x80044331",
        "a text is longer than its column; correct ticket_properties, or case_description_chars",
    ),
    (
        "0x80048d19",
        "the case has no such column; correct ticket_properties (logical names, in lower case; \
         lookups as navigation property and @odata.bind)",
    ),
    ("0x80048408", "the status does not belong to an active case; correct ticket_properties"),
    ("0x80044410", "Dynamics 365 wants a customer for the case; set fallback_account_id"),
];

/// The same refusal in the words of a case.
pub fn about_a_case(failure: Failure) -> Failure {
    let row = CASE_ERRORS.iter().find(|row| is_code(&failure, &[row.0]));
    let Some((_, text)) = row else { return failure };
    let fault = Fault::new(FaultClass::NotRegistered, *text);
    let code = failure.fault.code.unwrap_or_default();
    Failure { certainty: Certainty::Refused, fault: fault.with_code(code) }
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
    (
        700_027,
        "Entra does not know the certificate; upload it to the app registration (Certificates & secrets)",
    ),
    (700_024, "Entra finds the assertion too old or too new; set this machine's clock right"),
    (7_000_112, "the application is disabled; enable it in the Entra admin center"),
    (
        7_000_229,
        "the application is not installed in the tenant; correct tenant_id, or consent to it there",
    ),
    (70_011, "Entra refuses the scope; correct environment_url or messaging_scope"),
    (28_002, "Entra refuses the scope; correct environment_url or messaging_scope"),
    (
        500_011,
        "the tenant has no such resource; correct environment_url or messaging_scope, or tenant_id",
    ),
    (90_002, "Entra knows no such tenant; correct tenant_id"),
];

/// Whether Entra refuses the credential itself, so that another one may be taken.
pub fn refuses_credential(reply: &Reply) -> bool {
    let refusal: wire::TokenRefusal = wire::read(&reply.body).unwrap_or_default();
    reply.status < 500 && refusal.error == "invalid_client"
}

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
    use baton_core::time::HOUR_MS;

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
