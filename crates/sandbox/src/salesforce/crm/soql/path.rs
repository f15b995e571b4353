//! Where a path of a query leads, and what stands there.

use serde_json::{Value, json};

use super::parse::{Path, refusal};
use crate::salesforce::crm::answer::Refusal;
use crate::salesforce::crm::rows;
use crate::salesforce::crm::schema::{Field, Object};
use crate::salesforce::crm::scope::Scope;
use crate::salesforce::crm::store::Record;

/// Parents that a path may go up.
const MAX_PARENTS: usize = 5;

/// A field that the user may read, or the refusal that names the place.
pub fn field(
    scope: &Scope<'_>,
    object: &Object,
    path: &Path,
    text: &str,
) -> Result<Field, Refusal> {
    let mut object = object.clone();
    let Some((last, parents)) = path.steps.split_last() else { return Err(Refusal::no_resource()) };
    for step in parents.iter().take(MAX_PARENTS) {
        let reference = object.reference(step).filter(|field| scope.can_read(&object, field));
        let target = reference.and_then(|field| scope.org.schema.target(field));
        object = target.cloned().ok_or_else(|| {
            let message = format!(
                "Didn't understand relationship '{step}' in field path. If you are attempting to use a custom \
                 relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
                 WSDL or the describe call for the appropriate names."
            );
            refusal("INVALID_FIELD", text, path.at, &message)
        })?;
    }
    scope.field(&object, last).cloned().ok_or_else(|| {
        let message = format!(
            "No such column '{last}' on entity '{}'. If you are attempting to use a custom field, be sure to append the \
             '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
            object.name
        );
        refusal("INVALID_FIELD", text, path.at, &message)
    })
}

/// The row that a relationship leads to, with its own object.
pub fn parent<'a>(
    scope: &'a Scope<'_>,
    object: &Object,
    record: &Record,
    step: &str,
) -> Option<(&'a Object, &'a Record)> {
    let reference = object.reference(step)?;
    scope.org.find(record.text(&reference.name)?)
}

/// What stands at the end of a path; null where a parent is missing.
pub fn value(scope: &Scope<'_>, object: &Object, record: &Record, steps: &[String]) -> Value {
    let (step, rest) = match steps {
        [] => return Value::Null,
        [last] => return own(scope, object, record, last),
        [step, rest @ ..] => (step, rest),
    };
    match parent(scope, object, record, step) {
        Some((object, record)) => value(scope, object, record, rest),
        None => Value::Null,
    }
}

/// A field of the row itself; `Type` tells the kind of an owner.
fn own(scope: &Scope<'_>, object: &Object, record: &Record, name: &str) -> Value {
    if let Some(field) = object.field(name) {
        return rows::value(scope, object, field, record);
    }
    if name.eq_ignore_ascii_case("Type") { json!(object.name) } else { Value::Null }
}
