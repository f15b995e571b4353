//! The form of the settings, in the order in which a person finds the values.

use baton_core::config::Field;

use super::crm;

/// All settings: messaging, then what access to the records needs.
pub const FIELDS: &[Field] =
    &joined::<{ MESSAGING.len() + crm::FIELDS.len() }>(MESSAGING, crm::FIELDS);

/// The first six are enough for messaging; the check finds what depends on the deployment.
const MESSAGING: &[Field] = &[
    field(
        "instance_url",
        "Instance URL",
        "the organisation's My Domain, such as https://contoso.my.salesforce.com (Setup, My Domain)",
        true,
    ),
    field(
        "scrt_url",
        "Messaging (SCRT) URL",
        "the URL in the deployment's Code Snippet, such as https://contoso.my.salesforce-scrt.com",
        true,
    ),
    field(
        "organization_id",
        "Organization id",
        "15 or 18 characters from 00D on (Setup, Company Information, or the Code Snippet)",
        true,
    ),
    field(
        "deployment",
        "Deployment",
        "the API name of the Embedded Service deployment of type Custom Client",
        true,
    ),
    field(
        "auth_key_id",
        "Auth key id",
        "the key id (kid) that `baton salesforce keygen` wrote into the key set",
        true,
    ),
    Field {
        key: "private_key",
        label: "Private key",
        help: "the RSA private key in PEM that `baton salesforce keygen` made",
        secret: true,
        required: true,
    },
    field(
        "issuer",
        "Key set issuer",
        "the JSON web key issuer of the key set in Setup, letter for letter; baton when empty",
        false,
    ),
    field(
        "audience",
        "Audience",
        "aud of the identity token, only where the organisation wants one; left out when empty",
        false,
    ),
    field(
        "routing_attributes",
        "Routing attributes",
        "a JSON object of further routing attributes and their values, which may hold {name}, {phone}, \
         {email}, {subject}, {summary}, {reason}, {classification} or {sentiment}",
        false,
    ),
    field(
        "declared_attributes",
        "Declared attributes",
        "the fields of the deployment's pre-chat form with the most characters of each; looked up",
        false,
    ),
    field(
        "relay_greetings",
        "Relay greetings",
        "yes or no: whether automatic messages of the channel go to the customer; no when empty",
        false,
    ),
    field(
        "relay_bots",
        "Relay bots",
        "yes or no: whether what a bot in Salesforce says goes to the customer; no when empty",
        false,
    ),
    field(
        "file_bytes",
        "Largest file",
        "the most bytes of a customer's file; larger ones go as links; looked up, 5242880 when empty",
        false,
    ),
    field(
        "file_hosts",
        "Hosts of files",
        "hosts of reps' files beside Salesforce's own, with commas between them",
        false,
    ),
];

/// Two lists in one.
const fn joined<const N: usize>(first: &[Field], second: &[Field]) -> [Field; N] {
    let mut all = [field("", "", "", false); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

/// A setting that anybody may read.
pub const fn field(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    required: bool,
) -> Field {
    Field { key, label, help, secret: false, required }
}
