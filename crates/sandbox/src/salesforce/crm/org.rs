//! Rows, their shape, and who may see what: one organisation.

use serde_json::{Value, json};

use super::broken::Broken;
use super::objects::{STATUSES, defaults};
use super::permissions::Permissions;
use super::schema::{Object, Schema};
use super::store::{Fields, Record, Tables};
use super::{effects, ids, instant};
use crate::Ids;
use crate::salesforce::{Account, record_id};

/// When the furniture was put there.
const BEFORE_MS: i64 = 1_767_225_600_000;
/// Who works in the one queue that there is at the start.
pub const DEFAULT_REP: &str = "Robin Hale";

/// What an organisation holds.
pub struct Org {
    pub ids: Ids,
    pub schema: Schema,
    pub tables: Tables,
    pub permissions: Permissions,
    pub broken: Broken,
    /// The integration user.
    pub user: String,
    /// Its permission set, to which new fields may be added.
    pub permission_set: String,
    last_number: u64,
}

impl Org {
    pub fn new(seed: u64, account: &Account) -> Self {
        let ids = Ids::new(seed, "salesforce records");
        let mut org = Self {
            permission_set: record_id::new(&ids, "0PS"),
            ids,
            schema: Schema::default(),
            tables: Tables::default(),
            permissions: Permissions::default(),
            broken: Broken::default(),
            user: account.user_id.clone(),
            last_number: 1_000,
        };
        org.furnish(account);
        org
    }

    /// A row, whatever object it is of.
    pub fn find(&self, id: &str) -> Option<(&Object, &Record)> {
        let object = self.schema.of_id(id)?;
        let record = self.tables.get(&object.name, &ids::long(id)?)?;
        Some((object, record))
    }

    /// Adds a row with the fields that it would have, and lets follow what follows; no checks. `None` if the object is
    /// unknown or full.
    pub fn insert(
        &mut self,
        object: &str,
        given: Fields,
        user: &str,
        now_ms: i64,
        findable_ms: i64,
    ) -> Option<String> {
        let object = self.schema.object(object)?;
        let (name, id) = (object.name.clone(), record_id::new(&self.ids, &object.prefix));
        let id = given.get("Id").and_then(Value::as_str).map_or(id, str::to_owned);
        let mut fields: Fields =
            defaults(object).map(|(name, value)| (name.clone(), value)).collect();
        let at = json!(instant::write(now_ms));
        for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            fields.insert(name.to_owned(), at.clone());
        }
        for name in ["CreatedById", "LastModifiedById", "OwnerId", "InsertedById"] {
            if object.field(name).is_some() {
                fields.insert(name.to_owned(), json!(user));
            }
        }
        fields.extend(canonical(object, given));
        fields.insert("Id".to_owned(), json!(id));
        if !self.tables.insert(&name, &id, fields, findable_ms) {
            return None;
        }
        effects::created(self, &name, &id, now_ms);
        Some(id)
    }

    /// Changes a row and lets follow what follows; no checks.
    pub fn change(
        &mut self,
        object: &str,
        id: &str,
        given: Fields,
        user: &str,
        now_ms: i64,
    ) -> bool {
        let (Some(object), Some(id)) = (self.schema.object(object), ids::long(id)) else {
            return false;
        };
        let name = object.name.clone();
        let mut fields = canonical(object, given);
        for name in ["LastModifiedDate", "SystemModstamp"] {
            fields.insert(name.to_owned(), json!(instant::write(now_ms)));
        }
        fields.insert("LastModifiedById".to_owned(), json!(user));
        if !self.tables.change(&name, &id, fields) {
            return false;
        }
        effects::changed(self, &name, &id, now_ms);
        true
    }

    /// The next of the numbers that people read.
    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The user of that name, made when first heard of.
    pub fn rep(&mut self, name: &str, now_ms: i64) -> Option<String> {
        let users = self.tables.list("User");
        let known = users.iter().find(|user| user.text("Name") == Some(name));
        if let Some(id) = known.and_then(|user| user.text("Id")) {
            return Some(id.to_owned());
        }
        let (first, last) = name.split_once(' ').unwrap_or(("", name));
        let login = name.to_lowercase().replace(' ', ".");
        let user = json!({
            "FirstName": first,
            "LastName": last,
            "Username": format!("{login}@harborline.example"),
            "Email": format!("{login}@harborline.example"),
        });
        self.insert("User", object(user), "", now_ms, now_ms)
    }

    /// The queue of that name, if there is one.
    pub fn queue(&self, name: &str) -> Option<String> {
        let groups = self.tables.list("Group");
        let queue = groups.iter().find(|group| group.text("Name") == Some(name))?;
        queue.text("Id").map(str::to_owned)
    }

    /// Rows that every such organisation has.
    fn furnish(&mut self, account: &Account) {
        let set = json!({ "Id": self.permission_set, "Name": "Baton", "Label": "Baton" });
        let assignment = json!({ "PermissionSetId": self.permission_set, "AssigneeId": self.user });
        for (name, fields) in furniture(account) {
            self.put(name, fields);
        }
        self.put("PermissionSet", set);
        self.put("PermissionSetAssignment", assignment);
        for (at, status) in STATUSES.iter().enumerate() {
            let row = json!({
                "MasterLabel": status,
                "ApiName": status,
                "SortOrder": at + 1,
                "IsClosed": *status == "Closed",
                "IsDefault": at == 0,
            });
            self.put("CaseStatus", row);
        }
        if let Some(rep) = self.rep(DEFAULT_REP, BEFORE_MS) {
            self.put("GroupMember", json!({ "GroupId": account.queue_id, "UserOrGroupId": rep }));
        }
    }

    fn put(&mut self, name: &str, fields: Value) {
        let user = self.user.clone();
        self.insert(name, object(fields), &user, BEFORE_MS, BEFORE_MS);
    }
}

fn furniture(account: &Account) -> Vec<(&'static str, Value)> {
    let queue = &account.queue_id;
    vec![
        (
            "Organization",
            json!({
                "Id": account.org_id_18,
                "Name": "Harborline",
                "OrganizationType": "Enterprise Edition",
                "InstanceName": "SBX1",
                "LanguageLocaleKey": "en_US",
                "TimeZoneSidKey": "Europe/London",
            }),
        ),
        (
            "User",
            json!({
                "Id": account.user_id,
                "Username": account.username,
                "Email": account.username,
                "FirstName": "Integration",
                "LastName": "User",
            }),
        ),
        ("Group", json!({ "Id": queue, "Name": account.queue_name, "Type": "Queue" })),
        ("QueueSobject", json!({ "QueueId": queue, "SobjectType": "Case" })),
        ("QueueSobject", json!({ "QueueId": queue, "SobjectType": "MessagingSession" })),
        (
            "MessagingChannel",
            json!({
                "Id": account.channel_id,
                "MasterLabel": account.channel_name,
                "DeveloperName": account.channel_name,
                "MessageType": "EmbeddedMessaging",
                "MessagingPlatformKey": account.channel_address,
            }),
        ),
    ]
}

/// The members of a JSON object; none of anything else.
pub fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// The fields under the names that the object gives them; others are left out.
fn canonical(object: &Object, given: Fields) -> Fields {
    let named = |(name, value): (String, Value)| Some((object.field(&name)?.name.clone(), value));
    given.into_iter().filter_map(named).collect()
}
