//! The Twilio channel as Twilio and an operator see it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod choices;
mod config;
mod fetch;
mod listing;
mod parse;
mod receive;
mod registration;
mod render;
mod sdk;
mod send;
mod support;
mod templates;
