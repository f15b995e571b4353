//! The vendors at which an inbox or a desk can be, each with the form of its settings.

use std::sync::Arc;

use axum::{Json, extract::State};
use baton_core::config;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
};

/// A vendor of channels or of desks.
#[derive(Serialize, ToSchema)]
pub struct Vendor {
    /// What `vendor` of an inbox or a desk says.
    name: String,
    /// Its name for people.
    title: String,
    /// Its settings, in the order in which to ask for them.
    fields: Vec<Field>,
}

/// One setting of a vendor.
#[derive(Serialize, ToSchema)]
pub struct Field {
    key: String,
    /// Its name for people.
    label: String,
    /// What to enter and where to find it.
    help: String,
    /// Kept encrypted, never shown again.
    secret: bool,
    /// Cannot be left out.
    required: bool,
}

/// The vendors of channels and of desks.
#[derive(Serialize, ToSchema)]
pub struct Vendors {
    /// Those at which an inbox can be.
    vendors: Vec<Vendor>,
    /// Those at which a desk can be.
    desks: Vec<Vendor>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The vendors at which an inbox or a desk can be.
#[utoipa::path(get, path = "/api/vendors", tag = "inboxes",
    responses((status = 200, body = Vendors), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, _: Caller) -> Result<Json<Vendors>, ApiError> {
    let shown = |vendors: Vec<baton_relay::Vendor>| vendors.iter().map(Vendor::new).collect();
    Ok(Json(Vendors { vendors: shown(app.hub.vendors()), desks: shown(app.hub.desk_vendors()) }))
}

impl Vendor {
    fn new(vendor: &baton_relay::Vendor) -> Self {
        Self {
            name: vendor.name.to_owned(),
            title: vendor.title.to_owned(),
            fields: vendor.fields.iter().map(Field::new).collect(),
        }
    }
}

impl Field {
    fn new(field: &config::Field) -> Self {
        Self {
            key: field.key.to_owned(),
            label: field.label.to_owned(),
            help: field.help.to_owned(),
            secret: field.secret,
            // The hub fills this one in itself where it is left out.
            required: field.required && field.key != config::HOOK_URL,
        }
    }
}
