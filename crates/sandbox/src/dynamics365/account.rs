//! The simulated company at Microsoft: its tenant, app registration, environment and messaging channel.

use serde::Serialize;

use crate::Ids;

/// Identifiers and secrets of one simulated organisation; every value is invented.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Entra tenant.
    pub tenant_id: String,
    /// App registration that calls Dataverse and the Messaging API.
    pub client_id: String,
    pub client_secret: String,
    /// Application id that the messaging channel names; the audience of tokens on our webhook.
    pub webhook_app_id: String,
    /// `OrganizationId` of WhoAmI.
    pub organization_id: String,
    /// What the Messaging API calls the organisation where that differs, by `dynamics365.organization_id`.
    pub other_organization_id: String,
    /// Host name of the environment at Microsoft, such as `harborline.crm4.dynamics.com`.
    pub environment_host: String,
    /// Region part of that host, such as `crm4`.
    pub zone: String,
    /// `msdyn_occustommessagingchannelid`.
    pub channel_id: String,
    /// `msdyn_liveworkstreamid` that the channel is attached to.
    pub workstream_id: String,
    /// Dataverse queue that conversations start in.
    pub queue_id: String,
    /// The application user's `systemuserid`.
    pub application_user_id: String,
    pub business_unit_id: String,
}

impl Account {
    /// The same seed gives the same company.
    pub fn from_seed(seed: u64) -> Self {
        let ids = Ids::new(seed, "dynamics365 account");
        let client_id = ids.guid();
        Self {
            tenant_id: ids.guid(),
            client_secret: format!("fake8Q~{}", ids.alphanumeric(33)),
            webhook_app_id: client_id.clone(),
            client_id,
            organization_id: ids.guid(),
            environment_host: "harborline.crm4.dynamics.com".to_owned(),
            zone: "crm4".to_owned(),
            channel_id: ids.guid(),
            workstream_id: ids.guid(),
            queue_id: ids.guid(),
            application_user_id: ids.guid(),
            business_unit_id: ids.guid(),
            other_organization_id: ids.guid(),
        }
    }

    /// Where this organisation's services are found under the sandbox's own address.
    pub fn urls(&self, base_url: &str) -> Urls {
        let base = base_url.trim_end_matches('/');
        Urls {
            login_url: format!("{base}/entra"),
            environment_url: format!("{base}/dataverse"),
            messaging_url: format!("{base}/messaging"),
            dataverse_scope: format!("https://{}/.default", self.environment_host),
            messaging_scope: format!("{}/.default", self.messaging_resource()),
        }
    }

    /// The Messaging API's resource name in a token request.
    pub(super) fn messaging_resource(&self) -> String {
        format!("https://{}-c.{}.dynamics.com", self.organization_id.replace('-', ""), self.zone)
    }
}

/// Base addresses, to which a client appends Microsoft's own paths, and the scopes to ask tokens for.
#[derive(Clone, Debug, Serialize)]
pub struct Urls {
    pub login_url: String,
    pub environment_url: String,
    pub messaging_url: String,
    /// `{environment_url}/.default` is accepted as well.
    pub dataverse_scope: String,
    /// `{messaging_url}/.default` is accepted as well.
    pub messaging_scope: String,
}
