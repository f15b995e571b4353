//! From our words to the form of one post.

use baton_core::{
    channel::{Call, Outbound, What},
    contact::{Contact, PointKind},
    fault::{Fault, FaultClass},
    file::MediaFile,
    ids::VendorId,
    inbox::ChannelKind,
    interactive::Offer,
    message::Content,
    template::TemplateUse,
};
use serde_json::{Map, Value, json};

use super::{
    choices,
    client::{CHOICES, MESSAGE},
    config::Config,
    policy::{self, MAX_TEMPLATE_BODY_CHARS, MAX_TEXT_CHARS},
};
use crate::{sms, whatsapp};

/// The parameters of one post; a list stands for a name that is repeated.
type Form = Map<String, Value>;

/// Says what is to be sent in Twilio's words, or which rule forbids it.
pub(super) fn render(config: &Config, outbound: &Outbound<'_>) -> Result<Call, Fault> {
    let mut form = Form::new();
    let mut set = |name: &str, value: &str| form.insert(name.to_owned(), json!(value));
    set("To", &recipient(config, outbound.to)?);
    if let Some(sender) = &config.sender {
        set("From", &config.address(sender));
    }
    if let Some(service) = &config.service {
        set("MessagingServiceSid", service);
    }
    set("StatusCallback", &config.webhook.for_delivery(outbound.delivery));
    match outbound.what {
        What::Content(Content::Interactive { text, header, footer, offer })
            if config.channel == ChannelKind::Whatsapp =>
        {
            whatsapp::check(text, header.as_deref(), footer.as_deref(), offer)?;
            let lines = [header.as_deref(), Some(text.as_str()), footer.as_deref()];
            let text = lines.into_iter().flatten().collect::<Vec<_>>().join("\n");
            return tappable(config, &text, offer, form);
        }
        What::Content(content) => free_form(config, content, outbound.file_url, &mut form)?,
        What::Template(template) => filled(config, template, &mut form)?,
    }
    Ok(Call { operation: MESSAGE.to_owned(), body: Value::Object(form) })
}

/// Words with buttons or a list; as lines to answer by number where they cannot be tapped.
fn tappable(config: &Config, text: &str, offer: &Offer, mut form: Form) -> Result<Call, Fault> {
    let Some(choices) = choices::of(text, offer) else {
        let lines = [vec![text.to_owned()], offer.as_lines()].concat().join("\n");
        form.insert("Body".to_owned(), json!(body(config, &lines)?));
        return Ok(Call { operation: MESSAGE.to_owned(), body: Value::Object(form) });
    };
    let variables = Value::Object(choices.variables).to_string();
    form.insert("ContentVariables".to_owned(), json!(variables));
    let body = json!({ "form": form, "content": choices.content });
    Ok(Call { operation: CHOICES.to_owned(), body })
}

/// The phone number; a WhatsApp user id where none is known.
fn recipient(config: &Config, contact: &Contact) -> Result<String, Fault> {
    if let Some(digits) = contact.point(PointKind::Phone) {
        return Ok(config.address(&sms::dialled(digits)));
    }
    let user = contact.point(PointKind::WhatsappUser);
    match user.filter(|_| config.channel == ChannelKind::Whatsapp) {
        Some(user) => Ok(config.address(user)),
        None => Err(Fault::new(FaultClass::NotReachable, "send: the contact has no phone number")
            .for_rep("No phone number of the customer is known.")),
    }
}

fn free_form(
    config: &Config,
    content: &Content,
    file_url: Option<&str>,
    form: &mut Form,
) -> Result<(), Fault> {
    let body = match content {
        Content::Text { text } => body(config, text)?,
        // Nothing can be tapped in an SMS: lines to answer by number.
        Content::Interactive { .. } => body(config, &content.as_text())?,
        Content::Media { caption, file, .. } => {
            form.insert(
                "MediaUrl".to_owned(),
                json!([file_address(config, file.as_deref(), file_url)?]),
            );
            match caption.as_deref().filter(|caption| !caption.trim().is_empty()) {
                Some(caption) => body(config, caption)?,
                None => return Ok(()),
            }
        }
        _ => {
            let why = "send: only text, files and choices can be sent through Twilio";
            return Err(Fault::new(FaultClass::ContentRejected, why)
                .for_rep("Only text and files can be sent to this customer."));
        }
    };
    form.insert("Body".to_owned(), json!(body));
    Ok(())
}

/// The words as the channel shows them, within its limit.
fn body(config: &Config, text: &str) -> Result<String, Fault> {
    match config.channel {
        ChannelKind::Whatsapp => sms::within(text, MAX_TEXT_CHARS).map(|()| text.to_owned()),
        _ => sms::body(text, MAX_TEXT_CHARS),
    }
}

fn file_address<'a>(
    config: &Config,
    file: Option<&MediaFile>,
    file_url: Option<&'a str>,
) -> Result<&'a str, Fault> {
    let refuse = |why: String, rep: &str| {
        Err(Fault::new(FaultClass::MediaProblem, format!("send: {why}")).for_rep(rep))
    };
    if config.channel == ChannelKind::Sms && !config.mms {
        let why = "the number sends no MMS; where it can, set mms to yes".to_owned();
        return refuse(why, "Files cannot be sent from this number. Send a link instead.");
    }
    let most = policy::of(config).max_file_bytes;
    let size = file.and_then(MediaFile::stored).map(|file| file.size_bytes);
    if let Some(size) = size.filter(|size| *size > most) {
        let why = format!("the file has {size} bytes; this channel takes {most}");
        return refuse(why, "The file is too large for this channel.");
    }
    match file_url {
        Some(url) => Ok(url),
        None => refuse("the file has no public address".to_owned(), "The file cannot be sent."),
    }
}

/// A content template by its sid. By SMS the words alone will do, as no one approves them.
fn filled(config: &Config, template: &TemplateUse, form: &mut Form) -> Result<(), Fault> {
    let refuse = |why: String| {
        Fault::new(FaultClass::TemplateProblem, format!("send: {why}"))
            .for_rep("The template cannot be sent like this. An administrator can see why.")
    };
    let names = template.vendor_id.iter().map(VendorId::as_str).chain([&*template.name]);
    let Some(name) = names.into_iter().find(|name| is_content_sid(name)) else {
        if config.channel == ChannelKind::Sms && !template.text.trim().is_empty() {
            form.insert("Body".to_owned(), json!(body(config, &template.text)?));
            return Ok(());
        }
        let why = "a template at Twilio is named by its ContentSid: HX and 32 letters or digits";
        return Err(refuse(why.to_owned()));
    };
    if template.header.is_some() || !template.buttons.is_empty() {
        let why =
            format!("header and buttons of template {name} are variables of its own at Twilio");
        return Err(refuse(why));
    }
    let mut variables = Map::new();
    for (at, value) in template.variables.iter().enumerate() {
        let key = template.names.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
        if let Some(why) = bad_variable(value) {
            return Err(refuse(format!("variable {key} of template {name} {why}")));
        }
        variables.insert(key, json!(value));
    }
    form.insert("ContentSid".to_owned(), json!(name));
    if !variables.is_empty() {
        let variables = Value::Object(variables).to_string();
        form.insert("ContentVariables".to_owned(), json!(variables));
    }
    Ok(())
}

fn is_content_sid(name: &str) -> bool {
    name.strip_prefix("HX").is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Why a variable would be refused ("Error 21656", "Error 63021"; checked 2026-11-20).
fn bad_variable(value: &str) -> Option<String> {
    if value.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    if value.contains(['\n', '\r', '\t']) || value.contains("     ") {
        return Some("holds a line break, a tab or more than four spaces in a row".to_owned());
    }
    let chars = value.chars().count();
    (chars > MAX_TEMPLATE_BODY_CHARS)
        .then(|| format!("has {chars} characters; the whole body takes {MAX_TEMPLATE_BODY_CHARS}"))
}
