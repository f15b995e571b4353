//! The settings, tried: everything that a handoff will need, changing nothing.

use baton_core::{desk::Checked, fault::FaultClass};
use reqwest::Method;

use super::{
    super::{
        config::Messaging,
        ids, place,
        policy::{self, Failure},
        privileges, wire,
    },
    Client, availability, read,
};
use crate::report::Report;

impl Client {
    /// Tries the credentials, the application user and its privileges, the messaging channel, the
    /// Messaging API and what cases refer to. What does not depend on a failure is still tried.
    pub async fn check(&self) -> Checked {
        let mut report = Report::default();
        self.check_end(&mut report);
        if !self.check_sign_in(&mut report).await {
            return report.0;
        }
        let who = report.add("environment", "ask Dataverse who we are", self.who_am_i().await);
        let api = self.check_organization(&mut report, who.as_ref());
        if let Some(who) = &who {
            self.check_privileges(&mut report, &who.userid).await;
            self.check_tables(&mut report).await;
        }
        // The compatibility mode has neither a channel nor the Messaging API.
        let channel = match &who {
            _ if self.config.rows.is_some() => None,
            Some(_) => self.check_channel(&mut report).await,
            None => self.config.channel_id.clone(),
        };
        if let (Some(api), Some(channel)) = (api, channel) {
            let tried = self.try_messaging(&api, &channel, who.as_ref()).await;
            report.add("messaging", "ask the Messaging API for conversations", tried);
        }
        if who.is_some() {
            self.check_cases(&mut report).await;
        }
        report.0
    }

    /// A credential that ends soon, as far as somebody wrote down when.
    fn check_end(&self, report: &mut Report) {
        let Some(ends) = self.config.credential_ends else { return };
        let day = ends.rfc3339().chars().take(10).collect::<String>();
        match ends.since_ms(self.clock.now()) {
            left if left <= 0 => report.warn(format!(
                "the credential ended on {day} by client_secret_expires_on; set the new one and \
                 its day"
            )),
            left if left < policy::CREDENTIAL_WARN_MS => report.warn(format!(
                "the credential ends on {day}; make a new secret and set it as client_secret_next"
            )),
            _ => {}
        }
    }

    /// Every credential by itself: one that works is enough, each that does not is told.
    async fn check_sign_in(&self, report: &mut Report) -> bool {
        const WHAT: &str = "sign in at Entra";
        let scope = self.config.dataverse_scope();
        let mut refused = Vec::new();
        let mut works = false;
        for credential in &self.config.credentials {
            match self.sign_in(credential, &scope).await {
                Ok(_) => works = true,
                Err(refusal) => refused.push((credential.key(), refusal.failure)),
            }
        }
        if works {
            report.add("sign_in", WHAT, Ok(()));
            for (key, failure) in refused {
                report.warn(format!(
                    "{key} is refused and another credential is used: {}",
                    failure.fault.operator
                ));
            }
            return true;
        }
        let first = refused.into_iter().next().map(|(_, failure)| failure);
        report.add("sign_in", WHAT, first.map_or(Ok(()), Err));
        false
    }

    async fn who_am_i(&self) -> Result<wire::WhoAmI, Failure> {
        let reply = self.call_dataverse(self.dataverse("WhoAmI")).await?;
        read(&reply, "WhoAmI")
    }

    /// Where the Messaging API is. That the organisation's id there equals what `WhoAmI` names is
    /// believed, not documented: a difference is only told.
    fn check_organization(
        &self,
        report: &mut Report,
        who: Option<&wire::WhoAmI>,
    ) -> Option<Messaging> {
        if let Some(api) = &self.config.messaging {
            let differs = |who: &&wire::WhoAmI| {
                !who.organizationid.eq_ignore_ascii_case(&api.organization_id)
            };
            if let Some(who) = who.filter(differs) {
                report.warn(other_organization(who, api));
            }
            return Some(api.clone());
        }
        let id = who?.organizationid.to_ascii_lowercase();
        let found = self
            .config
            .messaging_of(&id)
            .map_err(|fault| Failure::refused(FaultClass::NotRegistered, fault.to_string()));
        report.derive("organization_id", &id);
        report.add("organization", "find the organisation's Messaging API", found)
    }

    /// What the roles of the application user grant, each privilege by its name.
    async fn check_privileges(&self, report: &mut Report, user: &str) {
        let held = match self.privileges(user).await {
            Ok(held) => held,
            Err(failure) => {
                report.add::<()>("privileges", "read our own privileges", Err(failure));
                return;
            }
        };
        let resolving = if self.config.cases.resolves { privileges::RESOLVING } else { &[] };
        for (name, what) in privileges::ALWAYS.iter().chain(resolving) {
            let held = privileges::holds(&held, name);
            let missing = || Failure::refused(FaultClass::Permission, privileges::cure(name));
            report.add(
                &format!("privilege_{name}"),
                &format!("{what} ({name})"),
                if held { Ok(()) } else { Err(missing()) },
            );
        }
        for name in privileges::narrow(&held) {
            report.warn(format!(
                "{name} is not granted for the whole organisation: rows that others own are not \
                 seen, so that contacts may be made twice and answers missed"
            ));
        }
    }

    /// "RetrieveUserPrivileges Function" (Web API reference, read 2026-11-21): through roles and
    /// teams.
    async fn privileges(&self, user: &str) -> Result<Vec<wire::RolePrivilege>, Failure> {
        let user = ids::conversation_id(user).unwrap_or_default();
        let path = format!("systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges");
        let reply = self.call_dataverse(self.dataverse(&path)).await?;
        let held: wire::UserPrivileges = read(&reply, "a list of privileges")?;
        Ok(held.roleprivileges)
    }

    /// The contact centre's own tables, whose privileges no page lists: one row of each is read.
    async fn check_tables(&self, report: &mut Report) {
        for (set, key, name, what) in [
            (
                "msdyn_liveworkstreams",
                "msdyn_liveworkstreamid",
                "msdyn_liveworkstream",
                "read workstreams",
            ),
            (
                "msdyn_transcripts",
                "msdyn_transcriptid",
                "msdyn_transcript",
                "read transcripts of ended conversations",
            ),
            (
                "msdyn_ocliveworkitemcontextitems",
                "msdyn_ocliveworkitemcontextitemid",
                "msdyn_ocliveworkitemcontextitem",
                "find a conversation whose making was not answered",
            ),
        ] {
            let request = self.dataverse(set).query(&[("$select", key), ("$top", "1")]);
            let read = self.call_dataverse(request).await.map_err(no_contact_centre);
            report.add(&format!("privilege_prvRead{name}"), what, read);
        }
        let columns = [&self.config.contact_session_column, &self.config.contact_user_id_column];
        for column in columns.into_iter().flatten() {
            let select = format!("contactid,{column}");
            let request =
                self.dataverse("contacts").query(&[("$select", select.as_str()), ("$top", "1")]);
            let read = self.call_dataverse(request).await.map_err(|mut failure| {
                if failure.fault.class == FaultClass::Bug {
                    failure.fault.operator =
                        format!("contact has no column {column}; correct the settings");
                }
                failure
            });
            report.add("contact_column", &format!("read {column} of contact"), read);
        }
    }

    /// The messaging channel: found, of the right kind, ours, and linked to a workstream.
    async fn check_channel(&self, report: &mut Report) -> Option<String> {
        let rows = self.list_channels().await.map_err(no_contact_centre);
        let rows = report.add(
            "privilege_prvReadmsdyn_occustommessagingchannel",
            "list messaging channels",
            rows,
        )?;
        let config = &self.config;
        let stream = config.default_queue_id.as_ref().or(config.workstream_id.as_ref());
        let found = match (&config.channel_id, stream) {
            (Some(id), _) => place::pick(&rows, id),
            (None, Some(stream)) => place::pick(&rows, stream),
            (None, None) => place::only(&rows, config),
        };
        if found.is_err() && config.channel_id.is_none() && self.is_case_queue(report).await {
            report.warn("no messaging channel is set: this desk takes cases, and no live chats");
            return None;
        }
        let row = report.add("channel", "find the messaging channel", found)?;
        let id = row.id.to_ascii_lowercase();
        if config.channel_id.as_deref() != Some(&id) {
            report.derive("channel_id", &id);
        }
        if config.workstream_id.is_none()
            && let Some(stream) = &row.workstream
        {
            report.derive("workstream_id", stream.to_ascii_lowercase());
        }
        for (name, what, wrong) in self.faults_of(row) {
            let refused = wrong.map(|text| Failure::refused(FaultClass::NotRegistered, text));
            report.add(name, &what, refused.map_or(Ok(()), Err));
        }
        if let Some(stream) = row.workstream.as_ref().filter(|_| config.asks_availability)
            && let Err(failure) = self.ask_availability(stream, None).await
        {
            report.warn(failure.doing(availability::DOING).fault.operator);
        }
        Some(id)
    }

    /// Whether the legacy single setting names a queue of cases, which is then derived.
    async fn is_case_queue(&self, report: &mut Report) -> bool {
        let Some(id) = &self.config.default_queue_id else { return false };
        let is_queue = self.row_exists("queues", "queueid", id).await.is_ok();
        if is_queue && self.config.cases.queue_id.is_none() {
            report.derive("case_queue_id", id);
        }
        is_queue
    }

    /// What a channel's record must say; each with what is wrong with it.
    fn faults_of(&self, row: &wire::ChannelRow) -> Vec<(&'static str, String, Option<String>)> {
        let config = &self.config;
        let says = |value: &Option<String>, wanted: &str| {
            value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let otherwise = |fits: bool, text: &str| (!fits).then(|| text.to_owned());
        let hook = row.msdyn_webhookurl.as_deref().unwrap_or("nowhere");
        let hook: String = hook.chars().filter(|c| !c.is_control()).take(200).collect();
        vec![
            (
                "channel_kind",
                "the channel is one for the Messaging API".to_owned(),
                otherwise(
                    place::is_messaging(row),
                    "the channel is of another kind; set channel_id to one made for the Messaging API",
                ),
            ),
            (
                "channel_app",
                "the channel names client_id and tenant_id".to_owned(),
                otherwise(
                    place::is_ours(row, config) && says(&row.msdyn_tenantid, &config.tenant_id),
                    "the channel's record names another application or tenant; set msdyn_appid to \
                     client_id and msdyn_tenantid to tenant_id in it",
                ),
            ),
            (
                "channel_workstream",
                "the channel is linked to a workstream".to_owned(),
                otherwise(
                    row.workstream.is_some(),
                    "the channel is not linked to a workstream; add it to a messaging workstream \
                     in the Copilot Service admin center",
                ),
            ),
            (
                "channel_webhook",
                format!("the channel sends reps' messages to {hook}"),
                otherwise(
                    row.msdyn_webhookurl.as_deref().is_some_and(|url| url.starts_with("http")),
                    "the channel's record has no webhook; set msdyn_webhookurl to the desk's hook",
                ),
            ),
        ]
    }

    /// One harmless call of the Messaging API.
    async fn try_messaging(
        &self,
        api: &Messaging,
        channel: &str,
        who: Option<&wire::WhoAmI>,
    ) -> Result<(), Failure> {
        let request = self.messaging(api, channel, Method::GET, "conversations");
        let tried = self.call_messaging(api, request.query(&[("PageSize", "1")]), false).await;
        let differs =
            |who: &&wire::WhoAmI| !who.organizationid.eq_ignore_ascii_case(&api.organization_id);
        tried.map(drop).map_err(|mut failure| {
            if let Some(who) = who.filter(differs) {
                failure.fault.operator =
                    format!("{}; {}", failure.fault.operator, other_organization(who, api));
            }
            failure
        })
    }

    /// The rows that cases refer to.
    async fn check_cases(&self, report: &mut Report) {
        let cases = &self.config.cases;
        if let Some(id) = &cases.queue_id {
            let found = self.row_exists("queues", "queueid", id).await;
            report.add(
                "case_queue",
                "find the queue of cases",
                found.map_err(|f| named(f, "case_queue_id")),
            );
        }
        if let Some(id) = &cases.fallback_account_id {
            let found = self.row_exists("accounts", "accountid", id).await;
            let found = found.map_err(|failure| named(failure, "fallback_account_id"));
            report.add("fallback_account", "find the fallback account", found);
        }
        if !cases.properties.is_empty() || !cases.labels().is_empty() {
            let columns = self.check_case_columns().await;
            report.add("case_columns", "find the columns and labels that cases are given", columns);
        }
        self.check_description(report).await;
        if self.config.rows.is_some() {
            report.warn(
                "live_mode is work_item_row, the compatibility mode: your organisation routes the \
                 rows itself, and what reps write in them does not come back to customers",
            );
        }
    }

    /// How long a case's description may be here, where nobody has said so.
    async fn check_description(&self, report: &mut Report) {
        let set = self.config.cases.description_max;
        match self.description_chars().await {
            Ok(here) if set > here => report.warn(format!(
                "case_description_chars is {set}, and the column takes {here}: longer descriptions \
                 are refused"
            )),
            Ok(here) if set == policy::DESCRIPTION_MAX && here > set => {
                report.derive(
                    "case_description_chars",
                    here.min(policy::DESCRIPTION_MOST).to_string(),
                );
            }
            _ => {}
        }
    }

    async fn row_exists(&self, set: &str, key: &str, id: &str) -> Result<(), Failure> {
        let request = self.dataverse(&format!("{set}({id})")).query(&[("$select", key)]);
        self.call_dataverse(request).await.map(drop)
    }
}

/// A row that is not there: the setting that names it is wrong.
fn named(mut failure: Failure, setting: &str) -> Failure {
    if failure.fault.class == FaultClass::NotRegistered {
        failure.fault.operator = format!("there is no such row in Dataverse; correct {setting}");
    }
    failure
}

/// A table that is not there: the environment has no contact centre.
fn no_contact_centre(mut failure: Failure) -> Failure {
    if failure.fault.class == FaultClass::NotRegistered {
        failure.fault.operator = "the environment has no such table; install Dynamics 365 Contact \
                                  Center (or Omnichannel for Customer Service) there, or correct \
                                  environment_url"
            .to_owned();
    }
    failure
}

fn other_organization(who: &wire::WhoAmI, api: &Messaging) -> String {
    format!(
        "Dataverse names the organisation {}, organization_id is {}",
        who.organizationid.chars().take(64).collect::<String>(),
        api.organization_id
    )
}
