//! What became of an attempt whose outcome nobody knows: the vendor is asked, where it can be.

use std::sync::Arc;

use baton_core::{
    delivery::Delivery,
    fault::{Fault, FaultClass, Outcome, Settled},
    ids::{ConversationId, DeliveryId},
    step::{Input, State},
};
use baton_store::Also;

use crate::{
    apply::{ApplyError, Whose, With},
    crash,
    deliver::{Vendor, repeatable},
    handoff::LISTING_MARGIN_MS,
    hub::Hub,
};

impl Hub {
    /// Asks what became of an unknown attempt.
    pub(crate) async fn settle(
        &self,
        conversation: ConversationId,
        id: DeliveryId,
    ) -> Result<(), ApplyError> {
        let also = Also::delivery(id);
        let state = self.store.state_load(conversation, &also).await?;
        let delivery =
            state.as_ref().and_then(|s| s.deliveries.iter().find(|d| d.id == id)).cloned();
        let settled = match (&state, &delivery) {
            (Some(state), Some(delivery)) => self.ask(state, delivery).await?,
            _ => Settled::Unknown,
        };
        let input = Input::Settled { delivery: id, settled };
        let with = With { also, ..With::default() };
        self.apply(&Whose::Known(conversation), &with, &input).await?;
        Ok(())
    }

    async fn ask(&self, state: &State, delivery: &Delivery) -> Result<Settled, ApplyError> {
        let (desk, call) = match self.render(state, delivery).await {
            Ok((Vendor::Desk(desk), call)) => (desk, call),
            Ok((Vendor::Channel(channel), call)) => {
                return self.look_up(channel.as_ref(), &call, delivery).await;
            }
            Err(_) => return Ok(Settled::Unknown),
        };
        if desk.is_repeatable(&call) {
            return Ok(Settled::NotSent);
        }
        let Ok(handoff) = self.handoff_of(state, delivery).await else {
            return Ok(Settled::Unknown);
        };
        if handoff.work.is_none() {
            return Ok(Settled::Unknown);
        }
        let since = handoff.requested_at.plus_ms(-LISTING_MARGIN_MS);
        crash::point("before", "ask");
        let listing = desk.list(&handoff, since).await;
        crash::point("after", "ask");
        let Ok(listing) = listing else { return Ok(Settled::Unknown) };
        let known = self.store.desk_vendor_ids(handoff.id).await?;
        Ok(desk.settle(&call, &listing, &known))
    }

    async fn interrupted(
        &self,
        conversation: ConversationId,
        id: DeliveryId,
    ) -> Result<(), ApplyError> {
        let Some(attempt) = self.store.attempt_last(id).await? else { return Ok(()) };
        let fault = Fault::new(
            FaultClass::VendorDown,
            "hear from the vendor: the process ended during the call",
        );
        let also = Also::delivery(id);
        let state = self.store.state_load(conversation, &also).await?;
        let delivery =
            state.as_ref().and_then(|state| state.deliveries.iter().find(|d| d.id == id));
        let rendered = match (&state, delivery) {
            (Some(state), Some(delivery)) => self.render(state, delivery).await.ok(),
            _ => None,
        };
        let unknown = Outcome::Unknown { fault };
        let outcome = match rendered {
            Some((vendor, call)) => repeatable(&vendor, &call, unknown),
            None => unknown,
        };
        self.end_attempt(attempt, None, outcome).await
    }
}

/// What was under way when its process ended is unknown now.
pub(crate) async fn settle_interrupted(hub: &Arc<Hub>) {
    let cut_short = match hub.store.delivery_sending().await {
        Ok(cut_short) => cut_short,
        Err(error) => return tracing::error!(%error, "attempts cut short not read"),
    };
    for (conversation, delivery) in cut_short {
        if let Err(error) = hub.interrupted(conversation, delivery).await {
            tracing::error!(%delivery, %error, "attempt cut short not settled");
        }
    }
}
