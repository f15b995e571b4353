//! Places at which a test ends the process, as a power cut would: before and after every commit
//! and every call to a vendor or an engine. Release builds have none of this.

use baton_core::step::Input;

const ATTEMPT: &str = "attempt";

/// Ends the process here when the environment asks for it: `BATON_CRASH_AT=before:attempt` at
/// the first pass, `BATON_CRASH_AT=before:attempt:3` at the third.
#[cfg(debug_assertions)]
pub(crate) fn point(when: &str, what: &str) {
    if asked::here(when, what) {
        std::process::abort();
    }
}

/// Nothing, in release builds.
#[cfg(not(debug_assertions))]
pub(crate) fn point(_when: &str, _what: &str) {}

/// Just before the commit of a change, which may begin an attempt as well.
pub(crate) fn before(change: &str, begins: bool) {
    point("before", change);
    if begins {
        point("before", ATTEMPT);
    }
}

/// Just after it.
pub(crate) fn after(change: &str, begins: bool) {
    point("after", change);
    if begins {
        point("after", ATTEMPT);
    }
}

/// What the commit that follows from an input is called.
pub(crate) fn name(input: &Input) -> &'static str {
    match input {
        Input::Customer(_) => "customer",
        Input::Receipt { .. } => "receipt",
        Input::Echo(_) => "echo",
        Input::Say { .. } => "say",
        Input::Call { .. } => "call",
        Input::Handover { .. } => "handover",
        Input::Identity(_) => "identity",
        Input::Consent { .. } => "consent",
        Input::TurnEnded { .. } => "turn",
        Input::Briefed { .. } => "brief",
        Input::Rep { .. } => "rep",
        Input::Listed { .. } => "listed",
        Input::Recalled { .. } => "recalled",
        Input::Attempt { .. } => ATTEMPT,
        Input::Outcome { .. } => "outcome",
        Input::Settled { .. } => "settled",
        Input::Template { .. } => "template",
        Input::Invite(_) => "invite",
        Input::Fetched { .. } => "fetched",
        Input::Merged => "merged",
        Input::Due(_) => "due",
    }
}

#[cfg(debug_assertions)]
mod asked {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };

    struct Place {
        name: String,
        pass: u32,
    }

    static PLACE: OnceLock<Option<Place>> = OnceLock::new();
    static PASSES: AtomicU32 = AtomicU32::new(0);

    pub(super) fn here(when: &str, what: &str) -> bool {
        let Some(place) = PLACE.get_or_init(read) else { return false };
        let named = place.name.split_once(':') == Some((when, what));
        named && PASSES.fetch_add(1, Ordering::SeqCst) + 1 == place.pass
    }

    fn read() -> Option<Place> {
        let text = std::env::var("BATON_CRASH_AT").ok()?;
        let numbered = text.rsplit_once(':').and_then(|(name, pass)| {
            Some(Place { name: name.to_owned(), pass: pass.parse().ok()? })
        });
        Some(numbered.unwrap_or(Place { name: text, pass: 1 }))
    }
}
