//! What inboxes and desks have in common when somebody enters their settings.

use baton_core::config::Field;
use serde_json::{Map, Value};

use crate::{app::App, error::ApiError};

/// The longest name of an inbox or a desk.
const NAME_MAX_CHARS: usize = 80;

/// Takes settings over, secrets apart from the others; null and nothing take one away.
pub(super) fn enter(
    fields: &[Field],
    (settings, secrets): (&mut Map<String, Value>, &mut Map<String, Value>),
    entered: &Map<String, Value>,
) {
    for (key, value) in entered {
        settings.remove(key);
        secrets.remove(key);
        if value.is_null() || value == "" {
            continue;
        }
        let is_secret = fields.iter().any(|field| field.key == key && field.secret);
        let kept = if is_secret { &mut *secrets } else { &mut *settings };
        kept.insert(key.clone(), value.clone());
    }
}

/// All settings, as the vendor judges them.
pub(super) fn merged(
    settings: &Map<String, Value>,
    secrets: &Map<String, Value>,
) -> Map<String, Value> {
    settings.iter().chain(secrets).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A name in one line that nothing else of its kind has.
pub(super) fn free_name<'a>(
    asked: &str,
    kind: &str,
    mut others: impl Iterator<Item = &'a str>,
) -> Result<String, ApiError> {
    let name = asked.trim();
    let fits = (1..=NAME_MAX_CHARS).contains(&name.chars().count());
    if !fits || name.chars().any(char::is_control) {
        let why = format!("enter a name of at most {NAME_MAX_CHARS} characters in one line");
        return Err(ApiError::refused("name", &why));
    }
    if others.any(|other| other == name) {
        let why = format!("another {kind} has this name; choose another one");
        return Err(ApiError::refused("name", &why));
    }
    Ok(name.to_owned())
}

/// Where the vendor delivers to.
pub(super) fn hook_url(app: &App, id: impl std::fmt::Display) -> String {
    format!("{}/hooks/{id}", app.config.public_url)
}
