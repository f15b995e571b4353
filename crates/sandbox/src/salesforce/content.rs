//! What reps send: `abstractMessage` of every kind that their composer makes, and how their own screen shows it.
//!
//! Source: the vendor's public schema of messages (static content, choices, forms), checked 2026-11.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Inner;
use super::entry::{Author, Shown};
use super::files::{self, Spec};
use crate::World;

/// Options of one question, and fields of one form.
const MAX_OPTIONS: usize = 50;

/// What a rep composes.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Composed {
    pub text: String,
    /// Sent together with the text in one message.
    pub files: Vec<Spec>,
    pub choices: Option<Choices>,
    pub link: Option<Link>,
    pub form: Option<Form>,
    /// `abstractMessage` as it is to go out, for kinds that have no member here.
    pub message: Option<Value>,
}

/// A question with answers to tap.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// `Buttons`, `QuickReplies`, `ListPicker` or `DisplayableOptions`.
    #[serde(default = "buttons")]
    pub format: String,
    pub options: Vec<String>,
}

/// An address; with a title it is shown richly.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub url: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub image: Option<String>,
}

/// Fields to fill in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub title: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub label: String,
    #[serde(default)]
    pub required: bool,
    /// One of these; any text if absent.
    #[serde(default)]
    pub options: Vec<String>,
    /// A date is asked for.
    #[serde(default)]
    pub date: bool,
}

fn buttons() -> String {
    "Buttons".to_owned()
}

impl Composed {
    /// The message without its id, and what the rep's screen shows.
    pub fn message(&self, world: &World, inner: &mut Inner) -> Result<(Value, Shown), String> {
        let mut shown = Shown::text(Author::Rep, &self.text);
        if let Some(message) = &self.message {
            return Ok((message.clone(), shown));
        }
        let message = match (&self.choices, &self.link, &self.form) {
            (Some(choices), None, None) => self.choices(choices, inner, &mut shown)?,
            (None, Some(link), None) => link.message(&self.text, &mut shown),
            (None, None, Some(form)) => form.message(inner, &mut shown)?,
            (None, None, None) if !self.files.is_empty() => {
                self.attachments(world, inner, &mut shown)?
            }
            (None, None, None) if !self.text.is_empty() => {
                static_message(json!({ "formatType": "Text", "text": self.text }))
            }
            (None, None, None) => return Err("there is nothing to say".to_owned()),
            _ => return Err("choices, link and form do not go together".to_owned()),
        };
        Ok((message, shown))
    }

    fn attachments(
        &self,
        world: &World,
        inner: &mut Inner,
        shown: &mut Shown,
    ) -> Result<Value, String> {
        let mut items = Vec::new();
        for spec in &self.files {
            let (item, seen) = files::from_rep(world, inner, spec)?;
            items.push(item);
            shown.attachments.push(seen);
        }
        let text = (!self.text.is_empty()).then_some(&self.text);
        let content = json!({ "formatType": "Attachments", "text": text, "attachments": items });
        Ok(static_message(content))
    }

    fn choices(
        &self,
        choices: &Choices,
        inner: &Inner,
        shown: &mut Shown,
    ) -> Result<Value, String> {
        if choices.options.is_empty() || choices.options.len() > MAX_OPTIONS {
            return Err(format!("a question has 1 to {MAX_OPTIONS} options"));
        }
        let (format, text) = (choices.format.as_str(), &self.text);
        let options = options(inner, &choices.options);
        let body = match format {
            "Buttons" | "QuickReplies" => {
                json!({ "formatType": format, "text": text, "optionItems": options })
            }
            "ListPicker" => json!({ "formatType": format, "title": text, "optionItems": options }),
            "DisplayableOptions" => json!({
                "formatType": format,
                "title": text,
                "displayType": "Menu",
                "optionItems": flat_options(inner, &choices.options),
            }),
            other => return Err(format!("there is no format {other} of choices")),
        };
        let lines = choices.options.iter().map(|option| format!("\n[{option}]"));
        shown.text.extend(lines);
        Ok(json!({ "messageType": "ChoicesMessage", "choices": body }))
    }
}

impl Link {
    fn message(&self, text: &str, shown: &mut Shown) -> Value {
        shown.text = [text, &self.url].join(" ").trim().to_owned();
        let Some(title) = &self.title else {
            return static_message(json!({
                "formatType": "Links",
                "links": [{ "url": self.url }],
            }));
        };
        let image = self.image.as_ref().map(|url| json!({ "assetId": null, "sourceUrl": url }));
        static_message(json!({
            "formatType": "RichLink",
            "linkItem": {
                "itemType": "TitleLinkItem",
                "titleItem": title_item(title),
                "url": self.url,
            },
            "image": image,
        }))
    }
}

impl Form {
    fn message(&self, inner: &Inner, shown: &mut Shown) -> Result<Value, String> {
        if self.fields.is_empty() || self.fields.len() > MAX_OPTIONS {
            return Err(format!("a form has 1 to {MAX_OPTIONS} fields"));
        }
        let section = |field: &Field| {
            let kind = match (field.date, field.options.is_empty()) {
                (true, _) => "DatePickerInput",
                (false, false) => "SelectInput",
                (false, true) => "TextInput",
            };
            let mut input = json!({
                "inputType": kind,
                "id": inner.ids.guid(),
                "label": title_item(&field.label),
                "required": field.required,
            });
            if kind == "SelectInput" {
                input["multipleSelection"] = json!(false);
                input["optionItems"] = json!(options(inner, &field.options));
            }
            json!({ "sectionType": "SingleInputSection", "input": input })
        };
        let sections: Vec<Value> = self.fields.iter().map(section).collect();
        let labels: Vec<&str> = self.fields.iter().map(|field| field.label.as_str()).collect();
        shown.text = format!("{} ({})", self.title, labels.join(", "));
        let form = json!({
            "formatType": "Inputs",
            "formTitle": title_item(&self.title),
            "sections": sections,
        });
        Ok(json!({ "messageType": "FormMessage", "form": form }))
    }
}

fn static_message(content: Value) -> Value {
    json!({ "messageType": "StaticContentMessage", "staticContent": content })
}

fn title_item(title: &str) -> Value {
    json!({ "itemType": "TitleItem", "title": title, "subTitle": null })
}

fn options(inner: &Inner, titles: &[String]) -> Vec<Value> {
    let option = |title: &String| {
        json!({
            "itemType": "TitleOptionItem",
            "titleItem": title_item(title),
            "optionIdentifier": inner.ids.guid(),
        })
    };
    titles.iter().map(option).collect()
}

fn flat_options(inner: &Inner, titles: &[String]) -> Vec<Value> {
    let option = |(at, title): (usize, &String)| {
        json!({
            "optionIdentifier": inner.ids.guid(),
            "title": title,
            "alias": (at + 1).to_string(),
        })
    };
    titles.iter().enumerate().map(option).collect()
}
