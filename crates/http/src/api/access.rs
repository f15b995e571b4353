//! Coming in and going out.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use baton_core::{ids::WorkspaceId, time::SECOND_MS};
use baton_store::{Login, User};
use metrics::counter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::{ABSOLUTE_MS, COOKIE, Caller, account, expires_at, password},
    error::{ApiError, ErrorBody},
    input::Body,
    peer,
    random::{token, token_hash},
};

/// Who is signed in, and where.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The person; none for an API key.
    #[schema(required)]
    user: Option<Person>,
    workspace: WorkspaceName,
    /// What everything but reading must carry in `x-csrf-token`; none for an API key.
    #[schema(required)]
    csrf: Option<String>,
}

/// A person who signs in.
#[derive(Serialize, ToSchema)]
pub struct Person {
    id: String,
    email: String,
    name: String,
}

/// A workspace by name.
#[derive(Serialize, ToSchema)]
pub struct WorkspaceName {
    id: String,
    name: String,
}

/// What signs a person in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginForm {
    email: String,
    password: String,
}

/// What makes the first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupForm {
    /// What follows `/setup#` in the link that the hub printed.
    token: String,
    email: String,
    name: String,
    /// At least 12 characters.
    password: String,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(setup))
}

/// The address of who asks.
struct Source(String);

impl FromRequestParts<Arc<App>> for Source {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        Ok(Self(peer::source(parts, &app.config.trusted_proxies)))
    }
}

/// Signs in: sets the session's cookie.
#[utoipa::path(post, path = "/api/login", tag = "access", security(()), request_body = LoginForm,
    responses((status = 200, body = Me), (status = "4XX", body = ErrorBody)))]
async fn login(
    State(app): State<Arc<App>>,
    Source(source): Source,
    headers: HeaderMap,
    Body(form): Body<LoginForm>,
) -> Result<Response, ApiError> {
    let email = account::email_of(&form.email).map_err(|_| wrong_credentials())?;
    let too_long = form.password.len() > password::MAX_BYTES;
    count_try(&app, &source, &email)?;
    let user = app.store().user_by_email(&email).await?;
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let given = if too_long { String::new() } else { form.password };
    let right = app.passwords.matches(given, stored).await?;
    let Some(user) = user.filter(|_| right) else {
        counter!("baton_logins_total", "result" => "wrong").increment(1);
        return Err(wrong_credentials());
    };
    app.pair_tries.give_back(&pair(&email, &source));
    app.account_tries.give_back(&email);
    app.source_tries.give_back(&source);
    counter!("baton_logins_total", "result" => "right").increment(1);
    sign_in(&app, &headers, user).await
}

/// Makes the first administrator, once, with the token of the link that the hub printed.
#[utoipa::path(post, path = "/api/setup", tag = "access", security(()), request_body = SetupForm,
    responses((status = 200, body = Me), (status = "4XX", body = ErrorBody)))]
async fn setup(
    State(app): State<Arc<App>>,
    Source(source): Source,
    headers: HeaderMap,
    Body(form): Body<SetupForm>,
) -> Result<Response, ApiError> {
    app.source_tries.count(&source, app.wall_now()).map_err(too_many)?;
    let words = (form.email.as_str(), form.name.as_str(), form.password.as_str());
    let user = account::first_user(&app, &form.token, words).await?;
    sign_in(&app, &headers, user).await
}

/// Signs out: the cookie stops counting everywhere.
#[utoipa::path(post, path = "/api/logout", tag = "access",
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
async fn logout(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, ApiError> {
    if let Some((_, login)) = &caller.person {
        app.store().login_delete(&login.token_hash).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(&app, "", 0)?)]).into_response())
}

/// Who is signed in, and where.
#[utoipa::path(get, path = "/api/me", tag = "access",
    responses((status = 200, body = Me), (status = "4XX", body = ErrorBody)))]
async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Me>, ApiError> {
    Ok(Json(describe(&app, caller.workspace, caller.person).await?))
}

fn count_try(app: &App, source: &str, email: &str) -> Result<(), ApiError> {
    let now = app.wall_now();
    let counted = app.source_tries.count(source, now);
    let counted = counted.and_then(|()| app.pair_tries.count(&pair(email, source), now));
    counted.and_then(|()| app.account_tries.count(email, now)).map_err(too_many)
}

fn pair(email: &str, source: &str) -> String {
    format!("{email} {source}")
}

fn too_many(seconds: u64) -> ApiError {
    counter!("baton_logins_total", "result" => "limited").increment(1);
    let text = "there were too many tries; wait a while and try again";
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", text).retry_after(seconds)
}

fn wrong_credentials() -> ApiError {
    let text = "the e-mail address or the password is wrong";
    ApiError::new(StatusCode::UNAUTHORIZED, "wrong_credentials", text)
}

/// A new sign-in under a new token; one that the browser brought along stops counting.
async fn sign_in(app: &App, headers: &HeaderMap, user: User) -> Result<Response, ApiError> {
    if let Some(earlier) = crate::auth::cookie(headers) {
        app.store().login_delete(&token_hash(earlier)).await?;
    }
    let (token, csrf, now) = (token(&*app.random)?, token(&*app.random)?, app.wall_now());
    let login = Login {
        token_hash: token_hash(&token),
        workspace: user.workspace,
        user: user.id,
        csrf,
        created_at: now,
        expires_at: expires_at(now, now),
    };
    // Those that nobody came back with are forgotten here, so that they cannot pile up.
    app.store().login_sweep(now).await?;
    app.store().login_put(login.clone()).await?;
    let me = describe(app, user.workspace, Some((user, login))).await?;
    let cookie = cookie(app, &token, ABSOLUTE_MS / SECOND_MS)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(me)).into_response())
}

fn cookie(app: &App, token: &str, max_age_s: i64) -> Result<HeaderValue, ApiError> {
    let secure = if app.config.secure_cookies { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::internal())
}

async fn describe(
    app: &App,
    workspace: WorkspaceId,
    person: Option<(User, Login)>,
) -> Result<Me, ApiError> {
    let workspaces = app.store().workspaces().await?;
    let ours = workspaces.into_iter().find(|row| row.id == workspace);
    let ours = ours.ok_or_else(ApiError::signed_out)?;
    let workspace = WorkspaceName { id: ours.id.to_string(), name: ours.name };
    let (user, csrf) = match person {
        Some((user, login)) => {
            let person = Person { id: user.id.to_string(), email: user.email, name: user.name };
            (Some(person), Some(login.csrf))
        }
        None => (None, None),
    };
    Ok(Me { user, workspace, csrf })
}
