//! What the errors of messaging mean: whether it was done, who can act, and what to do. All pages
//! were checked 2026-11; most statuses are those that Salesforce's sample client handles.
//!
//! The texts here say why; [`Failure::doing`] puts what was tried in front where they leave the desk.

use baton_core::fault::FaultClass;

use super::{super::wire, RETRY_AFTER_MAX_MS};
use crate::failure::{Failure, retry_after_ms};

/// An answer, read within its bound.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// `Retry-After` in seconds, as text.
    pub retry_after: Option<String>,
    /// `Sforce-Limit-Info`: what is left of the day's calls.
    pub limit_info: Option<String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn retry_after_ms(&self) -> Option<i64> {
        retry_after_ms(self.retry_after.as_deref(), RETRY_AFTER_MAX_MS)
    }

    /// What Salesforce says, on one line: `message` of its JSON, or the gateway's plain text.
    pub fn words(&self) -> String {
        let refusal: wire::Refusal = wire::read(&self.body).unwrap_or_default();
        let plain = || {
            let text = String::from_utf8_lossy(&self.body);
            (!text.trim_start().starts_with(['<', '{', '['])).then(|| text.into_owned())
        };
        let words = refusal.message.or_else(plain).unwrap_or_default();
        words.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim().to_owned()
    }

    fn code(&self) -> String {
        let refusal: wire::Refusal = wire::read(&self.body).unwrap_or_default();
        let code = refusal.errorcode.map(|code| match code {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        });
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let code: String = code.unwrap_or_default().chars().filter(plain).take(60).collect();
        if code.is_empty() || code == "null" { format!("http_{}", self.status) } else { code }
    }
}

/// Salesforce's own words behind ours.
fn with_words(text: &str, reply: &Reply) -> String {
    let words = reply.words();
    if words.is_empty() { text.to_owned() } else { format!("{text}: {words}") }
}

/// What a failed call about a conversation means; 401 is the token's matter.
pub fn messaging_failure(reply: &Reply) -> Failure {
    use FaultClass::{Bug, MediaProblem, NotRegistered, Permission, RateLimited, WorkEnded};
    let refused = |class, text: &str| Failure::refused(class, with_words(text, reply));
    let failure = match reply.status {
        400 => refused(Bug, "Salesforce refuses the request"),
        403 => refused(
            Permission,
            "Salesforce forbids this; check that the channel is active and the deployment published",
        ),
        404 => refused(NotRegistered, "Salesforce does not know the conversation"),
        409 => refused(Bug, "Salesforce holds this already"),
        412 => refused(NotRegistered, "the deployment is not published; publish it in Setup"),
        413 => refused(MediaProblem, "the file is larger than Salesforce takes"),
        417 => refused(WorkEnded, "the messaging session is over"),
        429 => Failure::not_done(
            reply.retry_after_ms(),
            RateLimited,
            with_words("Salesforce asks for a pause", reply),
        ),
        408 | 500.. => {
            Failure::unknown(with_words(&format!("Salesforce answered {}", reply.status), reply))
        }
        status => refused(FaultClass::Unknown, &format!("Salesforce answered {status}")),
    };
    Failure { fault: failure.fault.with_code(reply.code()), ..failure }
}

/// What is to be ended is over already, or not there.
pub fn is_over(reply: &Reply) -> bool {
    matches!(reply.status, 404 | 410 | 417)
}

/// What is to be made is there already, under our own id.
pub fn is_there(reply: &Reply) -> bool {
    reply.status == 409
}

/// Salesforce does not take this file, so that its link has to do (the results of uploads in
/// Salesforce's public interface descriptions).
pub fn refuses_file(reply: &Reply) -> bool {
    const RESULTS: &[&str] = &[
        "AttachmentTooLarge",
        "AttachmentUploadNotEnabled",
        "AttachmentUploadNotAllowed",
        "StorageLimitExceeded",
    ];
    let says = |result: &&str| reply.words().contains(*result) || reply.code() == **result;
    matches!(reply.status, 413 | 415) || (reply.status == 400 && RESULTS.iter().any(says))
}

/// What a refused access token means.
pub fn token_failure(reply: &Reply) -> Failure {
    use FaultClass::{Auth, NotRegistered, RateLimited, VendorDown};
    let words = reply.words();
    let lower = words.to_ascii_lowercase();
    let refused = |class, text: &str| Failure::refused(class, with_words(text, reply));
    let failure = match reply.status {
        429 => Failure::not_done(
            reply.retry_after_ms(),
            RateLimited,
            "Salesforce gives no more tokens this minute; it goes on by itself",
        ),
        408 | 500.. => Failure::not_done(
            reply.retry_after_ms(),
            VendorDown,
            with_words(&format!("Salesforce answered {}", reply.status), reply),
        ),
        400 if lower.contains("not published") => {
            refused(NotRegistered, "the deployment is not published; publish it in Setup")
        }
        400 if lower.contains("deploymenttype") || lower.contains("esdevelopername") => refused(
            NotRegistered,
            "the deployment is not of type Custom Client, not published, or its API name is \
             wrong; correct deployment",
        ),
        400 if lower.contains("org") => {
            refused(NotRegistered, "correct organization_id, or scrt_url")
        }
        400 | 401 | 403 => refused(
            Auth,
            "Salesforce takes no proof of identity from this deployment; switch User Verification \
             on for the channel, check issuer, auth_key_id and private_key against the key set, \
             and publish the deployment again",
        ),
        404 => refused(NotRegistered, "nothing answers there; check scrt_url and deployment"),
        412 => refused(NotRegistered, "the deployment is not published; publish it in Setup"),
        status => refused(FaultClass::Unknown, &format!("Salesforce answered {status}")),
    };
    Failure { fault: failure.fault.with_code(reply.code()), ..failure }
}

/// Salesforce gave a token, but for an anonymous user: it says nothing of why.
pub fn anonymous() -> Failure {
    Failure::refused(
        FaultClass::Auth,
        "Salesforce takes our customers for anonymous; compare the key set's JSON web key issuer \
         with issuer and the key's kid with auth_key_id, see that the JWK holds x5c and belongs to \
         private_key, switch User Verification on for the channel, and publish the deployment again",
    )
    .coded("unauthenticated_subject")
}

/// A token that Salesforce does not take. The first time a fresh one may help.
pub fn denied(again: bool) -> Failure {
    let failure = if again {
        Failure::refused(
            FaultClass::Auth,
            "Salesforce refuses a fresh token; check organization_id, deployment and this \
             machine's clock",
        )
    } else {
        Failure::not_done(
            Some(0),
            FaultClass::Auth,
            "Salesforce refuses the token; it is tried again with a fresh one",
        )
    };
    failure.coded("http_401")
}

impl Failure {
    fn coded(self, code: &str) -> Self {
        Self { fault: self.fault.with_code(code), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Certainty;

    fn reply(status: u16, body: &str) -> Reply {
        let body = body.as_bytes().to_vec();
        Reply { status, retry_after: None, limit_info: None, body }
    }

    #[test]
    fn statuses_say_whether_it_was_done() {
        let of = |status| messaging_failure(&reply(status, ""));
        assert_eq!(of(417).fault.class, FaultClass::WorkEnded);
        assert_eq!(of(400).certainty, Certainty::Refused);
        assert_eq!(of(429).certainty, Certainty::NotDone { after_ms: None });
        assert_eq!(of(500).certainty, Certainty::Unknown);
        assert_eq!(of(503).certainty, Certainty::Unknown);
        let over = |status| is_over(&reply(status, ""));
        assert!(over(404) && over(417) && !over(400));
    }

    #[test]
    fn a_token_that_is_not_given_is_not_unknown() {
        for status in [408, 429, 500, 503] {
            let failure = token_failure(&reply(status, ""));
            assert!(matches!(failure.certainty, Certainty::NotDone { .. }), "{status}");
        }
    }

    #[test]
    fn salesforces_words_follow_ours_whatever_their_shape() {
        let json = r#"{"message":"Specify the conversationId\nin UUID format.","errorCode":"BAD_REQUEST"}"#;
        let failure = messaging_failure(&reply(400, json));
        assert!(failure.fault.operator.ends_with("Specify the conversationIdin UUID format."));
        assert_eq!(failure.fault.code.as_deref(), Some("BAD_REQUEST"));
        let plain = messaging_failure(&reply(400, "Jwt is missing"));
        assert!(plain.fault.operator.ends_with(": Jwt is missing"));
        assert_eq!(plain.fault.code.as_deref(), Some("http_400"));
        let html = messaging_failure(&reply(400, "<html>secret</html>"));
        assert_eq!(html.fault.operator, "Salesforce refuses the request");
    }

    #[test]
    fn the_pause_is_salesforces_but_bounded() {
        for (text, expected) in
            [("7", Some(7_000)), ("999999999999", Some(RETRY_AFTER_MAX_MS)), ("soon", None)]
        {
            let reply = Reply { retry_after: Some(text.to_owned()), ..reply(429, "") };
            let failure = messaging_failure(&reply);
            assert_eq!(failure.certainty, Certainty::NotDone { after_ms: expected }, "{text}");
        }
    }

    #[test]
    fn a_deployment_of_another_type_is_named() {
        let body =
            r#"{"message":"esDeveloperName must be a deployment whose deploymentType is api"}"#;
        let failure = token_failure(&reply(400, body));
        assert!(failure.fault.operator.contains("Custom Client"));
        assert_eq!(failure.fault.class, FaultClass::NotRegistered);
    }
}
