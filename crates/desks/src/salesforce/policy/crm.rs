//! What the organisation's records allow, with the page of every number, and what their errors
//! mean. Pages were checked 2026-11.

use baton_core::{
    fault::FaultClass,
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

use super::super::wire::crm::{Refusal, TokenRefusal};
use super::Failure;

/// The version of the REST API where nobody says otherwise, and the oldest that takes the history
/// of conversations ("Invoke the Conversation History API": 63 or later).
pub const API_VERSION: &str = "v63.0";
pub const API_FLOOR: u32 = 63;
/// Characters of an API name with its namespace and ending ("Custom Fields", Metadata API: 40,
/// 15 for the namespace and the ending); our own bound above it.
pub const NAME_MAX: usize = 80;

/// How long an assertion is valid: "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"
/// wants its end within 3 minutes.
pub const ASSERTION_LIFE_S: i64 = 2 * 60;
/// An answer of the REST API; our own bound.
pub const ANSWER_MAX_BYTES: usize = 8 * 1_024 * 1_024;
/// How long one call may take; our own bound.
pub const CALL_TIMEOUT_MS: u64 = 15_000;
/// How long a call that carries a file may take; our own bound, within what the hub gives one attempt.
pub const UPLOAD_TIMEOUT_MS: u64 = 40_000;
/// Calls at once: "API Request Limits and Allocations" allows 25 that take 20 s or longer; we stay
/// below it.
pub const AT_ONCE: usize = 20;
/// Files that are on their way into cases at the same time; our own bound.
pub const UPLOADS_AT_ONCE: usize = 2;
/// The share of the day's calls that polling leaves to handoffs, as its divisor: a fifth. Our own
/// choice.
pub const RESERVE_DIVISOR: u64 = 5;
/// How long polling rests once the reserve is touched, and how long everything rests once the day's
/// calls are spent; our own choice: the allocation is of any 24 hours ("API Request Limits and
/// Allocations"), so that some come back all the time.
pub const RESERVE_PAUSE_MS: i64 = 15 * MINUTE_MS;
pub const SPENT_PAUSE_MS: i64 = 15 * MINUTE_MS;
/// The pause before a locked row is tried again; our own choice.
pub const LOCK_PAUSE_MS: i64 = 2 * SECOND_MS;
/// How long ids of queues and record types are believed; our own bound.
pub const NAMES_FRESH_MS: i64 = 10 * MINUTE_MS;

/// Characters of `Contact.FirstName`, `LastName`, `Email`, of phone fields, and of
/// `Case.SuppliedName` ("Contact", "Case", Object Reference).
pub const FIRST_NAME_MAX: usize = 40;
pub const LAST_NAME_MAX: usize = 80;
pub const EMAIL_MAX: usize = 80;
pub const PHONE_MAX: usize = 40;
pub const SUPPLIED_NAME_MAX: usize = 80;
/// Characters of `MessagingEndUser.Name` ("MessagingEndUser", Object Reference).
pub const USER_NAME_MAX: usize = 255;
/// Characters of a name that are looked at; our own bound, above what both columns hold.
pub const FULL_NAME_MAX: usize = 400;
/// Characters of `Case.Subject` and `Case.Description` ("Case", Object Reference).
pub const SUBJECT_MAX: usize = 255;
pub const DESCRIPTION_MAX: usize = 32_000;
/// `CaseComment.CommentBody` ("CaseComment", Object Reference: 4,000); counted in bytes, which is
/// the smaller reading.
pub const COMMENT_MAX_BYTES: usize = 4_000;
/// `FeedItem.Body` ("FeedItem", Object Reference: 10,000 characters); counted in bytes as well.
pub const POST_MAX_BYTES: usize = 10_000;
/// Parts of a transcript that stand on a case at most; the older ones go into a text file. Our own
/// bound.
pub const TRANSCRIPT_PARTS_MAX: usize = 10;
/// Parts that one text may have ("sObject Collections": 200 rows in one call); our own bound.
pub const PARTS_MAX: usize = 20;
/// Bytes of a transcript's text file; our own bound.
pub const TRANSCRIPT_FILE_BYTES: usize = 4 * 1_024 * 1_024;
/// Bytes of a file inside JSON: "Insert or Update Blob Data" names 37.5 MB.
pub const FILE_MAX_BYTES: u64 = 37_500_000;
/// Characters of `ContentVersion.Title` and `PathOnClient` ("ContentVersion", Object Reference:
/// 255 and 500); the smaller for both.
pub const TITLE_MAX: usize = 255;

/// Files of a case among which one of ours is looked for; our own bound.
pub const FILES_SEEN: usize = 200;

/// Contacts that one question brings at most; our own bound.
pub const CONTACTS_MAX: usize = 100;
/// How many of several contacts are shown; our own bound.
pub const AMBIGUOUS_SHOWN: usize = 5;
/// How long a live conversation waits for its contact; our own choice.
pub const CONTACT_PATIENCE_MS: u64 = 8_000;
/// How long after the conversation was made its session is looked for; our own choice: reports
/// name a few seconds.
pub const SESSION_PATIENCE_MS: i64 = 10 * SECOND_MS;
/// How much later the window's end must be before its field is written again: a call of the day
/// for each message would be dear, and a rep who reads an earlier end is on the safe side; our own
/// choice.
pub const WINDOW_STEP_MS: i64 = 5 * MINUTE_MS;
/// The most sessions whose window's end is remembered; our own bound.
pub const WINDOWS_MAX: usize = 10_000;
/// The pause between two looks; our own choice.
pub const SESSION_PAUSE_MS: i64 = SECOND_MS;
/// Answers of each kind that one listing of a case reads; our own bound.
pub const ANSWERS_MAX: usize = 50;
/// `EmailMessage.Status` of a draft ("EmailMessage", Object Reference).
pub const DRAFT: &str = "5";

/// Entries of one batch of imported history: "Invoke the Conversation History API" says 5, its
/// schema 25; the smaller counts.
pub const HISTORY_BATCH: usize = 5;
/// Batches of one handoff; our own bound. Older messages are left out, and the brief says so.
pub const HISTORY_BATCHES_MAX: usize = 12;
/// How old an imported entry may be: 24 hours (the same page), less our own margin for clocks
/// that differ.
pub const HISTORY_AGE_MS: i64 = 24 * HOUR_MS - 10 * MINUTE_MS;
/// Characters of one imported entry; our own bound: no page names one.
pub const HISTORY_TEXT_MAX: usize = 4_000;

/// What the token endpoint's description begins with or holds, and what to do ("OAuth 2.0 JWT
/// Bearer Flow", "OAuth error codes").
const TOKEN_ERRORS: &[(&str, &str)] = &[
    (
        "hasn't approved",
        "the user has not approved the app: set it to \"Admin approved users are pre-authorized\" \
         and give the integration user a permission set that holds the app",
    ),
    (
        "admin approved",
        "the app is not approved for the user: give the integration user a permission set that \
         holds the app",
    ),
    (
        "audience",
        "Salesforce does not take the audience; set crm_login_url to https://login.salesforce.com, \
         for a sandbox to https://test.salesforce.com",
    ),
    (
        "expired authorization code",
        "Salesforce finds the assertion too old; set this machine's clock right",
    ),
    (
        "blocked",
        "an administrator blocked the app; unblock it in Setup (Connected Apps OAuth Usage), or \
         correct crm_consumer_key",
    ),
    ("locked", "the integration user is locked; unlock it in Salesforce (Setup, Users)"),
    ("inactive", "the integration user is deactivated; activate it in Salesforce (Setup, Users)"),
    (
        "invalid assertion",
        "Salesforce does not take the assertion: the app's certificate must belong to \
         crm_private_key",
    ),
    (
        "signature",
        "Salesforce does not take the signature: the app's certificate must belong to \
         crm_private_key",
    ),
    (
        "client identifier",
        "Salesforce knows no such app; correct crm_consumer_key, or wait ten minutes after the app \
         was made",
    ),
    (
        "client credentials",
        "Salesforce does not take the app's proof: the app's certificate must belong to \
         crm_private_key",
    ),
];

/// The protocol's error, and what to do where the description says nothing more.
const TOKEN_WORDS: &[(&str, &str)] = &[
    (
        "invalid_grant",
        "Salesforce does not let the integration user in; check crm_username, and that the app's \
         certificate belongs to crm_private_key",
    ),
    (
        "invalid_client_id",
        "Salesforce knows no such app; correct crm_consumer_key, or wait ten minutes after the app \
         was made",
    ),
    (
        "invalid_client",
        "Salesforce does not take the app's proof: the app's certificate must belong to \
         crm_private_key",
    ),
    (
        "invalid_app_access",
        "the app is not approved for the user: give the integration user a permission set that \
         holds the app",
    ),
    (
        "inactive_user",
        "the integration user is deactivated; activate it in Salesforce (Setup, Users)",
    ),
    ("inactive_org", "the organisation is locked, closed or suspended; ask Salesforce"),
    (
        "unsupported_grant_type",
        "the app takes no JWT: upload the certificate to it and enable the JWT bearer flow",
    ),
];

/// What a refused token means. The description is never shown, it only chooses the words.
pub fn token_failure(status: u16, refusal: &TokenRefusal) -> Failure {
    let said = refusal.error_description.to_lowercase();
    let by_text = TOKEN_ERRORS.iter().find(|(part, _)| said.contains(part));
    let by_word = TOKEN_WORDS.iter().find(|(word, _)| refusal.error == *word);
    let mut failure = match by_text.or(by_word) {
        _ if status == 429 || status >= 500 => Failure::not_done(
            None,
            FaultClass::VendorDown,
            format!("Salesforce's login answered {status}; it is tried again"),
        ),
        Some((_, text)) => Failure::refused(FaultClass::Auth, *text),
        None if refusal.error.is_empty() => Failure::not_done(
            None,
            FaultClass::VendorDown,
            format!("Salesforce's login answered {status} without a reason; check crm_login_url"),
        ),
        None => Failure::refused(
            FaultClass::Auth,
            "Salesforce issues no token; check crm_consumer_key, crm_username and crm_login_url",
        ),
    };
    let code = match refusal.error.as_str() {
        "" => format!("http_{status}"),
        error => visible(error, 64),
    };
    failure.fault = failure.fault.with_code(code);
    failure
}

/// Code, class, text ("Status Codes and Error Responses", REST API; "Core Data Types Used in API
/// Calls", StatusCode). `{}` is what Salesforce names: fields or an object.
const ERRORS: &[(&str, FaultClass, &str)] = {
    use FaultClass::{Bug, ContentRejected, NotRegistered, Permission, WorkEnded};
    &[
        (
            "INSUFFICIENT_ACCESS",
            Permission,
            "the integration user may not do this; extend its permission set",
        ),
        (
            "INSUFFICIENT_ACCESS_OR_READONLY",
            Permission,
            "the integration user may not do this; extend its permission set",
        ),
        (
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            Permission,
            "the integration user may not use a record that is named; share it, or extend its \
             permission set",
        ),
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            Permission,
            "the integration user may not write {}; make them editable in its permission set",
        ),
        (
            "API_DISABLED_FOR_ORG",
            Permission,
            "the organisation or the user has no API access; use an edition with API and give \
             the user \"API Enabled\"",
        ),
        (
            "INVALID_FIELD",
            NotRegistered,
            "Salesforce knows no such field, or hides it from the integration user; correct the \
             settings or its permission set: {}",
        ),
        (
            "INVALID_TYPE",
            NotRegistered,
            "Salesforce knows no such object, or hides it from the integration user; extend its \
             permission set: {}",
        ),
        ("NOT_FOUND", NotRegistered, "nothing answers there; check instance_url and api_version"),
        (
            "REQUIRED_FIELD_MISSING",
            NotRegistered,
            "the organisation demands more fields: {}; set them in case_properties or make them \
             optional",
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            NotRegistered,
            "a validation rule of the organisation refuses the record; adjust the rule for the \
             integration user ({})",
        ),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            NotRegistered,
            "a trigger or flow of the organisation failed; look at it in Setup ({})",
        ),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            NotRegistered,
            "Salesforce knows no such picklist value for {}; correct the settings",
        ),
        (
            "INVALID_CROSS_REFERENCE_KEY",
            NotRegistered,
            "Salesforce knows no record that is named; correct the settings: {}",
        ),
        ("MALFORMED_ID", NotRegistered, "an id is of the wrong kind; correct the settings: {}"),
        ("STRING_TOO_LONG", ContentRejected, "a text is longer than its field: {}"),
        ("INVALID_EMAIL_ADDRESS", ContentRejected, "Salesforce does not take the e-mail address"),
        (
            "DUPLICATES_DETECTED",
            ContentRejected,
            "a duplicate rule of the organisation refuses the record",
        ),
        ("DUPLICATE_VALUE", ContentRejected, "another record has a value that must be unique: {}"),
        ("ENTITY_IS_DELETED", WorkEnded, "the record is deleted in Salesforce"),
        (
            "STORAGE_LIMIT_EXCEEDED",
            FaultClass::Payment,
            "the organisation's storage is full; free some or buy more",
        ),
        ("MALFORMED_QUERY", Bug, "Salesforce does not understand the query"),
        ("MALFORMED_SEARCH", Bug, "Salesforce does not understand the search"),
        ("JSON_PARSER_ERROR", Bug, "Salesforce cannot read the request"),
    ]
};

/// Not done now, and well done later: code, pause, class, text.
const LATER: &[(&str, i64, FaultClass, &str)] = &[
    (
        "REQUEST_LIMIT_EXCEEDED",
        SPENT_PAUSE_MS,
        FaultClass::RateLimited,
        "the organisation's API calls of the day are spent; buy more or wait",
    ),
    (
        "UNABLE_TO_LOCK_ROW",
        LOCK_PAUSE_MS,
        FaultClass::VendorDown,
        "somebody else is writing the record; it is tried again",
    ),
    (
        "SERVER_UNAVAILABLE",
        10 * SECOND_MS,
        FaultClass::VendorDown,
        "Salesforce is not available for the moment; it is tried again",
    ),
];

/// What a refusal means; 401 is the token's matter. The vendor's own words are shown where they
/// name what is wrong, on one line and cut.
pub fn failure(status: u16, refusals: &[Refusal]) -> Failure {
    let first = refusals.first();
    let code = first.map(|refusal| refusal.error_code.as_str()).unwrap_or_default();
    let known = ERRORS.iter().find(|row| row.0 == code);
    let later = LATER.iter().find(|row| row.0 == code);
    let mut failure = match (later, known, status) {
        (Some((_, pause, class, text)), ..) => Failure::not_done(Some(*pause), *class, *text),
        (None, Some((_, class, text)), _) => {
            Failure::refused(*class, text.replace("{}", &named(first)))
        }
        (None, None, 429) => {
            Failure::not_done(None, FaultClass::RateLimited, "Salesforce asks for a pause")
        }
        (None, None, 403) => Failure::refused(
            FaultClass::Permission,
            "Salesforce forbids this; look at the integration user's permission set",
        ),
        (None, None, 300..=399) => Failure::refused(
            FaultClass::NotRegistered,
            "several records have the same external id, or the address redirects; make the \
             external id field unique and check instance_url",
        ),
        (None, None, 404) => Failure::refused(
            FaultClass::NotRegistered,
            "nothing answers there; check instance_url and api_version",
        ),
        (None, None, 408 | 500..) => Failure::unknown(format!("Salesforce answered {status}")),
        (None, None, status) => Failure::refused(
            FaultClass::Bug,
            format!("Salesforce refuses the request with {status}"),
        ),
    };
    let code = if code.is_empty() { format!("http_{status}") } else { visible(code, 64) };
    failure.fault = failure.fault.with_code(code);
    failure
}

/// The fields that a refusal names, or its own words.
fn named(refusal: Option<&Refusal>) -> String {
    let Some(refusal) = refusal else { return "not named".to_owned() };
    match refusal.fields.as_slice() {
        [] => visible(&refusal.message, 200),
        fields => visible(&fields.join(", "), 200),
    }
}

/// A vendor's words on one line, without control characters, cut.
fn visible(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// Whether a refusal is of one of these codes.
pub fn is_code(failure: &Failure, codes: &[&str]) -> bool {
    let code = failure.fault.code.as_deref();
    code.is_some_and(|code| codes.contains(&code))
}

/// How long after the conversation was made an import is tried again; our own choice: the
/// customer's words wait behind it.
pub const HISTORY_PATIENCE_MS: i64 = 20 * SECOND_MS;
/// The error of entries whose ids are there already ("Interaction Service API", error codes).
pub const HISTORY_KNOWN: &str = "10073";
/// Error numbers of the history import that may pass by themselves ("Interaction Service API",
/// error codes).
const HISTORY_LATER: &[i64] = &[10_019, 10_025, 10_055, 10_056, 10_094];

/// What the history import's refusals mean to an operator (the same page).
const HISTORY_ERRORS: &[(i64, &str)] = &[
    (10_003, "the app lacks the scope interaction_api"),
    (10_004, "the token is not taken: let the app issue JWT-based access tokens for named users"),
    (
        10_057,
        "the organisation's channel takes no imported history: name the app in the channel's \
         embeddedConfig.connectedApp",
    ),
    (10_099, "the organisation has no permission for imported history"),
];

/// Why history was not imported, and whether another try may help.
pub fn history_failure(status: u16, code: Option<i64>) -> Failure {
    let known = HISTORY_ERRORS.iter().find(|row| Some(row.0) == code);
    let passes = code.is_some_and(|code| HISTORY_LATER.contains(&code));
    let mut failure = match known {
        _ if passes || status == 429 || status >= 500 => Failure::not_done(
            None,
            FaultClass::VendorDown,
            format!("Salesforce's history import answered {status}"),
        ),
        Some((_, text)) => Failure::refused(FaultClass::NotRegistered, *text),
        None => Failure::refused(
            FaultClass::NotRegistered,
            format!("Salesforce's history import refuses with {status}"),
        ),
    };
    let code = code.map_or_else(|| format!("http_{status}"), |code| code.to_string());
    failure.fault = failure.fault.with_code(code);
    failure
}

#[cfg(test)]
mod tests {
    use super::{super::Certainty, *};

    fn refusal(code: &str, fields: &[&str]) -> Refusal {
        Refusal {
            error_code: code.to_owned(),
            message: "what Salesforce says".to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        }
    }

    #[test]
    fn a_refused_token_names_the_cure_and_never_repeats_the_description() {
        for (error, description, cure) in [
            ("invalid_grant", "user hasn't approved this consumer", "permission set"),
            ("invalid_grant", "audience is invalid", "test.salesforce.com"),
            ("invalid_grant", "Audience validation failed", "crm_login_url"),
            ("invalid_grant", "expired authorization code", "clock"),
            ("invalid_grant", "user is locked", "unlock"),
            ("invalid_client_id", "client identifier invalid", "crm_consumer_key"),
            ("invalid_app_access", "user is not admin approved to access this app", "permission"),
            ("something_new", "see secret~value", "crm_consumer_key"),
        ] {
            let refusal =
                TokenRefusal { error: error.to_owned(), error_description: description.to_owned() };
            let failure = token_failure(400, &refusal);
            assert_eq!(failure.certainty, Certainty::Refused, "{description}");
            assert_eq!(failure.fault.class, FaultClass::Auth);
            assert!(failure.fault.operator.contains(cure), "{}", failure.fault.operator);
            assert!(!failure.fault.operator.contains("secret~value"));
        }
        let down = token_failure(503, &TokenRefusal::default());
        assert_eq!(down.certainty, Certainty::NotDone { after_ms: None });
    }

    #[test]
    fn refusals_name_fields_and_what_passes_is_tried_again() {
        let failure = failure(400, &[refusal("INVALID_FIELD_FOR_INSERT_UPDATE", &["Origin"])]);
        assert_eq!(failure.fault.class, FaultClass::Permission);
        assert!(failure.fault.operator.contains("Origin"));
        let locked = super::failure(400, &[refusal("UNABLE_TO_LOCK_ROW", &[])]);
        assert_eq!(locked.certainty, Certainty::NotDone { after_ms: Some(LOCK_PAUSE_MS) });
        let spent = super::failure(403, &[refusal("REQUEST_LIMIT_EXCEEDED", &[])]);
        assert_eq!(spent.fault.class, FaultClass::RateLimited);
        assert_eq!(super::failure(500, &[]).certainty, Certainty::Unknown);
        assert_eq!(super::failure(418, &[]).certainty, Certainty::Refused);
    }
}
