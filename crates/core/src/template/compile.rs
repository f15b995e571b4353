//! From a template to its form, and from the filled form to what is sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ButtonAction, ButtonValue, HeaderValue, Template, TemplateCategory, TemplateHeader,
    TemplateParts, TemplateUse,
};
use crate::message::{Content, MediaKind};

/// The most characters of a body with its variables filled (Template components, checked
/// 2026-11-20; the same at every vendor of the channel).
const MAX_BODY_CHARS: usize = 1_024;
/// The most characters of a header's line (the same page).
const MAX_HEADER_CHARS: usize = 60;
/// The most characters of a button's address (the same page).
const MAX_URL_CHARS: usize = 2_000;
/// The most characters of the machine's word behind a quick reply (Interactive messages, checked
/// 2026-11-20).
const MAX_PAYLOAD_CHARS: usize = 256;
/// The most characters of a code to copy (Template components, checked 2026-11-20).
const MAX_CODE_CHARS: usize = 15;
/// The most characters of a file's address or of a place's words; ours.
const MAX_LINK_CHARS: usize = 2_000;
/// Spaces in a row that no variable may hold (Error codes, 132018, checked 2026-11-20).
const REFUSED_SPACES: &str = "     ";
/// More values than any form has fields are not looked at.
const MAX_VALUES: usize = 256;

/// What somebody filled in, by the fields' keys.
pub type Values = BTreeMap<String, String>;

/// What a field takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// The address (`https`) of a picture.
    Image,
    /// The address (`https`) of a film.
    Video,
    /// The address (`https`) of a document.
    Document,
    /// Degrees as a decimal number.
    Degrees,
    /// The end of an address.
    UrlEnd,
    /// A machine's word that comes back with the answer.
    Payload,
    /// A code to copy.
    Code,
}

/// One field of a template's form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FormField {
    /// Its key: `1` or `order_number` in the body, `header.1`, `header`, `header.latitude`,
    /// `button.0` and the like elsewhere.
    pub key: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be filled.
    pub required: bool,
    /// The most characters.
    pub max_chars: usize,
    /// An example, where the template's author gave one.
    pub example: Option<String>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldProblem {
    /// It must be filled.
    Missing,
    /// The template has no such field.
    Unknown,
    /// It holds nothing that can be seen.
    Empty,
    /// It holds a line break, a tab or more than four spaces in a row.
    LineBreak,
    /// It, or the text that it becomes a part of, is too long.
    TooLong,
    /// It is an address of another kind of file, no address, or no number.
    WrongKind,
}

/// A field that cannot be taken as it is filled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldFault {
    /// The field's key.
    pub key: String,
    /// What is wrong.
    pub problem: FieldProblem,
    /// The same in words; lowercase, after the field's name.
    pub text: String,
}

impl FieldFault {
    fn new(key: &str, problem: FieldProblem, text: impl Into<String>) -> Self {
        Self { key: key.to_owned(), problem, text: text.into() }
    }
}

impl TemplateUse {
    /// What stands for it in the thread.
    pub fn content(&self) -> Content {
        Content::Template {
            name: self.name.clone(),
            language: self.language.clone(),
            variables: self.variables.clone(),
            text: self.text.clone(),
        }
    }
}

/// The names between double braces, in order, each once.
pub(super) fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        let name = name.trim();
        if !name.is_empty() && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        rest = tail;
    }
    found
}

/// The text with its variables replaced; what is not filled stays as it is.
fn filled(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        out.push_str(before);
        match value_of(name.trim()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

impl TemplateParts {
    /// The variables of the body: numbered ones by their numbers, named ones as they stand.
    fn body_variables(&self) -> Vec<String> {
        let mut names = variables(&self.body);
        if names.iter().all(|name| is_number(name)) {
            names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
        }
        names
    }

    /// Every field that somebody fills, in the order of the message.
    pub fn form(&self) -> Vec<FormField> {
        let mut form = self.header_fields();
        let body = self.body_variables().into_iter().enumerate().map(|(at, key)| FormField {
            key,
            kind: FieldKind::Text,
            required: true,
            max_chars: MAX_BODY_CHARS,
            example: self.examples.get(at).cloned(),
        });
        form.extend(body);
        form.extend((0..).zip(&self.buttons).filter_map(|(at, button): (u32, _)| {
            let (kind, required, max_chars) = match button.action {
                ButtonAction::Link if !variables(button.url.as_deref()?).is_empty() => {
                    (FieldKind::UrlEnd, true, MAX_URL_CHARS)
                }
                ButtonAction::Reply => (FieldKind::Payload, false, MAX_PAYLOAD_CHARS),
                ButtonAction::Code => (FieldKind::Code, true, MAX_CODE_CHARS),
                ButtonAction::Link | ButtonAction::Call | ButtonAction::Other => return None,
            };
            let example = Some(button.title.clone());
            Some(FormField { key: format!("button.{at}"), kind, required, max_chars, example })
        }));
        form
    }

    fn header_fields(&self) -> Vec<FormField> {
        let field = |key: String, kind, max_chars| FormField {
            key,
            kind,
            required: true,
            max_chars,
            example: None,
        };
        match &self.header {
            TemplateHeader::None => Vec::new(),
            TemplateHeader::Text { text } => variables(text)
                .into_iter()
                .take(1)
                .map(|name| field(format!("header.{name}"), FieldKind::Text, MAX_HEADER_CHARS))
                .collect(),
            TemplateHeader::Media { kind } => {
                vec![field("header".to_owned(), media_field(*kind), MAX_LINK_CHARS)]
            }
            TemplateHeader::Location => [
                ("latitude", FieldKind::Degrees),
                ("longitude", FieldKind::Degrees),
                ("name", FieldKind::Text),
                ("address", FieldKind::Text),
            ]
            .map(|(name, kind)| field(format!("header.{name}"), kind, MAX_LINK_CHARS))
            .to_vec(),
        }
    }
}

fn media_field(kind: MediaKind) -> FieldKind {
    match kind {
        MediaKind::Image | MediaKind::Sticker => FieldKind::Image,
        MediaKind::Video | MediaKind::Audio => FieldKind::Video,
        MediaKind::Document => FieldKind::Document,
    }
}

impl Template {
    /// Every field that somebody fills, in the order of the message.
    pub fn form(&self) -> Vec<FormField> {
        self.parts.form()
    }

    /// The template with its fields filled.
    ///
    /// # Errors
    /// Every field that cannot be taken, with what is wrong.
    pub fn compile(&self, values: &Values) -> Result<TemplateUse, Vec<FieldFault>> {
        let form = self.form();
        let mut faults: Vec<FieldFault> =
            form.iter().filter_map(|field| check(field, values.get(&field.key))).collect();
        faults.extend(
            values.keys().filter(|key| !form.iter().any(|f| f.key == **key)).take(MAX_VALUES).map(
                |key| FieldFault::new(key, FieldProblem::Unknown, "the template has no such field"),
            ),
        );
        let filled_in = Filled { parts: &self.parts, values };
        if faults.is_empty() {
            faults.extend(filled_in.too_long());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let names = self.parts.body_variables();
        let named = !names.iter().all(|name| is_number(name));
        Ok(TemplateUse {
            vendor_id: Some(self.vendor_id.clone()),
            name: self.name.clone(),
            language: self.language.clone(),
            variables: names.iter().map(|name| filled_in.value(name)).collect(),
            names: if named { names } else { Vec::new() },
            header: filled_in.header(),
            buttons: filled_in.buttons(),
            text: filled_in.text(),
            marketing: self.category == TemplateCategory::Marketing,
        })
    }
}

/// What is wrong with one field by itself.
fn check(field: &FormField, value: Option<&String>) -> Option<FieldFault> {
    let fault = |problem, text: String| Some(FieldFault::new(&field.key, problem, text));
    let Some(value) = value else {
        return field
            .required
            .then(|| FieldFault::new(&field.key, FieldProblem::Missing, "must be filled"));
    };
    if value.trim().is_empty() {
        return fault(FieldProblem::Empty, "is empty".to_owned());
    }
    if value.contains(['\n', '\r', '\t']) || value.contains(REFUSED_SPACES) {
        let text = "holds a line break, a tab or more than four spaces in a row".to_owned();
        return fault(FieldProblem::LineBreak, text);
    }
    let chars = value.chars().count();
    if chars > field.max_chars {
        let text = format!("has {chars} characters; at most {} are taken", field.max_chars);
        return fault(FieldProblem::TooLong, text);
    }
    wrong_kind(field.kind, value).and_then(|text| fault(FieldProblem::WrongKind, text))
}

/// File name extensions that tell a kind of file.
const EXTENSIONS: &[(&str, FieldKind)] = &[
    ("jpg", FieldKind::Image),
    ("jpeg", FieldKind::Image),
    ("png", FieldKind::Image),
    ("gif", FieldKind::Image),
    ("webp", FieldKind::Image),
    ("mp4", FieldKind::Video),
    ("3gp", FieldKind::Video),
    ("mov", FieldKind::Video),
    ("pdf", FieldKind::Document),
    ("doc", FieldKind::Document),
    ("docx", FieldKind::Document),
    ("xls", FieldKind::Document),
    ("xlsx", FieldKind::Document),
    ("ppt", FieldKind::Document),
    ("pptx", FieldKind::Document),
    ("txt", FieldKind::Document),
    ("html", FieldKind::Text),
    ("svg", FieldKind::Text),
];

fn wrong_kind(kind: FieldKind, value: &str) -> Option<String> {
    match kind {
        FieldKind::Image | FieldKind::Video | FieldKind::Document => {
            let Some(rest) = value.strip_prefix("https://").filter(|rest| !rest.is_empty()) else {
                return Some("must be an address that begins with https://".to_owned());
            };
            if value.contains(' ') {
                return Some("is no address: it holds a space".to_owned());
            }
            let path = rest.split(['?', '#']).next().unwrap_or_default();
            let (_, extension) = path.rsplit_once('/')?.1.rsplit_once('.')?;
            let extension = extension.to_ascii_lowercase();
            let told = EXTENSIONS.iter().find(|(known, _)| *known == extension)?.1;
            (told != kind).then(|| format!("must be {}, not a file .{extension}", wanted(kind)))
        }
        FieldKind::Degrees => {
            let number = value.parse::<f64>().ok().filter(|number| number.abs() <= 180.0);
            number.is_none().then(|| "must be degrees as a decimal number".to_owned())
        }
        FieldKind::UrlEnd => value
            .contains(char::is_whitespace)
            .then(|| "is the end of an address and must not hold spaces".to_owned()),
        FieldKind::Text | FieldKind::Payload | FieldKind::Code => None,
    }
}

fn wanted(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Image => "a picture",
        FieldKind::Video => "a film",
        _ => "a document",
    }
}

/// A template's parts with the values of its form.
struct Filled<'a> {
    parts: &'a TemplateParts,
    values: &'a Values,
}

impl Filled<'_> {
    fn value(&self, key: &str) -> String {
        self.values.get(key).cloned().unwrap_or_default()
    }

    fn line(&self, text: &str, prefix: &str) -> String {
        filled(text, |name| self.values.get(&format!("{prefix}{name}")).cloned())
    }

    /// What becomes too long only together: the longest field of it is named.
    fn too_long(&self) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        let mut look = |text: String, keys: Vec<String>, max: usize, what: &str| {
            let chars = text.chars().count();
            let longest = keys.into_iter().max_by_key(|key| self.value(key).chars().count());
            if let Some(key) = longest.filter(|_| chars > max) {
                let text = format!("makes the {what} {chars} characters long; it takes {max}");
                faults.push(FieldFault::new(&key, FieldProblem::TooLong, text));
            }
        };
        let body = &self.parts.body;
        look(self.line(body, ""), variables(body), MAX_BODY_CHARS, "text");
        if let TemplateHeader::Text { text } = &self.parts.header {
            let keys = variables(text).iter().map(|name| format!("header.{name}")).collect();
            look(self.line(text, "header."), keys, MAX_HEADER_CHARS, "header");
        }
        for (at, button) in self.parts.buttons.iter().enumerate() {
            if let (ButtonAction::Link, Some(url)) = (button.action, &button.url) {
                let key = format!("button.{at}");
                let url = filled(url, |_| self.values.get(&key).cloned());
                look(url, vec![key], MAX_URL_CHARS, "address");
            }
        }
        faults
    }

    fn header(&self) -> Option<HeaderValue> {
        match &self.parts.header {
            TemplateHeader::None => None,
            TemplateHeader::Text { text } => {
                let name = variables(text).into_iter().next()?;
                let text = self.value(&format!("header.{name}"));
                Some(HeaderValue::Text { text, name: Some(name).filter(|name| !is_number(name)) })
            }
            TemplateHeader::Media { kind } => {
                Some(HeaderValue::Media { kind: *kind, link: self.value("header") })
            }
            TemplateHeader::Location => Some(HeaderValue::Location {
                latitude: self.value("header.latitude"),
                longitude: self.value("header.longitude"),
                name: self.value("header.name"),
                address: self.value("header.address"),
            }),
        }
    }

    fn buttons(&self) -> Vec<ButtonValue> {
        (0..)
            .zip(&self.parts.buttons)
            .filter_map(|(index, button): (u32, _)| {
                let text = self.values.get(&format!("button.{index}"))?.clone();
                Some(ButtonValue { index, action: button.action, text })
            })
            .collect()
    }

    /// What the customer reads: header, body and footer, one below the other.
    fn text(&self) -> String {
        let mut lines = Vec::new();
        match &self.parts.header {
            TemplateHeader::Text { text } => lines.push(self.line(text, "header.")),
            TemplateHeader::Media { kind } => lines.push(format!("[{}]", kind.word())),
            TemplateHeader::Location => lines.push(format!("[{}]", self.value("header.name"))),
            TemplateHeader::None => {}
        }
        lines.push(self.line(&self.parts.body, ""));
        lines.extend(self.parts.footer.clone());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests;
