//! The Dataverse tables that are kept, and their rows.
//!
//! Names and lengths: the table reference of Dataverse and of Dynamics 365 Customer Service, checked 2026-11-20.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Rows that one table may hold.
const MAX_ROWS: usize = 200_000;

/// Column values by logical name.
pub type Row = Map<String, Value>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Guid,
    /// With its greatest length in characters.
    Text(usize),
    Number,
    Flag,
    Instant,
}

/// A navigation property: what is bound through it, and the column that then reads its id.
#[derive(Debug)]
pub struct Lookup {
    pub navigation: &'static str,
    pub column: &'static str,
    pub target: &'static str,
}

#[derive(Debug)]
pub struct Table {
    /// Entity set, as in the address.
    pub set: &'static str,
    /// Logical name.
    pub name: &'static str,
    /// As privileges spell it: `prvRead` and this.
    pub schema_name: &'static str,
    pub key: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    pub lookups: &'static [Lookup],
}

impl Table {
    /// The kind of a column that may be written; `None` for one that does not exist.
    pub fn writable(&self, column: &str) -> Option<Kind> {
        if column == self.key {
            return Some(Kind::Guid);
        }
        self.columns.iter().find(|(name, _)| *name == column).map(|(_, kind)| *kind)
    }

    /// Whether a column can be selected, filtered and sorted by.
    pub fn readable(&self, column: &str) -> bool {
        self.writable(column).is_some()
            || SERVICE_COLUMNS.contains(&column)
            || self.lookups.iter().any(|lookup| lookup.column == column)
    }
}

/// Kept by the service on every row.
const SERVICE_COLUMNS: &[&str] = &["createdon", "modifiedon", "versionnumber"];

const fn lookup(navigation: &'static str, column: &'static str, target: &'static str) -> Lookup {
    Lookup { navigation, column, target }
}

use Kind::{Flag, Guid, Instant, Number, Text};

/// Every table of the simulated environment.
pub const TABLES: &[Table] = &[
    Table {
        set: "contacts",
        name: "contact",
        schema_name: "Contact",
        key: "contactid",
        columns: &[
            ("firstname", Text(50)),
            ("lastname", Text(50)),
            ("fullname", Text(160)),
            ("emailaddress1", Text(100)),
            ("mobilephone", Text(50)),
            ("telephone1", Text(50)),
            ("telephone2", Text(50)),
            ("telephone3", Text(50)),
            ("description", Text(2_000)),
            ("preferredcontactmethodcode", Number),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[lookup("ownerid", "_ownerid_value", "systemusers")],
    },
    Table {
        set: "accounts",
        name: "account",
        schema_name: "Account",
        key: "accountid",
        columns: &[
            ("name", Text(160)),
            ("telephone1", Text(50)),
            ("emailaddress1", Text(100)),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[],
    },
    Table {
        set: "incidents",
        name: "incident",
        schema_name: "Incident",
        key: "incidentid",
        columns: &[
            ("title", Text(200)),
            ("description", Text(2_000)),
            ("ticketnumber", Text(100)),
            ("prioritycode", Number),
            ("caseorigincode", Number),
            ("casetypecode", Number),
            ("severitycode", Number),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[
            lookup("customerid_contact", "_customerid_value", "contacts"),
            lookup("customerid_account", "_customerid_value", "accounts"),
            lookup("primarycontactid", "_primarycontactid_value", "contacts"),
            lookup("ownerid", "_ownerid_value", "systemusers"),
        ],
    },
    Table {
        set: "msdyn_ocliveworkitems",
        name: "msdyn_ocliveworkitem",
        schema_name: "msdyn_ocliveworkitem",
        key: "activityid",
        columns: &[
            ("subject", Text(200)),
            ("msdyn_title", Text(4_000)),
            ("msdyn_ocliveworkitemid", Text(100)),
            ("msdyn_channel", Text(100)),
            ("msdyn_statuschangereason", Number),
            ("msdyn_transfercount", Number),
            ("msdyn_isagentaccepted", Flag),
            ("msdyn_createdon", Instant),
            ("msdyn_closedon", Instant),
            ("msdyn_statusupdatedon", Instant),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[
            lookup(
                "msdyn_customer_msdyn_ocliveworkitem_contact",
                "_msdyn_customer_value",
                "contacts",
            ),
            lookup(
                "msdyn_customer_msdyn_ocliveworkitem_account",
                "_msdyn_customer_value",
                "accounts",
            ),
            lookup("regardingobjectid_incident", "_regardingobjectid_value", "incidents"),
            lookup("msdyn_issueid", "_msdyn_issueid_value", "incidents"),
            lookup(
                "msdyn_liveworkstreamid_msdyn_ocliveworkitem",
                "_msdyn_liveworkstreamid_value",
                "msdyn_liveworkstreams",
            ),
            lookup("msdyn_activeagentid", "_msdyn_activeagentid_value", "systemusers"),
            lookup("msdyn_cdsqueueid", "_msdyn_cdsqueueid_value", "queues"),
        ],
    },
    Table {
        set: "msdyn_ocliveworkitemcontextitems",
        name: "msdyn_ocliveworkitemcontextitem",
        schema_name: "msdyn_ocliveworkitemcontextitem",
        key: "msdyn_ocliveworkitemcontextitemid",
        columns: &[
            ("msdyn_name", Text(100)),
            ("msdyn_value", Text(4_000)),
            ("msdyn_isdisplayable", Flag),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[lookup(
            "msdyn_ocliveworkitemid",
            "_msdyn_ocliveworkitemid_value",
            "msdyn_ocliveworkitems",
        )],
    },
    Table {
        set: "msdyn_occustommessagingchannels",
        name: "msdyn_occustommessagingchannel",
        schema_name: "msdyn_occustommessagingchannel",
        key: "msdyn_occustommessagingchannelid",
        columns: &[
            ("msdyn_name", Text(100)),
            ("msdyn_occustomchannelid", Number),
            ("msdyn_appid", Text(100)),
            ("msdyn_tenantid", Text(100)),
            ("msdyn_webhookurl", Text(500)),
            ("msdyn_enablefileattachmentsforagents", Flag),
            ("msdyn_enablefileattachmentsforcustomers", Flag),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[lookup(
            "msdyn_liveworkstreamid",
            "_msdyn_liveworkstreamid_value",
            "msdyn_liveworkstreams",
        )],
    },
    Table {
        set: "msdyn_liveworkstreams",
        name: "msdyn_liveworkstream",
        schema_name: "msdyn_liveworkstream",
        key: "msdyn_liveworkstreamid",
        columns: &[
            ("msdyn_name", Text(100)),
            ("msdyn_streamsource", Number),
            ("msdyn_workdistributionmode", Number),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[],
    },
    Table {
        set: "msdyn_transcripts",
        name: "msdyn_transcript",
        schema_name: "msdyn_transcript",
        key: "msdyn_transcriptid",
        columns: &[("msdyn_name", Text(100)), ("statecode", Number), ("statuscode", Number)],
        lookups: &[lookup(
            "msdyn_LiveWorkItemIdId",
            "_msdyn_liveworkitemidid_value",
            "msdyn_ocliveworkitems",
        )],
    },
    Table {
        set: "annotations",
        name: "annotation",
        schema_name: "Note",
        key: "annotationid",
        columns: &[
            ("subject", Text(500)),
            ("notetext", Text(100_000)),
            ("filename", Text(255)),
            ("mimetype", Text(256)),
            ("documentbody", Text(7_000_000)),
            ("isdocument", Flag),
            ("objecttypecode", Text(100)),
            ("filesize", Number),
        ],
        lookups: &[
            lookup("objectid_incident", "_objectid_value", "incidents"),
            lookup("objectid_contact", "_objectid_value", "contacts"),
            lookup("objectid_msdyn_transcript", "_objectid_value", "msdyn_transcripts"),
            lookup("objectid_msdyn_ocliveworkitem", "_objectid_value", "msdyn_ocliveworkitems"),
        ],
    },
    Table {
        set: "queues",
        name: "queue",
        schema_name: "Queue",
        key: "queueid",
        columns: &[
            ("name", Text(200)),
            ("queueviewtype", Number),
            ("statecode", Number),
            ("statuscode", Number),
        ],
        lookups: &[],
    },
    Table {
        set: "systemusers",
        name: "systemuser",
        schema_name: "User",
        key: "systemuserid",
        columns: &[("fullname", Text(200)), ("applicationid", Guid), ("isdisabled", Flag)],
        lookups: &[],
    },
];

/// The table behind an entity set.
pub fn find(set: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.set == set)
}

/// A row with its version.
#[derive(Clone, Debug)]
pub struct Stored {
    pub row: Row,
    /// In ETags as `W/"version"`.
    pub version: u64,
    /// Position in which it was created.
    pub order: u64,
}

/// All rows.
#[derive(Default)]
pub struct Tables {
    rows: BTreeMap<&'static str, BTreeMap<String, Stored>>,
    last_version: u64,
}

impl Tables {
    /// One row.
    pub fn get(&self, set: &str, id: &str) -> Option<&Stored> {
        self.rows.get(set)?.get(&id.to_ascii_lowercase())
    }

    /// All rows of a table, oldest first.
    pub fn list(&self, set: &str) -> Vec<&Stored> {
        let mut found: Vec<&Stored> =
            self.rows.get(set).into_iter().flat_map(BTreeMap::values).collect();
        found.sort_by_key(|stored| stored.order);
        found
    }

    /// Writes columns into a new or an existing row; false if the table is full.
    pub fn put(&mut self, table: &'static Table, id: &str, columns: Row, at: &str) -> bool {
        let id = id.to_ascii_lowercase();
        let rows = self.rows.entry(table.set).or_default();
        if rows.len() >= MAX_ROWS && !rows.contains_key(&id) {
            return false;
        }
        self.last_version += 1;
        let version = self.last_version;
        let stored = rows.entry(id.clone()).or_insert_with(|| {
            let created = [(table.key, id.as_str()), ("createdon", at)];
            let row = created
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .into_iter()
                .collect();
            Stored { row, version, order: version }
        });
        stored.row.extend(columns);
        stored.row.insert("modifiedon".to_owned(), Value::from(at));
        stored.row.insert("versionnumber".to_owned(), Value::from(version));
        stored.version = version;
        true
    }
}
