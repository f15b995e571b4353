//! Choices and forms of a rep: to be tapped where they fit, else as numbered lines.

use baton_core::{
    interactive::{Button, ListRow, Offer, Section},
    message::Content,
};
use serde_json::Value;

use super::super::{policy, render::message::choice_id};

/// One thing to choose.
struct Item {
    id: String,
    title: String,
    more: Option<String>,
}

/// Choices as the customer is shown them.
pub fn choices(entry: &str, choices: &Value) -> Vec<Content> {
    let title = [&choices["text"], &choices["title"], &choices["titleItem"]["title"]];
    let text = title.into_iter().find_map(Value::as_str).unwrap_or_default().trim().to_owned();
    let options = ["optionItems", "items"].iter().find_map(|key| choices[*key].as_array());
    let items: Vec<Item> = options
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(|o| item(entry, o))
        .collect();
    if items.is_empty() {
        return if text.is_empty() { Vec::new() } else { vec![Content::text(text)] };
    }
    vec![offered(text, items)]
}

fn item(entry: &str, option: &Value) -> Option<Item> {
    let text =
        |value: &Value| value.as_str().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let titled = &option["titleItem"];
    let title = text(&titled["title"]).or_else(|| text(&option["title"]))?;
    let more = text(&titled["subTitle"]).or_else(|| text(&option["subTitle"]));
    let id = text(&option["optionIdentifier"]).or_else(|| text(&option["optionId"]));
    Some(Item { id: choice_id(entry, &id.unwrap_or_default()), title, more })
}

/// On buttons or in a list where all of it fits, else as numbered lines.
fn offered(text: String, items: Vec<Item>) -> Content {
    let chars = |text: &str| text.chars().count();
    let tappable = !text.is_empty()
        && chars(&text) <= policy::OFFER_TEXT_MAX
        && items.iter().all(|i| !i.id.ends_with('/') && i.id.len() <= policy::CHOICE_ID_MAX);
    let fit = |most: usize, longest: usize| {
        tappable && items.len() <= most && items.iter().all(|i| chars(&i.title) <= longest)
    };
    let offer = if fit(policy::BUTTONS_MAX, policy::BUTTON_MAX)
        && items.iter().all(|i| i.more.is_none())
    {
        Offer::Buttons {
            buttons: items.into_iter().map(|i| Button { id: i.id, title: i.title }).collect(),
        }
    } else if fit(policy::ROWS_MAX, policy::ROW_MAX) && items.iter().all(is_short) {
        let row = |i: Item| ListRow { id: i.id, title: i.title, description: i.more };
        let section = Section { title: String::new(), rows: items.into_iter().map(row).collect() };
        Offer::List { open: "…".to_owned(), sections: vec![section] }
    } else {
        return Content::text(numbered(
            &text,
            items.iter().map(|i| match &i.more {
                Some(more) => format!("{}: {more}", i.title),
                None => i.title.clone(),
            }),
        ));
    };
    Content::Interactive { text, header: None, footer: None, offer }
}

/// Whether the words below a row fit.
fn is_short(item: &Item) -> bool {
    item.more.as_ref().is_none_or(|more| more.chars().count() <= policy::ROW_MORE_MAX)
}

fn numbered(text: &str, lines: impl Iterator<Item = String>) -> String {
    let lines = (1_u32..).zip(lines).map(|(number, line)| format!("{number}. {line}"));
    let all: Vec<String> =
        Some(text.to_owned()).filter(|text| !text.is_empty()).into_iter().chain(lines).collect();
    all.join("\n")
}

/// A form as its title and its numbered fields: the customer answers in words, which the rep
/// reads.
pub fn form(form: &Value) -> Vec<Content> {
    let title =
        first_text(&form["receivedMessage"]).or_else(|| first_text(form)).unwrap_or_default();
    let sections = form["sections"].as_array().into_iter().flatten();
    let inputs = sections.flat_map(|section| match section["inputs"].as_array() {
        Some(inputs) => inputs.iter().collect(),
        None => vec![section],
    });
    let flat = form["inputs"].as_array().into_iter().flatten();
    let inputs = inputs.chain(flat).filter_map(label);
    let text = numbered(title.trim(), inputs);
    if text.is_empty() { Vec::new() } else { vec![Content::text(text)] }
}

/// What a field asks for, and what can be answered.
fn label(input: &Value) -> Option<String> {
    let inner = if input["input"].is_object() { &input["input"] } else { input };
    let label = first_text(inner)?;
    let options = inner["optionItems"].as_array().map(Vec::as_slice).unwrap_or_default();
    let titles: Vec<&str> = options
        .iter()
        .filter_map(|o| o["titleItem"]["title"].as_str().or(o["title"].as_str()))
        .collect();
    Some(if titles.is_empty() { label } else { format!("{label} ({})", titles.join(" / ")) })
}

/// The first words that stand where people look for them.
pub fn first_text(value: &Value) -> Option<String> {
    let places = [
        "/text",
        "/title",
        "/formTitle/title",
        "/titleItem/title",
        "/label/title",
        "/label",
        "/staticContent/text",
        "/name",
    ];
    let texts = places.iter().filter_map(|place| value.pointer(place)?.as_str());
    texts.map(str::trim).find(|text| !text.is_empty()).map(str::to_owned)
}
