//! Messaging: channels, customers, conversations and sessions.

use super::{instant, lookup, owner, picklist, text};
use crate::salesforce::crm::schema::Object;

pub fn objects() -> Vec<Object> {
    vec![channel(), end_user(), conversation(), session()]
}

const TYPES: [&str; 3] = ["EmbeddedMessaging", "WhatsApp", "Text"];

fn channel() -> Object {
    let fields = vec![
        text("MasterLabel", "Channel Name", 80).naming(),
        text("DeveloperName", "Developer Name", 80),
        picklist("MessageType", "Message Type", &TYPES),
        text("MessagingPlatformKey", "Messaging Platform Key", 255),
        super::flag("IsActive", "Active").or(true),
    ];
    Object::new("MessagingChannel", "Messaging Channel", "0Mj", fields).read_only()
}

fn end_user() -> Object {
    let consents = ["OptedOut", "ImplicitlyOptedIn", "ExplicitlyOptedIn", "DoublyOptedIn"];
    let fields = vec![
        text("Name", "Messaging User Name", 255).naming(),
        text("MessagingPlatformKey", "Messaging Platform Key", 255).required(),
        picklist("MessageType", "Message Type", &TYPES).required(),
        lookup(
            "MessagingChannelId",
            "Messaging Channel ID",
            "MessagingChannel",
            &["MessagingChannel"],
        )
        .required(),
        lookup("ContactId", "Contact ID", "Contact", &["Contact"]),
        lookup("AccountId", "Account ID", "Account", &["Account"]),
        lookup("LeadId", "Lead ID", "Lead", &["Lead"]),
        picklist("MessagingConsentStatus", "Consent Status", &consents).or("ImplicitlyOptedIn"),
        owner(),
    ];
    Object::new("MessagingEndUser", "Messaging User", "0PA", fields)
}

fn conversation() -> Object {
    let fields = vec![
        text("Name", "Name", 255).naming(),
        text("ConversationIdentifier", "Conversation Identifier", 255),
        instant("StartTime", "Start Time"),
        instant("EndTime", "End Time"),
    ];
    Object::new("Conversation", "Conversation", "0dw", fields).read_only()
}

fn session() -> Object {
    let statuses = ["New", "Waiting", "Active", "Inactive", "Ended", "Error", "Consent", "Paused"];
    let agents = ["Agent", "Bot", "BotToAgent", "System"];
    let fields = vec![
        text("Name", "Messaging Session Name", 80).read_only().naming(),
        picklist("Status", "Status", &statuses).or("New"),
        picklist("Origin", "Origin", &["InboundInitiated", "AgentInitiated"])
            .or("InboundInitiated"),
        picklist("ChannelType", "Channel Type", &TYPES).or("EmbeddedMessaging"),
        text("ChannelName", "Channel Name", 255),
        picklist("AgentType", "Agent Type", &agents),
        lookup(
            "MessagingEndUserId",
            "Messaging User ID",
            "MessagingEndUser",
            &["MessagingEndUser"],
        ),
        lookup(
            "MessagingChannelId",
            "Messaging Channel ID",
            "MessagingChannel",
            &["MessagingChannel"],
        ),
        lookup("ConversationId", "Conversation ID", "Conversation", &["Conversation"]),
        lookup("CaseId", "Case ID", "Case", &["Case"]),
        lookup("EndUserAccountId", "Account ID", "EndUserAccount", &["Account"]),
        lookup("EndUserContactId", "Contact ID", "EndUserContact", &["Contact"]),
        lookup("LeadId", "Lead ID", "Lead", &["Lead"]),
        instant("StartTime", "Start Time"),
        instant("AcceptTime", "Accept Time"),
        instant("EndTime", "End Time"),
        super::number("AgentMessageCount", "Agent Message Count"),
        super::number("EndUserMessageCount", "End User Message Count"),
        super::area("PreviewDetails", "Preview Details", 255),
        owner(),
    ];
    Object::new("MessagingSession", "Messaging Session", "0Mw", fields)
}
