//! Columns as `EntityDefinitions` tells of them: types, lengths, options, targets.
//!
//! Source: "Query table definitions using the Web API" and the AttributeMetadata types, checked 2026-11-21.

use serde_json::{Value, json};

use super::definitions::{label, metadata_id};
use super::query::View;
use super::tables::{self, Choice, Kind, Table};

/// Every column of a table, lookups included.
pub fn all(view: &View<'_>, table: &'static Table) -> Vec<Value> {
    let columns = view.schema.columns(table).map(|(name, kind)| column(view, table, name, kind));
    let mut lookups: Vec<&'static str> = table.all_lookups().map(|lookup| lookup.column).collect();
    lookups.sort_unstable();
    lookups.dedup();
    columns.chain(lookups.into_iter().map(|column| lookup(table, column))).collect()
}

/// `customerid` of `_customerid_value`.
pub fn logical(column: &str) -> &str {
    let inner = column.strip_prefix('_').and_then(|rest| rest.strip_suffix("_value"));
    inner.unwrap_or(column)
}

fn column(view: &View<'_>, table: &Table, name: &str, kind: Kind) -> Value {
    let is_custom = table.column(name).is_none();
    let mut shown = match kind {
        Kind::Guid => plain("Uniqueidentifier", "UniqueidentifierType", "AttributeMetadata"),
        Kind::Text(length) => {
            let mut shown = plain("String", "StringType", "StringAttributeMetadata");
            shown["MaxLength"] = json!(length);
            shown["Format"] = json!(if name.contains("email") { "Email" } else { "Text" });
            shown
        }
        Kind::Memo(length) => {
            let mut shown = plain("Memo", "MemoType", "MemoAttributeMetadata");
            shown["MaxLength"] = json!(length);
            shown
        }
        Kind::Number if name == "versionnumber" => {
            plain("BigInt", "BigIntType", "BigIntAttributeMetadata")
        }
        Kind::Number => plain("Integer", "IntegerType", "IntegerAttributeMetadata"),
        Kind::Flag => plain("Boolean", "BooleanType", "BooleanAttributeMetadata"),
        Kind::Instant => plain("DateTime", "DateTimeType", "DateTimeAttributeMetadata"),
        Kind::Choice(_) => choice(view, table, name, "Picklist"),
        Kind::State => choice(view, table, name, "State"),
        Kind::Status => choice(view, table, name, "Status"),
    };
    name_it(&mut shown, table, name, is_custom, !table.keeps(name));
    shown
}

fn lookup(table: &'static Table, column: &'static str) -> Value {
    let name = logical(column);
    let of_column = || table.all_lookups().filter(|lookup| lookup.column == column);
    let kind = match name {
        "customerid" => "Customer",
        "ownerid" => "Owner",
        _ => "Lookup",
    };
    let mut shown = plain(kind, &format!("{kind}Type"), "LookupAttributeMetadata");
    let targets = of_column().filter_map(|lookup| tables::find(lookup.target));
    shown["Targets"] = targets.map(|target| target.name).collect();
    let is_written = of_column().all(|lookup| !lookup.is_read_only);
    name_it(&mut shown, table, name, false, is_written);
    shown
}

fn plain(kind: &str, kind_name: &str, metadata: &str) -> Value {
    json!({
        "@odata.type": format!("#Microsoft.Dynamics.CRM.{metadata}"),
        "AttributeType": kind,
        "AttributeTypeName": { "Value": kind_name },
    })
}

fn name_it(shown: &mut Value, table: &Table, name: &str, is_custom: bool, is_written: bool) {
    let is_required = table.name == "incident" && name == "customerid";
    let level = if is_required { "ApplicationRequired" } else { "None" };
    let level = if name == table.key { "SystemRequired" } else { level };
    shown["LogicalName"] = json!(name);
    shown["SchemaName"] = json!(name);
    shown["EntityLogicalName"] = json!(table.name);
    shown["DisplayName"] = label(name);
    shown["IsCustomAttribute"] = json!(is_custom);
    shown["IsPrimaryId"] = json!(name == table.key);
    shown["IsPrimaryName"] = json!(name == table.title);
    shown["IsValidForRead"] = json!(true);
    shown["IsValidForCreate"] = json!(is_written);
    shown["IsValidForUpdate"] = json!(is_written && name != table.key);
    shown["RequiredLevel"] = json!({
        "Value": level,
        "CanBeChanged": !is_required,
        "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
    });
    shown["MetadataId"] = json!(metadata_id(&format!("{} {name}", table.name)));
}

fn choice(view: &View<'_>, table: &Table, name: &str, kind: &str) -> Value {
    let metadata = format!("{kind}AttributeMetadata");
    let mut shown = plain(kind, &format!("{kind}Type"), &metadata);
    let options = view.schema.choices(table, name);
    shown["DefaultFormValue"] = json!(-1);
    shown["OptionSet"] = json!({
        "Name": format!("{}_{name}", table.name),
        "IsGlobal": false,
        "IsCustomOptionSet": false,
        "OptionSetType": kind,
        "DisplayName": label(name),
        "MetadataId": metadata_id(&format!("{} {name} options", table.name)),
        "Options": options.iter().map(|one| option(table, kind, one)).collect::<Vec<_>>(),
    });
    shown["GlobalOptionSet"] = Value::Null;
    shown
}

fn option(table: &Table, kind: &str, choice: &Choice) -> Value {
    let mut shown = json!({
        "Value": choice.value,
        "Label": label(&choice.label),
        "Description": { "LocalizedLabels": [], "UserLocalizedLabel": null },
        "Color": null,
        "IsManaged": true,
        "ExternalValue": null,
        "ParentValues": [],
        "Tag": null,
        "IsHidden": false,
        "MetadataId": null,
        "HasChanged": null,
    });
    let owner = table.states.iter().find(|state| match kind {
        "Status" => state.statuses.iter().any(|(value, _)| *value == choice.value),
        _ => state.value == choice.value,
    });
    match (kind, owner) {
        ("State", Some(state)) => {
            shown["DefaultStatus"] = json!(state.statuses.first().map(|(value, _)| *value));
            shown["InvariantName"] = json!(state.label);
        }
        ("Status", Some(state)) => {
            shown["State"] = json!(state.value);
            shown["TransitionData"] = Value::Null;
        }
        _ => {}
    }
    shown
}
