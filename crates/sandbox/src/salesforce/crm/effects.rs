//! What follows from a write by itself: names, numbers, closing dates, documents, permissions.

use serde_json::{Value, json};

use super::org::{Org, object};
use super::permissions::FieldAccess;
use super::store::{Fields, Record};
use super::{files, instant};

/// A row was added.
pub fn created(org: &mut Org, name: &str, id: &str, now_ms: i64) {
    match name {
        "Case" => {
            let number = format!("{:08}", org.next_number());
            set(org, name, id, json!({ "CaseNumber": number }));
        }
        "MessagingSession" => {
            let number = format!("MS-{:08}", org.next_number());
            set(org, name, id, json!({ "Name": number }));
        }
        "ContentVersion" => files::published(org, id, now_ms),
        "ContentDocumentLink" => files::linked(org, id),
        _ => {}
    }
    changed(org, name, id, now_ms);
}

/// A row has other values than before.
pub fn changed(org: &mut Org, name: &str, id: &str, now_ms: i64) {
    let Some(record) = org.tables.get(name, id).cloned() else { return };
    match name {
        "Contact" | "Lead" | "User" => {
            let parts = ["FirstName", "LastName"].into_iter().filter_map(|part| record.text(part));
            let whole: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            set(org, name, id, json!({ "Name": whole.join(" ") }));
        }
        "Case" => case(org, id, &record, now_ms),
        "FieldPermissions" => permission(org, &record),
        _ => {}
    }
}

fn set(org: &mut Org, name: &str, id: &str, fields: Value) {
    org.tables.change(name, id, object(fields));
}

fn case(org: &mut Org, id: &str, record: &Record, now_ms: i64) {
    let closed = is_closed(org, record.text("Status").unwrap_or_default());
    let was_closed = record.fields.get("IsClosed") == Some(&json!(true));
    let mut fields = Fields::new();
    if closed != was_closed {
        fields.insert("IsClosed".to_owned(), json!(closed));
        let at = if closed { json!(instant::write(now_ms)) } else { Value::Null };
        fields.insert("ClosedDate".to_owned(), at);
    }
    let contact = record.text("ContactId").and_then(|id| org.tables.get("Contact", id));
    let of_contact = |field: &str| contact.and_then(|contact| contact.fields.get(field)).cloned();
    let account = of_contact("AccountId").filter(|account| !account.is_null());
    if let Some(account) = account.filter(|_| record.text("AccountId").is_none()) {
        fields.insert("AccountId".to_owned(), account);
    }
    fields.insert("ContactEmail".to_owned(), of_contact("Email").unwrap_or_default());
    fields.insert("ContactPhone".to_owned(), of_contact("Phone").unwrap_or_default());
    org.tables.change("Case", id, fields);
}

/// Whether a case with this status is closed, as the organisation's statuses say.
pub fn is_closed(org: &Org, status: &str) -> bool {
    let known = org.tables.list("CaseStatus");
    known.iter().any(|row| {
        row.text("ApiName") == Some(status) && row.fields.get("IsClosed") == Some(&json!(true))
    })
}

/// A permission set of the integration user gives or takes a field.
fn permission(org: &mut Org, record: &Record) {
    let parent = record.text("ParentId");
    let assigned = org.tables.list("PermissionSetAssignment").iter().any(|row| {
        row.text("PermissionSetId") == parent && row.text("AssigneeId") == Some(&org.user)
    });
    let Some((object, field)) = record.text("Field").and_then(|whole| whole.split_once('.')) else {
        return;
    };
    let may = |name: &str| record.fields.get(name) == Some(&json!(true)) && !record.is_deleted();
    if assigned {
        let access = FieldAccess { read: may("PermissionsRead"), edit: may("PermissionsEdit") };
        org.permissions.set_field(object, field, access);
    }
}
