//! How cases are made, and the rows of the compatibility mode.

use baton_core::config::ConfigFault;
use serde_json::{Map, Value, json};

use super::{
    super::policy,
    values::{column, optional_guid, owner},
};
use crate::settings::{
    Read, Settings, keys_are_channels, lower, moods_are_sentiments, object, one_of, optional, yes,
};

/// How cases are made, and what of them comes back.
#[derive(Debug, Default)]
pub struct Cases {
    /// The queue that they are added to.
    pub queue_id: Option<String>,
    /// The address of the row that owns them.
    pub owner: Option<String>,
    /// `caseorigincode` by channel, as value or label.
    pub origin: Map<String, Value>,
    /// `prioritycode` by sentiment or classification, in lower case; as value or label.
    pub priority: Map<String, Value>,
    /// Columns that are set as they are; option sets by value or label.
    pub properties: Map<String, Value>,
    /// The account of cases whose customer cannot be told for sure.
    pub fallback_account_id: Option<String>,
    /// Whether a customer's open case is gone on with.
    pub appends: bool,
    /// Whether closing the session resolves the case.
    pub resolves: bool,
    /// Characters that the organisation's description column takes.
    pub description_max: usize,
    /// What reps write on the case goes to the customer.
    pub answers: Answers,
    /// Begins the notes that go to the customer.
    pub note_prefix: String,
}

/// Which of a rep's words on a case go to the customer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    /// Sent e-mails.
    pub email: bool,
    /// Notes that begin with the prefix.
    pub note: bool,
    /// Outgoing portal comments; only organisations with portals have the table.
    pub portal: bool,
}

/// The compatibility mode: a row instead of a conversation.
#[derive(Debug)]
pub struct Rows {
    /// The entity set that rows are made in.
    pub set: String,
    /// The column of the subject.
    pub subject: String,
    /// The column of the session's id.
    pub session: Option<String>,
    /// The column of the channel's name.
    pub channel: Option<String>,
    /// The column of the workstream, and what is written into it: its id, or its address where
    /// the column is a lookup.
    pub workstream: Option<(String, String)>,
    /// The navigation property by which a note belongs to such a row; none: no notes.
    pub notes: Option<String>,
}

/// Columns of a case that Baton writes itself, and where to set them instead.
const OURS: &[(&str, &str)] = &[
    ("incidentid", "it is the handoff's id"),
    ("ticketnumber", "Dynamics 365 numbers cases itself"),
    ("title", "it is the brief's subject"),
    ("description", "it is the brief"),
    ("statecode", "a case begins active"),
    ("caseorigincode", "use case_origin, which says it for each channel"),
    ("customerid", "it is the contact that Baton finds or makes"),
    ("ownerid", "use case_owner"),
];

/// Ends the name of a lookup that is written.
const BIND: &str = "@odata.bind";

impl Cases {
    pub fn read(settings: &Settings) -> Result<Self, ConfigFault> {
        let priority = lower(object(settings, "case_priority")?);
        values_are_options("case_priority", &priority)?;
        moods_are_sentiments("case_priority", &priority)?;
        let properties = object(settings, "ticket_properties")?;
        none_is_ours(&properties, &priority)?;
        Ok(Self {
            queue_id: optional_guid(settings, "case_queue_id")?,
            owner: owner(settings, "case_owner")?,
            origin: origin(settings)?,
            priority,
            properties,
            fallback_account_id: optional_guid(settings, "fallback_account_id")?,
            appends: one_of(settings, "open_case", &[("append", true), ("new", false)], false)?,
            resolves: yes(settings, "resolve_on_close", false)?,
            description_max: description_max(settings)?,
            answers: Answers::read(settings)?,
            note_prefix: note_prefix(settings)?,
        })
    }

    /// The option-set columns that the settings name by label, for the check: column and label.
    pub fn labels(&self) -> Vec<(&str, &str)> {
        let by_column = [("caseorigincode", &self.origin), ("prioritycode", &self.priority)];
        let mapped = by_column.into_iter().flat_map(|(column, map)| {
            map.values().filter_map(move |value| Some((column, value.as_str()?)))
        });
        let set = self.properties.iter().filter(|(key, _)| !key.contains('@'));
        let set = set.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        mapped.chain(set).collect()
    }
}

impl Answers {
    fn read(settings: &Settings) -> Read<Self> {
        const KEY: &str = "case_answers";
        let Some(text) = optional(settings, KEY)? else {
            return Ok(Self { email: true, note: true, portal: false });
        };
        let mut answers = Self::default();
        for word in text.split(',').map(str::trim) {
            match word {
                "email" => answers.email = true,
                "note" => answers.note = true,
                "portal" => answers.portal = true,
                "none" => {}
                _ => {
                    let text = "write email, note, portal, separated by commas, or none";
                    return Err(ConfigFault::new(KEY, text));
                }
            }
        }
        Ok(answers)
    }
}

impl Rows {
    /// The rows of the compatibility mode, where it is chosen.
    pub fn read(settings: &Settings) -> Read<Option<Self>> {
        let modes = [("messaging_api", false), ("work_item_row", true)];
        if !one_of(settings, "live_mode", &modes, false)? {
            return Ok(None);
        }
        let name = |key, default: &str| {
            column(settings, key).map(|name| name.unwrap_or_else(|| default.to_owned()))
        };
        let set = name("row_set", policy::ROW_SET)?;
        let ours = set == policy::ROW_SET;
        let or_ours = |given: Option<String>, default: &str| {
            given.or_else(|| ours.then(|| default.to_owned()))
        };
        let workstream = or_ours(workstream_column(settings)?, policy::ROW_WORKSTREAM);
        Ok(Some(Self {
            subject: name("row_subject", "subject")?,
            session: column(settings, "row_session")?,
            channel: column(settings, "row_channel")?,
            workstream: workstream.zip(optional_guid(settings, "workstream_id")?).map(to_write),
            notes: or_ours(navigation(settings, "row_notes")?, policy::ROW_NOTES),
            set,
        }))
    }
}

/// A text column, or a lookup as its navigation property and `@odata.bind`.
fn workstream_column(settings: &Settings) -> Read<Option<String>> {
    const KEY: &str = "row_workstream";
    match optional(settings, KEY)?.and_then(|text| text.strip_suffix(BIND)) {
        None => column(settings, KEY),
        Some(name) if is_name(name) => Ok(Some(format!("{name}{BIND}"))),
        Some(_) => Err(ConfigFault::new(KEY, "write a column, or a lookup as name@odata.bind")),
    }
}

fn to_write((column, workstream): (String, String)) -> (String, String) {
    match column.ends_with(BIND) {
        true => (column, format!("/msdyn_liveworkstreams({workstream})")),
        false => (column, workstream),
    }
}

fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A navigation property: unlike a column's, its name may have capitals.
fn navigation(settings: &Settings, key: &str) -> Read<Option<String>> {
    let Some(text) = optional(settings, key)? else { return Ok(None) };
    if is_name(text) {
        return Ok(Some(text.to_owned()));
    }
    Err(ConfigFault::new(key, "write the navigation property's name, as objectid_cr123_item"))
}

/// Phone, e-mail and web have values of Microsoft's own (`incident` entity reference, read
/// 2026-11-21); the others have none, and the column stays empty unless the settings say.
fn origin(settings: &Settings) -> Read<Map<String, Value>> {
    const KEY: &str = "case_origin";
    let given = lower(object(settings, KEY)?);
    values_are_options(KEY, &given)?;
    keys_are_channels(KEY, &given)?;
    let mut origin = json!({ "phone": 1, "email": 2, "web": 3 });
    if let Value::Object(origin) = &mut origin {
        origin.extend(given);
    }
    match origin {
        Value::Object(origin) => Ok(origin),
        _ => Ok(Map::new()),
    }
}

/// The values of an option set are whole numbers, its labels words.
fn values_are_options(key: &str, map: &Map<String, Value>) -> Read<()> {
    match map.iter().find(|(_, value)| !(value.is_i64() || value.is_string())) {
        None => Ok(()),
        Some((name, _)) => {
            let text = format!("{name}: write the value as a number or its label in quotes");
            Err(ConfigFault::new(key, text))
        }
    }
}

fn none_is_ours(properties: &Map<String, Value>, priority: &Map<String, Value>) -> Read<()> {
    const KEY: &str = "ticket_properties";
    for key in properties.keys() {
        let column = key.split('@').next().unwrap_or_default().to_ascii_lowercase();
        let ours = |name: &str| column == name || column.starts_with(&format!("{name}_"));
        let why = OURS.iter().find(|(name, _)| ours(name)).map(|(_, why)| *why);
        let mapped = column == "prioritycode" && !priority.is_empty();
        let why = why.or(mapped.then_some("case_priority is set; use one of the two"));
        if let Some(why) = why {
            return Err(ConfigFault::new(KEY, format!("{key} is Baton's: {why}")));
        }
    }
    Ok(())
}

fn description_max(settings: &Settings) -> Read<usize> {
    const KEY: &str = "case_description_chars";
    let Some(text) = optional(settings, KEY)? else { return Ok(policy::DESCRIPTION_MAX) };
    let number = text.parse().ok().filter(|n| (500..=policy::DESCRIPTION_MOST).contains(n));
    number.ok_or_else(|| ConfigFault::new(KEY, "write a whole number from 500 to 1048576"))
}

fn note_prefix(settings: &Settings) -> Read<String> {
    const KEY: &str = "note_prefix";
    let prefix = optional(settings, KEY)?.unwrap_or(policy::NOTE_PREFIX);
    if prefix.starts_with('/') || prefix.chars().count() > 20 {
        let text = "write at most 20 characters, such as !reply, without a slash in front";
        return Err(ConfigFault::new(KEY, text));
    }
    Ok(prefix.to_owned())
}
