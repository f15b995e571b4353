//! What Dynamics 365 allows, with the page of every number, and what its errors mean.
//!
//! Pages are those of the Dynamics 365 Contact Center documentation unless another is named;
//! all were checked on 2026-11-20.

mod failure;

use baton_core::{
    desk::DeskPolicy,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS},
};

pub use crate::failure::{Certainty, Failure, doing};
pub use failure::{
    Reply, about_a_case, dataverse_failure, denied, entra_failure, exists, is_closed_case,
    is_missing, messaging_failure, refuses_credential, refuses_file, unless_missing,
};

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
/// Characters of a first and of a last name (contact entity reference: both columns hold 50).
pub const NAME_PART_MAX: usize = 50;
/// Characters of a name that are looked at; our own bound, above what both columns hold.
pub const FULL_NAME_MAX: usize = 400;
/// Characters of `contact.mobilephone` (its entity reference).
pub const PHONE_MAX: usize = 50;
/// Characters of `contact.emailaddress1` (its entity reference).
pub const EMAIL_MAX: usize = 100;
/// Characters of `contact.description` (its entity reference).
pub const REMARK_MAX: usize = 2_000;
/// Characters of `msdyn_ocliveworkitem.subject` (its entity reference).
pub const SUBJECT_MAX: usize = 200;
/// The last digits by which a stored phone number is looked for: enough to find few, and without
/// the parts that people write in many ways. Our own choice.
pub const PHONE_DIGITS: usize = 7;
/// Contacts that one question brings at most; our own bound.
pub const CONTACTS_MAX: usize = 100;
/// How many of several contacts are shown; our own bound.
pub const AMBIGUOUS_SHOWN: usize = 5;
/// Bytes of the line that shows them, as they travel; our own bound: 5 addresses of pages.
pub const AMBIGUITY_BYTES: usize = 1_500;
/// How long a live conversation waits for its contact, in milliseconds; our own choice: Microsoft
/// links by itself what it finds later.
pub const CONTACT_PATIENCE_MS: u64 = 5_000;
/// How many merges are followed from one contact to the next; our own bound.
pub const MERGES_MAX: usize = 5;
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
/// How long before its use an assertion is valid, for clocks that differ; our own margin.
pub const ASSERTION_EARLY_S: i64 = 60;
/// How long an assertion lives ("Microsoft identity platform application authentication
/// certificate credentials", read 2026-11-21: 5 to 10 minutes at most).
pub const ASSERTION_LIFE_S: i64 = 5 * 60;
/// How long before its end a credential is warned of; our own choice.
pub const CREDENTIAL_WARN_MS: i64 = 28 * DAY_MS;
/// How long the list of messaging channels is believed; our own bound.
pub const CHANNELS_FRESH_MS: i64 = 10 * MINUTE_MS;
/// Messaging channels that are listed at most; our own bound.
pub const CHANNELS_MAX: usize = 200;
/// How long an answer about who is available is given again; our own bound: Microsoft counts reps
/// about every five minutes.
pub const AVAILABILITY_FRESH_MS: i64 = 5 * SECOND_MS;
/// Places whose availability is kept at once; our own bound.
pub const PLACES_MAX: usize = 200;
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

/// UTF-16 units of a case's description: "Incident (Case) table/entity reference", read
/// 2026-11-21; organisations may raise it.
pub const DESCRIPTION_MAX: usize = 2_000;
/// The most that any text column takes ("Memo column", Dataverse, read 2026-11-21).
pub const DESCRIPTION_MOST: usize = 1_048_576;
/// UTF-16 units of a note's words: "Note (Annotation) table/entity reference", read 2026-11-21.
pub const NOTE_MAX: usize = 100_000;
/// A file of this size goes into a note directly: "Use file data with Attachment and Note
/// records" advises less than 4 MB of base64.
pub const DIRECT_MAX_BYTES: usize = 3 * 1_024 * 1_024 - 64 * 1_024;
/// Bytes of one block of a larger file: the same page allows 4 MB; its sample counts them before
/// base64, we stay below it after.
pub const BLOCK_BYTES: usize = 3 * 1_024 * 1_024;
/// Files that are on their way into notes at the same time; our own bound on memory.
pub const UPLOADS_AT_ONCE: usize = 4;
/// A file that takes longer goes as a link; our own bound, within what the hub gives one attempt.
pub const UPLOAD_PATIENCE_MS: u64 = 40_000;
/// Text files that one transcript is parted into at most; our own bound.
pub const TRANSCRIPT_PARTS_MAX: usize = 4;
/// How long the option sets of the case are believed; our own bound.
pub const OPTIONS_FRESH_MS: i64 = 10 * MINUTE_MS;
/// Answers of each kind that one listing of a case reads; our own bound.
pub const ANSWERS_MAX: usize = 20;
/// `statuscode` of an e-mail that was sent ("Email table/entity reference", read 2026-11-21).
pub const EMAIL_SENT: i64 = 3;
/// Asks for names beside ids ("Query data using the Web API", Dataverse, read 2026-11-21).
pub const WITH_NAMES: &str =
    "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue\"";
/// Begins a rep's note that goes to the customer; our own choice.
pub const NOTE_PREFIX: &str = "!reply";
/// The entity set of conversations, and the navigation properties of its workstream and of its
/// notes ("Conversation (msdyn_ocliveworkitem)", Customer Service, read 2026-11-21).
pub const ROW_SET: &str = "msdyn_ocliveworkitems";
pub const ROW_WORKSTREAM: &str = "msdyn_liveworkstreamid_msdyn_ocliveworkitem@odata.bind";
pub const ROW_NOTES: &str = "objectid_msdyn_ocliveworkitem";

/// What may be asked of a service.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Calls at once.
    pub at_once: usize,
    /// Calls in a window.
    pub requests: usize,
    /// Seconds that the calls of a window may take together.
    pub execution_s: usize,
    /// The window in milliseconds.
    pub window_ms: i64,
}

/// Each application user's limit in Dataverse ("Service protection API limits").
pub const DATAVERSE_LIMIT: Limit =
    Limit { at_once: 52, requests: 6_000, execution_s: 1_200, window_ms: 300 * SECOND_MS };
/// The Messaging API answers 429 and no page gives its limits: only its pauses are obeyed, and
/// the calls at once are bounded as in Dataverse. Our own choice.
pub const MESSAGING_LIMIT: Limit =
    Limit { at_once: 52, requests: 100_000, execution_s: usize::MAX, window_ms: MINUTE_MS };
/// The pause after a refusal that names none; our own choice.
pub const RATE_PAUSE_MS: i64 = 5 * SECOND_MS;

/// What the hub must know.
pub const POLICY: DeskPolicy = DeskPolicy {
    // Room for the words that mark a speaker who is not the customer.
    max_text_chars: TEXT_MAX - 200,
    // Four tries of 10 s each ("Use webhook to receive messages and events"), and pauses of
    // unknown length between them.
    repeat_span_ms: 2 * MINUTE_MS,
    // The pages ask not to poll; this only closes gaps that a dropped webhook left.
    reconcile_every_ms: 2 * MINUTE_MS,
    case_every_ms: MINUTE_MS,
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
