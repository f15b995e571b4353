//! Who asks: a person's cookie session or a program's API key. The workspace always comes from
//! the credential, never from the request.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use baton_core::{
    ids::WorkspaceId,
    message::{Author, AuthorKind},
    time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp},
};
use baton_store::{Login, User};

use crate::{app::App, error::ApiError, random};

pub mod account;
pub(crate) mod password;

/// The cookie's name.
pub(crate) const COOKIE: &str = "baton_session";
/// The header that proves that our own page asks.
const CSRF_HEADER: &str = "x-csrf-token";
/// A sign-in that nobody uses ends after this.
const IDLE_MS: i64 = 12 * HOUR_MS;
/// Every sign-in ends after this.
pub(crate) const ABSOLUTE_MS: i64 = 7 * DAY_MS;
/// The last use is written down no more often than this.
const TOUCH_MS: i64 = 5 * MINUTE_MS;
/// Longer ones are not ours.
const TOKEN_MAX_CHARS: usize = 128;

/// Who asks, with the workspace that they may see.
#[derive(Clone)]
pub struct Caller {
    /// The only workspace that this request can reach.
    pub(crate) workspace: WorkspaceId,
    /// The person and their sign-in; none for an API key.
    pub(crate) person: Option<(User, Login)>,
    credential: Credential,
}

/// What proves it; kept as a hash to look again later.
#[derive(Clone)]
enum Credential {
    Cookie(String),
    Key(String),
}

impl Caller {
    /// In whose name something is said to a customer.
    pub(crate) fn author(&self) -> Author {
        match &self.person {
            Some((user, _)) => Author::named(AuthorKind::Rep, Some(user.name.clone())),
            None => Author::unnamed(AuthorKind::System),
        }
    }

    /// Reads the credential of a request. With a cookie, anything but reading also needs the
    /// CSRF token. A bearer token alone counts where there is one.
    pub(crate) async fn read(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let credential = credential(&parts.headers).ok_or_else(ApiError::signed_out)?;
        let caller = Self::find(app, credential).await?;
        if let Some((_, login)) = &caller.person
            && ![Method::GET, Method::HEAD].contains(&parts.method)
        {
            check_csrf(&parts.headers, &login.csrf)?;
        }
        Ok(caller)
    }

    /// Whether the credential still counts: for what stays open long.
    pub(crate) async fn still_counts(&self, app: &App) -> bool {
        match Self::find(app, self.credential.clone()).await {
            Ok(_) => true,
            // A database that is briefly away must not throw everybody out.
            Err(error) => error.status() != StatusCode::UNAUTHORIZED,
        }
    }

    async fn find(app: &App, credential: Credential) -> Result<Self, ApiError> {
        match &credential {
            Credential::Key(hash) => {
                let key = app.store().api_key_get(hash).await?.ok_or_else(ApiError::signed_out)?;
                Ok(Self { workspace: key.workspace, person: None, credential })
            }
            Credential::Cookie(hash) => {
                let person = live_login(app, hash).await?.ok_or_else(ApiError::signed_out)?;
                Ok(Self { workspace: person.0.workspace, person: Some(person), credential })
            }
        }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        Self::read(parts, app).await
    }
}

async fn live_login(app: &App, hash: &str) -> Result<Option<(User, Login)>, ApiError> {
    let store = app.store();
    let Some(login) = store.login_get(hash).await? else { return Ok(None) };
    let now = app.wall_now();
    if now >= login.expires_at {
        store.login_delete(hash).await?;
        return Ok(None);
    }
    let until = expires_at(login.created_at, now);
    if until.since_ms(login.expires_at) > TOUCH_MS {
        store.login_extend(hash, until).await?;
    }
    let user = store.user_get(login.user).await?;
    Ok(user.map(|user| (user, login)))
}

/// When a sign-in ends that is used now.
pub(crate) fn expires_at(created_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_ms(IDLE_MS).min(created_at.plus_ms(ABSOLUTE_MS))
}

fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let fits = scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_MAX_CHARS;
        return fits.then(|| Credential::Key(random::token_hash(token)));
    }
    let token = cookie(headers)?;
    Some(Credential::Cookie(random::token_hash(token)))
}

/// The session's token; none when the cookie is absent, endless or stands several times.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(token), None) if token.len() <= TOKEN_MAX_CHARS => Some(token),
        _ => None,
    }
}

fn check_csrf(headers: &HeaderMap, expected: &str) -> Result<(), ApiError> {
    let given = headers.get(CSRF_HEADER).map(axum::http::HeaderValue::as_bytes);
    let same =
        given.is_some_and(|given| verify_slices_are_equal(given, expected.as_bytes()).is_ok());
    if same {
        return Ok(());
    }
    let text = "this page is out of date; load it again and repeat what you did";
    Err(ApiError::new(StatusCode::FORBIDDEN, "csrf", text))
}
