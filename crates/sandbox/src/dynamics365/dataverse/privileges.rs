//! What the application user's role allows.
//!
//! Source: "Verifying access in code" and "Use impersonation and privileges by table" of the Dataverse developer
//! guide, checked 2026-11-21: a name is `prv`, a verb and the table's schema name; activities share those of Activity.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Org;
use super::answer::Refusal;
use super::tables::{ROLE_PRIVILEGES, Table, all};
use crate::Ids;
use crate::dynamics365::{Account, Inner};

pub const VERBS: [&str; 8] =
    ["Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share"];
/// Privileges that belong to no table.
const SPECIAL: [&str; 3] =
    ["prvActOnBehalfOfAnotherUser", "prvBypassCustomPlugins", "prvPublishDuplicateRule"];

/// The name of every privilege there is.
pub fn names() -> BTreeSet<String> {
    let tables = all().map(|table| table.schema_name).filter(|name| !name.is_empty());
    let of_tables = tables.flat_map(|table| VERBS.map(|verb| format!("prv{verb}{table}")));
    of_tables.chain(SPECIAL.map(str::to_owned)).collect()
}

/// `privilegeid`, the same in every organisation.
pub fn id(name: &str) -> String {
    Ids::new(0, name).guid()
}

/// `RolePrivilege` of each privilege that the application user holds, or that an administrator does.
pub fn held(org: &Org, account: &Account, is_admin: bool) -> Vec<Value> {
    names()
        .iter()
        .filter(|name| is_admin || !org.removed_privileges.contains(*name))
        .map(|name| {
            json!({
                "Depth": "Global",
                "PrivilegeId": id(name),
                "BusinessUnitId": account.business_unit_id,
                "PrivilegeName": name,
                "RecordFilterId": "00000000-0000-0000-0000-000000000000",
                "RecordFilterUniqueName": "",
            })
        })
        .collect()
}

/// Brings the relation between the application user's role and its privileges up to date.
pub fn update_role(inner: &mut Inner, account: &Account) {
    let role = super::role_id(account);
    for name in names() {
        match inner.org.removed_privileges.contains(&name) {
            true => inner.tables.unlink(ROLE_PRIVILEGES, &role, &id(&name)),
            false => {
                inner.tables.link(ROLE_PRIVILEGES, &role, &id(&name));
            }
        }
    }
}

/// The rights on one row: `ReadAccess, WriteAccess`.
pub fn rights(org: &Org, table: &Table) -> String {
    const RIGHTS: [(&str, &str); 8] = [
        ("Read", "ReadAccess"),
        ("Write", "WriteAccess"),
        ("Append", "AppendAccess"),
        ("AppendTo", "AppendToAccess"),
        ("Create", "CreateAccess"),
        ("Delete", "DeleteAccess"),
        ("Share", "ShareAccess"),
        ("Assign", "AssignAccess"),
    ];
    let held =
        |verb: &str| !org.removed_privileges.contains(&format!("prv{verb}{}", table.schema_name));
    let rights: Vec<&str> =
        RIGHTS.iter().filter(|(verb, _)| held(verb)).map(|(_, right)| *right).collect();
    if rights.is_empty() { "None".to_owned() } else { rights.join(", ") }
}

/// 0x80040220 PrivilegeDenied, which names what is missing.
pub fn denied(user: &str, org: &Org, name: &str, table: Option<&Table>) -> Refusal {
    let count = names().len() - org.removed_privileges.len();
    let place = table.map_or(String::new(), |table| {
        let Table { code, name, label, .. } = table;
        format!(" on OTC={code} for entity '{name}' (LocalizedName='{label}')")
    });
    let message = format!(
        "Principal user (Id={user}, type=8, roleCount=1, privilegeCount={count}, accessMode=4), is missing {name} \
         privilege (Id={}){place}. context.Caller={user}",
        id(name)
    );
    Refusal::new(403, "0x80040220", message)
}
