//! Opt-outs, honoured before anything else.

use super::draft::Draft;
use crate::{
    consent::{Consent, ConsentScope},
    contact::Point,
    delivery::Payload,
    time::Timestamp,
};

pub(super) fn changed(
    draft: &mut Draft<'_>,
    point: Point,
    scope: ConsentScope,
    opted_out: bool,
    at: Timestamp,
    source: &str,
) {
    let inbox = draft.state.conversation.inbox;
    let line = Consent { point, inbox, scope, opted_out, at, source: source.to_owned() };
    draft.state.consents.retain(|old| old.scope != scope || old.point != line.point);
    draft.state.consents.push(line.clone());
    draft.consents.push(line);
    if opted_out {
        draft.withdraw(|delivery| match &delivery.payload {
            Payload::Template { template, .. } => {
                scope != ConsentScope::Marketing || template.marketing
            }
            _ => scope == ConsentScope::Everything,
        });
    }
}

/// What an opt-out must cover to forbid this payload.
pub(super) fn scope_of(payload: &Payload) -> ConsentScope {
    match payload {
        Payload::Template { template, .. } if template.marketing => ConsentScope::Marketing,
        Payload::Template { .. } => ConsentScope::BusinessInitiated,
        _ => ConsentScope::Everything,
    }
}
