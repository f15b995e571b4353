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
];
