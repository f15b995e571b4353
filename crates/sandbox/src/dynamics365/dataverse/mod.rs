//! Dataverse Web API: rows with their relations, functions and actions, batches, definitions, limits and privileges.
//!
//! Source: the Dataverse developer guide, checked 2026-11-21; each file names its pages.

mod actions;
mod answer;
mod attachments;
mod attribute;
mod availability;
mod batch;
mod blocks;
mod broken;
mod cases;
mod control;
mod definitions;
mod document;
mod entry;
mod filter;
mod format;
mod functions;
mod keys;
mod limits;
mod matching;
mod multipart;
mod payload;
mod privileges;
mod query;
mod request;
mod resource;
mod rows;
mod rules;
mod schema;
mod scope;
pub mod tables;

use std::collections::BTreeSet;

use serde_json::json;

use super::{Account, Inner};
use crate::Ids;
pub use answer::fault_body;
pub use control::router as control_router;
pub use entry::{operation, router};
use schema::Schema;
use scope::Scope;
use tables::USER_ROLES;

/// What an organisation is, besides its rows.
#[derive(Default)]
pub struct Org {
    pub schema: Schema,
    /// Names of privileges that the application user's role lacks.
    pub removed_privileges: BTreeSet<String>,
    pub transfers: blocks::Transfers,
    pub limits: limits::Limits,
    pub broken: broken::Broken,
}

/// Fills in what every environment has: its organisation, the application user's role, all privileges.
pub fn furnish(inner: &mut Inner, account: &Account, at: &str) {
    let organization = json!({
        "name": "harborline",
        "languagecode": 1033,
        "maxuploadfilesize": attachments::DEFAULT_MAX_BYTES,
        "blockedattachments": attachments::DEFAULT_BLOCKED,
    });
    let unit = json!({ "name": "harborline" });
    let role = json!({
        "name": "Messaging hub",
        "_businessunitid_value": account.business_unit_id,
    });
    let (role_id, user) = (role_id(account), &account.application_user_id);
    inner.set_columns("organizations", &account.organization_id, organization, at);
    inner.set_columns("businessunits", &account.business_unit_id, unit, at);
    inner.set_columns("roles", &role_id, role, at);
    inner.set_columns("systemusers", user, json!({ "accessmode": 4 }), at);
    inner.tables.link(USER_ROLES, user, &role_id);
    for name in privileges::names() {
        let columns = json!({ "name": name, "canbeglobal": true });
        inner.set_columns("privileges", &privileges::id(&name), columns, at);
    }
    privileges::update_role(inner, account);
}

/// The application user's only role.
fn role_id(account: &Account) -> String {
    Ids::new(0, &format!("role {}", account.organization_id)).guid()
}
