//! From our words to the body of one post.

use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, PointKind},
    fault::{Fault, FaultClass},
    message::Content,
};
use serde_json::{Map, Value, json};

use super::{client::MESSAGE, policy::POLICY, templates};

/// Says what is to be sent in Meta's words, or which rule forbids it.
pub(super) fn render(outbound: &Outbound<'_>) -> Result<Call, Fault> {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    let (key, address) = recipient(outbound.to)?;
    body.insert(key.to_owned(), json!(address));
    let (kind, object) = match outbound.what {
        What::Content(content) => ("text", json!({ "body": text(content)? })),
        What::Template(template) => ("template", templates::object(template)?),
    };
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), object);
    if let Some(quoted) = outbound.reply_to {
        body.insert("context".to_owned(), json!({ "message_id": quoted }));
    }
    // Comes back in every status; settles an attempt whose answer was lost.
    body.insert("biz_opaque_callback_data".to_owned(), json!(outbound.delivery.to_string()));
    Ok(Call { operation: MESSAGE.to_owned(), body: Value::Object(body) })
}

/// The phone number where one is known, because it would win anyway if both were named.
fn recipient(contact: &Contact) -> Result<(&'static str, &str), Fault> {
    let phone = contact.point(PointKind::Phone).map(|phone| ("to", phone));
    let user = || contact.point(PointKind::WhatsappUser).map(|user| ("recipient", user));
    phone.or_else(user).ok_or_else(|| {
        Fault::new(
            FaultClass::NotReachable,
            "send: the contact has neither a phone number nor a WhatsApp user id",
        )
        .for_rep("The customer has no WhatsApp address.")
    })
}

fn text(content: &Content) -> Result<&str, Fault> {
    let refuse = |why: String| Fault::new(FaultClass::ContentRejected, why);
    let Content::Text { text } = content else {
        return Err(refuse("send: only text and templates can be sent on WhatsApp so far".into())
            .for_rep("Only text can be sent to this customer so far."));
    };
    let (chars, most) = (text.chars().count(), POLICY.max_text_chars);
    if text.trim().is_empty() {
        return Err(refuse("send: the text is empty".into()).for_rep("The message is empty."));
    }
    if chars > most {
        return Err(refuse(format!(
            "send: the text has {chars} characters; WhatsApp takes {most}"
        ))
        .for_rep(format!("The message is too long: WhatsApp takes {most} characters.")));
    }
    Ok(text)
}
