//! A vendor's answer to a call, within its bounds; for the clients, who make the calls.

use baton_core::fault::FaultClass;
use reqwest::Response;

use crate::failure::Failure;

/// Why there is no answer. Only a connection that was never made is certain to have sent nothing.
pub fn not_answered(error: &reqwest::Error, vendor: &str) -> Failure {
    if error.is_builder() {
        Failure::refused(FaultClass::Bug, "the request could not be made")
    } else if error.is_connect() {
        Failure::not_done(None, FaultClass::VendorDown, format!("{vendor} cannot be reached"))
    } else if error.is_timeout() {
        Failure::unknown(format!("{vendor} did not answer in time"))
    } else {
        Failure::unknown(format!("the connection to {vendor} broke"))
    }
}

/// A header as text.
pub fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The body, up to so many bytes.
pub async fn body(
    mut response: Response,
    max_bytes: usize,
    vendor: &str,
) -> Result<Vec<u8>, Failure> {
    let broken = |_| Failure::unknown(format!("{vendor}'s answer broke off"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Failure::unknown(format!("{vendor}'s answer is too long")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
