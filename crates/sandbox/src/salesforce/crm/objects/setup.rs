//! The organisation, its permissions, and who works in which queue.

use super::{flag, lookup, picklist, text};
use crate::salesforce::crm::schema::Object;

pub fn objects() -> Vec<Object> {
    vec![
        organization(),
        queue_sobject(),
        group_member(),
        permission_set(),
        assignment(),
        field_permissions(),
    ]
}

fn organization() -> Object {
    let fields = vec![
        text("Name", "Name", 80).naming(),
        text("OrganizationType", "Edition", 40),
        text("InstanceName", "Instance Name", 5),
        flag("IsSandbox", "Is Sandbox"),
        text("LanguageLocaleKey", "Language", 40),
        text("TimeZoneSidKey", "Time Zone", 40),
    ];
    Object::new("Organization", "Organization", "00D", fields).read_only()
}

fn queue_sobject() -> Object {
    let fields = vec![
        lookup("QueueId", "Queue ID", "Queue", &["Group"]).required(),
        text("SobjectType", "Sobject Type", 80).required(),
    ];
    Object::new("QueueSobject", "Queue Sobject", "03g", fields)
}

fn group_member() -> Object {
    let fields = vec![
        lookup("GroupId", "Group ID", "Group", &["Group"]).required(),
        lookup("UserOrGroupId", "User/Group ID", "UserOrGroup", &["User", "Group"]).required(),
    ];
    Object::new("GroupMember", "Group Member", "011", fields)
}

fn permission_set() -> Object {
    let fields = vec![
        text("Name", "Permission Set Name", 80).required().naming(),
        text("Label", "Permission Set Label", 80),
        flag("IsOwnedByProfile", "Is Owned By Profile").read_only(),
    ];
    Object::new("PermissionSet", "Permission Set", "0PS", fields)
}

fn assignment() -> Object {
    let fields = vec![
        lookup("PermissionSetId", "PermissionSet ID", "PermissionSet", &["PermissionSet"])
            .required(),
        lookup("AssigneeId", "Assignee ID", "Assignee", &["User"]).required(),
    ];
    Object::new("PermissionSetAssignment", "Permission Set Assignment", "0Pa", fields)
}

fn field_permissions() -> Object {
    let fields = vec![
        lookup("ParentId", "Parent ID", "Parent", &["PermissionSet"]).required().fixed(),
        picklist("SobjectType", "Sobject Type Name", &[]).required().fixed(),
        picklist("Field", "Field Name", &[]).required().fixed(),
        flag("PermissionsRead", "Read Access"),
        flag("PermissionsEdit", "Edit Access"),
    ];
    Object::new("FieldPermissions", "Field Permissions", "01k", fields)
}
