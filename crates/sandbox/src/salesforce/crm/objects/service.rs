//! Cases, what is written on them, and files.

use super::{area, email, flag, instant, lookup, number, owner, phone, picklist, text};
use crate::salesforce::crm::schema::{Field, Kind, Object};

/// The statuses of a case in a new organisation; the last one is closed.
pub const STATUSES: [&str; 4] = ["New", "Working", "Escalated", "Closed"];

pub fn objects() -> Vec<Object> {
    vec![
        case(),
        case_comment(),
        case_status(),
        feed_item(),
        email_message(),
        content_version(),
        content_document(),
        content_document_link(),
        task(),
    ]
}

fn case() -> Object {
    let fields = vec![
        text("CaseNumber", "Case Number", 30).read_only().naming(),
        text("Subject", "Subject", 255),
        area("Description", "Description", 32_000),
        picklist("Status", "Status", &STATUSES).or("New"),
        picklist("Priority", "Priority", &["High", "Medium", "Low"]).or("Medium"),
        picklist("Origin", "Case Origin", &["Phone", "Email", "Web", "Messaging"]),
        picklist("Type", "Case Type", &["Question", "Problem", "Feature Request"]),
        picklist("Reason", "Case Reason", &["Installation", "Performance", "Other"]),
        lookup("ContactId", "Contact ID", "Contact", &["Contact"]),
        lookup("AccountId", "Account ID", "Account", &["Account"]),
        lookup("ParentId", "Parent Case ID", "Parent", &["Case"]),
        lookup("MasterRecordId", "Master Record ID", "MasterRecord", &["Case"]).read_only(),
        text("SuppliedName", "Name", 80),
        email("SuppliedEmail", "Email Address"),
        phone("SuppliedPhone", "Phone"),
        text("SuppliedCompany", "Company", 80),
        email("ContactEmail", "Contact Email").read_only(),
        phone("ContactPhone", "Contact Phone").read_only(),
        flag("IsClosed", "Closed").read_only(),
        flag("IsEscalated", "Escalated"),
        instant("ClosedDate", "Closed Date").read_only(),
        owner(),
    ];
    Object::new("Case", "Case", "500", fields).searchable()
}

fn case_comment() -> Object {
    let fields = vec![
        lookup("ParentId", "Parent ID", "Parent", &["Case"]).required().fixed(),
        area("CommentBody", "Body", 4_000),
        flag("IsPublished", "Published"),
    ];
    Object::new("CaseComment", "Case Comment", "00a", fields)
}

fn case_status() -> Object {
    let fields = vec![
        text("MasterLabel", "Master Label", 255).naming(),
        text("ApiName", "API Name", 255),
        number("SortOrder", "Sort Order"),
        flag("IsClosed", "Closed"),
        flag("IsDefault", "Default"),
    ];
    Object::new("CaseStatus", "Case Status Value", "01J", fields).read_only()
}

fn feed_item() -> Object {
    let types = ["TextPost", "ContentPost", "LinkPost", "CaseCommentPost", "EmailMessageEvent"];
    let fields = vec![
        lookup("ParentId", "Parent ID", "Parent", &["Case", "Contact", "Account", "User"])
            .required()
            .fixed(),
        picklist("Type", "Feed Item Type", &types).restricted().fixed().or("TextPost"),
        area("Body", "Body", 10_000),
        text("Title", "Title", 255),
        flag("IsRichText", "Is Rich Text"),
        picklist("Visibility", "Visibility", &["AllUsers", "InternalUsers"])
            .restricted()
            .or("InternalUsers"),
        lookup("RelatedRecordId", "Related Record ID", "RelatedRecord", &["ContentVersion"])
            .fixed(),
        lookup("InsertedById", "Inserted By ID", "InsertedBy", &["User"]).read_only(),
    ];
    Object::new("FeedItem", "Feed Item", "0D5", fields)
}

fn email_message() -> Object {
    let fields = vec![
        lookup("ParentId", "Case ID", "Parent", &["Case"]),
        lookup("RelatedToId", "Related To ID", "RelatedTo", &["Case", "Account"]),
        text("Subject", "Subject", 3_000).naming(),
        area("TextBody", "Text Body", 131_072),
        area("HtmlBody", "HTML Body", 131_072),
        text("FromName", "From Name", 1_000),
        text("FromAddress", "From Address", 1_000),
        text("ToAddress", "To Address", 4_000),
        text("CcAddress", "CC Address", 4_000),
        flag("Incoming", "Is Incoming"),
        flag("HasAttachment", "Has Attachment").read_only(),
        flag("IsExternallyVisible", "Is Externally Visible"),
        // New, Read, Replied, Sent, Forwarded, Draft.
        picklist("Status", "Status", &["0", "1", "2", "3", "4", "5"]).restricted().or("5"),
        instant("MessageDate", "Message Date"),
        text("MessageIdentifier", "Message ID", 765),
        text("ThreadIdentifier", "Thread ID", 765),
    ];
    Object::new("EmailMessage", "Email Message", "02s", fields)
}

fn content_version() -> Object {
    let fields = vec![
        text("Title", "Title", 255).naming(),
        text("PathOnClient", "Path On Client", 500).required().fixed(),
        Field::new(Kind::Blob, "VersionData", "Version Data", 0),
        lookup("ContentDocumentId", "ContentDocument ID", "ContentDocument", &["ContentDocument"])
            .fixed(),
        lookup(
            "FirstPublishLocationId",
            "First Publish Location ID",
            "FirstPublishLocation",
            PLACES,
        )
        .fixed(),
        area("Description", "Description", 1_000),
        text("FileExtension", "File Extension", 40).read_only(),
        text("FileType", "File Type", 20).read_only(),
        number("ContentSize", "Size").read_only(),
        text("Checksum", "Checksum", 50).read_only(),
        text("VersionNumber", "Version Number", 20).read_only(),
        flag("IsLatest", "Is Latest").read_only().or(true),
        picklist("Origin", "Content Origin", &["C", "H"]).restricted().fixed().or("C"),
        lookup("OwnerId", "Owner ID", "Owner", &["User"]),
    ];
    let object = Object::new("ContentVersion", "Content Version", "068", fields);
    Object { deletable: false, ..object }
}

/// What a file may hang on.
const PLACES: &[&str] =
    &["Case", "Contact", "Account", "EmailMessage", "FeedItem", "MessagingSession", "User"];

fn content_document() -> Object {
    let fields = vec![
        text("Title", "Title", 255).naming(),
        text("FileExtension", "File Extension", 40).read_only(),
        text("FileType", "File Type", 20).read_only(),
        number("ContentSize", "Size").read_only(),
        lookup(
            "LatestPublishedVersionId",
            "Latest Version",
            "LatestPublishedVersion",
            &["ContentVersion"],
        )
        .read_only(),
        lookup("OwnerId", "Owner ID", "Owner", &["User"]),
    ];
    let object = Object::new("ContentDocument", "Content Document", "069", fields);
    Object { createable: false, ..object }
}

fn content_document_link() -> Object {
    let fields = vec![
        lookup("LinkedEntityId", "Linked Entity ID", "LinkedEntity", PLACES).required().fixed(),
        lookup("ContentDocumentId", "ContentDocument ID", "ContentDocument", &["ContentDocument"])
            .required()
            .fixed(),
        picklist("ShareType", "Share Type", &["V", "C", "I"]).restricted().or("V"),
        picklist("Visibility", "Visibility", &["AllUsers", "InternalUsers", "SharedUsers"])
            .restricted()
            .or("AllUsers"),
    ];
    Object::new("ContentDocumentLink", "Content Document Link", "06A", fields)
}

fn task() -> Object {
    let fields = vec![
        text("Subject", "Subject", 255),
        area("Description", "Comments", 32_000),
        lookup("WhoId", "Name ID", "Who", &["Contact", "Lead"]),
        lookup("WhatId", "Related To ID", "What", &["Case", "Account"]),
        picklist("Status", "Status", &["Not Started", "In Progress", "Completed"])
            .or("Not Started"),
        picklist("Priority", "Priority", &["High", "Normal", "Low"]).or("Normal"),
        owner(),
    ];
    Object::new("Task", "Task", "00T", fields)
}
