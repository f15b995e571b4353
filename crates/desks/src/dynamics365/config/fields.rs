//! The form of the settings, in the order in which a person finds the values.

use baton_core::config::Field;

/// All settings. The first four are enough where one messaging channel is made for Baton: the
/// check finds the rest.
pub const FIELDS: &[Field] = &[
    field("tenant_id", "Tenant id", "Entra admin center, Overview, Tenant ID", true),
    field("client_id", "Client id", "the app registration's Application (client) ID", true),
    secret(
        "client_secret",
        "Client secret",
        "the Value (not the Secret ID) of a client secret of the app registration; or use a certificate",
    ),
    field(
        "environment_url",
        "Environment URL",
        "the organisation's address, such as https://contoso.crm4.dynamics.com",
        true,
    ),
    secret(
        "client_secret_next",
        "Next client secret",
        "a second secret, used where Entra refuses the first: for changing secrets without a gap",
    ),
    field(
        "client_secret_expires_on",
        "Credential ends on",
        "the day on which the secret or certificate ends, as 2027-05-31; you are warned four weeks before",
        false,
    ),
    field(
        "certificate",
        "Certificate",
        "instead of a secret: the certificate uploaded to the app registration, in PEM",
        false,
    ),
    secret(
        "certificate_key",
        "Certificate's private key",
        "the RSA key that belongs to the certificate, in PEM, without a passphrase",
    ),
    field(
        "default_queue_id",
        "Default queue or workstream",
        "a workstream (its messaging channel is looked up and becomes channel_id) or a queue for cases",
        false,
    ),
    field(
        "organization_id",
        "Organization id",
        "Power Platform admin center, the environment, Details, Organization ID; looked up when empty",
        false,
    ),
    field(
        "channel_id",
        "Channel id",
        "msdyn_occustommessagingchannelid of the channel record made for Baton; looked up when empty",
        false,
    ),
    field(
        "workstream_id",
        "Workstream id",
        "the workstream of the channel, for the question who is available; looked up when empty",
        false,
    ),
    field(
        "availability",
        "Ask who is available",
        "yes or no: whether Dynamics 365 is asked for a free rep before a handoff; yes when empty",
        false,
    ),
    field(
        "set_subject",
        "Set the subject",
        "yes or no: whether the summary is written into the conversation's title; no when empty, \
         because no page says that it may be",
        false,
    ),
    field(
        "context_variables",
        "Context variables",
        "further ones as JSON: {\"brand\": \"northwind\", \"topicLine\": \"{subject}\"}; {name}, {phone}, \
         {email}, {subject}, {summary} and {reason} are filled in",
        false,
    ),
    field(
        "contact_session_column",
        "Contact column for the session id",
        "the logical name of a text column of contact that a new contact's session id is written into",
        false,
    ),
    field(
        "contact_user_id_column",
        "Contact column for the WhatsApp user id",
        "the logical name of a text column of contact by which customers without a number are found",
        false,
    ),
    field(
        "fallback_account_id",
        "Fallback account",
        "the account that cases belong to where the customer cannot be told for sure; a new contact when empty",
        false,
    ),
    field(
        "case_queue_id",
        "Case queue",
        "the queue that cases are added to; none when empty",
        false,
    ),
    field(
        "case_owner",
        "Case owner",
        "user:GUID or team:GUID that owns cases; the application user when empty",
        false,
    ),
    field(
        "case_origin",
        "Case origin",
        "origin per channel as JSON, value or label: {\"whatsapp\": \"WhatsApp\", \"email\": 2}",
        false,
    ),
    field(
        "ticket_properties",
        "Ticket properties",
        "columns of the case as JSON, option sets by value or label: {\"prioritycode\": \"High\"}",
        false,
    ),
    field(
        "open_case",
        "Returning customers",
        "append or new: whether a customer's open case that Baton made is gone on with; new when empty",
        false,
    ),
    field(
        "resolve_on_close",
        "Resolve on close",
        "yes or no: whether closing the session resolves the case; no when empty",
        false,
    ),
    field(
        "case_priority",
        "Case priority",
        "priority by sentiment or classification as JSON, value or label: {\"very negative\": \"High\"}",
        false,
    ),
    field(
        "case_description_chars",
        "Characters of a case's description",
        "what the organisation's column takes; 2000 when empty",
        false,
    ),
    field(
        "case_answers",
        "Answers on cases",
        "which of a rep's words on a case go to the customer: email, note, portal, separated by \
         commas, or none; email, note when empty (portal needs a Power Pages portal)",
        false,
    ),
    field(
        "note_prefix",
        "Prefix of notes to the customer",
        "begins a rep's note on a case that goes to the customer; !reply when empty",
        false,
    ),
    field(
        "live_mode",
        "Live conversations",
        "messaging_api, or work_item_row for the compatibility mode: a row in a table of yours \
         that your organisation routes itself; reps' replies do not come back from it",
        false,
    ),
    field(
        "row_set",
        "Compatibility: entity set",
        "the table's entity set, such as oc_liveworkitems; msdyn_ocliveworkitems when empty",
        false,
    ),
    field(
        "row_subject",
        "Compatibility: subject column",
        "the column that the summary's subject is written into; subject when empty",
        false,
    ),
    field(
        "row_session",
        "Compatibility: session column",
        "the column that the session's id is written into; none when empty",
        false,
    ),
    field(
        "row_channel",
        "Compatibility: channel column",
        "the column that the channel is written into; none when empty",
        false,
    ),
    field(
        "row_workstream",
        "Compatibility: workstream column",
        "the column that workstream_id is written into, a lookup as navigation@odata.bind; \
         Microsoft's for Microsoft's table when empty",
        false,
    ),
    field(
        "row_notes",
        "Compatibility: notes",
        "the navigation property by which notes belong to the table, such as \
         objectid_oc_liveworkitem; without it what is said later stays in Baton",
        false,
    ),
    field(
        "attachment_mb",
        "Attachment limit",
        "the organisation's largest attachment in MB, 1 to 128; 5 when empty",
        false,
    ),
    field(
        "file_hosts",
        "Hosts of files",
        "other hosts that reps' files come from, separated by commas; Microsoft's are known",
        false,
    ),
    field(
        "webhook_audience",
        "Webhook audience",
        "the application that Microsoft's webhook tokens are issued for; the client id when empty",
        false,
    ),
    secret(
        "dataverse_webhook_key",
        "Key of Dataverse's webhooks",
        "where you registered one that tells of changes to cases: its WebhookKey, 16 to 128 \
         letters, digits and hyphens; cases are looked at every minute anyway",
    ),
    field(
        "messaging_url",
        "Messaging URL",
        "derived from the organisation and the region of environment_url when empty",
        false,
    ),
    field(
        "messaging_scope",
        "Messaging scope",
        "derived from the organisation and the region of environment_url when empty",
        false,
    ),
    field("login_url", "Login URL", "https://login.microsoftonline.com when empty", false),
    field(
        "start_message_form",
        "Form of the start message",
        "object or string; object when empty, string where creating a conversation is refused for it",
        false,
    ),
];

const fn field(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    required: bool,
) -> Field {
    Field { key, label, help, secret: false, required }
}

const fn secret(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { key, label, help, secret: true, required: false }
}
