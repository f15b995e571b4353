//! What objects there are and what fields they have, as clients ask for it.
//!
//! Source: "sObject Describe" and "Describe Global", REST API Developer Guide, checked 2026-11.

use serde_json::{Value, json};

use super::answer::{Answer, Answered};
use super::schema::{Field, Kind, Object};
use super::scope::Scope;

/// All objects that the user can see.
pub fn global(scope: &Scope<'_>) -> Answered {
    let names = scope.org.schema.objects().iter().map(|object| object.name.clone());
    let names: Vec<String> = names.collect();
    let seen = names.iter().filter_map(|name| scope.object(name));
    let objects: Vec<Value> = seen.map(|object| summary(scope, &object)).collect();
    Ok(Answer::json(200, json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects })))
}

/// An object's own page: what it is, and the rows used lately.
pub fn basic(scope: &Scope<'_>, object: &Object) -> Answered {
    let body = json!({ "objectDescribe": summary(scope, object), "recentItems": [] });
    Ok(Answer::json(200, body))
}

/// Everything about one object.
pub fn object(scope: &Scope<'_>, object: &Object) -> Answered {
    let mut body = summary(scope, object);
    let seen = object.fields.iter().filter(|field| scope.can_read(object, field));
    body["fields"] = seen.map(|field| self::field(scope, object, field)).collect();
    body["childRelationships"] = json!([]);
    body["recordTypeInfos"] = json!([{
        "active": true,
        "available": true,
        "defaultRecordTypeMapping": true,
        "developerName": "Master",
        "master": true,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
    }]);
    Ok(Answer::json(200, body))
}

fn summary(scope: &Scope<'_>, object: &Object) -> Value {
    let access = scope.org.permissions.object(&object.name);
    let url = format!("{}/sobjects/{}", scope.base(), object.name);
    let is_one = |names: &[&str]| names.contains(&object.name.as_str());
    json!({
        "name": object.name,
        "label": object.label,
        "labelPlural": format!("{}s", object.label),
        "keyPrefix": object.prefix,
        "custom": false,
        "createable": object.createable && access.create,
        "updateable": object.updateable && access.edit,
        "deletable": object.deletable && access.delete,
        "queryable": true,
        "retrieveable": true,
        "searchable": object.searchable,
        "undeletable": object.deletable,
        "mergeable": is_one(&["Contact", "Account", "Lead", "Case"]),
        "layoutable": true,
        "feedEnabled": is_one(&["Case", "Contact", "Account"]),
        "urls": {
            "sobject": url,
            "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}"),
        },
    })
}

fn field(scope: &Scope<'_>, object: &Object, field: &Field) -> Value {
    let can_edit = scope.can_edit(object, field);
    let choices = field.choices.iter().map(|choice| {
        json!({
            "active": true,
            "defaultValue": field.default == Some(json!(choice)),
            "label": choice,
            "validFor": null,
            "value": choice,
        })
    });
    json!({
        "name": field.name,
        "label": field.label,
        "type": field.kind.name(),
        "length": field.length,
        "byteLength": field.length * 3,
        "custom": field.is_custom(),
        "createable": field.createable && can_edit,
        "updateable": field.updateable && can_edit,
        "nillable": !(field.required || field.kind == Kind::Flag || field.kind == Kind::Id),
        "defaultedOnCreate": field.default.is_some(),
        "defaultValue": field.default,
        "externalId": field.external_id,
        "idLookup": field.external_id || field.kind == Kind::Id,
        "unique": field.unique,
        "caseSensitive": false,
        "filterable": field.is_filterable(),
        "sortable": field.is_filterable(),
        "groupable": field.is_filterable(),
        "nameField": field.is_name,
        "permissionable": !field.required && field.kind != Kind::Id,
        "picklistValues": choices.collect::<Vec<_>>(),
        "restrictedPicklist": field.restricted,
        "referenceTo": field.targets,
        "relationshipName": field.relationship,
        "polymorphicForeignKey": field.is_polymorphic(),
        "soapType": soap_type(field.kind),
    })
}

fn soap_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Reference => "tns:ID",
        Kind::Flag => "xsd:boolean",
        Kind::Number => "xsd:int",
        Kind::Instant => "xsd:dateTime",
        Kind::Blob => "xsd:base64Binary",
        _ => "xsd:string",
    }
}
