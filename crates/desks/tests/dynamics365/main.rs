//! The Dynamics 365 desk as its callers see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod availability;
mod case;
mod case_columns;
mod changes;
mod channels;
mod check;
mod client;
mod connect;
mod contact;
mod files;
mod limits;
mod listing;
mod notes;
mod open;
mod parse;
mod recall;
mod receive;
mod simulator;
mod support;
