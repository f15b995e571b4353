//! The Salesforce desk as its callers see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod conversation;
mod crm;
mod files;
mod keygen;
mod limits;
mod listing;
mod open;
mod parse;
mod stream;
mod support;
mod tokens;
