//! What Salesforce allows, with the page of every number, and what its errors mean.
//!
//! Pages are those of the Enhanced Chat documentation unless another is named; all were checked
//! 2026-11.

pub mod crm;
mod failure;

use baton_core::{
    desk::DeskPolicy,
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

pub use crate::failure::{Certainty, Failure, doing};
pub use failure::{
    Reply, anonymous, denied, is_over, is_there, messaging_failure, refuses_file, token_failure,
};

/// Characters of one message of ours. No page gives a limit; third parties tell of 8 KB for a
/// message, which this many signs of four bytes stay within.
pub const TEXT_MAX: usize = 2_000;
/// Messages that one transcript is parted into at most; our own bound, so that the customer's own
/// words find room in their minute.
pub const TRANSCRIPT_PARTS: usize = 8;
/// Messages of one conversation in a minute: "Rate Limits for Enhanced Chat" says 22; we leave two
/// for what was counted late.
pub const MESSAGES_A_MINUTE: usize = 20;
/// Tokens of one organisation in a minute: the same page says 200; we leave room for others.
pub const TOKENS_A_MINUTE: usize = 180;
/// The span of both.
pub const RATE_SPAN_MS: i64 = MINUTE_MS;
/// Conversations whose pace is remembered at most; our own bound.
pub const PACED_MAX: usize = 50_000;
/// The pause after a refusal that names none; our own choice.
pub const RATE_PAUSE_MS: i64 = 10 * SECOND_MS;
/// The longest pause that we accept from `Retry-After`; our own bound.
const RETRY_AFTER_MAX_MS: i64 = HOUR_MS;

/// How long an identity token lives, in seconds; our own choice: it is used at once.
pub const IDENTITY_LIFE_S: i64 = 5 * 60;
/// How long before its use it is valid, for clocks that differ; our own margin.
pub const IDENTITY_EARLY_S: i64 = 30;
/// Access tokens are renewed this long before they end; our own margin.
pub const RENEW_EARLY_MS: i64 = 2 * MINUTE_MS;
/// How long a token is used whose end cannot be read; our own bound.
pub const TOKEN_LIFE_MS: i64 = 15 * MINUTE_MS;
/// End users whose tokens are in memory at most; our own bound.
pub const TOKENS_MAX: usize = 50_000;

/// Characters of a routing attribute where the deployment declares none; our own choice: the
/// length that custom fields of type Text have at most ("Custom Field Types").
pub const ATTRIBUTE_MAX: usize = 255;
/// Bytes of a customer's file where the deployment says nothing: what clients enforce.
pub const FILE_BYTES: u64 = 5 * 1_024 * 1_024;
/// The most bytes that go as a file whatever the deployment says; our own bound on memory.
pub const FILE_MOST_BYTES: u64 = 25 * 1_024 * 1_024;
/// Files that are on their way at the same time; our own bound on memory.
pub const UPLOADS_AT_ONCE: usize = 4;
/// Entries of one page: "List Conversation Entries" allows 50.
pub const ENTRIES_PAGE: usize = 50;
/// Pages that one listing reads at most; our own bound.
pub const PAGES_MAX: usize = 20;
/// An answer; our own bound.
pub const ANSWER_MAX_BYTES: usize = 4 * 1_024 * 1_024;
/// How long one call may take; our own bound.
pub const CALL_TIMEOUT_MS: u64 = 15_000;
/// How long a file may take to be taken; our own bound, within what the hub gives one attempt.
pub const UPLOAD_TIMEOUT_MS: u64 = 40_000;

/// How long a stream may be silent: Salesforce's sample takes 90 s of silence as a dead line.
pub const SILENCE_MS: u64 = 90_000;
/// Bytes of one event, and of one line of it; our own bound, far above a message's 8 KB.
pub const EVENT_MAX_BYTES: usize = 1_024 * 1_024;

/// Characters and number of what can be tapped on the channels that show it; above them the
/// choices are numbered lines (WhatsApp Business Platform, interactive messages, checked
/// 2026-11).
pub const OFFER_TEXT_MAX: usize = 1_024;
pub const BUTTONS_MAX: usize = 3;
pub const BUTTON_MAX: usize = 20;
pub const ROWS_MAX: usize = 10;
pub const ROW_MAX: usize = 24;
pub const ROW_MORE_MAX: usize = 72;
pub const CHOICE_ID_MAX: usize = 200;

/// Where Salesforce keeps reps' files: content delivery addresses and those of files (domains of
/// "Allow the Required Domains", Salesforce Help).
pub const FILE_HOSTS: &[&str] = &[
    ".salesforce.com",
    ".force.com",
    ".documentforce.com",
    ".salesforce-scrt.com",
    ".salesforce-sites.com",
    ".salesforceusercontent.com",
    ".sfdcstatic.com",
];

/// What the hub must know.
pub const POLICY: DeskPolicy = DeskPolicy {
    // Room for the words that mark a speaker who is not the customer.
    max_text_chars: TEXT_MAX - 200,
    // Entries have ids.
    repeat_span_ms: 0,
    // The stream brings everything; this only closes gaps.
    reconcile_every_ms: 10 * MINUTE_MS,
    case_every_ms: MINUTE_MS,
    // Not documented: an assumption. An echo may take some seconds.
    listing_lag_ms: 10 * SECOND_MS,
    // What a rep can attach to a message at most, as far as other interfaces say ("Interaction
    // Service API", attachments: 25 MB).
    max_file_bytes: 25 * 1_024 * 1_024,
};
