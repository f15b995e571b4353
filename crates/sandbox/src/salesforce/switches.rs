//! Points that the documentation of messaging leaves open, or that observers report in two ways.

use crate::{Switch, Values};

const YES_NO: Values = Values::Choice(&["yes", "no"]);

/// Every open point of messaging; those of records are in [`super::crm`].
pub const SWITCHES: &[Switch] = &[
    Switch {
        name: "salesforce.deployment",
        values: Values::Choice(&["published", "unpublished", "web"]),
        default: "published",
        about: "the deployment: for custom clients and published, not published, or of type web",
    },
    Switch {
        name: "salesforce.user_verification",
        values: Values::Choice(&["either", "on", "off"]),
        default: "either",
        about: "the channel's checkbox: on refuses unauthenticated tokens, off authenticated ones",
    },
    Switch {
        name: "salesforce.bad_identity",
        values: Values::Choice(&["silent", "400"]),
        default: "silent",
        about: "what an identity token meets that the key set does not vouch for: a token for an anonymous end user, or 400",
    },
    Switch {
        name: "salesforce.token_life_s",
        values: Values::Number { min: 1, max: 604_800 },
        default: "21600",
        about: "lifetime of messaging access tokens in seconds",
    },
    Switch {
        name: "salesforce.tokens_per_minute",
        values: Values::Number { min: 0, max: 100_000 },
        default: "200",
        about: "access tokens, and renewals, of the organisation in a minute before 429; 0: no limit",
    },
    Switch {
        name: "salesforce.messages_per_minute",
        values: Values::Number { min: 0, max: 100_000 },
        default: "22",
        about: "customer's messages of one conversation in a minute before 429; 0: no limit",
    },
    Switch {
        name: "salesforce.retry_after",
        values: YES_NO,
        default: "no",
        about: "whether a 429 carries Retry-After",
    },
    Switch {
        name: "salesforce.error_body",
        values: Values::Choice(&["error_code", "code", "message", "text"]),
        default: "error_code",
        about: "the body of an error: message with errorCode, with code, alone, or plain text",
    },
    Switch {
        name: "salesforce.duplicate_conversation",
        values: Values::Choice(&["409", "idempotent"]),
        default: "409",
        about: "what a create meets whose conversationId is there already",
    },
    Switch {
        name: "salesforce.duplicate_message",
        values: Values::Choice(&["twice", "once", "409"]),
        default: "twice",
        about: "what a message meets whose id was taken before: shown again, taken and not shown, or refused",
    },
    Switch {
        name: "salesforce.prechat",
        values: Values::Choice(&["per_conversation", "per_session"]),
        default: "per_conversation",
        about: "when pre-chat values are asked for; per session, a message without a session meets 417",
    },
    Switch {
        name: "salesforce.incomplete_session",
        values: Values::Choice(&["routed", "unrouted"]),
        default: "unrouted",
        about: "what becomes of a session asked for without language or routingAttributes",
    },
    Switch {
        name: "salesforce.long_attribute",
        values: Values::Choice(&["400", "cut", "dropped", "kept"]),
        default: "400",
        about: "what a routing attribute above its greatest length meets",
    },
    Switch {
        name: "salesforce.text_limit_bytes",
        values: Values::Number { min: 0, max: 1_000_000 },
        default: "8192",
        about: "bytes of a text before 400; 0: no limit",
    },
    Switch {
        name: "salesforce.split_links",
        values: YES_NO,
        default: "yes",
        about: "whether a text that begins or ends with an address becomes two entries",
    },
    Switch {
        name: "salesforce.attachments",
        values: YES_NO,
        default: "yes",
        about: "whether customers may send files",
    },
    Switch {
        name: "salesforce.max_file_bytes",
        values: Values::Number { min: 1, max: 33_554_432 },
        default: "5242880",
        about: "a customer's greatest file",
    },
    Switch {
        name: "salesforce.file_refusal",
        values: Values::Choice(&["at_once", "later"]),
        default: "at_once",
        about: "what a file that is too large meets: 400, or 202 and an entry that says Error",
    },
    Switch {
        name: "salesforce.upload",
        values: Values::Choice(&["completed", "pending"]),
        default: "completed",
        about: "whether an upload is complete with its entry or by a later one",
    },
    Switch {
        name: "salesforce.file_life_s",
        values: Values::Number { min: 0, max: 31_536_000 },
        default: "0",
        about: "seconds after which the address of a file is gone; 0: never",
    },
    Switch {
        name: "salesforce.ack_names",
        values: Values::Choice(&["short", "long", "either"]),
        default: "short",
        about: "words of acknowledge-entries: Delivery and Read, or DeliveryAcknowledgement and ReadAcknowledgement",
    },
    Switch {
        name: "salesforce.routing",
        values: Values::Choice(&["None", "SubmissionError", "RoutingError", "Cancelled"]),
        default: "None",
        about: "failureType of a new session's routing",
    },
    Switch {
        name: "salesforce.queue_position",
        values: YES_NO,
        default: "yes",
        about: "whether positions in the queue are told",
    },
    Switch {
        name: "salesforce.ended_by_role",
        values: Values::Choice(&["right", "wrong", "absent"]),
        default: "right",
        about: "sessionEndedByRole in events",
    },
    Switch {
        name: "salesforce.last_event_id",
        values: Values::Choice(&["optional", "required"]),
        default: "optional",
        about: "whether a stream needs Last-Event-Id",
    },
    Switch {
        name: "salesforce.replay_events",
        values: Values::Number { min: 0, max: 1_000 },
        default: "1000",
        about: "events that a stream replays at most; 0: none",
    },
    Switch {
        name: "salesforce.ping_s",
        values: Values::Number { min: 0, max: 3_600 },
        default: "25",
        about: "seconds between pings on a stream, of the virtual clock; 0: none",
    },
    Switch {
        name: "salesforce.stream_at_token_end",
        values: Values::Choice(&["cut", "stays"]),
        default: "cut",
        about: "what becomes of an open stream when its token expires or is given back",
    },
    Switch {
        name: "salesforce.line_end",
        values: Values::Choice(&["lf", "crlf", "cr"]),
        default: "lf",
        about: "how lines of a stream end",
    },
    Switch {
        name: "salesforce.field_space",
        values: YES_NO,
        default: "no",
        about: "whether a space follows the colon of a stream's fields",
    },
    Switch {
        name: "salesforce.data_lines",
        values: Values::Choice(&["one", "many"]),
        default: "one",
        about: "whether an event's data is one line or several, with comments in between",
    },
    Switch {
        name: "salesforce.chunk_bytes",
        values: Values::Number { min: 0, max: 65_536 },
        default: "0",
        about: "bytes of a stream written at once; 0: whole events",
    },
    Switch {
        name: "salesforce.history",
        values: Values::Choice(&["available", "not_permitted", "absent"]),
        default: "available",
        about: "the Conversation History API for this channel",
    },
    Switch {
        name: "salesforce.history_batch",
        values: Values::Number { min: 1, max: 25 },
        default: "5",
        about: "entries of one import: the reference says 5, the definition 25",
    },
    Switch {
        name: "salesforce.history_on_stream",
        values: YES_NO,
        default: "no",
        about: "whether imported lines also come on the end user's stream",
    },
];
