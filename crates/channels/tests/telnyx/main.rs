//! The Telnyx channel as Telnyx and an operator see it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod config;
mod parse;
mod receive;
mod render;
mod send;
mod support;
