//! `EntityDefinitions`: tables, columns and options as data.
//!
//! Source: "Query table definitions using the Web API" and "Retrieve table definitions by name or MetadataId", checked
//! 2026-11-21. Only what the developer guide leans on is there; English is the organisation's language.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Answered, Refusal};
use super::attribute;
use super::entry::base;
use super::filter::Filter;
use super::functions::NAMESPACE;
use super::matching;
use super::privileges;
use super::request::{Options, Request, Segment, split, unquoted};
use super::resource::object;
use super::schema::AlternateKey;
use super::tables::{self, Table};
use super::{Scope, query::View};
use crate::Ids;
use crate::dynamics365::is_guid;

/// The set behind which definitions are found.
pub const SET: &str = "EntityDefinitions";

/// The English of the United States.
const LANGUAGE: u32 = 1033;

/// Answers what lies behind `EntityDefinitions`.
pub fn serve(scope: &Scope<'_>, request: &Request) -> Answered {
    if request.method != "GET" {
        return Err(Refusal::method(request.method.as_str()));
    }
    let view = scope.view();
    let present = |table: &&'static Table| !view.schema.absent.contains(table.set);
    match request.path.as_slice() {
        [Segment { args: None, .. }] => {
            let all = tables::all().filter(present).map(definition).collect();
            list(scope, all, SET, request)
        }
        [Segment { args: Some(args), .. }, rest @ ..] => {
            let table = tables::all().filter(present).find(|table| is_meant(args, table.name));
            let table = table.ok_or_else(|| unknown(args))?;
            behind(scope, table, rest, request)
        }
        _ => Err(Refusal::no_resource(SET)),
    }
}

fn behind(
    scope: &Scope<'_>,
    table: &'static Table,
    rest: &[Segment],
    request: &Request,
) -> Answered {
    let view = scope.view();
    let path = rest.iter().map(|segment| segment.name.as_str()).collect::<Vec<_>>();
    let place = format!("{SET}('{}')/{}", table.name, path.join("/"));
    match (path.as_slice(), rest) {
        ([], _) => one(scope, definition(table), SET, request),
        (["Attributes"], [Segment { args: None, .. }]) => {
            list(scope, attribute::all(&view, table), &place, request)
        }
        (["Attributes", kind], [Segment { args: None, .. }, _]) if kind.starts_with(NAMESPACE) => {
            let mut of_kind = attribute::all(&view, table);
            of_kind.retain(|column| is_kind(column, kind));
            list(scope, of_kind, &place, request)
        }
        (["Attributes", kind @ ..], [Segment { args: Some(args), .. }, ..]) => {
            let column = attribute::all(&view, table).into_iter().find(|column| {
                is_meant(args, column["LogicalName"].as_str().unwrap_or_default())
                    && kind.iter().all(|kind| is_kind(column, kind))
            });
            one(scope, column.ok_or_else(|| unknown(args))?, &place, request)
        }
        (["Keys"], _) => list(scope, keys(&view, table), &place, request),
        (["ManyToOneRelationships"], _) => list(scope, parents(table), &place, request),
        (["OneToManyRelationships"], _) => list(scope, children(table), &place, request),
        _ => Err(Refusal::no_resource(path.last().unwrap_or(&SET))),
    }
}

/// `LogicalName='incident'`, or the definition's own id.
fn is_meant(args: &str, name: &str) -> bool {
    match args.split_once('=') {
        Some(("LogicalName", literal)) => unquoted(literal).as_deref() == Some(name),
        _ => is_guid(args) && args.eq_ignore_ascii_case(&metadata_id(name)),
    }
}

fn is_kind(column: &Value, kind: &str) -> bool {
    column["@odata.type"].as_str().is_some_and(|held| held.trim_start_matches('#') == kind)
}

fn unknown(args: &str) -> Refusal {
    Refusal::new(
        404,
        "0x80060888",
        format!("Could not find an entity with the specified key: {args}"),
    )
}

/// `MetadataId` of whatever has this name.
pub fn metadata_id(name: &str) -> String {
    Ids::new(0, &format!("metadata {name}")).guid()
}

/// A label in the organisation's only language.
pub fn label(text: &str) -> Value {
    let one = json!({
        "Label": text,
        "LanguageCode": LANGUAGE,
        "IsManaged": true,
        "MetadataId": metadata_id(text),
        "HasChanged": null,
    });
    json!({ "LocalizedLabels": [one], "UserLocalizedLabel": one })
}

fn definition(table: &'static Table) -> Value {
    json!({
        "LogicalName": table.name,
        "SchemaName": if table.schema_name.is_empty() { table.name } else { table.schema_name },
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "PrimaryIdAttribute": table.key,
        "PrimaryNameAttribute": table.title,
        "ObjectTypeCode": table.code,
        "IsActivity": table.is_activity,
        "OwnershipType": if table.is_owned { "UserOwned" } else { "OrganizationOwned" },
        "DisplayName": label(table.label),
        "MetadataId": metadata_id(table.name),
        "Privileges": table_privileges(table),
    })
}

fn table_privileges(table: &Table) -> Vec<Value> {
    if table.schema_name.is_empty() {
        return Vec::new();
    }
    let of = |verb: &&str| {
        let name = format!("prv{verb}{}", table.schema_name);
        json!({
            "CanBeBasic": table.is_owned,
            "CanBeDeep": table.is_owned,
            "CanBeGlobal": true,
            "CanBeLocal": table.is_owned,
            "Name": name,
            "PrivilegeId": privileges::id(&name),
            "PrivilegeType": verb,
        })
    };
    privileges::VERBS.iter().map(of).collect()
}

fn keys(view: &View<'_>, table: &Table) -> Vec<Value> {
    let of = |key: &AlternateKey| {
        json!({
            "LogicalName": key.name,
            "SchemaName": key.name,
            "EntityLogicalName": table.name,
            "KeyAttributes": key.columns.iter().map(|column| attribute::logical(column)).collect::<Vec<_>>(),
            "EntityKeyIndexStatus": "Active",
            "MetadataId": metadata_id(&key.name),
        })
    };
    view.schema.keys_of(table).map(of).collect()
}

/// The lookups of a table, with the spelling that binds need.
fn parents(table: &'static Table) -> Vec<Value> {
    let of = |lookup: &'static tables::Lookup| {
        json!({
            "SchemaName": format!("{}_{}", table.name, lookup.navigation),
            "ReferencingEntity": table.name,
            "ReferencingAttribute": attribute::logical(lookup.column),
            "ReferencingEntityNavigationPropertyName": lookup.navigation,
            "ReferencedEntity": tables::find(lookup.target).map(|target| target.name),
            "ReferencedAttribute": tables::find(lookup.target).map(|target| target.key),
            "MetadataId": metadata_id(&format!("{} {} {}", table.name, lookup.navigation, lookup.target)),
        })
    };
    table.all_lookups().map(of).collect()
}

fn children(table: &'static Table) -> Vec<Value> {
    let of = |collection: &'static tables::Collection| {
        json!({
            "SchemaName": collection.navigation,
            "ReferencedEntity": table.name,
            "ReferencedEntityNavigationPropertyName": collection.navigation,
            "ReferencingEntity": tables::find(collection.target).map(|target| target.name),
            "ReferencingAttribute": collection.column.map(attribute::logical),
            "MetadataId": metadata_id(&format!("{} {}", table.name, collection.navigation)),
        })
    };
    table.collections.iter().map(of).collect()
}

fn list(scope: &Scope<'_>, mut all: Vec<Value>, place: &str, request: &Request) -> Answered {
    if let Some(text) = request.options.get("$filter") {
        let filter = Filter::parse(text, &request.options).map_err(Refusal::query)?;
        all.retain(|one| matching::accepts_members(&filter, &object(one.clone())));
    }
    let shown: Result<Vec<Value>, Refusal> =
        all.into_iter().map(|one| show(one, &request.options)).collect();
    let body = json!({
        "@odata.context": format!("{}$metadata#{place}", base(scope.world)),
        "value": shown?,
    });
    Ok(Answer::json(200, body))
}

fn one(scope: &Scope<'_>, definition: Value, place: &str, request: &Request) -> Answered {
    let mut body = json!({
        "@odata.context": format!("{}$metadata#{place}/$entity", base(scope.world)),
    });
    if let (Value::Object(body), Value::Object(shown)) =
        (&mut body, show(definition, &request.options)?)
    {
        body.extend(shown);
    }
    Ok(Answer::json(200, body))
}

/// The selected members; option sets, keys and columns only where they are expanded.
fn show(definition: Value, options: &Options) -> Result<Value, Refusal> {
    let mut all = object(definition);
    let expanded = expanded(&mut all, options.get("$expand"))?;
    let selected: Vec<&str> = options
        .get("$select")
        .map_or("", String::as_str)
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if !selected.is_empty() {
        if let Some(name) = selected.iter().find(|name| !all.contains_key(**name)) {
            return Err(Refusal::query(format!(
                "Could not find a property named '{name}' on the type."
            )));
        }
        all.retain(|name, _| {
            name == "@odata.type" || name == "MetadataId" || selected.contains(&name.as_str())
        });
    }
    all.extend(expanded);
    Ok(Value::Object(all))
}

/// Takes the navigation properties out of a definition, and gives those that were asked for.
fn expanded(
    all: &mut Map<String, Value>,
    expand: Option<&String>,
) -> Result<Map<String, Value>, Refusal> {
    let mut held = Map::new();
    for name in ["OptionSet", "GlobalOptionSet"] {
        if let Some(value) = all.remove(name) {
            held.insert(name.to_owned(), value);
        }
    }
    let mut found = Map::new();
    for term in split(expand.map_or("", String::as_str), ',') {
        let (name, rest) = term.trim().split_once('(').unwrap_or((term.trim(), ""));
        if name.is_empty() {
            continue;
        }
        let value = held.get(name).cloned();
        let value = value.ok_or_else(|| {
            Refusal::query(format!("Could not find a property named '{name}' on the type."))
        })?;
        let selected = rest.trim_end_matches(')').strip_prefix("$select=").unwrap_or_default();
        let selected: Vec<&str> = selected.split(',').filter(|name| !name.is_empty()).collect();
        let mut value = value;
        if let (Value::Object(members), false) = (&mut value, selected.is_empty()) {
            members.retain(|name, _| name == "MetadataId" || selected.contains(&name.as_str()));
        }
        found.insert(name.to_owned(), value);
    }
    Ok(found)
}
