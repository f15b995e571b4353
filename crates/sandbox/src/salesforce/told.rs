//! What a stream says of an event of the log.

use super::Inner;
use super::frame::Style;
use super::subject::{Logged, What};
use crate::World;

/// The event written out; `None` if its entry is gone.
pub fn frame(
    world: &World,
    inner: &mut Inner,
    style: &Style,
    logged: &Logged,
    now_ms: i64,
) -> Option<String> {
    match &logged.what {
        What::Other { event, data } => Some(style.event(event, logged.id, data)),
        What::Entry { conversation, position } => {
            let conversation = inner.conversations.get_mut(*conversation)?;
            let entry = conversation.entry(*position)?;
            let data = entry.data(&world.salesforce.account, conversation);
            let (event, ends) = (entry.kind.event(), entry.ends);
            if let Some(session) = ends.and_then(|at| conversation.sessions.get_mut(at)) {
                session.end_told_ms.get_or_insert(now_ms);
            }
            Some(style.event(event, logged.id, &data))
        }
    }
}
