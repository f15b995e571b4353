//! A duplicate rule on contacts: the same email address, or the same digits in any telephone field.
//!
//! Source: "Duplicate Rule Header" and "Duplicate Rules", checked 2026-11. A rule that alerts refuses API calls that do
//! not allow saving; one that blocks refuses all.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::rows;
use super::schema::{Kind, Object};
use super::scope::Scope;
use super::store::{Fields, Record};

/// Refuses a row like one that is there, if the organisation's rule says so.
pub fn check(
    scope: &Scope<'_>,
    object: &Object,
    row: &Fields,
    own: Option<&str>,
) -> Result<(), Refusal> {
    let rule = scope.switches.get("salesforce_crm.duplicate_rule");
    let is_allowed = rule == "alert" && scope.duplicates.allow_save;
    if object.name != "Contact" || rule == "off" || scope.is_person || is_allowed {
        return Ok(());
    }
    let records = scope.org.tables.list("Contact");
    let alike = records
        .into_iter()
        .filter(|record| record.text("Id") != own && is_alike(object, row, record))
        .collect::<Vec<_>>();
    if alike.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal::new(400, "DUPLICATES_DETECTED", "Use one of these records?");
    let result = result(scope, object, &alike, rule == "alert");
    match scope.switches.get("salesforce_crm.duplicate_result").as_str() {
        "absent" => None,
        name => refusal.more.insert(name.to_owned(), result),
    };
    Err(refusal)
}

fn is_alike(object: &Object, row: &Fields, record: &Record) -> bool {
    let text = |fields: &Fields, name: &str| {
        fields.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase()
    };
    let digits = |fields: &Fields| -> Vec<String> {
        let phones = object.fields.iter().filter(|field| field.kind == Kind::Phone);
        let numbers = phones.map(|field| {
            text(fields, &field.name).chars().filter(char::is_ascii_digit).collect::<String>()
        });
        numbers.filter(|number| number.len() >= 7).collect()
    };
    let email = text(row, "Email");
    let held = digits(&record.fields);
    (!email.is_empty() && email == text(&record.fields, "Email"))
        || digits(row).iter().any(|number| held.contains(number))
}

fn result(scope: &Scope<'_>, object: &Object, alike: &[&Record], allow_save: bool) -> Value {
    let matches = alike.iter().map(|record| {
        let shown = if scope.duplicates.include_details {
            rows::shown(scope, object, record)
        } else {
            json!({
                "attributes": rows::attributes(scope, object, record),
                "Id": record.text("Id"),
            })
        };
        json!({
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": shown,
        })
    });
    json!({
        "allowSave": allow_save,
        "duplicateRule": "Standard_Contact_Duplicate_Rule",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": "Use one of these records?",
        "matchResults": [{
            "entityType": "Contact",
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": matches.collect::<Vec<_>>(),
            "rule": "Standard_Contact_Match_Rule_v1_1",
            "size": alike.len(),
            "success": true,
        }],
    })
}
