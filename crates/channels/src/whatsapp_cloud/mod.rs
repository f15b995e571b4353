//! WhatsApp through Meta's Cloud API (Graph API, version v26.0 of 29 July 2026).
//!
//! Meta pushes webhooks to us and we post to `/{phone_number_id}/messages`; there is no stream
//! to listen to. What surprises newcomers, all of it handled here (checked 2026-11-20 against
//! the WhatsApp Business Platform documentation):
//!
//! - A customer may have no phone number, only a business-scoped user id (`US.1349…`), and the
//!   reply then goes to `recipient` instead of `to`. Either may also come along with the other.
//! - One request carries up to 1,000 updates. Anything but a 200 repeats all of them for up to
//!   seven days, so one bad item is stored apart and the rest goes on.
//! - A 200 to our post means accepted, not sent. Two errors of daily life, 131047 (window) and
//!   131026 (not reachable), usually come later as a `failed` status.
//! - There is no idempotency key. `biz_opaque_callback_data` comes back in every status and is
//!   what settles an attempt whose answer was lost.
//! - Statuses overtake each other; `delivered` may never come when the chat is open.
//! - Meta promises no order of a burst, hence `order_wait_ms`.
//! - Template, account and consent webhooks go to the app's own callback address even where a
//!   number has another one, and name the WABA only.
//! - Several responders may share a number. What arrives under `standby` is another's
//!   conversation: shown as an echo, never answered.

mod client;
mod config;
mod parse;
mod policy;
mod render;
mod templates;
mod verify;
mod wire;

use std::sync::Arc;

use baton_core::{
    channel::{Call, Channel, ChannelEvent, ChannelPolicy, Outbound},
    config::ConfigFault,
    fault::{Fault, Outcome},
    file::{FileStream, MediaSource},
    ids::VendorId,
    inbound::{ParseFault, RawEvent, RawRequest, Received},
    inbox::ChannelKind,
    template::Templates,
    time::BoxFuture,
};
use serde_json::{Map, Value};

use self::{client::Client, config::Config};
use crate::{Deps, Vendor};

/// The line in the registry.
pub(crate) const VENDOR: Vendor = Vendor {
    name: "whatsapp_cloud",
    title: "WhatsApp through Meta",
    channel: |_| ChannelKind::Whatsapp,
    fields: config::FIELDS,
    build,
};

fn build(settings: &Map<String, Value>, deps: &Deps) -> Result<Arc<dyn Channel>, ConfigFault> {
    let config = Arc::new(Config::read(settings, deps.development)?);
    let client = Client::new(Arc::clone(&config), deps);
    Ok(Arc::new(WhatsappCloud { config, client }))
}

/// One WhatsApp number.
struct WhatsappCloud {
    config: Arc<Config>,
    client: Client,
}

impl Channel for WhatsappCloud {
    fn vendor(&self) -> &'static str {
        VENDOR.name
    }

    fn policy(&self) -> &ChannelPolicy {
        &policy::POLICY
    }

    fn address(&self) -> Option<String> {
        self.config.display_phone_number.as_ref().map(|digits| format!("+{digits}"))
    }

    fn receive(&self, request: &RawRequest) -> Received {
        verify::receive(&self.config, request)
    }

    fn parse(&self, event: &RawEvent) -> Result<Vec<ChannelEvent>, ParseFault> {
        parse::parse(&self.config, event)
    }

    fn render(&self, outbound: &Outbound<'_>) -> Result<Call, Fault> {
        render::render(outbound)
    }

    fn send<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.send(call))
    }

    fn fetch<'a>(&'a self, media: &'a MediaSource) -> BoxFuture<'a, Result<FileStream, Fault>> {
        Box::pin(self.client.fetch(media))
    }

    fn attend<'a>(&'a self, message: &'a VendorId) -> BoxFuture<'a, ()> {
        Box::pin(self.client.attend(message))
    }

    fn templates(&self) -> Option<&dyn Templates> {
        Some(&self.client)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.client.check())
    }
}
