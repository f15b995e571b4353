//! The open points of Meta's documentation, and the simulator's own settings.

use crate::{Switch, Values};

const YES_NO: Values = Values::Choice(&["no", "yes"]);
const DELAY: Values = Values::Number { min: 0, max: 86_400_000 };

const fn switch(
    name: &'static str,
    values: Values,
    default: &'static str,
    about: &'static str,
) -> Switch {
    Switch { name, values, default, about }
}

pub const SWITCHES: &[Switch] = &[
    switch(
        "whatsapp.window_closed",
        Values::Choice(&["async", "sync"]),
        "async",
        "a free-form message outside the window: 200 and then a failed status 131047, or 400 at once",
    ),
    switch(
        "whatsapp.not_on_whatsapp",
        Values::Choice(&["async", "sync"]),
        "async",
        "a recipient without WhatsApp: 200 and then a failed status 131026, or 400 at once",
    ),
    switch(
        "whatsapp.refuse_open_window",
        YES_NO,
        "no",
        "refuse free-form messages with 131047 although the window is open (a known rare fault of Meta's)",
    ),
    switch(
        "whatsapp.window_reset_by",
        Values::Choice(&["messages", "every_event"]),
        "messages",
        "whether a reaction, an edit or a revocation also opens the window",
    ),
    switch(
        "whatsapp.http_status",
        Values::Choice(&["usual", "all_400"]),
        "usual",
        "HTTP status per error code, which Meta no longer lists",
    ),
    switch(
        "whatsapp.to_and_recipient",
        Values::Choice(&["to", "recipient"]),
        "to",
        "which wins when a send names both a phone number and a user id",
    ),
    switch(
        "whatsapp.recipient_id_without_phone",
        Values::Choice(&["absent", "user_id"]),
        "absent",
        "recipient_id in statuses of a message that was sent to a user id",
    ),
    switch(
        "whatsapp.context_from",
        Values::Choice(&["display_phone_number", "phone_number_id"]),
        "display_phone_number",
        "context.from of a customer's answer to one of our messages",
    ),
    switch(
        "whatsapp.removed_reaction",
        Values::Choice(&["empty", "absent"]),
        "empty",
        "the emoji key of a removed reaction",
    ),
    switch("whatsapp.escape_slashes", YES_NO, "no", "whether webhook bodies write / as \\/"),
    switch(
        "whatsapp.pricing",
        Values::Choice(&["by_date", "before_2026_10", "after_2026_10"]),
        "by_date",
        "service messages cost money from 2026-10-01",
    ),
    switch("whatsapp.sent_after_ms", DELAY, "0", "virtual delay of the sent status"),
    switch("whatsapp.delivered_after_ms", DELAY, "50", "virtual delay of the delivered status"),
    switch("whatsapp.read_after_ms", DELAY, "200", "virtual delay of the read status"),
    switch("whatsapp.failed_after_ms", DELAY, "0", "virtual delay of a failed status"),
    switch(
        "whatsapp.read_receipts",
        Values::Choice(&["on", "off"]),
        "on",
        "whether customers send read receipts",
    ),
    switch("whatsapp.skip_delivered", YES_NO, "no", "an open chat reports read without delivered"),
    switch(
        "whatsapp.status_order",
        Values::Choice(&["in_order", "reversed"]),
        "in_order",
        "statuses may arrive out of order; their timestamps stay right",
    ),
    switch(
        "whatsapp.status_copies",
        Values::Number { min: 1, max: 10 },
        "1",
        "how often each status is sent",
    ),
    switch(
        "whatsapp.batch_size",
        Values::Number { min: 1, max: 1_000 },
        "1",
        "updates collected into one webhook; POST /_control/whatsapp/flush sends what has been collected",
    ),
    switch(
        "whatsapp.mps",
        Values::Number { min: 1, max: 1_000 },
        "80",
        "messages per second of the number",
    ),
    switch(
        "whatsapp.allow_list",
        YES_NO,
        "no",
        "a test number that may write only to allowed users (131030)",
    ),
    switch(
        "whatsapp.payment_missing",
        YES_NO,
        "no",
        "no payment method: messages are refused with 131042",
    ),
    switch(
        "whatsapp.message_status",
        Values::Choice(&["accepted", "held_for_quality_assessment", "paused"]),
        "accepted",
        "message_status in the answer to a template send",
    ),
    switch(
        "whatsapp.list_body",
        Values::Number { min: 1_024, max: 4_096 },
        "1024",
        "characters of a list's body: Meta's reference says 1024, its page on lists 4096",
    ),
    switch(
        "whatsapp.megabyte",
        Values::Number { min: 1_000_000, max: 1_048_576 },
        "1048576",
        "bytes of the megabyte in which media limits are given",
    ),
    switch(
        "whatsapp.media_file_size",
        Values::Choice(&["number", "string"]),
        "number",
        "file_size of a file: a number in practice, a string in Meta's OpenAPI file",
    ),
    switch(
        "whatsapp.media_sha256",
        Values::Choice(&["right", "wrong"]),
        "right",
        "the hash that webhooks and look-ups tell of a file",
    ),
    switch("whatsapp.media_url_in_webhook", YES_NO, "no", "some webhooks carry a file's address"),
    switch(
        "whatsapp.media_url",
        Values::Choice(&["own_host", "foreign_host"]),
        "own_host",
        "where a file's address leads",
    ),
    switch(
        "whatsapp.media_redirect",
        Values::Choice(&["none", "same_host", "other_host", "internal_address"]),
        "none",
        "whether fetching a file is sent on, and where to",
    ),
    switch(
        "whatsapp.media_body",
        Values::Choice(&["right", "empty", "endless", "broken_off", "too_long", "html", "svg"]),
        "right",
        "what fetching a file gives",
    ),
    switch(
        "whatsapp.media_content_type",
        Values::Choice(&["right", "wrong", "absent"]),
        "right",
        "the Content-Type of a fetched file; the wrong one is text/html",
    ),
    switch(
        "whatsapp.media_chunk_delay_ms",
        DELAY,
        "0",
        "virtual delay before each 16 KiB of a fetched file",
    ),
    switch(
        "whatsapp.review",
        Values::Choice(&["approve", "reject", "manual"]),
        "approve",
        "how the review of a new or edited template ends; manual leaves it to POST /_control/whatsapp/templates",
    ),
    switch("whatsapp.review_after_ms", DELAY, "300000", "virtual duration of a template's review"),
    switch(
        "whatsapp.management_calls_per_hour",
        Values::Number { min: 1, max: 100_000 },
        "5000",
        "calls about an active account in an hour, then 80007",
    ),
    switch(
        "whatsapp.responders",
        Values::Choice(&["one", "we_escalate", "we_are_first"]),
        "one",
        "who answers on the number: only we, or another ai_agent before us, or an escalation partner behind us",
    ),
    switch(
        "whatsapp.handover_echo",
        YES_NO,
        "no",
        "whether a change of hands that we made ourselves is told to us too",
    ),
    switch(
        "whatsapp.not_owner_code",
        Values::Number { min: 1, max: 9_999_999 },
        "131005",
        "the unpublished error of a message to a conversation that somebody else owns",
    ),
];
