//! Invariants broken on purpose, so that a test can see its own checks fail: `BATON_BREAK=i1`
//! and its kin. Release builds break nothing, whatever the environment says.

#[cfg(debug_assertions)]
pub(crate) use on_purpose::{begins_apart, resends_blindly, seen_by_the_rules, writes_late};
#[cfg(not(debug_assertions))]
pub(crate) use whole::{begins_apart, resends_blindly, seen_by_the_rules, writes_late};

#[cfg(debug_assertions)]
mod on_purpose {
    use std::{borrow::Cow, sync::OnceLock, time::Duration};

    use baton_core::{
        ids::DeliveryId,
        message::AuthorKind,
        session::Owner,
        step::{Input, State},
        time::{DAY_MS, Timestamp},
    };
    use baton_store::{NewInbound, Store};

    /// How long an event that was acknowledged too early is not stored.
    const LATE: Duration = Duration::from_millis(500);

    fn breaks(invariant: &str) -> bool {
        static BROKEN: OnceLock<Option<String>> = OnceLock::new();
        BROKEN.get_or_init(|| std::env::var("BATON_BREAK").ok()).as_deref() == Some(invariant)
    }

    /// I1: the vendor is answered before the events are stored.
    pub(crate) fn writes_late(store: &Store, events: &[NewInbound]) -> bool {
        if !breaks("i1") {
            return false;
        }
        let (store, events) = (store.clone(), events.to_vec());
        tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            store.inbound_put(events).await
        });
        true
    }

    /// I2: what may have been sent to a customer is sent again.
    pub(crate) fn resends_blindly() -> bool {
        breaks("i2")
    }

    /// What is broken for attempts alone shows only in commits of their own.
    pub(crate) fn begins_apart() -> bool {
        breaks("i5") || breaks("i7")
    }

    /// I5: answers of the AI are taken and tried as if it still owned the session. I7: the
    /// window looks open whenever something is to be sent.
    pub(crate) fn seen_by_the_rules<'a>(state: &'a State, input: &Input) -> Cow<'a, State> {
        match input {
            Input::Attempt { delivery, .. } if breaks("i5") && is_answer(state, *delivery) => {
                let epoch = state.deliveries.iter().find(|d| d.id == *delivery).map(|d| d.epoch);
                owned_by_ai(state, epoch)
            }
            Input::TurnEnded { epoch, .. } if breaks("i5") => owned_by_ai(state, Some(*epoch)),
            Input::Attempt { .. } if breaks("i7") => in_open_window(state),
            _ => Cow::Borrowed(state),
        }
    }

    fn is_answer(state: &State, id: DeliveryId) -> bool {
        state.deliveries.iter().any(|d| d.id == id && d.author == AuthorKind::Ai)
    }

    fn owned_by_ai(state: &State, epoch: Option<i64>) -> Cow<'_, State> {
        let mut doctored = state.clone();
        if let (Some(session), Some(epoch)) = (doctored.session.as_mut(), epoch) {
            session.owner = Owner::Ai;
            session.epoch = epoch;
        }
        Cow::Owned(doctored)
    }

    fn in_open_window(state: &State) -> Cow<'_, State> {
        let mut doctored = state.clone();
        if let Some(window) = doctored.conversation.window.as_mut() {
            window.expires_at = Timestamp(window.expires_at.0 + 1_000 * DAY_MS);
            window.refused = false;
        }
        Cow::Owned(doctored)
    }
}

#[cfg(not(debug_assertions))]
mod whole {
    use std::borrow::Cow;

    use baton_core::step::{Input, State};
    use baton_store::{NewInbound, Store};

    pub(crate) fn writes_late(_: &Store, _: &[NewInbound]) -> bool {
        false
    }

    pub(crate) fn resends_blindly() -> bool {
        false
    }

    pub(crate) fn begins_apart() -> bool {
        false
    }

    pub(crate) fn seen_by_the_rules<'a>(state: &'a State, _: &Input) -> Cow<'a, State> {
        Cow::Borrowed(state)
    }
}
