//! The import of what was said before the handoff.

use baton_core::{
    channel::Call,
    fault::{Accepted, FaultClass},
    time::Timestamp,
};
use serde_json::Value;

use super::super::{Client, exchange};
use super::records::{Urgency, read};
use crate::salesforce::{
    policy::{Certainty, Failure, crm as policy},
    render::crm::history::{Entry, body, outcome},
    wire,
};

impl Client {
    /// Imports one batch. What Salesforce refuses is told once, and the transcript is written
    /// instead: a rep must be able to read what was said.
    pub(super) async fn import(&self, call: &Call) -> Result<Accepted, Failure> {
        let (key, value, notice) = match self.import_batch(call).await {
            Ok(()) => with(true, None),
            // A batch whose answer was lost, and which is there.
            Err(failure) if policy::is_code(&failure, &[policy::HISTORY_KNOWN]) => with(true, None),
            Err(failure) if self.may_pass(call, &failure) => return Err(failure),
            Err(failure) => with(false, Some(failure.fault.operator)),
        };
        let mut accepted = Accepted { notice, ..Accepted::default() };
        accepted.learned.insert(key, value);
        Ok(accepted)
    }

    async fn import_batch(&self, call: &Call) -> Result<(), Failure> {
        let missing = |what: &str| {
            let text = format!("{what} is not known, so that history cannot be imported");
            Failure::refused(FaultClass::NotRegistered, text)
        };
        let mut given = call.body.clone();
        for (key, what) in
            [("session", "the messaging session"), ("end_user", "the messaging user")]
        {
            if !given[key].is_string() {
                return Err(missing(what));
            }
        }
        let entries: Vec<Entry> = serde_json::from_value(given["entries"].take())
            .map_err(|_| Failure::refused(FaultClass::Bug, "the call holds no history"))?;
        given["channel"] = Value::String(self.channel_address().await?);
        let text = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
        let request = self
            .http
            .post(format!("{}/api/v1/conversationHistory", self.config.scrt_url))
            .header("OrgId", &self.config.organization_id)
            .header("AuthorizationContext", text("app"))
            .header("AuthorizationContextType", "EmbeddedMessagingChannel")
            .header("RequestId", text("request"))
            .json(&body(&given, &entries, self.clock.now()));
        let reply = self.with_token(Urgency::Handoff, policy::CALL_TIMEOUT_MS, request).await?;
        let answer: wire::crm::HistoryAnswer = wire::read(&reply.body).unwrap_or_default();
        match reply.succeeded() && answer.success != Some(false) {
            true => Ok(()),
            false => Err(policy::history_failure(reply.status, answer.code)),
        }
    }

    /// Trouble that may pass, while there is time for it: the customer's words wait behind this.
    fn may_pass(&self, call: &Call, failure: &Failure) -> bool {
        let opened = call.body.get("opened_at").and_then(Value::as_i64).map(Timestamp);
        let waited = opened.map_or(i64::MAX, |at| self.clock.now().since_ms(at));
        let wish = match failure.certainty {
            Certainty::NotDone { after_ms } => after_ms.unwrap_or_default(),
            Certainty::Unknown => 0,
            Certainty::Refused => return false,
        };
        waited.saturating_add(wish) < policy::HISTORY_PATIENCE_MS
    }

    /// The address of the deployment's channel, from the deployment's public description.
    async fn channel_address(&self) -> Result<String, Failure> {
        let asking = async {
            let url =
                format!("{}/embeddedservice/v1/embedded-service-config", self.config.scrt_url);
            let request = self.http.get(url).query(&[
                ("orgId", self.config.organization_id.as_str()),
                ("esConfigName", &self.config.deployment),
            ]);
            let reply = exchange(request).await.map_err(Failure::before_the_call)?;
            let described: wire::crm::Deployment = read(&reply, "a deployment's description")?;
            let channel = described.embedded_service_config.embedded_service_messaging_channel;
            channel.channel_address_identifier.ok_or_else(|| {
                let text = "the deployment does not tell its channel's address; publish it again";
                Failure::refused(FaultClass::NotRegistered, text)
            })
        };
        let address = &self.shared().channel_address;
        address.get_or_try_init(|| asking).await.cloned()
    }
}

fn with(taken: bool, why: Option<String>) -> (String, String, Option<String>) {
    let (key, value) = outcome(taken);
    let told = |why| {
        format!(
            "what was said before the handoff was not imported, a transcript stands instead: {why}"
        )
    };
    (key, value, why.map(told))
}
