//! The Dynamics 365 desk as its callers see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod files;
mod listing;
mod open;
mod parse;
mod receive;
mod support;
