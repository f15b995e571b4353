//! People who write in, their cases, notes and queues.

use super::{Choice, Column, State, Table, choice, flag, lookup, many, memo, number, option, text};

/// `prioritycode` of cases.
const PRIORITIES: &[Choice] = &[option(1, "High"), option(2, "Normal"), option(3, "Low")];
const ORIGINS: &[Choice] = &[
    option(1, "Phone"),
    option(2, "Email"),
    option(3, "Web"),
    option(2483, "Facebook"),
    option(3986, "Twitter"),
    option(700_610, "IoT"),
];
const CASE_TYPES: &[Choice] = &[option(1, "Question"), option(2, "Problem"), option(3, "Request")];
const SEVERITIES: &[Choice] = &[option(1, "Default Value")];
const QUEUE_VIEWS: &[Choice] = &[option(0, "Public"), option(1, "Private")];
const CASE_STATES: &[State] = &[
    State {
        value: 0,
        label: "Active",
        statuses: &[
            (1, "In Progress"),
            (2, "On Hold"),
            (3, "Waiting for Details"),
            (4, "Researching"),
        ],
    },
    State {
        value: 1,
        label: "Resolved",
        statuses: &[(5, "Problem Solved"), (1000, "Information Provided")],
    },
    State { value: 2, label: "Canceled", statuses: &[(6, "Canceled"), (2000, "Merged")] },
];
const CONTACT_METHODS: &[Choice] = &[
    option(1, "Any"),
    option(2, "Email"),
    option(3, "Phone"),
    option(4, "Fax"),
    option(5, "Mail"),
];
const CONTACT_COLUMNS: &[Column] = &[
    text("firstname", 50),
    text("middlename", 50),
    text("lastname", 50),
    text("fullname", 160),
    text("nickname", 100),
    text("jobtitle", 100),
    text("emailaddress1", 100),
    text("emailaddress2", 100),
    text("emailaddress3", 100),
    text("mobilephone", 50),
    text("telephone1", 50),
    text("telephone2", 50),
    text("telephone3", 50),
    text("externaluseridentifier", 50),
    memo("description", 2_000),
    choice("preferredcontactmethodcode", CONTACT_METHODS),
    flag("donotemail"),
    flag("donotphone"),
    flag("merged"),
];

pub const TABLES: &[Table] = &[
    Table {
        set: "contacts",
        name: "contact",
        label: "Contact",
        schema_name: "Contact",
        key: "contactid",
        title: "fullname",
        code: 2,
        is_owned: true,
        columns: CONTACT_COLUMNS,
        read_only: &["fullname", "merged"],
        lookups: &[
            lookup("masterid", "_masterid_value", "contacts").read_only(),
            lookup("parentcustomerid_account", "_parentcustomerid_value", "accounts"),
            lookup("parentcustomerid_contact", "_parentcustomerid_value", "contacts"),
        ],
        collections: &[
            many("incident_customer_contacts", "incidents", "_customerid_value"),
            many("contact_as_primary_contact", "incidents", "_primarycontactid_value"),
            many("Contact_Annotation", "annotations", "_objectid_value"),
            many("Contact_Tasks", "tasks", "_regardingobjectid_value"),
        ],
        ..Table::PLAIN
    },
    Table {
        set: "accounts",
        name: "account",
        label: "Account",
        schema_name: "Account",
        key: "accountid",
        code: 1,
        is_owned: true,
        columns: &[
            text("name", 160),
            text("accountnumber", 20),
            text("telephone1", 50),
            text("emailaddress1", 100),
            text("websiteurl", 200),
            memo("description", 2_000),
        ],
        lookups: &[lookup("primarycontactid", "_primarycontactid_value", "contacts")],
        collections: &[
            many("contact_customer_accounts", "contacts", "_parentcustomerid_value"),
            many("incident_customer_accounts", "incidents", "_customerid_value"),
            many("Account_Tasks", "tasks", "_regardingobjectid_value"),
            many("Account_Annotation", "annotations", "_objectid_value"),
        ],
        ..Table::PLAIN
    },
    Table {
        set: "incidents",
        name: "incident",
        label: "Case",
        schema_name: "Incident",
        key: "incidentid",
        title: "title",
        code: 112,
        is_owned: true,
        columns: &[
            text("title", 200),
            memo("description", 2_000),
            text("ticketnumber", 100),
            text("emailaddress", 100),
            choice("prioritycode", PRIORITIES),
            choice("caseorigincode", ORIGINS),
            choice("casetypecode", CASE_TYPES),
            choice("severitycode", SEVERITIES),
            flag("isescalated"),
        ],
        lookups: &[
            lookup("customerid_contact", "_customerid_value", "contacts"),
            lookup("customerid_account", "_customerid_value", "accounts"),
            lookup("primarycontactid", "_primarycontactid_value", "contacts"),
            lookup("parentcaseid", "_parentcaseid_value", "incidents"),
        ],
        collections: &[
            many("Incident_Annotation", "annotations", "_objectid_value"),
            many("Incident_ActivityPointers", super::ANY_ACTIVITY, "_regardingobjectid_value"),
            many("Incident_Emails", "emails", "_regardingobjectid_value"),
            many("Incident_Phonecalls", "phonecalls", "_regardingobjectid_value"),
            many("Incident_Tasks", "tasks", "_regardingobjectid_value"),
            many("incident_adx_portalcomments", "adx_portalcomments", "_regardingobjectid_value"),
            many("Incident_IncidentResolutions", "incidentresolutions", "_incidentid_value"),
            many("Incident_QueueItem", "queueitems", "_objectid_value"),
        ],
        states: CASE_STATES,
        ..Table::PLAIN
    },
    Table {
        set: "annotations",
        name: "annotation",
        label: "Note",
        schema_name: "Note",
        key: "annotationid",
        title: "subject",
        code: 5,
        is_owned: true,
        columns: &[
            text("subject", 500),
            memo("notetext", 100_000),
            text("filename", 255),
            text("mimetype", 256),
            // Bounded by the organisation's limit for files instead.
            memo("documentbody", 1_073_741_823),
            flag("isdocument"),
            text("objecttypecode", 100),
            number("filesize"),
        ],
        read_only: &["filesize"],
        lookups: &[
            lookup("objectid_incident", "_objectid_value", "incidents"),
            lookup("objectid_contact", "_objectid_value", "contacts"),
            lookup("objectid_account", "_objectid_value", "accounts"),
            lookup("objectid_email", "_objectid_value", "emails"),
            lookup("objectid_task", "_objectid_value", "tasks"),
            lookup("objectid_phonecall", "_objectid_value", "phonecalls"),
            lookup("objectid_adx_portalcomment", "_objectid_value", "adx_portalcomments"),
            lookup("objectid_msdyn_transcript", "_objectid_value", "msdyn_transcripts"),
            lookup("objectid_msdyn_ocliveworkitem", "_objectid_value", "msdyn_ocliveworkitems"),
        ],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "queues",
        name: "queue",
        label: "Queue",
        schema_name: "Queue",
        key: "queueid",
        code: 2020,
        is_owned: true,
        columns: &[
            text("name", 200),
            text("emailaddress", 100),
            memo("description", 2_000),
            choice("queueviewtype", QUEUE_VIEWS),
        ],
        collections: &[many("queue_entries", "queueitems", "_queueid_value")],
        ..Table::PLAIN
    },
    Table {
        set: "queueitems",
        name: "queueitem",
        label: "Queue Item",
        schema_name: "QueueItem",
        key: "queueitemid",
        title: "title",
        code: 2029,
        columns: &[text("title", 300), number("objecttypecode")],
        read_only: &["title", "objecttypecode"],
        lookups: &[
            lookup("queueid", "_queueid_value", "queues"),
            lookup("objectid_incident", "_objectid_value", "incidents"),
            lookup("objectid_email", "_objectid_value", "emails"),
            lookup("objectid_task", "_objectid_value", "tasks"),
            lookup("objectid_phonecall", "_objectid_value", "phonecalls"),
            lookup("workerid_systemuser", "_workerid_value", "systemusers"),
            lookup("workerid_team", "_workerid_value", "teams"),
        ],
        ..Table::PLAIN
    },
];
