//! What somebody of ours says from the console, such as a test message.

use super::{
    Context, State,
    draft::{Draft, Utterance},
    window,
};
use crate::{
    consent::{self, ConsentScope},
    contact::Identity,
    fault::{Fault, FaultClass},
    message::{Author, Content},
};

/// Why free-form words cannot be sent in this conversation now; none when they can.
pub fn refusal(state: &State, cx: &Context<'_>) -> Option<Fault> {
    refused(&Draft::new(state, *cx))
}

fn refused(draft: &Draft<'_>) -> Option<Fault> {
    if consent::forbids(&draft.state.consents, ConsentScope::Everything) {
        let text = "this person does not want to receive messages from this address";
        return Some(Fault::new(FaultClass::OptedOut, text));
    }
    if window::is_open(draft) {
        return None;
    }
    let text = "the window is closed: free-form messages can be sent only for a while after the \
                customer's own message; have them write to this address first";
    Some(Fault::new(FaultClass::WindowClosed, text))
}

/// Something for the customer, sent if it may be sent at once; nothing is held. Who answers stays
/// as it is.
pub(super) fn said(draft: &mut Draft<'_>, to: &Identity, author: Author, content: Content) {
    if refused(draft).is_some() {
        return;
    }
    draft.state.contact.learn(to);
    let session = draft.open_session();
    let message = draft.append(session, Utterance::ours(author, content, draft.cx.now));
    draft.queue_to_customer(&message);
}
