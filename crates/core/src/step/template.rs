//! A template goes to the customer: from a session, or to somebody on a campaign's list.

use super::{
    Context, State,
    draft::{Draft, Utterance},
    handoff,
};
use crate::{
    campaign::{self, Invite, RecipientMark, RecipientTurn, Replies, SkipReason},
    consent::{self, ConsentScope, Keyword},
    contact::Identity,
    delivery::{Destination, Payload},
    fault::{Fault, FaultClass},
    handoff::HandoffReason,
    ids::{CampaignId, DeliveryId, MessageId, SessionId},
    message::{Author, AuthorKind, Message, MessageStatus},
    session::Owner,
    template::TemplateUse,
};

/// Why a template cannot be sent in this conversation now; none when it can. The window does
/// not matter: that is what templates are for.
pub fn template_refusal(state: &State, cx: &Context<'_>, template: &TemplateUse) -> Option<Fault> {
    refused(&Draft::new(state, *cx), template)
}

pub(super) fn refused(draft: &Draft<'_>, template: &TemplateUse) -> Option<Fault> {
    if !draft.cx.channel.templates {
        let text = "this channel has no templates";
        return Some(Fault::new(FaultClass::TemplateProblem, text));
    }
    consent::forbids(&draft.state.consents, scope(template)).then(|| {
        let text = "this person does not want to receive templates from this address";
        Fault::new(FaultClass::OptedOut, text)
    })
}

/// What an opt-out must cover to forbid this template.
fn scope(template: &TemplateUse) -> ConsentScope {
    if template.marketing { ConsentScope::Marketing } else { ConsentScope::BusinessInitiated }
}

/// Somebody of ours sends a template. Who answers stays as it is.
pub(super) fn sent(draft: &mut Draft<'_>, author: Author, template: TemplateUse) {
    if refused(draft, &template).is_some() {
        return;
    }
    let session = draft.open_session();
    queue(draft, session, author, template, None);
}

/// Writes the template into the thread and queues it.
pub(super) fn queue(
    draft: &mut Draft<'_>,
    session: SessionId,
    author: Author,
    template: TemplateUse,
    campaign: Option<CampaignId>,
) -> (MessageId, DeliveryId) {
    let kind = author.kind;
    let said = Utterance {
        author,
        content: template.content(),
        at: draft.cx.now,
        vendor_id: None,
        reply_to: None,
        status: MessageStatus::Pending,
        citations: Vec::new(),
    };
    let message = draft.append(session, said).id;
    let payload = Payload::Template { message, template, campaign };
    let delivery = draft.bare_delivery(Destination::Customer, session, kind, payload);
    let id = delivery.id;
    draft.state.deliveries.push(delivery);
    (message, id)
}

/// Somebody on a campaign's list has their turn: the mark commits with the message, so that no
/// crash gives them another turn or none.
pub(super) fn invited(draft: &mut Draft<'_>, invite: Invite) {
    // A list's name is not better than the one that the customer goes by.
    let name = invite.to.name.clone().filter(|_| draft.state.contact.name.is_none());
    draft.state.contact.learn(&Identity { points: invite.to.points.clone(), name });
    let turn = match refused(draft, &invite.template) {
        Some(_) => RecipientTurn::Skipped(SkipReason::OptedOut),
        None => invitation(draft, &invite),
    };
    draft.recipients.push(RecipientMark { campaign: invite.campaign, place: invite.place, turn });
}

fn invitation(draft: &mut Draft<'_>, invite: &Invite) -> RecipientTurn {
    let is_new = draft.state.session.is_none();
    let session = draft.open_session();
    if is_new && matches!(invite.replies, Replies::Desk { .. }) {
        // The AI has no part in it.
        draft.set_owner(Owner::Nobody);
    }
    if let Some(open) = draft.state.session.as_mut().filter(|s| s.owner != Owner::Desk) {
        campaign::remember(open, invite);
    }
    let author = Author::unnamed(AuthorKind::System);
    let (message, delivery) =
        queue(draft, session, author, invite.template.clone(), Some(invite.campaign));
    RecipientTurn::Queued { session, message, delivery }
}

/// The first answer to a campaign goes straight to a desk, where the campaign says so; true when
/// it does. A word that opts out is no answer.
pub(super) fn answered(draft: &mut Draft<'_>, message: &Message) -> bool {
    let words = message.content.as_text();
    if consent::keyword(&words, draft.cx.channel.keywords) == Some(Keyword::Stop) {
        return false;
    }
    let waits = |owner| matches!(owner, Owner::Ai | Owner::Nobody);
    let Some(session) = draft.state.session.as_mut().filter(|s| waits(s.owner)) else {
        return false;
    };
    if !campaign::take_reply(session) {
        return false;
    }
    handoff::request(draft, HandoffReason::CampaignReply);
    true
}
