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
mod handoff;
mod hub;
mod inbox;
mod intake;
mod lease;
mod media;
mod pace;
mod pump;
mod registry;
mod resolve;
mod source;
pub mod system;
mod task;
mod templates;
mod turn;
mod understand;

pub use hub::{Hub, HubConfig, StartError};
pub use inbox::{Said, SayError};
pub use media::Media;
pub use registry::{Builder, ChannelVendor, Registry};
pub use source::{SourceState, SourceStatus};
pub use templates::TemplateSyncError;
