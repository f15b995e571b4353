//! The words of the core as the API writes them.

use baton_core::{brief, handoff, inbox, message, route, session, sms};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $core:path { $($variant:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl From<$core> for $name {
            fn from(word: $core) -> Self {
                use $core as Core;
                match word { $(Core::$variant => Self::$variant),+ }
            }
        }
    )+};
}

words! {
    /// Who must answer now.
    Owner = session::Owner { Ai, Desk, Elsewhere, Nobody }
    /// Why a session ended.
    CloseReason = session::CloseReason { RepEnded, Resolved, Silent, Merged }
    /// What the customer experiences.
    Channel = inbox::ChannelKind { Whatsapp, Sms, Web, Email, Phone }
    /// Who speaks.
    AuthorKind = message::AuthorKind { Customer, Ai, Rep, System }
    /// What is known of a message's way.
    MessageStatus = message::MessageStatus {
        Received, Pending, Held, Sent, Delivered, Read, Failed, MayHaveBeenSent, Cancelled,
    }
    /// How far a handoff has come.
    HandoffState = handoff::HandoffState { Requested, Opening, Waiting, Active, Closed, Failed }
    /// Why a person is needed.
    HandoffReason = handoff::HandoffReason {
        CustomerAsked, Frustration, ForbiddenTopic, RepeatedMisses, EngineDecided, EngineFailed,
        UnknownDelivery, FailedDelivery, WroteAfterEnd, CampaignReply,
    }
    /// How the customer feels.
    Sentiment = brief::Sentiment {
        VeryNegative, Negative, SlightlyNegative, Neutral, SlightlyPositive, Positive,
        VeryPositive,
    }
    /// How an SMS is encoded.
    Encoding = sms::Encoding { Gsm7, Ucs2 }
    /// The kind of work that a handoff makes.
    WorkKind = route::WorkKind { Live, Case }
    /// What happens when nobody is there to take a live conversation.
    Unavailable = route::Unavailable { Queue, Next, Ai }
}
