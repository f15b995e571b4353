//! The bytes of media: fetched from whoever keeps them, kept here, and given on by links.

use std::{sync::Arc, time::Duration};

use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource, SharedFile, StoredFile},
    ids::{ConversationId, FileId, MessageId, TaskId, VendorId},
    message::{Content, Message},
    step::{Input, Keeper, State, keeper, waits},
    task::{Task, TaskKind},
    time::DAY_MS,
};
use baton_files::{Files, Links, NewFile};
use baton_store::{Also, StoreError};
use tokio::sync::Notify;

use crate::{
    apply::{ApplyError, Postponed, Whose, With},
    crash,
    hub::Hub,
    pump::{self, Queue},
};

/// Files fetched at the same time. Each holds a few pieces in memory, never a whole file.
const AT_ONCE: usize = 16;
/// No file takes longer, however slowly it comes.
const FETCH_PATIENCE: Duration = Duration::from_secs(600);
/// The pause after a file's end could not be written, in real time.
const AFTER_ERROR: Duration = Duration::from_millis(500);
/// How long a customer's vendor can fetch a file: it does so at once, and again within hours
/// where it could not.
const VENDOR_LINK_MS: i64 = DAY_MS;

/// What the hub does with files.
#[derive(Clone)]
pub struct Media {
    /// Where they are kept.
    pub files: Arc<Files>,
    /// The addresses under which they are given on.
    pub links: Links,
    /// How long reps can open a file by its link, in milliseconds.
    pub desk_link_ms: i64,
}

struct Fetches;

pub(crate) async fn run(hub: Arc<Hub>) {
    pump::run(hub, Arc::new(Fetches)).await;
}

impl Queue for Fetches {
    type Item = Task;
    type Key = TaskId;

    fn name(&self) -> &'static str {
        "fetches"
    }

    fn at_once(&self, _: &Hub) -> usize {
        AT_ONCE
    }

    fn bell<'a>(&self, hub: &'a Hub) -> &'a Notify {
        &hub.wakes.fetches
    }

    async fn due(&self, hub: &Hub, limit: usize) -> Result<Vec<Task>, StoreError> {
        hub.store.fetch_due(hub.clock.now(), limit).await
    }

    fn key(&self, item: &Task) -> TaskId {
        item.id
    }

    async fn work(&self, hub: Arc<Hub>, item: Task) {
        let TaskKind::Fetch(message) = item.what else { return };
        let mut done = hub.fetch(item.conversation, message).await;
        if matches!(done, Err(ApplyError::NoInbox)) {
            done = hub.postpone(item.conversation, Postponed::Task(item.what)).await;
        }
        if let Err(error) = done {
            tracing::warn!(%message, %error, "file not fetched yet");
            tokio::time::sleep(AFTER_ERROR).await;
        }
    }
}

impl Hub {
    /// The files that the hub keeps, and their links.
    pub fn media(&self) -> &Media {
        &self.media
    }

    /// Fetches the bytes of one message and writes down what came of it.
    async fn fetch(&self, conversation: ConversationId, id: MessageId) -> Result<(), ApplyError> {
        let also = Also::message(id);
        let state = self.store.state_load(conversation, &also).await?;
        let state = state.ok_or(ApplyError::NoConversation)?;
        let waiting = |m: &&Message| m.id == id && waits(&m.content);
        let Some(message) = state.messages.iter().find(waiting) else {
            self.apply_to(conversation, Input::Due(TaskKind::Fetch(id))).await?;
            return Ok(());
        };
        crash::point("before", "fetch");
        let taking = tokio::time::timeout(FETCH_PATIENCE, self.take(&state, message));
        let result = taking.await.unwrap_or_else(|_| Err(too_slow()));
        crash::point("after", "fetch");
        count(&result);
        let with = With { also, ..With::begin() };
        let input = Input::Fetched { message: id, result };
        self.apply(&Whose::Known(conversation), &with, &input).await?;
        Ok(())
    }

    async fn take(&self, state: &State, message: &Message) -> Result<StoredFile, Fault> {
        let Content::Media {
            kind, file_name, mime_type, vendor_id: Some(vendor_id), sha256, ..
        } = &message.content
        else {
            return Err(Fault::new(FaultClass::MediaProblem, "fetch the file: it has no address"));
        };
        let (stream, max_bytes) = match keeper(message) {
            Keeper::Channel => self.at_channel(state, vendor_id.clone()).await?,
            Keeper::Desk => self.at_desk(message, vendor_id.clone()).await?,
            Keeper::Engine => self.at_engine(state, vendor_id.clone()).await?,
        };
        let new = NewFile {
            // One file a message: a second try replaces what a first one left.
            id: FileId(message.id.0),
            workspace: message.workspace,
            sent_name: file_name.as_deref(),
            word: kind.word(),
            claimed_type: mime_type.as_deref(),
            sha256: sha256.as_deref(),
            max_bytes,
        };
        self.media.files.put(&new, stream).await
    }

    async fn at_channel(
        &self,
        state: &State,
        vendor_id: VendorId,
    ) -> Result<(FileStream, u64), Fault> {
        let inbox = state.conversation.inbox;
        let channel = self.registry().channel(inbox).ok_or_else(|| stopped("inbox"))?;
        let max_bytes = channel.policy().max_file_bytes;
        let source = MediaSource { vendor_id, max_bytes };
        let stream = channel.fetch(&source).await?;
        Ok((stream, max_bytes))
    }

    /// Files of articles are the engine's; the channel says how large they may be.
    async fn at_engine(
        &self,
        state: &State,
        vendor_id: VendorId,
    ) -> Result<(FileStream, u64), Fault> {
        let registry = self.registry();
        let channel = registry.channel(state.conversation.inbox).ok_or_else(|| stopped("inbox"))?;
        let tenant = registry.tenants.get(&state.conversation.workspace);
        let engine = tenant.map(|tenant| Arc::clone(&tenant.engine));
        let max_bytes = channel.policy().max_file_bytes;
        let source = MediaSource { vendor_id, max_bytes };
        let stream = engine.ok_or_else(|| stopped("engine"))?.fetch(&source).await?;
        Ok((stream, max_bytes))
    }

    async fn at_desk(
        &self,
        message: &Message,
        vendor_id: VendorId,
    ) -> Result<(FileStream, u64), Fault> {
        let handoffs = self.store.handoffs_of(message.conversation).await;
        let handoffs = handoffs.map_err(|e| Fault::new(FaultClass::VendorDown, e.to_string()))?;
        let of_it = handoffs.into_iter().rev().find(|h| h.session == message.session);
        let Some(handoff) = of_it.filter(|handoff| handoff.work.is_some()) else {
            let text = "fetch the file: the desk's work that it belongs to is not known";
            return Err(Fault::new(FaultClass::MediaProblem, text));
        };
        let desk = self.registry().desk(handoff.desk).ok_or_else(|| stopped("desk"))?;
        let max_bytes = desk.policy().max_file_bytes;
        let source = MediaSource { vendor_id, max_bytes };
        let stream = desk.fetch(&handoff, &source).await?;
        Ok((stream, max_bytes))
    }

    /// The address under which a customer's vendor can have the file of a message.
    pub(crate) fn vendor_link(&self, message: MessageId, content: &Content) -> Option<String> {
        self.link(message, content, VENDOR_LINK_MS)
    }

    /// The address under which a rep can have the file of a message.
    pub(crate) fn desk_link(&self, message: MessageId, content: &Content) -> Option<String> {
        self.link(message, content, self.media.desk_link_ms)
    }

    fn link(&self, message: MessageId, content: &Content, span_ms: i64) -> Option<String> {
        let Content::Media { file: Some(file), .. } = content else { return None };
        let until = self.clock.now().plus_ms(span_ms);
        file.stored().map(|file| self.media.links.link(message, &file.name, until))
    }

    /// The stored files of messages, as a desk is given them.
    pub(crate) fn shared_files(&self, messages: &[Message]) -> Vec<SharedFile> {
        let shared = |message: &Message| {
            let link = self.desk_link(message.id, &message.content)?;
            let Content::Media { file: Some(file), .. } = &message.content else { return None };
            let (at, author) = (message.at, message.author.kind);
            Some(SharedFile { at, author, file: file.stored()?.clone(), link })
        };
        messages.iter().filter_map(shared).collect()
    }

    /// What a rep reads of earlier messages, with the links of their files.
    pub(crate) fn with_links(&self, mut messages: Vec<Message>) -> Vec<Message> {
        for message in &mut messages {
            if let Some(link) = self.desk_link(message.id, &message.content) {
                message.content = Content::text(format!("{} {link}", message.content.as_text()));
            }
        }
        messages
    }
}

fn stopped(what: &str) -> Fault {
    let text = format!("use the {what}: it is stopped or was removed");
    Fault::new(FaultClass::NotRegistered, text)
}

fn too_slow() -> Fault {
    Fault::new(FaultClass::VendorDown, "fetch the file in time; it is tried again")
        .for_rep("The file did not come in time.")
}

fn count(result: &Result<StoredFile, Fault>) {
    let outcome = match result {
        Ok(file) => {
            metrics::counter!("baton_file_bytes_total").increment(file.size_bytes);
            "stored"
        }
        Err(fault) if fault.class == FaultClass::MediaProblem => "refused",
        Err(_) => "retry",
    };
    metrics::counter!("baton_files_total", "outcome" => outcome).increment(1);
}
