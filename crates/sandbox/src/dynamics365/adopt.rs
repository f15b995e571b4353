//! Rows that a client creates by hand, in `msdyn_ocliveworkitems` or in a custom table of nearly that name.
//!
//! No page of Microsoft's says that anybody takes up such a row, and none says that nobody does: by
//! `dynamics365.direct_create` it stays a row, or a rep sees it as a conversation. What the rep writes there goes
//! nowhere, because such a conversation has no channel.

use std::collections::HashSet;

use serde_json::Value;

use super::conversation::{ContextVariable, Conversation, Customer};
use super::tables::Row;
use super::{Inner, mirror, routing};
use crate::World;

/// Makes conversations of rows that have none yet, where the switch says so.
pub fn rows(world: &World, inner: &mut Inner, now_ms: i64) {
    if !world.switches.is("dynamics365.direct_create", "routes") {
        return;
    }
    let known: HashSet<String> =
        inner.conversations.iter().map(|known| known.activity_id.to_lowercase()).collect();
    let mut found: Vec<(String, Row)> = Vec::new();
    for (set, key) in
        [("msdyn_ocliveworkitems", "activityid"), ("oc_liveworkitems", "oc_liveworkitemid")]
    {
        for stored in inner.tables.list(set) {
            let id = text(&stored.row, key).unwrap_or_default();
            if !known.contains(&id.to_lowercase()) {
                found.push((id, stored.row.clone()));
            }
        }
    }
    for (id, row) in found {
        if inner.is_full() {
            return;
        }
        let context = context(inner, &id, &row);
        inner.conversations.push(Conversation { context, ..conversation(&id, &row, now_ms) });
        routing::arrive(inner, &id, now_ms);
        mirror::update(inner, &world.dynamics365.account, &id, now_ms);
    }
}

fn conversation(id: &str, row: &Row, now_ms: i64) -> Conversation {
    let customer = Customer {
        preferredname: text(row, "oc_customername"),
        email: text(row, "oc_email"),
        phonenumber: text(row, "oc_phone"),
        ..Customer::default()
    };
    let subject = ["subject", "oc_subject", "oc_name"].iter().find_map(|column| text(row, column));
    let contact = ["_msdyn_customer_value", "_oc_contact_value"];
    Conversation {
        contact_id: contact.iter().find_map(|column| text(row, column)),
        subject: subject.unwrap_or_else(|| customer.display_name()),
        customer,
        row_only: true,
        ..Conversation::new(id, id, now_ms)
    }
}

/// Its context items, or the columns that stand for them.
fn context(inner: &Inner, id: &str, row: &Row) -> Vec<ContextVariable> {
    let variable = |name: &str, value: String| ContextVariable {
        name: name.to_owned(),
        value,
        is_displayable: true,
    };
    let columns = [("sessionId", "oc_sessionid"), ("channel", "oc_channel")];
    let own = columns.iter().filter_map(|(name, column)| Some(variable(name, text(row, column)?)));
    let items = inner.tables.list("msdyn_ocliveworkitemcontextitems").into_iter();
    let items = items.filter(|item| {
        text(&item.row, "_msdyn_ocliveworkitemid_value")
            .is_some_and(|of| of.eq_ignore_ascii_case(id))
    });
    let items = items.filter_map(|item| {
        Some(variable(&text(&item.row, "msdyn_name")?, text(&item.row, "msdyn_value")?))
    });
    own.chain(items).collect()
}

fn text(row: &Row, column: &str) -> Option<String> {
    row.get(column).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
