//! One message: words, answers to choices, files.

use baton_core::{
    fault::{Fault, FaultClass},
    file::{StoredFile, is_active},
    message::Content,
};
use serde_json::{Value, json};

use super::{
    super::{config::Config, ids::read_uuid},
    too_long,
};

/// Stands before a link that begins a text, and after one that ends it. Salesforce splits such a
/// text in two, the second of which has no id of ours ("Send Message Use Cases", checked
/// 2026-11); between words of ours it stays one.
pub const LINK_BEGINS: &str = "[link] ";
pub const LINK_ENDS: &str = " [end of link]";

/// Words. Those that Salesforce would split are kept together.
pub fn text(text: &str) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(FaultClass::ContentRejected, "a message to the desk needs words"));
    }
    if let Some(fault) = too_long(text) {
        return Err(fault);
    }
    let content = json!({ "formatType": "Text", "text": unsplit(text) });
    Ok(json!({ "messageType": "StaticContentMessage", "staticContent": content }))
}

/// The same text where it neither begins nor ends with a link.
pub fn unsplit(text: &str) -> String {
    let text = text.trim();
    let first = text.split_whitespace().next().is_some_and(is_link);
    let last = text.split_whitespace().next_back().is_some_and(is_link);
    let (before, after) = (if first { LINK_BEGINS } else { "" }, if last { LINK_ENDS } else { "" });
    format!("{before}{text}{after}")
}

fn is_link(word: &str) -> bool {
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    ["http://", "https://", "www."].iter().any(|begin| word.starts_with(begin))
}

/// Begins the id of a choice of ours: what follows is the entry that offered it and its option.
const CHOICE: &str = "sf/";

/// The id of an option that a rep offered, so that its answer finds back.
pub fn choice_id(entry: &str, option: &str) -> String {
    format!("{CHOICE}{entry}/{option}")
}

/// The answer to a choice that a rep offered; none for any other choice.
pub fn answer(id: &str, title: &str) -> Option<Value> {
    let (entry, option) = id.strip_prefix(CHOICE)?.split_once('/')?;
    let entry = read_uuid(entry).filter(|_| !option.is_empty())?;
    Some(json!({
        "messageType": "ChoicesResponseMessage",
        "inReplyToMessageId": entry,
        "choicesResponse": {
            "formatType": "Selections",
            "selectedOptions": [{ "optionIdentifier": option, "optionTitle": title }],
        },
    }))
}

/// The kept file of a message that goes as a file: not too large, and nothing that a browser
/// would run.
pub fn file<'a>(config: &Config, content: &'a Content) -> Option<&'a StoredFile> {
    let Content::Media { file: Some(file), .. } = content else { return None };
    let file = file.stored()?;
    (file.size_bytes <= config.file_bytes && !is_active(&file.mime_type)).then_some(file)
}

/// What goes beside a file's bytes: the words, where there are any.
pub fn file_entry(by: &str, content: &Content) -> Value {
    let caption = match content {
        Content::Media { caption: Some(caption), .. } => caption.trim(),
        _ => "",
    };
    let words = format!("{by}{caption}");
    if words.trim().is_empty() { json!({}) } else { json!({ "text": unsplit(&words) }) }
}

/// The words of a message; of a file, with its size and where it can be had.
pub fn with_link(by: &str, content: &Content, url: Option<&str>) -> String {
    let words = format!("{by}{}", content.as_text());
    let stored = match content {
        Content::Media { file: Some(file), .. } => file.stored(),
        _ => None,
    };
    let Some(file) = stored else { return words };
    let kib = file.size_bytes.div_ceil(1_024);
    let place = url.unwrap_or("open it in Baton");
    format!("{words}\n{} ({kib} KB): {place}", file.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_salesforce_would_split_stays_one() {
        for (text, sent) in [
            ("https://a.example/x", "[link] https://a.example/x [end of link]"),
            ("see https://a.example/x", "see https://a.example/x [end of link]"),
            ("https://a.example/x please", "[link] https://a.example/x please"),
            ("(https://a.example/x)", "[link] (https://a.example/x) [end of link]"),
            ("WWW.A.example now", "[link] WWW.A.example now"),
            ("see https://a.example/x now", "see https://a.example/x now"),
            ("http is a word", "http is a word"),
        ] {
            assert_eq!(unsplit(text), sent);
            assert_eq!(unsplit(&unsplit(text)), unsplit(text), "{text}");
        }
    }

    #[test]
    fn only_our_own_choices_are_answered_as_such() {
        let entry = "0b1d7a1e-4c1f-4a5e-9d2a-000000000001";
        let answered = answer(&choice_id(entry, "a/b:1"), "Yes").unwrap();
        assert_eq!(answered["inReplyToMessageId"], entry);
        assert_eq!(answered["choicesResponse"]["selectedOptions"][0]["optionIdentifier"], "a/b:1");
        for other in ["choice-1", "sf/", "sf/not-a-uuid/x", &format!("sf/{entry}/"), entry] {
            assert_eq!(answer(other, "Yes"), None, "{other}");
        }
    }
}
