//! The hub is killed, at random under load and at every step, and afterwards the vendors' own
//! records must show that nothing was lost, doubled, reordered or sent against the rules.
//!
//! `BATON_TEST_LARGE=1` runs the full size; `BATON_TEST_KILLS=N` sets the number of random kills.

mod broken;
mod campaign;
mod checker;
mod dice;
mod evidence;
mod hub;
mod people;
mod random;
mod steps;
mod story;
mod takeover;
mod world;

/// Whether the full size was asked for.
fn large() -> bool {
    std::env::var("BATON_TEST_LARGE").is_ok_and(|value| !value.is_empty() && value != "0")
}
