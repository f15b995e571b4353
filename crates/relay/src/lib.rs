//! The straight line. Data goes one way, the same for customers and for desks:
//! receive → inbound → parse → step → messages, deliveries, feed → deliver.
//!
//! The relay sees vendors only as trait objects; it owns no rules (those are in
//! `baton_core::step`) and no SQL (that is in `baton_store`).

mod apply;
mod broken;
mod campaign;
mod crash;
mod deliver;
mod desk;
mod handoff;
mod hub;
mod inbox;
mod intake;
mod lease;
mod media;
mod message_list;
mod notice;
mod pace;
mod place;
mod pump;
mod registry;
mod resolve;
mod rounds;
mod settle;
mod source;
mod streams;
pub mod system;
mod task;
mod templates;
mod turn;
mod understand;

pub use hub::{Hub, HubConfig, StartError};
pub use inbox::{Said, SayError};
pub use media::Media;
pub use registry::{Builder, Registry, Vendor};
pub use source::{SourceState, SourceStatus};
pub use streams::StreamStatus;
pub use templates::TemplateSyncError;
