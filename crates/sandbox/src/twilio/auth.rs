//! Who calls: Basic authentication with the account's token or an API key.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::errors::{Legacy, TwilioError};
use crate::{Call, World};

/// A caller who has shown the right credentials, and whose account is the one that the path names.
pub struct Caller {
    pub world: Arc<World>,
    pub call: Call,
}

impl FromRequestParts<Arc<World>> for Caller {
    type Rejection = Legacy;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<World>) -> Result<Self, Legacy> {
        let call = parts.extensions.get::<Call>().cloned();
        let call = call.ok_or_else(|| Legacy(TwilioError::plain(20_500)))?;
        if !is_known(world, &parts.headers) {
            call.note("rejected 20003");
            return Err(Legacy(TwilioError::plain(20_003)));
        }
        let named = RawPathParams::from_request_parts(parts, world).await.ok();
        let account = named.as_ref().and_then(|named| {
            named.iter().find_map(|(name, value)| (name == "account").then_some(value))
        });
        if account.is_some_and(|account| account != world.twilio.account.account_sid) {
            call.note("rejected 20404");
            return Err(Legacy(TwilioError::not_found(parts.uri.path())));
        }
        Ok(Self { world: world.clone(), call })
    }
}

/// Whether the headers carry one of the account's credentials.
pub fn is_known(world: &World, headers: &HeaderMap) -> bool {
    let account = &world.twilio.account;
    let Some((user, password)) = basic(headers) else { return false };
    if user == account.account_sid {
        return password == account.auth_token || password == account.secondary_auth_token;
    }
    user == account.api_key_sid && password == account.api_key_secret
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(sent.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
