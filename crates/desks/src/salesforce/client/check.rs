//! The settings, tried: everything that a handoff will need, changing nothing. A token is bought,
//! for an end user who is nobody's; no conversation and no session is made.

use std::collections::BTreeMap;

use baton_core::{desk::Checked, fault::FaultClass};
use reqwest::Method;

use super::{
    super::{
        ids,
        policy::{self, Failure},
        render::attributes,
        wire::{DeploymentConfig, PublicConfig, TokenAnswer},
    },
    Client, exchange, read, tokens,
};
use crate::report::Report;

/// The end user whom the check asks a token for.
const NOBODY: &str = "baton-check";

impl Client {
    /// Tries the deployment, the token, who Salesforce takes our customers for, and what the
    /// deployment declares; then what the records need.
    pub async fn check(&self) -> Checked {
        let mut report = Report::default();
        let public = self.public_config().await;
        report.add("deployment", "find the deployment, published", public);
        let token = self.ask_token(NOBODY).await;
        if let Some(token) = report.add("token", "get an access token", token) {
            self.check_token(&mut report, &token);
        }
        report.0.checks.extend(self.crm_checks().await);
        if self.config.crm.is_none() {
            report.warn(
                "records are not connected, so that there are no contacts, cases and imported \
                 history; set crm_consumer_key and crm_username to have them",
            );
        }
        report.0
    }

    /// The public description of the deployment ("embedded-service-config"): 412 where it is not
    /// published. Organisations that hide it are no worse.
    async fn public_config(&self) -> Result<(), Failure> {
        let config = &self.config;
        let path = "embeddedservice/v1/embedded-service-config";
        let query = [
            ("orgId", config.organization_id.as_str()),
            ("esConfigName", &config.deployment),
            ("language", "en_US"),
        ];
        let url = format!("{}/{path}", config.scrt_url);
        let reply = exchange(self.http.request(Method::GET, url).query(&query)).await?;
        match reply.status {
            412 => Err(policy::messaging_failure(&reply)),
            _ if !reply.succeeded() => Ok(()),
            _ => {
                let found: PublicConfig = read(&reply, "a deployment's description")?;
                right_type(&found.embedded_service_config)
            }
        }
    }

    fn check_token(&self, report: &mut Report, token: &TokenAnswer) {
        let what = "have Salesforce take our customers for verified users";
        report.add("authenticated", what, tokens::verified(token));
        let found = &token.context.configuration.embedded_service_config;
        let what = "see that the deployment is of type Custom Client";
        report.add("deployment_type", what, right_type(found));
        let ours = tokens::organization_of(&token.access_token);
        if let Some(other) = ours.filter(|id| !self.config.is_ours(id)) {
            let other: String = other.chars().take(ids::LONG).collect();
            report.warn(format!(
                "the token names the organisation {other}, organization_id is {}",
                self.config.organization_id
            ));
        }
        self.check_attributes(report, found);
        check_files(report, found);
    }

    /// What Salesforce would drop without a word: names that the channel does not declare, in
    /// their exact spelling. It tells clients of fields of the pre-chat form only and never of the
    /// channel's parameters, so that what is not told is one warning and no proof.
    fn check_attributes(&self, report: &mut Report, found: &DeploymentConfig) {
        let declared = declared(found);
        let mapped = self.config.routing_attributes.iter().map(|(name, _)| name.as_str());
        let given: Vec<&str> = attributes::OWN.iter().copied().chain(mapped).collect();
        let mut untold = Vec::new();
        for name in given.iter().filter(|name| !declared.contains_key(**name)) {
            match declared.keys().find(|known| known.eq_ignore_ascii_case(name)) {
                Some(other) => report.warn(format!(
                    "routing_attributes: Salesforce drops {name}, because the channel spells it \
                     {other}; letters' case matters there"
                )),
                None => untold.push(*name),
            }
        }
        if !untold.is_empty() {
            report.warn(untold_parameters(&untold));
        }
        let fields = found.forms.iter().flat_map(|form| &form.form_fields);
        for field in fields.filter(|field| field.required && !given.contains(&&*field.name)) {
            let name: String = field.name.chars().take(80).collect();
            report.warn(format!(
                "routing_attributes: the pre-chat form demands {name}; give it a value there"
            ));
        }
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let lines =
            declared.iter().filter(|(name, _)| plain(name)).map(|(name, most)| match most {
                Some(most) => format!("{name}:{most}"),
                None => (*name).to_owned(),
            });
        let lines: Vec<String> = lines.collect();
        if !lines.is_empty() {
            report.derive("declared_attributes", lines.join(","));
        }
    }
}

/// The fields of the pre-chat form, with the most characters of each.
fn declared(found: &DeploymentConfig) -> BTreeMap<&str, Option<u64>> {
    let fields = found.forms.iter().flat_map(|form| &form.form_fields);
    fields
        .map(|field| (field.name.as_str(), field.max_length.map(|most| most as u64)))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

fn untold_parameters(names: &[&str]) -> String {
    format!(
        "routing_attributes: Salesforce drops {} unless they are parameters of the channel, of \
         which it tells no client; where reps do not see one, add it under the channel's Custom \
         Parameters (under exactly this name, type String) and map it in Parameter Mappings",
        names.join(", ")
    )
}

/// A deployment of another type gives tokens that open no conversation.
fn right_type(found: &DeploymentConfig) -> Result<(), Failure> {
    match found.deployment_type.as_deref() {
        Some(kind) if !kind.eq_ignore_ascii_case("api") => {
            let kind: String =
                kind.chars().filter(|c| c.is_ascii_alphanumeric()).take(40).collect();
            Err(Failure::refused(
                FaultClass::NotRegistered,
                format!(
                    "the deployment is of type {kind}; make one of type Custom Client in Embedded \
                     Service Deployments, publish it, and set deployment to its API name"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// How large a customer's file may be. The unit stands on no page: small numbers are taken for
/// megabytes.
fn check_files(report: &mut Report, found: &DeploymentConfig) {
    const MEGABYTE: f64 = 1_024.0 * 1_024.0;
    let Some(attachments) = &found.attachments else { return };
    if attachments.end_user_to_agent == Some(false) {
        report.warn(
            "attachments: the channel takes no files of customers, so that they go as links; allow \
             them in the channel's settings if reps are to have the files",
        );
        report.derive("file_bytes", "1".to_owned());
        return;
    }
    let Some(most) = attachments.max_file_size.filter(|most| *most > 0.0) else { return };
    let bytes = if most <= 1_024.0 { most * MEGABYTE } else { most };
    let bytes = (bytes as u64).min(policy::FILE_MOST_BYTES);
    report.derive("file_bytes", bytes.to_string());
}
