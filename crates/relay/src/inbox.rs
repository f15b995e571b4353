//! What administrators do with an inbox: try settings, check the account, send a test message.

use std::{sync::Arc, time::Duration};

use baton_core::{
    channel::{Channel, Outbound, What},
    config::ConfigFault,
    contact::Identity,
    fault::{Accepted, Fault, FaultClass, Outcome},
    ids::{ConversationId, DeliveryId, InboxId, MessageId, SessionId, WorkspaceId},
    inbox::ChannelKind,
    message::{Author, Content},
    registration::Registration,
    step::{self, Input, State},
};
use baton_store::StoreError;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    apply::{ApplyError, Whose, With},
    hub::Hub,
    registry::Vendor,
};

/// A check that takes longer has failed, in real time. Shorter than an API request may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(8);

/// What was said, now on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said {
    /// The session in which it was said.
    pub session: SessionId,
    /// The message.
    pub message: MessageId,
}

/// Why something was not said.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// The rules forbid it.
    #[error("send it: {}", .0.operator)]
    Refused(Fault),
    /// The inbox is stopped, or its settings are refused.
    #[error("use the inbox: it does not run")]
    NoInbox,
    /// Another node does the work, or the conversation kept changing.
    #[error("send it: the conversation is busy; try again")]
    Busy,
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hub {
    /// The vendors of channels that can be set up.
    pub fn vendors(&self) -> Vec<Vendor> {
        self.builder.vendors()
    }

    /// A fresh id for something that the hub is to hold.
    pub fn new_id(&self) -> Uuid {
        self.ids.uuid()
    }

    /// What customers experience through a vendor with these settings, secrets included.
    ///
    /// # Errors
    /// Names the setting that is refused and the fix.
    pub fn try_channel(
        &self,
        vendor: &str,
        settings: &Map<String, Value>,
    ) -> Result<ChannelKind, ConfigFault> {
        Ok(self.builder.channel(vendor, settings)?.policy().channel)
    }

    /// Asks the vendor whether address, credentials and subscription are right; none when the
    /// inbox does not run. The answer counts for the inbox's state.
    pub async fn inbox_check(&self, inbox: InboxId) -> Option<Result<(), Fault>> {
        let channel: Arc<dyn Channel> = self.registry().channel(inbox)?;
        let checked = tokio::time::timeout(CHECK_PATIENCE, channel.check()).await;
        let checked = checked.unwrap_or_else(|_| Err(unheard()));
        let outcome = match &checked {
            Ok(()) => Outcome::Accepted(Accepted::default()),
            Err(fault) => Outcome::Rejected { fault: fault.clone() },
        };
        self.health.learn(inbox.0, &outcome);
        Some(checked)
    }

    /// Asks the vendor how the number is registered with carriers; none when the inbox does not
    /// run.
    pub async fn inbox_registration(
        &self,
        inbox: InboxId,
    ) -> Option<Result<Option<Registration>, Fault>> {
        let channel: Arc<dyn Channel> = self.registry().channel(inbox)?;
        let told = tokio::time::timeout(CHECK_PATIENCE, channel.registration()).await;
        Some(told.unwrap_or_else(|_| Err(unheard())))
    }

    /// Says something to somebody, in their conversation or a new one, by the same way as
    /// everything else that is sent.
    ///
    /// # Errors
    /// The rules forbid it now, the inbox does not run, or the store does not answer; nothing
    /// was said.
    pub async fn say(
        &self,
        (workspace, inbox): (WorkspaceId, InboxId),
        to: Identity,
        author: Author,
        text: String,
    ) -> Result<Said, SayError> {
        let whose = Whose::Of { workspace, inbox, identity: to.clone() };
        let id = self.whose_id(&whose).await?;
        self.may_say(&self.load(&whose, id, &With::default()).await?)?;
        self.utter(&whose, Input::Say { to, author, content: Content::text(text) }).await
    }

    /// Says something in a conversation. Words with something to tap are held against the
    /// vendor's limits first.
    ///
    /// # Errors
    /// The rules or the vendor's limits forbid it, the inbox does not run, or the store does not
    /// answer; nothing was said.
    pub async fn say_in(
        &self,
        conversation: ConversationId,
        author: Author,
        content: Content,
    ) -> Result<Said, SayError> {
        let whose = Whose::Known(conversation);
        let state = self.load(&whose, Some(conversation), &With::default()).await?;
        self.may_say(&state)?;
        self.fits(&state, &content)?;
        let to = Identity { points: Vec::new(), name: None };
        self.utter(&whose, Input::Say { to, author, content }).await
    }

    async fn utter(&self, whose: &Whose, input: Input) -> Result<Said, SayError> {
        let (state, effects) = self.apply(whose, &With::default(), &input).await?;
        match effects.messages.iter().max_by_key(|message| message.position) {
            Some(said) => Ok(Said { session: said.session, message: said.id }),
            // The window closed, or the customer opted out, in between.
            None => Err(self.may_say(&state).err().unwrap_or(SayError::Busy)),
        }
    }

    /// Whether the vendor's rules let it be sent as it is.
    fn fits(&self, state: &State, content: &Content) -> Result<(), SayError> {
        let channel = self.registry().channel(state.conversation.inbox);
        let channel = channel.ok_or(SayError::NoInbox)?;
        let outbound = Outbound {
            delivery: DeliveryId::new(self.ids.as_ref()),
            to: &state.contact,
            what: What::Content(content),
            reply_to: None,
            file_url: None,
        };
        channel.render(&outbound).map(drop).map_err(SayError::Refused)
    }

    fn may_say(&self, state: &State) -> Result<(), SayError> {
        match self.in_context(state, None, |context| step::refusal(state, context)) {
            None => Err(SayError::NoInbox),
            Some(Some(fault)) => Err(SayError::Refused(fault)),
            Some(None) => Ok(()),
        }
    }
}

fn unheard() -> Fault {
    let text = format!("hear from the vendor within {} s", CHECK_PATIENCE.as_secs());
    Fault::new(FaultClass::VendorDown, text)
}

impl From<ApplyError> for SayError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::NoInbox => Self::NoInbox,
            ApplyError::NoConversation
            | ApplyError::Fenced
            | ApplyError::OutOfTurn
            | ApplyError::Conflict => Self::Busy,
            ApplyError::Store(error) => Self::Store(error),
        }
    }
}
