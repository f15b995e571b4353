//! The words and the rules of Baton: no database, no HTTP, no async runtime.
//!
//! One file per noun; `channel`, `desk` and `engine` hold the three traits; `step` holds the
//! rules, each a pure function of state and input.

pub mod brief;
pub mod campaign;
pub mod channel;
pub mod config;
pub mod consent;
pub mod contact;
pub mod conversation;
pub mod cost;
pub mod delivery;
pub mod desk;
pub mod engine;
pub mod fault;
pub mod feed;
pub mod file;
pub mod handoff;
pub mod ids;
pub mod inbound;
pub mod inbox;
pub mod interactive;
pub mod keep;
pub mod message;
pub mod message_list;
pub mod phone;
pub mod registration;
pub mod route;
pub mod secret;
pub mod session;
pub mod settings;
pub mod sms;
pub mod step;
pub mod task;
pub mod template;
pub mod texts;
pub mod time;
pub mod wait;
