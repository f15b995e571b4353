//! What a rep types in the desk's own thread that is meant for Baton and not for the customer.

use super::{
    draft::{Draft, Utterance},
    template,
};
use crate::{
    desk::RepMessage,
    handoff::Handoff,
    message::{Author, AuthorKind, Content, MessageStatus},
    template::{FieldKind, FormField, Template, Values},
};

/// The most templates that one note lists.
const LIST_MAX: usize = 12;
/// The most characters of a template's body in such a list.
const BODY_MAX_CHARS: usize = 160;

/// The words after the prefix, where a text is a command: the prefix, then a letter at once.
pub fn words<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = text.trim().strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    rest.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(rest)
}

/// Does what a rep typed for Baton; true when it was a command, which no customer ever sees.
pub(super) fn typed(
    draft: &mut Draft<'_>,
    handoff: &Handoff,
    said: &RepMessage,
    templates: &[Template],
) -> bool {
    let prefix = draft.cx.settings.handoff.command_prefix.clone();
    let Content::Text { text } = &said.content else { return false };
    let Some(line) = words(text, &prefix) else { return false };
    remember(draft, handoff, said);
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let approved = approved(templates);
    let answer = match name.to_ascii_lowercase().as_str() {
        "templates" => list(&approved, rest.trim(), &prefix),
        "template" => send(draft, handoff, said, &approved, rest.trim()),
        "help" => help(&prefix),
        _ => format!(
            "There is no command {prefix}{name}, and nothing was sent to the customer. {} To send \
             words that begin with {prefix}, put something before it.",
            help(&prefix)
        ),
    };
    draft.note(answer);
    true
}

/// The command stands in the thread for those who read it here, and so that it is not taken for
/// something new when the desk reports it again.
fn remember(draft: &mut Draft<'_>, handoff: &Handoff, said: &RepMessage) {
    let name = said.rep.clone().or_else(|| handoff.rep_name.clone());
    draft.append(
        handoff.session,
        Utterance {
            author: Author::named(AuthorKind::Rep, name),
            content: Content::Notice { text: said.content.as_text() },
            at: said.at.unwrap_or(draft.cx.now),
            vendor_id: said.vendor_id.clone(),
            reply_to: None,
            status: MessageStatus::Received,
            citations: Vec::new(),
        },
    );
}

fn help(prefix: &str) -> String {
    format!(
        "Commands: {prefix}templates lists the approved templates; {prefix}template NUMBER | first \
         value | second value sends one."
    )
}

/// What may be sent, in the order of the list.
fn approved(templates: &[Template]) -> Vec<&Template> {
    let mut approved: Vec<&Template> =
        templates.iter().filter(|template| template.refusal().is_none()).collect();
    approved.sort_by_key(|template| (&template.name, &template.language));
    approved
}

fn list(templates: &[&Template], wanted: &str, prefix: &str) -> String {
    let wanted = wanted.to_lowercase();
    let fits = |(_, template): &(usize, &&Template)| {
        template.name.to_lowercase().contains(&wanted)
            || template.parts.body.to_lowercase().contains(&wanted)
    };
    let found: Vec<(usize, &&Template)> = (1..).zip(templates).filter(fits).collect();
    if found.is_empty() {
        return "There is no approved template like that.".to_owned();
    }
    let lines = found.iter().take(LIST_MAX).map(|(number, template)| {
        let fields: String =
            fields(template).iter().map(|field| format!(" | {}", field.key)).collect();
        let body: String = template.parts.body.chars().take(BODY_MAX_CHARS).collect();
        let (name, language) = (&template.name, &template.language);
        format!("\n{prefix}template {number}{fields}\n   {name} ({language}): {body}")
    });
    let lines: String = lines.collect();
    match found.len().checked_sub(LIST_MAX).filter(|more| *more > 0) {
        Some(more) => format!(
            "Approved templates:{lines}\n… and {more} more; {prefix}templates WORD finds them."
        ),
        None => format!("Approved templates:{lines}"),
    }
}

/// The fields that a rep fills: what must be filled, in order.
fn fields(template: &Template) -> Vec<FormField> {
    template.form().into_iter().filter(|f| f.required && f.kind != FieldKind::Payload).collect()
}

fn send(
    draft: &mut Draft<'_>,
    handoff: &Handoff,
    said: &RepMessage,
    templates: &[&Template],
    line: &str,
) -> String {
    let mut parts = line.split('|').map(str::trim);
    let wanted = parts.next().unwrap_or_default();
    let language = draft.state.session.as_ref().and_then(|s| s.language.clone());
    let Some(template) = find(templates, wanted, language.as_deref()) else {
        return format!("There is no approved template {wanted:?}. Nothing was sent.");
    };
    let fields = fields(template);
    let given: Vec<&str> = parts.collect();
    if given.len() != fields.len() {
        let keys: Vec<&str> = fields.iter().map(|field| field.key.as_str()).collect();
        return format!(
            "Nothing was sent: {} wants {} values ({}), {} came. Put | between them.",
            template.name,
            fields.len(),
            keys.join(", "),
            given.len()
        );
    }
    let keys = fields.into_iter().map(|field| field.key);
    let values: Values = keys.zip(given.into_iter().map(str::to_owned)).collect();
    let filled = match template.compile(&values) {
        Ok(filled) => filled,
        Err(faults) => {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.key, fault.text)).collect();
            return format!("Nothing was sent: {}.", faults.join("; "));
        }
    };
    if let Some(fault) = template::refused(draft, &filled) {
        return format!("Nothing was sent: {}.", fault.rep);
    }
    let text = filled.text.clone();
    let name = said.rep.clone().or_else(|| handoff.rep_name.clone());
    let author = Author::named(AuthorKind::Rep, name);
    template::queue(draft, handoff.session, author, filled, None);
    format!("The template is on its way to the customer: {text}")
}

/// By its number in the list, or by name in the customer's language where there is one.
fn find<'a>(
    templates: &[&'a Template],
    wanted: &str,
    language: Option<&str>,
) -> Option<&'a Template> {
    if let Ok(number) = wanted.parse::<usize>() {
        return templates.get(number.checked_sub(1)?).copied();
    }
    let named = || templates.iter().filter(|t| t.name.eq_ignore_ascii_case(wanted)).copied();
    let in_language =
        |t: &&Template| language.is_some_and(|l| t.language.to_ascii_lowercase().starts_with(l));
    named().find(in_language).or_else(|| named().next())
}
