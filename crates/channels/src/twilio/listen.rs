//! Asking Twilio for its list of messages: what its webhooks did not bring.

use baton_core::{
    channel::Call,
    fault::{Fault, Settled},
    ids::VendorId,
    inbound::RawEvent,
    message_list::{Listed, MessageList},
    time::{BoxFuture, SECOND_MS, Timestamp},
};
use serde_json::{Map, Value};

use super::{
    client::Client,
    listing,
    wire::{ListedMedium, MediaPage, MessagePage},
};

/// Messages of one page, so that an answer stays within its bound; Twilio allows 1,000.
const PAGE_MESSAGES: &str = "20";
/// Most pages of one list that are read: 2,000 messages.
const MAX_PAGES: usize = 100;
/// Most pages of what went to one customer: 200 messages.
const MAX_PAGES_TO_ONE: usize = 10;
/// Most files of one message; Twilio allows 10 (Media subresource; read 2026-11-21).
const MAX_MEDIA: &str = "20";

/// The end of the list's address.
const MESSAGES: &str = "Messages.json";

type Filter = Vec<(&'static str, String)>;

impl MessageList for Client {
    fn subject(&self) -> String {
        let sender = self.config.sender.as_deref().map(|sender| self.config.address(sender));
        let parts = [Some(self.config.account_sid.clone()), sender, self.config.service.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn list(&self, since: Timestamp) -> BoxFuture<'_, Result<Option<Listed>, Fault>> {
        Box::pin(self.read(since))
    }

    fn complete(&self, event: RawEvent) -> BoxFuture<'_, Result<Vec<RawEvent>, Fault>> {
        Box::pin(self.with_media(event))
    }

    fn settle<'a>(
        &'a self,
        call: &'a Call,
        since: Timestamp,
        known: &'a [VendorId],
    ) -> BoxFuture<'a, Result<Settled, Fault>> {
        Box::pin(self.look_for(call, since, known))
    }
}

impl Client {
    async fn read(&self, since: Timestamp) -> Result<Option<Listed>, Fault> {
        if self.delivers_elsewhere().await? {
            return Ok(None);
        }
        // Twilio names whole seconds.
        let since = Timestamp(since.0 - since.0.rem_euclid(SECOND_MS));
        let (mut rows, mut complete) = (Vec::new(), true);
        for mut filter in listing::filters(&self.config) {
            // A date in UTC; a time of day is not promised to be understood.
            let date: String = since.rfc3339().chars().take(10).collect();
            filter.push(("DateSent>", date));
            complete &= self.pages(&filter, Some(since), MAX_PAGES, &mut rows).await?;
        }
        let listed = listing::events(&self.config, rows, since, self.clock.now());
        Ok(Some(Listed { complete, ..listed }))
    }

    /// Reads a list until it ends, or is older than a moment; false where it was cut at its bound.
    async fn pages(
        &self,
        filter: &Filter,
        until: Option<Timestamp>,
        most: usize,
        rows: &mut Vec<Map<String, Value>>,
    ) -> Result<bool, Fault> {
        let url = self.account(MESSAGES);
        let mut request = self.http.get(&url).query(filter).query(&[("PageSize", PAGE_MESSAGES)]);
        for _ in 0..most {
            let page: MessagePage = self.ask(request).await?;
            let oldest = page.messages.last().and_then(listing::sent_at);
            rows.extend(page.messages);
            let is_past = oldest.zip(until).is_some_and(|(oldest, until)| oldest < until);
            let Some(next) = page.next_page_uri.filter(|_| !is_past) else { return Ok(true) };
            // Only what stands behind our own address, which may be a proxy's.
            let Some((_, next)) = next.split_once(MESSAGES) else { return Ok(false) };
            request = self.http.get(format!("{url}{next}"));
        }
        Ok(false)
    }

    async fn with_media(&self, event: RawEvent) -> Result<Vec<RawEvent>, Fault> {
        let Some(sid) = listing::sid_with_media(&event) else { return Ok(vec![event]) };
        let url = self.account(&format!("Messages/{sid}/Media.json"));
        let request = self.http.get(url).query(&[("PageSize", MAX_MEDIA)]);
        let page: MediaPage = self.ask(request).await?;
        let place = self.account(&format!("Messages/{sid}/Media"));
        let media = page.media_list.into_iter().map(|medium| ListedMedium {
            url: format!("{place}/{}", medium.sid),
            content_type: medium.content_type,
        });
        Ok(listing::with_media(&event, media.collect()).unwrap_or_else(|| vec![event]))
    }

    /// Everything that went to the recipient is read, because it is not said where in the list
    /// those stand that wait to be sent.
    async fn look_for(
        &self,
        call: &Call,
        since: Timestamp,
        known: &[VendorId],
    ) -> Result<Settled, Fault> {
        let form = call.body.get("form").unwrap_or(&call.body);
        let given = |name: &'static str| Some((name, form[name].as_str()?.to_owned()));
        let by_service = form.get("MessagingServiceSid").is_some();
        let filter: Filter =
            [given("To"), given("From").filter(|_| !by_service)].into_iter().flatten().collect();
        let mut rows = Vec::new();
        let is_whole = self.pages(&filter, None, MAX_PAGES_TO_ONE, &mut rows).await?;
        Ok(listing::settled(form, &rows, is_whole, since, known))
    }
}
