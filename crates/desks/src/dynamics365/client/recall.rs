//! Work whose answer was lost, and what the customer has read.

use baton_core::{
    channel::Call,
    desk::RepMessage,
    fault::Accepted,
    handoff::Handoff,
    message::Message,
    route::WorkKind,
    time::{MINUTE_MS, Timestamp},
};

use super::{
    super::{
        ids::{conversation_id, conversation_of},
        parse, place,
        policy::{self, Failure},
        render, wire,
    },
    Client, read,
};

/// A rep's message is looked for from this long before we heard of it: it may have come late.
const EARLIER_MS: i64 = 5 * MINUTE_MS;

impl Client {
    /// What was made under a handoff, whether its answer reached us or not.
    pub async fn find(&self, handoff: &Handoff) -> Result<Option<Accepted>, Failure> {
        match (handoff.target.kind, &self.config.rows) {
            (WorkKind::Case, _) => self.find_case(handoff).await,
            (WorkKind::Live, Some(_)) => Ok(None),
            (WorkKind::Live, None) => self.find_conversation(handoff).await,
        }
    }

    /// By the context variable that holds the handoff's id: its row names the conversation
    /// ("msdyn_ocliveworkitemcontextitem", entity reference, checked 2026-11-21).
    async fn find_conversation(&self, handoff: &Handoff) -> Result<Option<Accepted>, Failure> {
        let filter = format!(
            "msdyn_name eq '{}' and msdyn_value eq '{}'",
            render::context::HANDOFF,
            handoff.id
        );
        let request = self.dataverse("msdyn_ocliveworkitemcontextitems").query(&[
            ("$select", "_msdyn_ocliveworkitemid_value"),
            ("$filter", &filter),
            ("$top", "1"),
        ]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<wire::ContextRow> = read(&reply, "context variables")?;
        let id = rows.value.into_iter().find_map(|row| row.conversation);
        let Some(id) = id.as_deref().and_then(conversation_id) else { return Ok(None) };
        let channel = self.channel_of(handoff.target.queue.as_deref()).await?;
        let mut found = parse::opened(id);
        found.learned.insert(place::CHANNEL.to_owned(), channel);
        Ok(Some(found))
    }

    /// Tells the rep that the customer has read their message. The webhook gives messages no
    /// ids; the listing does.
    pub async fn mark_read(&self, handoff: &Handoff, message: &Message) {
        let channel = place::channel(&self.config, handoff);
        let (Some(id), Some(channel)) = (conversation_of(handoff), channel) else { return };
        let known = match &message.vendor_id {
            Some(known) => Some(known.to_string()),
            None => self.listed_id(handoff, message).await,
        };
        let Some(known) = known else { return };
        let body = render::read(channel, &id, &known);
        let call = Call { operation: render::MESSAGE.to_owned(), body };
        if let Err(failure) = self.post(&call).await {
            tracing::debug!(code = failure.fault.code, "the read mark was not taken");
        }
    }

    /// The id of the newest listed message with these words.
    async fn listed_id(&self, handoff: &Handoff, message: &Message) -> Option<String> {
        let since = Timestamp(message.recorded_at.0 - EARLIER_MS);
        let listing = self.list_conversation(handoff, since).await.ok()?;
        let words = message.content.as_text();
        let same = |said: &&RepMessage| said.content.as_text() == words;
        let found = listing.from_rep.iter().rev().find(same)?;
        found.vendor_id.as_ref().map(ToString::to_string)
    }

    /// A case is made under the handoff's own id.
    async fn find_case(&self, handoff: &Handoff) -> Result<Option<Accepted>, Failure> {
        let row = policy::unless_missing(self.case(&handoff.id.0.to_string()).await)?;
        Ok(row.map(|row| parse::case::made(&row)))
    }
}
