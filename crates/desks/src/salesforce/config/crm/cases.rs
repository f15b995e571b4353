//! How cases are made, and what of them comes back.

use baton_core::config::ConfigFault;
use serde_json::{Map, Value, json};

use super::{field_name, is_name};
use crate::settings::{
    Read, Settings, keys_are_channels, lower, moods_are_sentiments, object, one_of, optional, yes,
};

/// How cases are made, and what of them comes back.
#[derive(Debug)]
pub struct Cases {
    /// The text field, marked as external id, that keeps the handoff's id.
    pub external_id: Option<String>,
    /// A record's id, or a queue's developer name.
    pub owner: Option<String>,
    /// A record's id, or a developer name.
    pub record_type: Option<String>,
    /// `Origin` by channel.
    pub origin: Map<String, Value>,
    /// `Priority` by sentiment or classification, in lower case.
    pub priority: Map<String, Value>,
    /// Fields that are set as they are.
    pub properties: Map<String, Value>,
    /// Whether a customer's open case is gone on with.
    pub appends: bool,
    /// The status that closing the session gives the case; none leaves it.
    pub closed_status: Option<String>,
    pub transcript: Transcript,
    pub answers: Answers,
}

/// Where the transcript of a case, and what is said afterwards, is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transcript {
    Comments,
    Feed,
}

/// Which of a rep's words on a case go to the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answers {
    /// Public comments.
    pub comment: bool,
    /// Sent e-mails.
    pub email: bool,
    /// Feed posts that all may see.
    pub feed: bool,
}

/// Fields of a case that Baton writes itself, and where to set them instead.
const OURS: &[(&str, &str)] = &[
    ("Id", "Salesforce makes it"),
    ("CaseNumber", "Salesforce numbers cases itself"),
    ("Subject", "it is the brief's subject"),
    ("Description", "it is the brief"),
    ("ContactId", "it is the contact that Baton finds or makes"),
    ("OwnerId", "use case_owner"),
    ("RecordTypeId", "use case_record_type"),
    ("Origin", "use case_origin, which says it for each channel"),
    ("SuppliedName", "it is the customer's name"),
    ("SuppliedEmail", "it is the customer's address"),
    ("SuppliedPhone", "it is the customer's number"),
];

impl Cases {
    pub fn read(settings: &Settings) -> Read<Self> {
        let priority = lower(object(settings, "case_priority")?);
        values_are_text("case_priority", &priority)?;
        moods_are_sentiments("case_priority", &priority)?;
        let external_id = field_name(settings, "case_external_id_field")?;
        let properties = object(settings, "case_properties")?;
        none_is_ours(&properties, &priority, external_id.as_deref())?;
        let closes = yes(settings, "resolve_on_close", false)?;
        let status = optional(settings, "case_closed_status")?.unwrap_or("Closed");
        Ok(Self {
            external_id,
            owner: id_or_name(settings, "case_owner")?,
            record_type: id_or_name(settings, "case_record_type")?,
            origin: origin(settings)?,
            priority,
            properties,
            appends: one_of(settings, "open_case", &[("append", true), ("new", false)], false)?,
            closed_status: closes.then(|| status.to_owned()),
            transcript: one_of(
                settings,
                "case_transcript",
                &[("comments", Transcript::Comments), ("feed", Transcript::Feed)],
                Transcript::Comments,
            )?,
            answers: Answers::read(settings)?,
        })
    }

    /// The picklist values that the settings name, for the check: field, value, setting.
    pub fn labels(&self) -> Vec<(&str, &str, &'static str)> {
        let mapped = [
            ("Origin", &self.origin, "case_origin"),
            ("Priority", &self.priority, "case_priority"),
        ];
        let mapped = mapped.into_iter().flat_map(|(field, map, setting)| {
            map.values().filter_map(move |value| Some((field, value.as_str()?, setting)))
        });
        let set = self.properties.iter();
        let set =
            set.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?, "case_properties")));
        let status =
            self.closed_status.iter().map(|s| ("Status", s.as_str(), "case_closed_status"));
        mapped.chain(set).chain(status).collect()
    }
}

impl Answers {
    fn read(settings: &Settings) -> Read<Self> {
        const KEY: &str = "case_answers";
        let Some(given) = optional(settings, KEY)? else {
            return Ok(Self { comment: true, email: true, feed: false });
        };
        let mut answers = Self { comment: false, email: false, feed: false };
        for word in given.split(',').map(str::trim) {
            match word {
                "comment" => answers.comment = true,
                "email" => answers.email = true,
                "feed" => answers.feed = true,
                "none" => {}
                _ => {
                    let text = "write comment, email, feed, separated by commas, or none";
                    return Err(ConfigFault::new(KEY, text));
                }
            }
        }
        Ok(answers)
    }
}

/// Ids and names of both kinds are told apart when they are looked up.
fn id_or_name(settings: &Settings, key: &str) -> Read<Option<String>> {
    let Some(given) = optional(settings, key)? else { return Ok(None) };
    if given.chars().count() <= 80 && !given.chars().any(char::is_control) {
        return Ok(Some(given.to_owned()));
    }
    Err(ConfigFault::new(key, "write a record's id, or its name on one line"))
}

/// Phone, Email and Web are values that every organisation begins with ("Case Fields",
/// Salesforce Help, checked 2026-11); the other channels have none unless the settings say.
fn origin(settings: &Settings) -> Read<Map<String, Value>> {
    const KEY: &str = "case_origin";
    let given = lower(object(settings, KEY)?);
    values_are_text(KEY, &given)?;
    keys_are_channels(KEY, &given)?;
    let known = [("phone", "Phone"), ("email", "Email"), ("web", "Web")];
    let mut origin: Map<String, Value> =
        known.into_iter().map(|(channel, value)| (channel.to_owned(), json!(value))).collect();
    origin.extend(given);
    Ok(origin)
}

fn values_are_text(key: &str, map: &Map<String, Value>) -> Read<()> {
    match map.iter().find(|(_, value)| !value.is_string()) {
        None => Ok(()),
        Some((name, _)) => {
            Err(ConfigFault::new(key, format!("{name}: write the picklist's value in quotes")))
        }
    }
}

fn none_is_ours(
    properties: &Map<String, Value>,
    priority: &Map<String, Value>,
    external_id: Option<&str>,
) -> Read<()> {
    const KEY: &str = "case_properties";
    for key in properties.keys() {
        let wrong = |why: &str| Err(ConfigFault::new(KEY, format!("{key} is Baton's: {why}")));
        if !is_name(key) {
            return Err(ConfigFault::new(KEY, format!("{key:?} is no field's API name")));
        }
        if let Some((_, why)) = OURS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            return wrong(why);
        }
        if external_id.is_some_and(|name| name.eq_ignore_ascii_case(key)) {
            return wrong("case_external_id_field names it");
        }
        if key.eq_ignore_ascii_case("Priority") && !priority.is_empty() {
            return wrong("case_priority is set; use one of the two");
        }
    }
    Ok(())
}
