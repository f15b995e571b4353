//! Live conversations.

use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, Fault, FaultClass},
    handoff::Handoff,
    ids::VendorId,
    message::Message,
    time::Timestamp,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        ids::{conversation_for, conversation_of, derived, subject_of},
        parse,
        policy::{self, Certainty, Failure, Reply},
        wire::{Conversation, Entries, Entry},
    },
    Client, exchange, exchange_within, read,
};

/// What a call is about.
pub(super) struct Place<'a> {
    pub subject: &'a str,
    pub conversation: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(call: &'a Call) -> Result<Self, Failure> {
        let text = |key: &str| call.body[key].as_str();
        match (text("subject"), text("conversation")) {
            (Some(subject), Some(conversation)) => Ok(Self { subject, conversation }),
            _ => Err(Failure::refused(FaultClass::Bug, "the call names no conversation")),
        }
    }
}

impl Client {
    /// A request of the Enhanced Chat API.
    fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/iamessage/api/v2/{path}", self.config.scrt_url))
    }

    /// Makes a call in an end user's name. Every answer but a refused token is the caller's.
    async fn ask(&self, subject: &str, request: RequestBuilder) -> Result<Reply, Failure> {
        let token = self.token(subject).await?;
        let reply = exchange(request.bearer_auth(token.text.reveal())).await?;
        if reply.status == 401 {
            return Err(self.refused(subject, &token).await);
        }
        token.proven();
        Ok(reply)
    }

    /// The same for what must succeed.
    async fn demand(&self, subject: &str, request: RequestBuilder) -> Result<Reply, Failure> {
        let reply = self.ask(subject, request).await?;
        if reply.succeeded() { Ok(reply) } else { Err(policy::messaging_failure(&reply)) }
    }

    /// Makes the conversation. One that is there under our id is the one that was wanted.
    pub(super) async fn create(&self, call: &Call) -> Result<Accepted, Failure> {
        let Place { subject, conversation } = Place::of(call)?;
        let request = self.api(Method::POST, "conversation").json(&call.body["create"]);
        let reply = self.ask(subject, request).await?;
        if !reply.succeeded() && !policy::is_there(&reply) {
            return Err(policy::messaging_failure(&reply));
        }
        Ok(parse::opened(conversation))
    }

    /// Says something: one call, one message.
    pub(super) async fn post(&self, call: &Call) -> Result<Accepted, Failure> {
        let place = Place::of(call)?;
        self.paces.enter(place.conversation, self.now())?;
        let path = format!("conversation/{}/message", place.conversation);
        let request = self.api(Method::POST, &path).json(&self.said(call, &place));
        let reply = self.ask(place.subject, request).await?;
        self.taken(call, &place, &reply)
    }

    /// Puts a file into the conversation, with its bytes already in a body of this type.
    pub(super) async fn post_bytes(
        &self,
        call: &Call,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Accepted, Failure> {
        let place = Place::of(call)?;
        self.paces.enter(place.conversation, self.now())?;
        let token = self.token(place.subject).await?;
        let path = format!("conversation/{}/file", place.conversation);
        let request = self.api(Method::POST, &path).header("Content-Type", content_type);
        let request = request.body(body).bearer_auth(token.text.reveal());
        let reply = exchange_within(request, policy::UPLOAD_TIMEOUT_MS, policy::ANSWER_MAX_BYTES);
        let reply = reply.await?;
        if reply.status == 401 {
            return Err(self.refused(place.subject, &token).await);
        }
        token.proven();
        if policy::refuses_file(&reply) {
            self.without_file.add(call.body["message"]["id"].as_str().unwrap_or_default());
            let text =
                format!("Salesforce does not take the file: {}; its link goes", reply.words());
            return Err(Failure::not_done(Some(0), FaultClass::MediaProblem, text));
        }
        self.taken(call, &place, &reply)
    }

    /// A message with what goes around it. A session that was found missing is begun with it.
    pub(super) fn said(&self, call: &Call, place: &Place<'_>) -> Value {
        let mut body = json!({
            "message": call.body["message"],
            "esDeveloperName": self.config.deployment,
        });
        if self.unbegun.has(place.conversation) {
            body["isNewMessagingSession"] = json!(true);
            body["routingAttributes"] = call.body["attributes"].clone();
            body["language"] = call.body["language"].clone();
        }
        body
    }

    /// What the answer to a message means.
    fn taken(&self, call: &Call, place: &Place<'_>, reply: &Reply) -> Result<Accepted, Failure> {
        if reply.succeeded() || policy::is_there(reply) {
            self.unbegun.forget(place.conversation);
            let id = call.body["message"]["id"].as_str().map(VendorId::from);
            return Ok(Accepted { vendor_id: id, ..Accepted::default() });
        }
        let failure = policy::messaging_failure(reply);
        match (reply.status, failure.certainty) {
            (429, Certainty::NotDone { after_ms }) => {
                self.paces.pause(place.conversation, after_ms, self.now());
                Err(failure)
            }
            // A rep had it: the work is over. Nobody had it yet: the next try begins the session,
            // which one attempt with one call cannot do ("Send Message": 417).
            (417, _) if call.body["begun"] != true => {
                self.unbegun.add(place.conversation);
                let text = "the messaging session is not begun; the next try begins it";
                Err(Failure::not_done(Some(0), FaultClass::VendorDown, text))
            }
            (404, _) => {
                let fault = Fault { class: FaultClass::WorkEnded, ..failure.fault };
                Err(Failure { fault, ..failure })
            }
            _ => Err(failure),
        }
    }

    /// Ends the session; the conversation stays the end user's. One that is over already is what
    /// was wanted.
    pub(super) async fn close(&self, call: &Call) -> Result<Accepted, Failure> {
        let Place { subject, conversation } = Place::of(call)?;
        let request = self.api(Method::DELETE, &format!("conversation/{conversation}/session"));
        let request = request.query(&[("esDeveloperName", &self.config.deployment)]);
        let reply = self.ask(subject, request).await?;
        if !reply.succeeded() && !policy::is_over(&reply) {
            return Err(policy::messaging_failure(&reply));
        }
        self.paces.forget(conversation);
        self.forget_token(subject);
        Ok(Accepted::default())
    }

    pub async fn typing(&self, handoff: &Handoff) {
        let Some(conversation) = conversation_of(handoff) else { return };
        // The moment makes it another sign than the last one.
        let mut seed = handoff.id.0.into_bytes();
        seed.iter_mut().zip(self.now().0.to_be_bytes()).for_each(|(to, at)| *to ^= at);
        let id = derived(Uuid::from_bytes(seed));
        let body = json!({ "entryType": "TypingStartedIndicator", "id": id });
        let path = format!("conversation/{conversation}/entry");
        let request = self.api(Method::POST, &path).json(&body);
        if let Err(failure) = self.demand(&subject_of(handoff), request).await {
            tracing::debug!(code = failure.fault.code, "the typing sign was not taken");
        }
    }

    /// The customer has what a rep wrote (`Delivery`), or has read it (`Read`). That these are the
    /// words no page confirms.
    pub async fn acknowledge(&self, handoff: &Handoff, message: &Message, word: &str) {
        let (Some(conversation), Some(id)) = (conversation_of(handoff), &message.vendor_id) else {
            return;
        };
        let Some(entry) = parse::entry_of(id) else { return };
        // Each mark has an id of its own, the same at every try.
        let mut seed = message.id.0.into_bytes();
        seed.iter_mut().zip(word.bytes()).for_each(|(to, letter)| *to ^= letter);
        let ack = json!({
            "id": derived(Uuid::from_bytes(seed)),
            "entryType": word,
            "conversationEntryId": entry,
        });
        let path = format!("conversation/{conversation}/acknowledge-entries");
        let request = self.api(Method::POST, &path).json(&json!({ "acks": [ack] }));
        if let Err(failure) = self.demand(&subject_of(handoff), request).await {
            tracing::debug!(code = failure.fault.code, "a mark was not taken");
        }
    }

    /// What was said since a moment.
    pub(super) async fn list_conversation(
        &self,
        handoff: &Handoff,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let Some(id) = conversation_of(handoff) else {
            return Err(Failure::refused(FaultClass::Bug, "the work is no conversation's id"));
        };
        let subject = subject_of(handoff);
        let Some(entries) = self.entries(&subject, &id, since).await? else {
            return Ok(Listing { ended: true, ..Listing::default() });
        };
        let mut listing = parse::listing(&self.config, entries);
        if !listing.ended {
            listing.ended = match self.conversation(&subject, &id).await {
                Ok(found) => found.is_none_or(|found| parse::is_ended(&found)),
                Err(failure) => {
                    tracing::warn!(
                        code = failure.fault.code,
                        why = failure.fault.operator,
                        "the conversation's state cannot be read"
                    );
                    false
                }
            };
        }
        Ok(listing)
    }

    /// The entries since a moment, newest first, page by page; none where the conversation is not
    /// there.
    async fn entries(
        &self,
        subject: &str,
        id: &str,
        since: Timestamp,
    ) -> Result<Option<Vec<Entry>>, Failure> {
        let (mut all, mut until): (Vec<Entry>, Option<Timestamp>) = (Vec::new(), None);
        for _ in 0..policy::PAGES_MAX {
            let mut query = vec![
                ("limit", policy::ENTRIES_PAGE.to_string()),
                ("direction", "FromEnd".to_owned()),
                ("startTimestamp", since.0.to_string()),
            ];
            query.extend(until.map(|until| ("endTimestamp", until.0.to_string())));
            let path = format!("conversation/{id}/entries");
            let reply = self.ask(subject, self.api(Method::GET, &path).query(&query)).await?;
            if reply.status == 404 {
                return Ok(None);
            }
            if !reply.succeeded() {
                return Err(policy::messaging_failure(&reply));
            }
            let page: Entries = read(&reply, "a list of entries")?;
            let (count, before) = (page.conversation_entries.len(), all.len());
            let is_new = |entry: &Entry| !all.iter().any(|old| same(old, entry));
            let new: Vec<Entry> = page.conversation_entries.into_iter().filter(is_new).collect();
            all.extend(new);
            // The oldest moment once more: several may share it.
            let oldest = all.iter().filter_map(parse::said_at).min();
            if count < policy::ENTRIES_PAGE || all.len() == before || oldest.is_none() {
                break;
            }
            until = oldest;
        }
        all.retain(|entry| parse::said_at(entry).is_none_or(|at| at >= since));
        Ok(Some(all))
    }

    async fn conversation(&self, subject: &str, id: &str) -> Result<Option<Conversation>, Failure> {
        let request = self.api(Method::GET, &format!("conversation/{id}"));
        let reply = self.ask(subject, request).await?;
        match reply.status {
            404 => Ok(None),
            _ if reply.succeeded() => Ok(Some(read(&reply, "a conversation")?)),
            _ => Err(policy::messaging_failure(&reply)),
        }
    }

    /// The conversation that was made under a handoff.
    pub(super) async fn find_conversation(
        &self,
        handoff: &Handoff,
    ) -> Result<Option<Accepted>, Failure> {
        let id = conversation_for(handoff);
        let found = self.conversation(&subject_of(handoff), &id).await?;
        let open = found.filter(|found| !parse::is_ended(found));
        Ok(open.map(|_| parse::opened(&id)))
    }
}

/// Whether two entries of overlapping pages are one.
fn same(a: &Entry, b: &Entry) -> bool {
    a.identifier == b.identifier && a.entry_type == b.entry_type
}
