//! One bounded network call, and the pause that its answer asks for.

use std::time::Duration;

use baton_core::time::{SECOND_MS, Timestamp};
use reqwest::{RequestBuilder, Response, StatusCode, header::RETRY_AFTER};

/// How long one call may take in all, connecting included.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read.
pub(crate) const MAX_ANSWER_BYTES: usize = 256 * 1_024;
/// Longest pause that an answer may ask for, in milliseconds.
const MAX_RETRY_AFTER_MS: i64 = 3_600 * SECOND_MS;

/// An answer, read within its limit.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub retry_after_ms: Option<i64>,
    pub body: Vec<u8>,
}

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// Nothing can have reached the vendor.
    NotConnected,
    /// Something may have.
    Lost,
}

/// Makes one call.
pub(crate) async fn call(request: RequestBuilder, now: Timestamp) -> Result<Answer, NoAnswer> {
    call_for(request, MAX_ANSWER_BYTES, now).await
}

/// Makes one call whose answer may have so many bytes.
pub(crate) async fn call_for(
    request: RequestBuilder,
    max_bytes: usize,
    now: Timestamp,
) -> Result<Answer, NoAnswer> {
    let lost = |error: reqwest::Error| match error.is_connect() || error.is_builder() {
        true => NoAnswer::NotConnected,
        false => NoAnswer::Lost,
    };
    let mut response = request.timeout(CALL_TIMEOUT).send().await.map_err(lost)?;
    let status = response.status();
    let retry_after_ms = retry_after_ms(&response, now);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer::Lost)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(NoAnswer::Lost);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, retry_after_ms, body })
}

/// Seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after_ms(response: &Response, now: Timestamp) -> Option<i64> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND_MS),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            Timestamp(date.timestamp().as_millisecond()).since_ms(now)
        }
    };
    Some(ms.clamp(0, MAX_RETRY_AFTER_MS))
}
