//! Whether an inbox or a desk works, as the API says it.

use baton_relay::SourceState;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether a connection works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It works.
    Active,
    /// It runs, and the vendor refuses us.
    Failing,
    /// Its settings are refused: it does not run.
    Refused,
    /// Somebody stopped it.
    Stopped,
}

impl From<SourceState> for ConnectionState {
    fn from(state: SourceState) -> Self {
        match state {
            SourceState::Active => Self::Active,
            SourceState::Failing => Self::Failing,
            SourceState::Refused => Self::Refused,
        }
    }
}
