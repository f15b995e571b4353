//! What people write, call and note about a record: activities share a key, a subject and `regardingobjectid`.

use super::{
    Choice, Collection, Column, Lookup, State, Table, choice, flag, instant, lookup, many, memo,
    number, option, text,
};

/// The entity set that reads every activity.
pub const ANY_ACTIVITY: &str = "activitypointers";

const OPEN_TO_CANCELED: &[State] = &[
    State { value: 0, label: "Open", statuses: &[(1, "Open")] },
    State { value: 1, label: "Completed", statuses: &[(2, "Completed")] },
    State { value: 2, label: "Canceled", statuses: &[(3, "Canceled")] },
];
const EMAIL_STATES: &[State] = &[
    State { value: 0, label: "Open", statuses: &[(1, "Draft"), (8, "Failed")] },
    State {
        value: 1,
        label: "Completed",
        statuses: &[
            (2, "Completed"),
            (3, "Sent"),
            (4, "Received"),
            (6, "Pending Send"),
            (7, "Sending"),
        ],
    },
    State { value: 2, label: "Canceled", statuses: &[(5, "Canceled")] },
];
const CALL_STATES: &[State] = &[
    State { value: 0, label: "Open", statuses: &[(1, "Open")] },
    State { value: 1, label: "Completed", statuses: &[(2, "Made"), (4, "Received")] },
    State { value: 2, label: "Canceled", statuses: &[(3, "Canceled")] },
];
const TASK_STATES: &[State] = &[
    State {
        value: 0,
        label: "Open",
        statuses: &[
            (2, "Not Started"),
            (3, "In Progress"),
            (4, "Waiting on someone else"),
            (7, "Deferred"),
        ],
    },
    State { value: 1, label: "Completed", statuses: &[(5, "Completed")] },
    State { value: 2, label: "Canceled", statuses: &[(6, "Canceled")] },
];
const RESOLUTION_STATES: &[State] = &[
    State { value: 1, label: "Completed", statuses: &[(2, "Closed")] },
    State { value: 0, label: "Open", statuses: &[(1, "Open")] },
    State { value: 2, label: "Canceled", statuses: &[(3, "Canceled")] },
];
const PRIORITIES: &[Choice] = &[option(0, "Low"), option(1, "Normal"), option(2, "High")];
const DIRECTIONS: &[Choice] = &[option(1, "Incoming"), option(2, "Outgoing")];
/// `participationtypemask`.
const PARTICIPATIONS: &[Choice] = &[
    option(1, "Sender"),
    option(2, "To Recipient"),
    option(3, "CC Recipient"),
    option(4, "BCC Recipient"),
    option(8, "Regarding"),
    option(9, "Owner"),
    option(11, "Customer"),
];
const TYPE: Column = text("activitytypecode", 64);

const fn regarding(navigation: &'static str, target: &'static str) -> Lookup {
    lookup(navigation, "_regardingobjectid_value", target)
}

const fn parties(navigation: &'static str) -> Collection {
    many(navigation, "activityparties", "_activityid_value")
}

/// What all activities have in common; they also share the privileges of one table.
const ACTIVITY: Table = Table {
    schema_name: "Activity",
    key: "activityid",
    title: "subject",
    is_activity: true,
    is_owned: true,
    states: OPEN_TO_CANCELED,
    ..Table::PLAIN
};

pub const TABLES: &[Table] = &[
    Table {
        set: ANY_ACTIVITY,
        name: "activitypointer",
        label: "Activity",
        code: 4200,
        columns: &[
            text("subject", 400),
            memo("description", 1_073_741_823),
            TYPE,
            instant("actualend"),
            instant("senton"),
            choice("prioritycode", PRIORITIES),
        ],
        lookups: &[
            regarding("regardingobjectid_incident", "incidents"),
            regarding("regardingobjectid_contact", "contacts"),
            regarding("regardingobjectid_account", "accounts"),
        ],
        collections: &[parties("activitypointer_activity_parties")],
        ..ACTIVITY
    },
    Table {
        set: "emails",
        name: "email",
        label: "Email",
        code: 4202,
        columns: &[
            text("subject", 800),
            memo("description", 1_073_741_823),
            TYPE,
            text("sender", 250),
            memo("torecipients", 500),
            flag("directioncode"),
            instant("senton"),
            instant("actualend"),
            text("messageid", 320),
            text("trackingtoken", 50),
            choice("prioritycode", PRIORITIES),
            number("attachmentcount"),
        ],
        read_only: &["attachmentcount"],
        lookups: &[
            regarding("regardingobjectid_incident_email", "incidents"),
            regarding("regardingobjectid_contact_email", "contacts"),
            regarding("regardingobjectid_account_email", "accounts"),
        ],
        collections: &[
            parties("email_activity_parties"),
            many("email_activity_mime_attachment", "activitymimeattachments", "_objectid_value"),
        ],
        states: EMAIL_STATES,
        ..ACTIVITY
    },
    Table {
        set: "phonecalls",
        name: "phonecall",
        label: "Phone Call",
        code: 4210,
        columns: &[
            text("subject", 200),
            memo("description", 2_000),
            TYPE,
            text("phonenumber", 200),
            flag("directioncode"),
            instant("actualend"),
            choice("prioritycode", PRIORITIES),
        ],
        lookups: &[
            regarding("regardingobjectid_incident_phonecall", "incidents"),
            regarding("regardingobjectid_contact_phonecall", "contacts"),
            regarding("regardingobjectid_account_phonecall", "accounts"),
        ],
        collections: &[parties("phonecall_activity_parties")],
        states: CALL_STATES,
        ..ACTIVITY
    },
    Table {
        set: "tasks",
        name: "task",
        label: "Task",
        code: 4212,
        columns: &[
            text("subject", 200),
            memo("description", 2_000),
            TYPE,
            instant("actualend"),
            instant("scheduledend"),
            choice("prioritycode", PRIORITIES),
        ],
        lookups: &[
            regarding("regardingobjectid_incident_task", "incidents"),
            regarding("regardingobjectid_contact_task", "contacts"),
            regarding("regardingobjectid_account_task", "accounts"),
        ],
        collections: &[parties("task_activity_parties")],
        states: TASK_STATES,
        ..ACTIVITY
    },
    Table {
        set: "adx_portalcomments",
        name: "adx_portalcomment",
        label: "Portal Comment",
        code: 10_030,
        columns: &[
            text("subject", 200),
            memo("description", 2_000),
            TYPE,
            choice("adx_portalcommentdirectioncode", DIRECTIONS),
            instant("actualend"),
            choice("prioritycode", PRIORITIES),
        ],
        lookups: &[
            regarding("regardingobjectid_incident", "incidents"),
            regarding("regardingobjectid_contact", "contacts"),
            regarding("regardingobjectid_account", "accounts"),
        ],
        collections: &[parties("adx_portalcomment_activity_parties")],
        ..ACTIVITY
    },
    Table {
        set: "incidentresolutions",
        name: "incidentresolution",
        label: "Case Resolution",
        code: 4206,
        columns: &[
            text("subject", 200),
            memo("description", 2_000),
            TYPE,
            number("timespent"),
            instant("actualend"),
        ],
        lookups: &[lookup("incidentid", "_incidentid_value", "incidents")],
        states: RESOLUTION_STATES,
        ..ACTIVITY
    },
    Table {
        set: "activityparties",
        name: "activityparty",
        label: "Activity Party",
        key: "activitypartyid",
        title: "addressused",
        code: 135,
        columns: &[text("addressused", 320), choice("participationtypemask", PARTICIPATIONS)],
        lookups: &[
            lookup("partyid_contact", "_partyid_value", "contacts"),
            lookup("partyid_account", "_partyid_value", "accounts"),
            lookup("partyid_systemuser", "_partyid_value", "systemusers"),
            lookup("partyid_queue", "_partyid_value", "queues"),
            lookup("activityid_email", "_activityid_value", "emails"),
            lookup("activityid_phonecall", "_activityid_value", "phonecalls"),
            lookup("activityid_task", "_activityid_value", "tasks"),
            lookup("activityid_adx_portalcomment", "_activityid_value", "adx_portalcomments"),
        ],
        states: &[],
        ..Table::PLAIN
    },
    Table {
        set: "activitymimeattachments",
        name: "activitymimeattachment",
        label: "Attachment",
        key: "activitymimeattachmentid",
        title: "subject",
        code: 1001,
        columns: &[
            text("subject", 2_000),
            text("filename", 255),
            text("mimetype", 256),
            memo("body", 1_073_741_823),
            number("filesize"),
            text("objecttypecode", 100),
        ],
        read_only: &["filesize"],
        lookups: &[lookup("objectid_email", "_objectid_value", "emails")],
        states: &[],
        ..Table::PLAIN
    },
];
