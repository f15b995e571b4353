//! The tables of the contact centre: conversations, their sessions and context, workstreams, presence.
//!
//! Names and lengths: the table reference of Dynamics 365 Customer Service, "Session closure reasons" and "Synchronize
//! service representative presence status", checked 2026-11-21. `oc_liveworkitems` is no table of Microsoft's: some
//! organisations have a custom one of that name, which is a plain table.

use super::tables::Kind::{Flag, Instant, Number, Text};
use super::tables::{State, Table, lookup};

const CONVERSATION_STATES: &[State] = &[
    State {
        value: 0,
        label: "Open",
        statuses: &[(1, "Open"), (2, "Active"), (3, "Waiting"), (5, "Wrap-up")],
    },
    State { value: 1, label: "Closed", statuses: &[(4, "Closed")] },
    State { value: 2, label: "Resolved", statuses: &[(6, "Resolved")] },
    State { value: 3, label: "Scheduled", statuses: &[(7, "Scheduled")] },
];
const SESSION_STATES: &[State] = &[
    State { value: 0, label: "Open", statuses: &[(1, "Open")] },
    State { value: 1, label: "Completed", statuses: &[(2, "Completed")] },
    State { value: 2, label: "Canceled", statuses: &[(3, "Canceled")] },
    State { value: 3, label: "Scheduled", statuses: &[(4, "Scheduled")] },
];

/// Every table of the contact centre.
pub const TABLES: &[Table] = &[
    Table {
        set: "msdyn_ocliveworkitems",
        name: "msdyn_ocliveworkitem",
        label: "Conversation",
        code: 10_500,
        title: "subject",
        is_owned: true,
        is_activity: true,
        schema_name: "msdyn_ocliveworkitem",
        key: "activityid",
        columns: &[
            ("subject", Text(200)),
            ("msdyn_title", Text(4_000)),
            ("msdyn_ocliveworkitemid", Text(100)),
            ("msdyn_channel", Text(100)),
            ("msdyn_statuschangereason", Number),
            ("msdyn_workstreamworkdistributionmode", Number),
            ("msdyn_transfercount", Number),
            ("msdyn_overflowtransfercount", Number),
            ("msdyn_isabandoned", Flag),
            ("msdyn_isagentaccepted", Flag),
            ("msdyn_isoutbound", Flag),
            ("msdyn_createdon", Instant),
            ("msdyn_initiatedon", Instant),
            ("msdyn_startedon", Instant),
            ("msdyn_activeagentassignedon", Instant),
            ("msdyn_wrapupinitiatedon", Instant),
            ("msdyn_closedon", Instant),
            ("msdyn_statusupdatedon", Instant),
            ("msdyn_conversationfirstwaittimeinseconds", Number),
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
            lookup("msdyn_lastsessionid", "_msdyn_lastsessionid_value", "msdyn_ocsessions"),
            lookup("msdyn_cdsqueueid", "_msdyn_cdsqueueid_value", "queues"),
        ],
        states: CONVERSATION_STATES,
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_ocliveworkitemcontextitems",
        name: "msdyn_ocliveworkitemcontextitem",
        label: "Conversation Context Item",
        code: 10_501,
        title: "msdyn_name",
        is_owned: true,
        schema_name: "msdyn_ocliveworkitemcontextitem",
        key: "msdyn_ocliveworkitemcontextitemid",
        columns: &[
            ("msdyn_name", Text(100)),
            ("msdyn_value", Text(4_000)),
            ("msdyn_isdisplayable", Flag),
        ],
        lookups: &[lookup(
            "msdyn_ocliveworkitemid",
            "_msdyn_ocliveworkitemid_value",
            "msdyn_ocliveworkitems",
        )],
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_occustommessagingchannels",
        name: "msdyn_occustommessagingchannel",
        label: "Custom messaging channel",
        code: 10_502,
        title: "msdyn_name",
        is_owned: true,
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
        ],
        lookups: &[lookup(
            "msdyn_liveworkstreamid",
            "_msdyn_liveworkstreamid_value",
            "msdyn_liveworkstreams",
        )],
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_liveworkstreams",
        name: "msdyn_liveworkstream",
        label: "Work Stream",
        code: 10_503,
        title: "msdyn_name",
        is_owned: true,
        schema_name: "msdyn_liveworkstream",
        key: "msdyn_liveworkstreamid",
        columns: &[
            ("msdyn_name", Text(100)),
            ("msdyn_streamsource", Number),
            ("msdyn_mode", Number),
            ("msdyn_workdistributionmode", Number),
            ("msdyn_autocloseafterinactivity", Number),
            ("msdyn_capacityrequired", Number),
            ("msdyn_enableagentaffinity", Flag),
            ("msdyn_screenpoptimeout", Number),
        ],
        lookups: &[lookup("msdyn_defaultqueue", "_msdyn_defaultqueue_value", "queues")],
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_transcripts",
        name: "msdyn_transcript",
        label: "Transcript",
        code: 10_504,
        title: "msdyn_name",
        is_owned: true,
        schema_name: "msdyn_transcript",
        key: "msdyn_transcriptid",
        columns: &[("msdyn_name", Text(100))],
        lookups: &[lookup(
            "msdyn_LiveWorkItemIdId",
            "_msdyn_liveworkitemidid_value",
            "msdyn_ocliveworkitems",
        )],
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_ocsessions",
        name: "msdyn_ocsession",
        label: "Session",
        code: 10_505,
        title: "subject",
        is_owned: true,
        is_activity: true,
        schema_name: "msdyn_ocsession",
        key: "activityid",
        columns: &[
            ("subject", Text(200)),
            ("msdyn_sessionid", Text(100)),
            ("msdyn_channel", Number),
            ("msdyn_agentassignedon", Instant),
            ("msdyn_agentacceptedon", Instant),
            ("msdyn_sessioncreatedon", Instant),
            ("msdyn_sessionclosedon", Instant),
            ("msdyn_closurereason", Number),
        ],
        lookups: &[
            lookup("msdyn_liveworkitemid", "_msdyn_liveworkitemid_value", "msdyn_ocliveworkitems"),
            lookup("msdyn_cdsqueueid", "_msdyn_cdsqueueid_value", "queues"),
        ],
        states: SESSION_STATES,
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_presences",
        name: "msdyn_presence",
        label: "Presence",
        code: 10_506,
        title: "msdyn_name",
        is_owned: true,
        schema_name: "msdyn_presence",
        key: "msdyn_presenceid",
        columns: &[("msdyn_name", Text(100)), ("msdyn_basepresencestatus", Number)],
        lookups: &[],
        ..Table::PLAIN
    },
    Table {
        set: "msdyn_agentstatuses",
        name: "msdyn_agentstatus",
        label: "Agent Status",
        code: 10_507,
        title: "msdyn_agentstatusid",
        is_owned: true,
        schema_name: "msdyn_agentstatus",
        key: "msdyn_agentstatusid",
        columns: &[("msdyn_availableunitscapacity", Number), ("msdyn_isagentloggedin", Flag)],
        lookups: &[
            lookup("msdyn_agentid", "_msdyn_agentid_value", "systemusers"),
            lookup("msdyn_currentpresenceid", "_msdyn_currentpresenceid_value", "msdyn_presences"),
        ],
        ..Table::PLAIN
    },
    Table {
        set: "oc_liveworkitems",
        name: "oc_liveworkitem",
        label: "Live Work Item",
        code: 10_600,
        title: "oc_name",
        is_owned: true,
        schema_name: "oc_liveworkitem",
        key: "oc_liveworkitemid",
        columns: &[
            ("oc_name", Text(200)),
            ("oc_subject", Text(4_000)),
            ("oc_workstreamid", Text(100)),
            ("oc_channel", Text(100)),
            ("oc_sessionid", Text(100)),
            ("oc_customername", Text(200)),
            ("oc_email", Text(200)),
            ("oc_phone", Text(200)),
        ],
        lookups: &[lookup("oc_contact", "_oc_contact_value", "contacts")],
        ..Table::PLAIN
    },
];
