//! Who could take a live conversation now.
//!
//! "Use representative availability APIs" and "CCaaS_GetRepresentativeAvailabilityBeforeConversation"
//! (Contact Center, read 2026-11-21): by workstream and the context that its routing rules look at.
//! Reps are counted about every five minutes there, hours read every ten; overflow is not considered.

use baton_core::{desk::Availability, fault::FaultClass, route::Choice, time::Timestamp};
use reqwest::Method;
use serde_json::json;

use super::{
    super::{
        parse, place,
        policy::{self, Failure},
        wire,
    },
    Client, read,
};

/// What was found out of a place, and when.
pub(super) type Known = (Timestamp, Availability);

/// What is done here, as it stands after "failed to".
pub(super) const DOING: &str = "ask who is available";
const ASK: &str = "CCaaS_GetRepresentativeAvailabilityBeforeConversation";

impl Client {
    /// Who is there for the place, as of a few seconds ago at most.
    pub async fn availability(&self, target: &Choice) -> Result<Availability, Failure> {
        let place = target.queue.clone().unwrap_or_default();
        let now = self.clock.now();
        let fresh = |known: &&Known| now.since_ms(known.0) < policy::AVAILABILITY_FRESH_MS;
        // Held while asking: who comes meanwhile waits for the same answer.
        let mut known = self.available.lock().await;
        if let Some((_, there)) = known.get(&place).filter(fresh) {
            return Ok(*there);
        }
        let queue = target.queue.as_deref();
        let asked = async {
            let workstream = self.workstream_of(queue).await?;
            self.ask_availability(&workstream, queue).await
        };
        let there = asked.await.map_err(|failure| failure.doing(DOING))?;
        if known.len() >= policy::PLACES_MAX {
            known.clear();
        }
        known.insert(place, (now, there));
        Ok(there)
    }

    /// The workstream of the channel that a place means.
    async fn workstream_of(&self, place: Option<&str>) -> Result<String, Failure> {
        let own = self.config.workstream_id.as_ref();
        if let Some(own) = own.filter(|own| place::named(place).is_none_or(|id| id == **own)) {
            return Ok(own.clone());
        }
        let row = self.channel_row(place).await?;
        row.workstream.ok_or_else(|| {
            Failure::refused(
                FaultClass::NotRegistered,
                "the channel is not linked to a workstream; add it to a messaging workstream",
            )
        })
    }

    pub(super) async fn ask_availability(
        &self,
        workstream: &str,
        queue: Option<&str>,
    ) -> Result<Availability, Failure> {
        let word = queue.filter(|queue| place::named(Some(queue)).is_none());
        let context = word.map_or_else(
            || json!({}),
            |word| json!({ "queue": { "value": word, "isDisplayable": true, "datatype": TEXT } }),
        );
        let body = json!({
            "ApiVersion": "1.0",
            "LiveWorkStreamId": workstream,
            "CustomContextItems": context.to_string(),
        });
        let request = self.dataverse_call(Method::POST, ASK).json(&body);
        let reply = self.call_dataverse(request).await.map_err(|mut failure| {
            failure.fault.operator = format!(
                "{} (the application user needs the role Omnichannel \
                 administrator for this; setting availability = no turns the question off)",
                failure.fault.operator
            );
            failure
        })?;
        let answer: wire::Availability = read(&reply, "an answer about availability")?;
        Ok(parse::availability(&answer, self.clock.now()))
    }
}

/// `datatype` of a text in context items (the same page).
const TEXT: &str = "192350000";
