//! What stands between a well-formed message and its customer: account, rates and the window.

use super::errors::GraphError;
use super::recipient::Recipient;
use super::users::User;
use super::window::{Bucket, Verdict};
use super::{Held, remember};
use crate::{Call, World};

pub fn check_account(world: &World, held: &Held, user: usize) -> Result<(), GraphError> {
    if world.switches.is("whatsapp.payment_missing", "yes") {
        return Err(GraphError::new(
            131_042,
            "Message failed to send because of a payment method issue",
        ));
    }
    let allowed = held.users.get(user).is_some_and(|user| user.allowed);
    if world.switches.is("whatsapp.allow_list", "yes") && !allowed {
        return Err(GraphError::new(131_030, "Recipient phone number not in allowed list"));
    }
    Ok(())
}

pub fn check_rates(
    world: &World,
    held: &mut Held,
    call: &Call,
    user: usize,
    now_ms: i64,
) -> Result<(), GraphError> {
    let per_s = world.switches.number("whatsapp.mps");
    if held.throughput.capacity() != per_s {
        held.throughput = Bucket::throughput(per_s);
    }
    let mut verdict =
        (held.throughput.take(now_ms), 130_429, "Cloud API message throughput has been reached.");
    if verdict.0 == Verdict::Go {
        let details = "Message failed to send because there were too many messages sent to the same recipient in a short time.";
        verdict = (held.thread(user).pair.take(now_ms), 131_056, details);
    }
    if verdict.0 == Verdict::RefusedAgain {
        remember(&mut held.over_rate, call.seq());
    }
    if verdict.0 == Verdict::Go { Ok(()) } else { Err(GraphError::new(verdict.1, verdict.2)) }
}

/// One send that has passed every check of its form.
pub struct Attempt<'a> {
    pub call: &'a Call,
    pub user: &'a User,
    pub recipient: &'a Recipient,
    pub is_template: bool,
    /// What it will cost, in lowercase.
    pub category: &'a str,
    pub now_ms: i64,
}

/// Why it will not arrive: `Err` refuses at once, `Ok(Some)` accepts and fails later.
pub fn undeliverable(
    world: &World,
    held: &mut Held,
    attempt: &Attempt<'_>,
) -> Result<Option<GraphError>, GraphError> {
    let Attempt { user, recipient, is_template, category, now_ms, .. } = *attempt;
    let closed = held.thread(recipient.user).window_until_ms <= now_ms;
    if !is_template && closed {
        remember(&mut held.outside_window, attempt.call.seq());
    }
    if user.blocked_by_business {
        let details = "Message failed to send because this user has been blocked by the business.";
        return Err(GraphError::new(130_403, details));
    }
    if category == "authentication" && recipient.by_user_id {
        let details = "Authentication templates can only be sent to phone numbers.";
        return Err(GraphError::new(131_062, details));
    }
    if category == "marketing" && user.stopped_marketing {
        let details = "The user has stopped marketing messages from this business.";
        return Ok(Some(GraphError::new(131_050, details)));
    }
    let refused_open = world.switches.is("whatsapp.refuse_open_window", "yes");
    let (switch, error) = if !user.on_whatsapp {
        ("whatsapp.not_on_whatsapp", GraphError::new(131_026, "Message Undeliverable."))
    } else if !is_template && (closed || refused_open) {
        let details = "Message failed to send because more than 24 hours have passed since the customer last replied to this number.";
        ("whatsapp.window_closed", GraphError::new(131_047, details))
    } else {
        return Ok(None);
    };
    if world.switches.is(switch, "sync") { Err(error) } else { Ok(Some(error)) }
}
