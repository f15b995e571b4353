//! Buttons and lists for WhatsApp. Twilio takes them as content templates only, which need nobody's
//! approval while the window is open ("twilio/quick-reply": three buttons at most then;
//! "twilio/list-picker": never approved, only then; read 2026-11-21).
//!
//! A template is made of a message's shape, and its words are variables, so that messages of one
//! shape share one template for good ("Content API public endpoints": there may be any number).

use baton_core::interactive::{ListRow, Offer};
use serde_json::{Map, Value, json};

use crate::key;

/// What the names of our templates begin with.
const NAME: &str = "baton_choices_";
/// The most variables of a template ("Using Variables with Content Templates", read 2026-11-21).
const MAX_VARIABLES: usize = 100;

/// Whether a template was made here, and is nothing for people to send.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(NAME)
}

/// What is made at Twilio once, and what fills it for one message.
pub(super) struct Choices {
    /// The body of the post that makes the template.
    pub content: Value,
    /// The words, by variable.
    pub variables: Map<String, Value>,
}

/// The shape of a message; none where it must go as lines of text: a link, which WhatsApp makes
/// tappable in a text and a variable may only end, and words of too many lines.
pub(super) fn of(text: &str, offer: &Offer) -> Option<Choices> {
    let mut words = Words::default();
    let body = words.lines(text);
    let (kind, parts) = match offer {
        Offer::Buttons { buttons } => {
            let action = |b: &baton_core::interactive::Button, words: &mut Words| json!({ "type": "QUICK_REPLY", "title": words.line(&b.title), "id": b.id });
            let actions: Vec<_> = buttons.iter().map(|b| action(b, &mut words)).collect();
            ("twilio/quick-reply", json!({ "body": body, "actions": actions }))
        }
        Offer::List { open, sections } => {
            let button = words.line(open);
            let rows = sections.iter().flat_map(|section| &section.rows);
            let items: Vec<_> = rows.map(|row| item(row, &mut words)).collect();
            ("twilio/list-picker", json!({ "body": body, "button": button, "items": items }))
        }
        Offer::Link { .. } => return None,
    };
    if words.0.len() > MAX_VARIABLES {
        return None;
    }
    let types = json!({ kind: parts });
    let name = format!("{NAME}{:.32}", key::hash(types.to_string().as_bytes()));
    let samples: Map<_, _> = words.0.keys().map(|key| (key.clone(), json!("words"))).collect();
    let content = json!({
        "friendly_name": name, "language": "en", "variables": samples, "types": types,
    });
    Some(Choices { content, variables: words.0 })
}

fn item(row: &ListRow, words: &mut Words) -> Value {
    let more = row.description.as_deref().filter(|more| !more.trim().is_empty());
    let description = more.map(|more| words.line(more)).unwrap_or_default();
    json!({ "item": words.line(&row.title), "id": row.id, "description": description })
}

/// The variables so far, by number.
#[derive(Default)]
struct Words(Map<String, Value>);

impl Words {
    /// A variable for every line that says something: no value may be empty ("Error 21656"), and
    /// line breaks belong to the shape.
    fn lines(&mut self, text: &str) -> String {
        let line =
            |line: &str| if line.trim().is_empty() { String::new() } else { self.line(line) };
        text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Straight apostrophes in values are said to end in error 21656, so they go as curly ones.
    fn line(&mut self, text: &str) -> String {
        let key = (self.0.len() + 1).to_string();
        let value = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "’");
        let place = format!("{{{{{key}}}}}");
        self.0.insert(key, json!(value));
        place
    }
}
