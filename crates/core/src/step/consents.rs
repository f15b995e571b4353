//! Opt-outs, honoured before anything else.

use super::draft::Draft;
use crate::{
    consent::{self, Consent, ConsentScope},
    contact::{Point, PointKind},
    delivery::Payload,
    phone,
    task::TaskKind,
    time::{MINUTE_MS, Timestamp},
};

/// What a rep reads from whose customer nothing more may be sent to.
const OPTED_OUT: &str =
    "The customer opted out. Nothing more can be sent to them until they write START.";

/// Of two words this close by different clocks, the one that came later is the later one.
const CLOCKS_DIFFER_MS: i64 = MINUTE_MS;

/// A vendor says that somebody opted out or in again.
pub(super) fn told(
    draft: &mut Draft<'_>,
    point: Point,
    scope: ConsentScope,
    opted_out: bool,
    at: Timestamp,
) {
    if !opted_out {
        return opted_in(draft, &[point], scope, at, "vendor");
    }
    let was_out = are_out(draft);
    changed(draft, point, scope, true, at, "vendor");
    if scope == ConsentScope::Everything && !was_out {
        fell_silent(draft);
    }
}

/// A vendor refused a message because of its own list of those who wrote STOP, which we then
/// follow; false where a refusal does not say that.
pub(super) fn refused_by_vendor(draft: &mut Draft<'_>) -> bool {
    if draft.cx.channel.stop_scope != ConsentScope::Everything {
        return false;
    }
    let points = &draft.state.contact.points;
    let point = points.iter().find(|point| point.kind == PointKind::Phone).or(points.first());
    let (point, now) = (point.cloned(), draft.cx.now);
    if let Some(point) = point {
        told(draft, point, ConsentScope::Everything, true, now);
    }
    true
}

/// Whether nothing at all may be sent to the customer.
pub(super) fn are_out(draft: &Draft<'_>) -> bool {
    consent::forbids(&draft.state.consents, ConsentScope::Everything)
}

/// Writes a line of the ledger, and withdraws what it forbids. A word that is found late undoes
/// nothing that was said since.
pub(super) fn changed(
    draft: &mut Draft<'_>,
    point: Point,
    scope: ConsentScope,
    opted_out: bool,
    at: Timestamp,
    source: &str,
) {
    let is_since = |old: &Consent| {
        old.scope == scope && old.point == point && old.at.since_ms(at) > CLOCKS_DIFFER_MS
    };
    if draft.state.consents.iter().any(is_since) {
        return;
    }
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

/// Somebody opts in again: under each of their addresses that is opted out, however it was
/// spelled then.
pub(super) fn opted_in(
    draft: &mut Draft<'_>,
    who: &[Point],
    scope: ConsentScope,
    at: Timestamp,
    source: &str,
) {
    let theirs = |line: &&Consent| {
        line.opted_out && line.scope == scope && who.iter().any(|p| is_same(p, &line.point))
    };
    let out = draft.state.consents.iter().filter(theirs);
    let mut points: Vec<Point> = out.map(|line| line.point.clone()).collect();
    if points.is_empty() {
        points.extend(who.first().cloned());
    }
    for point in points {
        changed(draft, point, scope, false, at, source);
    }
}

fn is_same(a: &Point, b: &Point) -> bool {
    let phones = a.kind == PointKind::Phone && b.kind == PointKind::Phone;
    a == b || (phones && phone::aliases(&a.value).contains(&b.value))
}

/// Nothing at all may be sent any more: no answer is due, and the rep is told.
pub(super) fn fell_silent(draft: &mut Draft<'_>) {
    if let Some(session) = draft.state.session.as_mut() {
        session.answered_up_to = session.answered_up_to.max(session.asked_up_to);
        session.asked_at = None;
        let turn = TaskKind::Turn(session.id);
        draft.clear_task(turn);
    }
    draft.note(OPTED_OUT);
}

/// What an opt-out must cover to forbid this payload.
pub(super) fn scope_of(payload: &Payload) -> ConsentScope {
    match payload {
        Payload::Template { template, .. } if template.marketing => ConsentScope::Marketing,
        Payload::Template { .. } => ConsentScope::BusinessInitiated,
        _ => ConsentScope::Everything,
    }
}
