//! Points that the documentation of records leaves open, and what administrators decide.

use crate::{Switch, Values};

/// Every open point of records.
pub const SWITCHES: &[Switch] = &[
    Switch {
        name: "salesforce_crm.app",
        values: Values::Choice(&[
            "approved",
            "unapproved",
            "not_admin_approved",
            "blocked",
            "user_inactive",
            "user_locked",
        ]),
        default: "approved",
        about: "what the administrator has decided about the connected app and its user",
    },
    Switch {
        name: "salesforce_crm.scopes",
        values: Values::Choice(&["api+interaction_api", "api", "interaction_api"]),
        default: "api+interaction_api",
        about: "the OAuth scopes that the connected app has",
    },
    Switch {
        name: "salesforce_crm.session_s",
        values: Values::Number { min: 1, max: 86_400 },
        default: "7200",
        about: "seconds without a call after which a session ends",
    },
    Switch {
        name: "salesforce_crm.api",
        values: Values::Choice(&["enabled", "disabled"]),
        default: "enabled",
        about: "whether the organisation's edition has the REST API",
    },
    Switch {
        name: "salesforce_crm.daily_calls",
        values: Values::Number { min: 0, max: 10_000_000 },
        default: "100000",
        about: "calls that the organisation may get a day; more are refused",
    },
    Switch {
        name: "salesforce_crm.newest_version",
        values: Values::Number { min: 60, max: 80 },
        default: "67",
        about: "the newest version of the API that the organisation's release has",
    },
    Switch {
        name: "salesforce_crm.search_lag_s",
        values: Values::Number { min: 0, max: 3_600 },
        default: "5",
        about: "seconds after which a search finds a row that was made through the API",
    },
    Switch {
        name: "salesforce_crm.page_rows",
        values: Values::Number { min: 1, max: 2_000 },
        default: "2000",
        about: "rows of one page of a query",
    },
    Switch {
        name: "salesforce_crm.upsert_updated",
        values: Values::Choice(&["by_version", "200", "204"]),
        default: "by_version",
        about: "status of an upsert that changed a row; by_version: 204 before version 46, 200 since",
    },
    Switch {
        name: "salesforce_crm.duplicate_rule",
        values: Values::Choice(&["off", "alert", "block"]),
        default: "off",
        about: "what the rule for contacts with the same email address or telephone number does",
    },
    Switch {
        name: "salesforce_crm.duplicate_result",
        values: Values::Choice(&["duplicateResult", "duplicateResut", "absent"]),
        default: "duplicateResult",
        about: "under which name a refused duplicate's matches are told; the guide's sample has a slip of the pen",
    },
    Switch {
        name: "salesforce_crm.new_field_visible",
        values: Values::Choice(&["no", "yes"]),
        default: "no",
        about: "whether a field made through the API can be seen before a permission set has it",
    },
    Switch {
        name: "salesforce_crm.merged_case",
        values: Values::Choice(&["kept", "deleted"]),
        default: "kept",
        about: "what becomes of a case that was merged into another: closed and kept, or deleted",
    },
];
