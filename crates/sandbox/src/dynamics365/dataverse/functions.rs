//! Functions: who calls, what they may do, where they are.
//!
//! Source: "Use Web API functions", "Verifying access in code" (names, parameters and answers) and the Web API
//! function reference, checked 2026-11-21.

use serde_json::{Value, json};

use super::Scope;
use super::answer::{Answer, Answered, Refusal};
use super::entry::base;
use super::keys;
use super::privileges;
use super::request::{Request, Segment, unquoted};
use super::resource::object;
use super::tables::Table;

/// What functions and actions that are bound to a row begin with.
pub const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// An unbound function; `None` for a name that is none.
pub fn unbound(scope: &Scope<'_>, segment: &Segment) -> Option<Answered> {
    match segment.name.as_str() {
        "WhoAmI" => Some(Ok(who_am_i(scope))),
        "RetrieveCurrentOrganization" => Some(Ok(current_organization(scope))),
        _ => None,
    }
}

/// A function bound to a user; `None` for a name that is none.
pub fn bound(
    scope: &Scope<'_>,
    table: &Table,
    id: &str,
    segment: &Segment,
    request: &Request,
) -> Option<Answered> {
    let name = segment.name.strip_prefix(NAMESPACE)?;
    let arguments = request.arguments(segment.args.as_deref().unwrap_or_default());
    let argument = |name: &str| arguments.get(name).map(String::as_str);
    let of_user = |wanted: Result<Option<Vec<String>>, Refusal>| {
        wanted.and_then(|wanted| held(scope, table, id, name, wanted))
    };
    match name {
        "RetrieveUserPrivileges" => Some(of_user(Ok(None))),
        "RetrieveUserPrivilegeByPrivilegeName" => {
            Some(of_user(one_name(argument("PrivilegeName"))))
        }
        "RetrieveUserSetOfPrivilegesByNames" => Some(of_user(names(argument("PrivilegeNames")))),
        "RetrievePrincipalAccess" => Some(access(scope, argument("Target"))),
        _ => None,
    }
}

fn who_am_i(scope: &Scope<'_>) -> Answer {
    let account = &scope.world.dynamics365.account;
    let members = json!({
        "BusinessUnitId": account.business_unit_id,
        "UserId": scope.user,
        "OrganizationId": account.organization_id,
    });
    Answer::response_of(&base(scope.world), "WhoAmI", object(members))
}

fn current_organization(scope: &Scope<'_>) -> Answer {
    let account = &scope.world.dynamics365.account;
    let unique = account.environment_host.split('.').next().unwrap_or_default();
    let url = account.urls(&scope.world.base_url).environment_url;
    let members = json!({
        "Detail": {
            "OrganizationId": account.organization_id,
            "FriendlyName": unique,
            "OrganizationVersion": "9.2.26101.00150",
            "EnvironmentId": account.organization_id,
            "Geo": "EMEA",
            "TenantId": account.tenant_id,
            "UrlName": unique,
            "UniqueName": unique,
            "State": "Enabled",
            "OrganizationType": "Customer",
            "Endpoints": {
                "Count": 1,
                "IsReadOnly": false,
                "Keys": ["WebApplication"],
                "Values": [format!("{url}/")],
            },
        },
    });
    Answer::response_of(&base(scope.world), "RetrieveCurrentOrganization", object(members))
}

/// `RolePrivileges` of a user: all of them, or those of these names.
fn held(
    scope: &Scope<'_>,
    table: &Table,
    id: &str,
    function: &str,
    wanted: Option<Vec<String>>,
) -> Answered {
    scope.need("Read", table)?;
    scope.row(table, id)?;
    let account = &scope.world.dynamics365.account;
    let is_application = id.eq_ignore_ascii_case(&account.application_user_id);
    let org = &scope.inner.org;
    let mut found: Vec<Value> = privileges::held(org, account, !is_application);
    if let Some(wanted) = wanted {
        found.retain(|one| wanted.iter().any(|name| one["PrivilegeName"] == name.as_str()));
    }
    let members = object(json!({ "RolePrivileges": found }));
    Ok(Answer::response_of(&base(scope.world), function, members))
}

fn one_name(argument: Option<&str>) -> Result<Option<Vec<String>>, Refusal> {
    let name = argument.and_then(unquoted);
    let name = name.ok_or_else(|| unresolved("PrivilegeName"))?;
    if privileges::names().contains(&name) {
        return Ok(Some(vec![name]));
    }
    let message = format!("privilege With Name = {name} Does Not Exist");
    Err(Refusal::new(404, "0x80040217", message))
}

fn names(argument: Option<&str>) -> Result<Option<Vec<String>>, Refusal> {
    let parsed = argument.and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    parsed.map(Some).ok_or_else(|| unresolved("PrivilegeNames"))
}

/// Rights on a row that is named as `{'@odata.id':'accounts(…)'}`.
fn access(scope: &Scope<'_>, target: Option<&str>) -> Answered {
    let target = target.ok_or_else(|| unresolved("Target"))?.replace('\'', "\"");
    let parsed: Value = serde_json::from_str(&target).unwrap_or_default();
    let address = parsed["@odata.id"].as_str().ok_or_else(|| unresolved("Target"))?;
    let (table, _) = keys::reference(&scope.view(), address)?;
    let members = json!({ "AccessRights": privileges::rights(&scope.inner.org, table) });
    Ok(Answer::response_of(&base(scope.world), "RetrievePrincipalAccess", object(members)))
}

/// A parameter is missing or does not read, or a bound name came without its namespace.
pub fn unresolved(parameter: &str) -> Refusal {
    let detail = if parameter.is_empty() { String::new() } else { format!(" ({parameter})") };
    Refusal::query(format!("Request message has unresolved parameters{detail}."))
}
