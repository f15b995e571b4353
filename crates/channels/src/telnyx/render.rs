//! From our words to the body of one post.

use baton_core::{
    channel::{Call, Outbound, What},
    contact::PointKind,
    fault::{Fault, FaultClass},
    file::MediaFile,
    message::Content,
    sms::segments,
};
use serde_json::{Value, json};

use super::{
    client::MESSAGE,
    config::Config,
    policy::{self, MAX_PARTS, MAX_SENT_FILE_BYTES},
};
use crate::sms;

/// Says what is to be sent in Telnyx's words, or which rule forbids it.
pub(super) fn render(config: &Config, outbound: &Outbound<'_>) -> Result<Call, Fault> {
    let Some(digits) = outbound.to.point(PointKind::Phone) else {
        return Err(Fault::new(FaultClass::NotReachable, "send: the contact has no phone number")
            .for_rep("No phone number of the customer is known."));
    };
    let mut body = json!({ "from": config.sender, "to": sms::dialled(digits) });
    let mut set = |key: &str, value: Value| body[key] = value;
    if let Some(profile) = &config.profile {
        set("messaging_profile_id", json!(profile));
    }
    if let Some(webhook) = &config.webhook {
        set("webhook_url", json!(webhook.for_delivery(outbound.delivery)));
    }
    match outbound.what {
        What::Content(Content::Text { text }) => set("text", json!(words(config, text)?)),
        // Buttons and lists do not exist; they are lines to answer by number.
        What::Content(content @ Content::Interactive { .. }) => {
            set("text", json!(words(config, &content.as_text())?));
        }
        What::Content(Content::Media { caption, file, .. }) => {
            let address = file_address(config, file.as_deref(), outbound.file_url)?;
            set("media_urls", json!([address]));
            if let Some(caption) = caption.as_deref().filter(|words| !words.trim().is_empty()) {
                set("text", json!(words(config, caption)?));
            }
        }
        What::Template(template) => set("text", json!(words(config, &template.text)?)),
        What::Content(_) => {
            let why = "send: only text, files and choices can be sent through Telnyx";
            return Err(Fault::new(FaultClass::ContentRejected, why)
                .for_rep("Only text and files can be sent to this customer."));
        }
    }
    Ok(Call { operation: MESSAGE.to_owned(), body })
}

/// The words in at most ten parts.
fn words(config: &Config, text: &str) -> Result<String, Fault> {
    let words = sms::body(text, policy::of(config).max_text_chars)?;
    let parts = segments(&words).segments;
    if parts > MAX_PARTS {
        let why = format!("send: the text has {parts} parts; Telnyx takes {MAX_PARTS}");
        return Err(Fault::new(FaultClass::ContentRejected, why)
            .for_rep("The message is too long. Leave out emoji or send it in two."));
    }
    Ok(words)
}

fn file_address<'a>(
    config: &Config,
    file: Option<&MediaFile>,
    file_url: Option<&'a str>,
) -> Result<&'a str, Fault> {
    let refuse = |why: String, rep: &str| {
        Err(Fault::new(FaultClass::MediaProblem, format!("send: {why}")).for_rep(rep))
    };
    if !config.mms {
        let why = "the number sends no MMS; where it can, set mms to yes".to_owned();
        return refuse(why, "Files cannot be sent from this number. Send a link instead.");
    }
    let size = file.and_then(MediaFile::stored).map(|file| file.size_bytes);
    if let Some(size) = size.filter(|size| *size > MAX_SENT_FILE_BYTES) {
        let why = format!("the file has {size} bytes; Telnyx takes {MAX_SENT_FILE_BYTES}");
        return refuse(why, "The file is too large for this channel.");
    }
    match file_url {
        Some(url) => Ok(url),
        None => refuse("the file has no public address".to_owned(), "The file cannot be sent."),
    }
}
