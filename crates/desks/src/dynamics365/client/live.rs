//! Live conversations through the Messaging API, and their rows in Dataverse.

use base64::Engine as _;
use baton_core::{
    channel::Call,
    desk::Listing,
    fault::{Accepted, FaultClass},
    handoff::Handoff,
    time::Timestamp,
};
use reqwest::Method;
use serde_json::Value;

use super::{
    super::{
        ids::{conversation_id, conversation_of},
        parse, place,
        policy::{self, Failure, Reply},
        render, wire,
    },
    Client, read,
};

/// How Dataverse says that a conversation stands.
enum Standing {
    /// Somebody works on it or will.
    Open,
    /// It waits for its rep, who left it without ending it.
    Waiting,
    /// It is over, since about then.
    Ended { row: String, changed_at: Option<Timestamp> },
    /// Dataverse has no such row, or does not let us read it.
    NotSaid,
}

impl Client {
    /// Makes the conversation, in the channel that the call's place means.
    pub(super) async fn create(&self, call: &Call) -> Result<Accepted, Failure> {
        let place = call.body["place"].as_str();
        let channel = self.channel_of(place).await.map_err(Failure::before_the_call)?;
        let api = self.api()?;
        let request = self.messaging(api, &channel, Method::POST, "conversation/create");
        let reply = self.call_messaging(api, request.json(&call.body["create"]), false).await?;
        let mut accepted = parse::created(&reply.body)?;
        accepted.learned.insert(place::CHANNEL.to_owned(), channel);
        Ok(accepted)
    }

    pub(super) async fn post(&self, call: &Call) -> Result<Reply, Failure> {
        let id = call.body.pointer("/conversation/id").and_then(Value::as_str);
        let Some(id) = id.and_then(conversation_id) else {
            return Err(Failure::refused(FaultClass::Bug, "the call names no conversation"));
        };
        let channel = call.body["channelId"].as_str().ok_or_else(no_channel)?;
        let (api, path) = (self.api()?, format!("conversation/{id}"));
        let request = self.messaging(api, channel, Method::POST, &path).json(&call.body);
        self.call_messaging(api, request, true).await
    }

    /// A conversation that is over already is what was wanted.
    pub(super) async fn end(&self, call: &Call) -> Result<Accepted, Failure> {
        match self.post(call).await {
            Err(failure) if failure.fault.class != FaultClass::WorkEnded => Err(failure),
            _ => Ok(Accepted::default()),
        }
    }

    pub async fn typing(&self, handoff: &Handoff) {
        let Some(id) = conversation_of(handoff) else {
            return;
        };
        let Some(channel) = place::channel(&self.config, handoff) else { return };
        let body = render::typing(channel, &id);
        let call = Call { operation: render::MESSAGE.to_owned(), body };
        if let Err(failure) = self.post(&call).await {
            tracing::debug!(code = failure.fault.code, "the typing sign was not taken");
        }
    }

    /// What the desk holds of a conversation since a moment.
    pub(super) async fn list_conversation(
        &self,
        handoff: &Handoff,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let Some(id) = conversation_of(handoff) else {
            return Err(Failure::refused(FaultClass::Bug, "the work is no conversation's id"));
        };
        let channel = place::channel(&self.config, handoff).ok_or_else(no_channel)?;
        let messages = self.messages(channel, &id, since).await?.map(parse::listing);
        let standing = match self.standing(&id).await {
            Ok(standing) => standing,
            Err(failure) => {
                tracing::warn!(
                    code = failure.fault.code,
                    why = failure.fault.operator,
                    "the conversation's state cannot be read from Dataverse"
                );
                Standing::NotSaid
            }
        };
        match (standing, messages) {
            (Standing::Open | Standing::Waiting, Some(listing)) => Ok(listing),
            (Standing::NotSaid, Some(listing)) => Ok(listing),
            // A waiting conversation that answers 404 takes no more messages.
            (Standing::Waiting, None) => Ok(Listing { ended: true, ..Listing::default() }),
            (Standing::Open, None) => Err(contradiction()),
            (Standing::NotSaid, None) if self.is_active(channel, &id).await? => {
                Err(contradiction())
            }
            (Standing::NotSaid, None) => Ok(Listing { ended: true, ..Listing::default() }),
            (Standing::Ended { row, changed_at }, _) => {
                self.ended(channel, &id, &row, changed_at, since).await
            }
        }
    }

    /// An ended conversation: from its transcript, which comes some time after the end. Until
    /// then the messages are asked for once more, for what was said between the two questions.
    async fn ended(
        &self,
        channel: &str,
        id: &str,
        row: &str,
        changed_at: Option<Timestamp>,
        since: Timestamp,
    ) -> Result<Listing, Failure> {
        let transcript = self.transcript(row).await;
        match transcript {
            Ok(messages) if !messages.is_empty() => return Ok(parse::transcript(messages, since)),
            _ => {}
        }
        if let Some(messages) = self.messages(channel, id, since).await? {
            return Ok(Listing { ended: true, ..parse::listing(messages) });
        }
        transcript?;
        let recent =
            changed_at.is_some_and(|at| self.clock.now().since_ms(at) < policy::TRANSCRIPT_WAIT_MS);
        if recent {
            return Err(Failure::not_done(
                None,
                FaultClass::VendorDown,
                "the conversation has ended and its transcript is not written yet",
            ));
        }
        Ok(Listing { ended: true, ..Listing::default() })
    }

    /// All messages since a moment; none where the Messaging API no longer has the conversation.
    async fn messages(
        &self,
        channel: &str,
        id: &str,
        since: Timestamp,
    ) -> Result<Option<Vec<wire::Activity>>, Failure> {
        let (api, path) = (self.api()?, format!("conversation/{id}/messages"));
        let mut messages = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..policy::PAGES_MAX {
            let mut query = vec![
                ("StartTimeStamp", since.rfc3339()),
                ("PageSize", policy::MESSAGES_PAGE.to_string()),
            ];
            query.extend(token.clone().map(|token| ("ContinuationToken", token)));
            let request = self.messaging(api, channel, Method::GET, &path).query(&query);
            let reply = match self.call_messaging(api, request, true).await {
                Err(failure) if failure.fault.class == FaultClass::WorkEnded => return Ok(None),
                other => other?,
            };
            let page: wire::MessagesPage = read(&reply, "a listing of messages")?;
            let (empty, next) = (page.messages.is_empty(), page.continuationtoken);
            messages.extend(page.messages);
            if empty || next.is_none() || next == token {
                return Ok(Some(messages));
            }
            token = next;
        }
        Err(too_many("messages in the conversation"))
    }

    /// Whether the Messaging API lists the conversation as active.
    async fn is_active(&self, channel: &str, id: &str) -> Result<bool, Failure> {
        let api = self.api()?;
        let mut token: Option<String> = None;
        for _ in 0..policy::PAGES_MAX {
            let mut query = vec![("PageSize", policy::CONVERSATIONS_PAGE.to_string())];
            query.extend(token.clone().map(|token| ("ContinuationToken", token)));
            let request = self.messaging(api, channel, Method::GET, "conversations").query(&query);
            let reply = self.call_messaging(api, request, false).await?;
            let page: wire::ConversationsPage = read(&reply, "a listing of conversations")?;
            if page.conversations.iter().any(|c| c.conversationid.eq_ignore_ascii_case(id)) {
                return Ok(true);
            }
            let (empty, next) = (page.conversations.is_empty(), page.continuationtoken);
            if empty || next.is_none() || next == token {
                return Ok(false);
            }
            token = next;
        }
        Err(too_many("active conversations"))
    }

    async fn standing(&self, id: &str) -> Result<Standing, Failure> {
        let Some(row) = self.row(id).await? else { return Ok(Standing::NotSaid) };
        // msdyn_ocliveworkitem entity reference: statecode 0 is open, with statuscode 3 waiting
        // and 5 wrap-up, in which the rep has ended the conversation and writes it up.
        Ok(match (row.statecode, row.statuscode) {
            (0, 3) => Standing::Waiting,
            (0, 1 | 2) | (3, _) => Standing::Open,
            _ => Standing::Ended {
                changed_at: row.modifiedon.as_deref().and_then(Timestamp::read),
                row: conversation_id(&row.activityid).unwrap_or_else(|| id.to_owned()),
            },
        })
    }

    /// The conversation's row. That its key is the conversation's id is shown by Microsoft's
    /// samples only; the other column is documented to hold it.
    async fn row(&self, id: &str) -> Result<Option<wire::WorkRow>, Failure> {
        let select = ("$select", "activityid,statecode,statuscode,modifiedon".to_owned());
        let by_key = self.dataverse(&format!("msdyn_ocliveworkitems({id})")).query(&[&select]);
        match self.poll_dataverse(by_key).await {
            Ok(reply) => return Ok(Some(read(&reply, "a conversation's row")?)),
            Err(failure) if failure.fault.class != FaultClass::NotRegistered => {
                return Err(failure);
            }
            Err(_) => {}
        }
        let filter = ("$filter", format!("msdyn_ocliveworkitemid eq '{id}'"));
        let by_column = self.dataverse("msdyn_ocliveworkitems").query(&[
            &select,
            &filter,
            &("$top", "1".to_owned()),
        ]);
        let reply = self.poll_dataverse(by_column).await?;
        let rows: wire::Rows<wire::WorkRow> = read(&reply, "conversation rows")?;
        Ok(rows.value.into_iter().next())
    }

    /// The messages in a conversation's transcript notes.
    async fn transcript(&self, row: &str) -> Result<Vec<wire::TranscriptMessage>, Failure> {
        let request = self.dataverse("msdyn_transcripts").query(&[
            ("$select", "msdyn_transcriptid".to_owned()),
            ("$filter", format!("_msdyn_liveworkitemidid_value eq {row}")),
            ("$top", policy::NOTES_MAX.to_string()),
        ]);
        let reply = self.poll_dataverse(request).await?;
        let rows: wire::Rows<wire::TranscriptRow> = read(&reply, "transcripts")?;
        let mut messages = Vec::new();
        for row in rows.value {
            let Some(id) = conversation_id(&row.msdyn_transcriptid) else { continue };
            let request = self.dataverse("annotations").query(&[
                ("$select", "annotationid,documentbody".to_owned()),
                (
                    "$filter",
                    format!("_objectid_value eq {id} and objecttypecode eq 'msdyn_transcript'"),
                ),
                ("$top", policy::NOTES_MAX.to_string()),
            ]);
            let reply = self.poll_dataverse(request).await?;
            let notes: wire::Rows<wire::NoteRow> = read(&reply, "transcript notes")?;
            messages.extend(notes.value.iter().filter_map(note).flatten());
        }
        Ok(messages)
    }
}

fn no_channel() -> Failure {
    Failure::refused(
        FaultClass::NotRegistered,
        "no messaging channel is set; test and save the desk's settings, or set channel_id",
    )
}

fn contradiction() -> Failure {
    Failure::not_done(
        None,
        FaultClass::VendorDown,
        "Dynamics 365 contradicts itself about the conversation; it is asked again later",
    )
}

fn too_many(what: &str) -> Failure {
    Failure::refused(FaultClass::Unknown, format!("there are too many {what} to list them all"))
}

/// The messages of one note; none where it holds something else.
fn note(row: &wire::NoteRow) -> Option<Vec<wire::TranscriptMessage>> {
    let body = row.documentbody.as_deref()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(body.trim()).ok()?;
    wire::read(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).ok()
}
