//! The simulator's own settings.

use crate::{Switch, Values};

const DELAY: Values = Values::Number { min: 0, max: 86_400_000 };

pub const SWITCHES: &[Switch] = &[
    Switch {
        name: "telnyx.final_status",
        values: Values::Choice(&[
            "delivered",
            "delivery_unconfirmed",
            "delivery_failed",
            "sending_failed",
        ]),
        default: "delivered",
        about: "the status in message.finalized",
    },
    Switch {
        name: "telnyx.sent_after_ms",
        values: DELAY,
        default: "0",
        about: "virtual delay of message.sent",
    },
    Switch {
        name: "telnyx.finalized_after_ms",
        values: DELAY,
        default: "50",
        about: "virtual delay of message.finalized",
    },
    Switch {
        name: "telnyx.timestamp_skew_s",
        values: Values::Number { min: -86_400, max: 86_400 },
        default: "0",
        about: "seconds by which telnyx-timestamp is wrong",
    },
];
