//! What a text counts for as SMS, for those who write one.

use axum::Json;
use baton_core::sms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use std::sync::Arc;

use super::words::Encoding;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::Body,
};

/// A text to count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsText {
    text: String,
}

/// What a text counts for when it is sent as SMS.
#[derive(Serialize, ToSchema)]
pub struct SmsSegments {
    /// How it is encoded: one character outside GSM-7 makes all of it UCS-2.
    encoding: Encoding,
    /// Its length in units of the encoding.
    units: usize,
    /// How many parts are sent and paid.
    segments: usize,
    /// How many more units the last part takes.
    units_left: usize,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(segments))
}

/// Counts the parts of a text message.
#[utoipa::path(post, path = "/api/sms/segments", tag = "inboxes", request_body = SmsText,
    responses((status = 200, body = SmsSegments), (status = "4XX", body = ErrorBody)))]
async fn segments(_: Caller, Body(asked): Body<SmsText>) -> Result<Json<SmsSegments>, ApiError> {
    let counted = sms::segments(&asked.text);
    Ok(Json(SmsSegments {
        encoding: counted.encoding.into(),
        units: counted.units,
        segments: counted.segments,
        units_left: counted.units_left_in_last,
    }))
}
