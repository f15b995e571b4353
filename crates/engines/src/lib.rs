//! The AI side: one folder per engine, and what all of them share: the rules that no engine may
//! override (`rules`), what words give away (`detect`), and the articles (`knowledge`).

mod builtin;
pub mod detect;
pub mod knowledge;
mod openai;
mod replies;
mod rules;

use std::sync::Arc;

use baton_core::{
    config::{self, ConfigFault, Field},
    engine::Engine,
    time::Clock,
};
use serde_json::{Map, Value};

/// What engines are given from outside.
pub struct Deps {
    /// The HTTP client.
    pub http: reqwest::Client,
    /// The clock of the business rules.
    pub clock: Arc<dyn Clock>,
    /// Whether plain HTTP and loopback addresses are accepted.
    pub development: bool,
    /// The articles that answers rest on.
    pub knowledge: Arc<knowledge::Index>,
}

/// The engines' folder names.
pub fn vendors() -> &'static [&'static str] {
    &[builtin::VENDOR, openai::VENDOR]
}

/// The settings of an engine; none for an engine that does not exist.
pub fn fields(vendor: &str) -> Option<&'static [Field]> {
    match vendor {
        builtin::VENDOR => Some(builtin::FIELDS),
        openai::VENDOR => Some(openai::FIELDS),
        _ => None,
    }
}

/// Makes an engine from its settings, secrets included.
///
/// # Errors
/// Names the setting that is wrong and the fix.
pub fn build(
    vendor: &str,
    settings: &Map<String, Value>,
    deps: &Deps,
) -> Result<Arc<dyn Engine>, ConfigFault> {
    let known = || format!("no such engine; known are {}", vendors().join(", "));
    let fields = fields(vendor).ok_or_else(|| ConfigFault::new("vendor", known()))?;
    config::check_keys(fields, settings)?;
    match vendor {
        openai::VENDOR => Ok(Arc::new(openai::OpenAi::new(settings, deps)?)),
        _ => Ok(Arc::new(builtin::Builtin::new(Arc::clone(&deps.knowledge)))),
    }
}
