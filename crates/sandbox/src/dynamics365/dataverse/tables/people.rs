//! Users, teams, roles, and the organisation itself.

use super::{Choice, Collection, Table, choice, flag, guid, lookup, memo, number, option, text};

const ACCESS_MODES: &[Choice] = &[
    option(0, "Read-Write"),
    option(1, "Administrative"),
    option(2, "Read"),
    option(3, "Support User"),
    option(4, "Non-interactive"),
    option(5, "Delegated Admin"),
];
const TEAM_TYPES: &[Choice] = &[option(0, "Owner"), option(1, "Access")];

/// The relation between users and their roles.
pub const USER_ROLES: &str = "systemuserroles_association";

/// The relation between roles and their privileges.
pub const ROLE_PRIVILEGES: &str = "roleprivileges_association";

const fn related(navigation: &'static str, target: &'static str) -> Collection {
    Collection { navigation, target, column: None }
}

pub const TABLES: &[Table] = &[
    Table {
        set: "systemusers",
        name: "systemuser",
        label: "User",
        schema_name: "User",
        key: "systemuserid",
        title: "fullname",
        code: 8,
        columns: &[
            text("fullname", 200),
            text("firstname", 256),
            text("lastname", 256),
            text("domainname", 1_024),
            text("internalemailaddress", 100),
            guid("applicationid"),
            guid("azureactivedirectoryobjectid"),
            flag("isdisabled"),
            choice("accessmode", ACCESS_MODES),
        ],
        lookups: &[lookup("businessunitid", "_businessunitid_value", "businessunits")],
        collections: &[
            related(USER_ROLES, "roles"),
            related("teammembership_association", "teams"),
        ],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "teams",
        name: "team",
        label: "Team",
        schema_name: "Team",
        key: "teamid",
        code: 9,
        columns: &[text("name", 160), choice("teamtype", TEAM_TYPES), flag("isdefault")],
        lookups: &[lookup("businessunitid", "_businessunitid_value", "businessunits")],
        collections: &[related("teammembership_association", "systemusers")],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "roles",
        name: "role",
        label: "Security Role",
        schema_name: "Role",
        key: "roleid",
        code: 1036,
        columns: &[text("name", 100)],
        lookups: &[lookup("businessunitid", "_businessunitid_value", "businessunits")],
        collections: &[related(ROLE_PRIVILEGES, "privileges"), related(USER_ROLES, "systemusers")],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "privileges",
        name: "privilege",
        label: "Privilege",
        key: "privilegeid",
        code: 1023,
        columns: &[text("name", 100), number("accessright"), flag("canbeglobal")],
        read_only: &["name", "accessright", "canbeglobal"],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "businessunits",
        name: "businessunit",
        label: "Business Unit",
        schema_name: "BusinessUnit",
        key: "businessunitid",
        code: 10,
        columns: &[text("name", 160)],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "organizations",
        name: "organization",
        label: "Organization",
        schema_name: "Organization",
        key: "organizationid",
        code: 1019,
        columns: &[
            text("name", 160),
            // Bytes.
            number("maxuploadfilesize"),
            // Extensions, parted by semicolons.
            memo("blockedattachments", 1_073_741_823),
            number("languagecode"),
        ],
        states: &[],
        ..Table::PLAIN
    },
];
