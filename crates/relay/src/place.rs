//! Where a handoff goes, once its topic is known.

use std::time::Duration;

use baton_core::{
    brief::Brief,
    desk::Availability,
    handoff::{Handoff, Place},
    route::{self, Choice, Unavailable, WorkKind},
    session::Session,
    step::{self, State},
};

use crate::registry::Registry;

/// A desk that does not say in time who is there is taken as it is.
const AVAILABILITY_PATIENCE: Duration = Duration::from_secs(5);

/// Where the route wants the handoff now that its topic is known: the first choice, from the one
/// that was asked for on, where somebody is there or which would rather queue.
pub(crate) async fn pick(
    registry: &Registry,
    state: &State,
    session: &Session,
    handoff: &Handoff,
    brief: &Brief,
) -> Place {
    let asked_for =
        Place { index: handoff.choice, choice: handoff.target.clone(), availability: None };
    let Some(tenant) = registry.tenants.get(&state.conversation.workspace) else {
        return asked_for;
    };
    let topic = step::topic(session, Some(brief));
    let choices = route::choices(&tenant.routes, state.conversation.inbox, topic);
    let mut last = asked_for;
    for (index, choice) in (0_u32..).zip(choices).skip(handoff.choice as usize) {
        let availability = available(registry, choice).await;
        last = Place { index, choice: choice.clone(), availability };
        if !(last.is_deserted() && choice.unavailable == Unavailable::Next) {
            break;
        }
    }
    last
}

/// Who is there, where the desk says so in time: nobody waits long for an answer that is only
/// good to know.
async fn available(registry: &Registry, choice: &Choice) -> Option<Availability> {
    if choice.kind != WorkKind::Live {
        return None;
    }
    let desk = registry.desk(choice.desk)?;
    let asked = tokio::time::timeout(AVAILABILITY_PATIENCE, desk.availability(choice)?).await;
    match asked {
        Ok(Ok(availability)) => Some(availability),
        Ok(Err(fault)) => {
            tracing::warn!(desk = %choice.desk, fault = %fault.operator, "availability not known");
            None
        }
        Err(_) => None,
    }
}
