//! The open points of Twilio's documentation, and the simulator's own settings.

use crate::{Switch, Values};

const YES_NO: Values = Values::Choice(&["no", "yes"]);
const ON_OFF: Values = Values::Choice(&["on", "off"]);
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
        "twilio.signature",
        Values::Choice(&["auth_token", "shared_key", "shared_key_sha1"]),
        "auth_token",
        "webhooks are signed HMAC-SHA1 with the auth token, or with the shared key that a header names",
    ),
    switch(
        "twilio.auth_token",
        Values::Choice(&["primary", "secondary"]),
        "primary",
        "which auth token signs; the API takes both, as during a rotation",
    ),
    switch(
        "twilio.webhook_format",
        Values::Choice(&["form", "json"]),
        "form",
        "inbound webhooks as a form, or as JSON with bodySHA256 in the address",
    ),
    switch(
        "twilio.webhook_timeout_ms",
        Values::Number { min: 50, max: 60_000 },
        "15000",
        "real milliseconds that a receiver may take",
    ),
    switch(
        "twilio.advanced_opt_out",
        YES_NO,
        "no",
        "OptOutType in inbound webhooks of numbers in the messaging service",
    ),
    switch("twilio.opt_out_reply", YES_NO, "yes", "Twilio itself answers STOP, START and HELP"),
    switch("twilio.carrier_filter", YES_NO, "no", "every SMS comes back undelivered with 30007"),
    switch(
        "twilio.channel_failure_status",
        Values::Choice(&["failed", "undelivered"]),
        "failed",
        "the status of a WhatsApp message that was not taken, such as 63016",
    ),
    switch(
        "twilio.media_fetch",
        Values::Choice(&["sync", "async", "off"]),
        "sync",
        "a MediaUrl that cannot be fetched: 400 with 21620 at once, a failed status later, or never looked at",
    ),
    switch(
        "twilio.media_auth",
        Values::Choice(&["required", "open"]),
        "required",
        "HTTP authentication for media that customers sent",
    ),
    switch(
        "twilio.media_redirect",
        Values::Choice(&["path", "host", "none"]),
        "path",
        "where media really lie: under another path, on another host name (localhost), or at their own address",
    ),
    switch("twilio.read_receipts", ON_OFF, "on", "whether WhatsApp customers send read receipts"),
    switch(
        "twilio.delivery_receipts",
        ON_OFF,
        "on",
        "whether carriers and phones confirm delivery; without it a message stays at sent",
    ),
    switch("twilio.sent_after_ms", DELAY, "0", "virtual delay of the sent status"),
    switch("twilio.delivered_after_ms", DELAY, "50", "virtual delay of the delivered status"),
    switch("twilio.read_after_ms", DELAY, "200", "virtual delay of the read status"),
    switch("twilio.failed_after_ms", DELAY, "0", "virtual delay of a failed or undelivered status"),
    switch(
        "twilio.status_order",
        Values::Choice(&["in_order", "reversed"]),
        "in_order",
        "status callbacks may arrive out of order",
    ),
    switch(
        "twilio.status_copies",
        Values::Number { min: 1, max: 10 },
        "1",
        "how often each status callback is sent",
    ),
    switch(
        "twilio.price_after_ms",
        DELAY,
        "60000",
        "virtual time from the sending of a message until its price is known",
    ),
    switch(
        "twilio.list_lag_ms",
        DELAY,
        "0",
        "virtual time until a new message is in the list of messages",
    ),
    switch(
        "twilio.segments_per_s",
        Values::Number { min: 0, max: 1_000 },
        "0",
        "what a sender passes on per virtual second; the rest queues, for 10 hours at most (21611); 0 is no limit",
    ),
    switch(
        "twilio.requests_per_s",
        Values::Number { min: 0, max: 10_000 },
        "0",
        "sends that the API takes per virtual second before it answers 429 with 20429; 0 is no limit",
    ),
];
