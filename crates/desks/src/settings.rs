//! Reading one setting: text as a person pastes it, checked, or the fix.

use baton_core::{brief::Sentiment, config::ConfigFault, inbox::ChannelKind};
use serde_json::{Map, Value};

/// The settings as they were given.
pub type Settings = Map<String, Value>;
/// A value, or which setting is wrong and the fix.
pub type Read<T> = Result<T, ConfigFault>;

pub fn optional<'a>(settings: &'a Settings, key: &str) -> Read<Option<&'a str>> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(ConfigFault::new(key, "must be text; put it in quotes")),
    }
}

pub fn required<'a>(settings: &'a Settings, key: &str) -> Read<&'a str> {
    optional(settings, key)?.ok_or_else(|| ConfigFault::new(key, "missing"))
}

pub fn yes(settings: &Settings, key: &str, default: bool) -> Read<bool> {
    one_of(settings, key, &[("yes", true), ("no", false)], default)
}

/// One of a few words.
pub fn one_of<T: Copy>(settings: &Settings, key: &str, words: &[(&str, T)], default: T) -> Read<T> {
    let Some(text) = optional(settings, key)? else { return Ok(default) };
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        ConfigFault::new(key, format!("write {}", words.join(" or ")))
    })
}

/// An object, given as one or as JSON text.
pub fn object(settings: &Settings, key: &str) -> Read<Settings> {
    let refused = || ConfigFault::new(key, "write a JSON object, such as {\"name\": \"value\"}");
    match settings.get(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| refused()),
        Some(_) => Err(refused()),
    }
}

/// Names of hosts, separated by commas.
pub fn hosts(settings: &Settings, key: &str) -> Read<Vec<String>> {
    let Some(text) = optional(settings, key)? else { return Ok(Vec::new()) };
    let hosts: Vec<String> = text.split(',').map(|host| host.trim().to_lowercase()).collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if hosts.iter().any(|host| host.is_empty() || !host.chars().all(is_name)) {
        return Err(ConfigFault::new(key, "write host names only, as files.contoso.example"));
    }
    Ok(hosts)
}

/// Keys that letters' case does not tell apart.
pub fn lower(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().map(|(key, value)| (key.trim().to_lowercase(), value)).collect()
}

/// Values by channel: every key is one.
pub fn keys_are_channels(key: &str, by_channel: &Map<String, Value>) -> Read<()> {
    use ChannelKind::{Email, Phone, Sms, Web, Whatsapp};
    let channels = [Whatsapp, Sms, Web, Email, Phone].map(ChannelKind::name);
    match by_channel.keys().find(|key| !channels.contains(&key.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let known = channels.join(", ");
            let text = format!("there is no channel {unknown:?}; known are {known}");
            Err(ConfigFault::new(key, text))
        }
    }
}

/// Values by sentiment or by words of the workspace's own: those that look like a mood and are
/// none would never count.
pub fn moods_are_sentiments(key: &str, by_mood: &Map<String, Value>) -> Read<()> {
    use Sentiment::{
        Negative, Neutral, Positive, SlightlyNegative, SlightlyPositive, VeryNegative, VeryPositive,
    };
    let all = [
        VeryNegative,
        Negative,
        SlightlyNegative,
        Neutral,
        SlightlyPositive,
        Positive,
        VeryPositive,
    ];
    let known = all.map(|sentiment| sentiment.words().to_lowercase());
    let moods = ["negative", "positive", "neutral"];
    let looks = |word: &str| moods.contains(&word);
    match by_mood.keys().find(|key| !known.contains(key) && key.split(' ').any(looks)) {
        None => Ok(()),
        Some(wrong) => {
            let text = format!("there is no sentiment {wrong:?}; known are {}", known.join(", "));
            Err(ConfigFault::new(key, text))
        }
    }
}
