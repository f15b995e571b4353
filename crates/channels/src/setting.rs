//! Reading single settings of a vendor.

use baton_core::config::{ConfigFault, Field};
use serde_json::{Map, Value};

/// Longest text of one setting, in bytes.
const MAX_BYTES: usize = 4_096;

/// A setting that must be given.
pub(crate) const fn field(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { key, label, help, secret: false, required: true }
}

/// A secret that must be given.
pub(crate) const fn secret(key: &'static str, label: &'static str, help: &'static str) -> Field {
    Field { key, label, help, secret: true, required: true }
}

/// The same setting, which may be left out.
pub(crate) const fn optional(field: Field) -> Field {
    Field { required: false, ..field }
}

/// The setting as text, trimmed; none when it is absent or empty.
pub(crate) fn text(
    settings: &Map<String, Value>,
    key: &str,
) -> Result<Option<String>, ConfigFault> {
    let text = match settings.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(ConfigFault::new(key, "must be text; put it in quotes")),
    };
    if text.len() > MAX_BYTES {
        return Err(ConfigFault::new(key, format!("longer than {MAX_BYTES} bytes")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The setting as printable ASCII without spaces; none when it is absent or empty.
pub(crate) fn word(
    settings: &Map<String, Value>,
    key: &str,
) -> Result<Option<String>, ConfigFault> {
    let word = text(settings, key)?;
    if word.as_ref().is_some_and(|word| !word.bytes().all(|byte| byte.is_ascii_graphic())) {
        let fix = "holds a space, a line break or a letter outside ASCII; copy it again";
        return Err(ConfigFault::new(key, fix));
    }
    Ok(word)
}

/// The same where it cannot be left out.
pub(crate) fn required(settings: &Map<String, Value>, key: &str) -> Result<String, ConfigFault> {
    word(settings, key)?.ok_or_else(|| ConfigFault::new(key, "missing"))
}

/// Yes or no; none when it is absent or empty.
pub(crate) fn yes_or_no(
    settings: &Map<String, Value>,
    key: &str,
) -> Result<Option<bool>, ConfigFault> {
    match word(settings, key)?.as_deref() {
        None => Ok(None),
        Some("yes") => Ok(Some(true)),
        Some("no") => Ok(Some(false)),
        Some(_) => Err(ConfigFault::new(key, "write yes or no")),
    }
}

/// A whole number from 1 to `most`, as text; none when it is absent or empty.
pub(crate) fn count(
    settings: &Map<String, Value>,
    key: &str,
    most: u32,
) -> Result<Option<u32>, ConfigFault> {
    let Some(text) = word(settings, key)? else { return Ok(None) };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
        _ => Err(ConfigFault::new(key, format!("write a whole number from 1 to {most}"))),
    }
}

/// A phone number as a vendor's sender: digits behind a plus sign, or a short code of digits.
pub(crate) fn sender(key: &str, text: &str) -> Result<String, ConfigFault> {
    let number: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let (digits, lengths) = match number.strip_prefix('+') {
        Some(digits) => (digits, 7..=15),
        None => (number.as_str(), 3..=8),
    };
    if lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(number);
    }
    if number.chars().any(char::is_alphabetic) {
        let fix = "a sender of letters cannot be answered; use a phone number or a short code";
        return Err(ConfigFault::new(key, fix));
    }
    Err(ConfigFault::new(key, "write the number with its country code, as +15550100200"))
}
