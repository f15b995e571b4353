//! People and programs that may use the hub: the first administrator, users, API keys.

use std::sync::Arc;

use axum::http::StatusCode;
use baton_core::{
    ids::{UserId, WorkspaceId},
    settings::Settings,
    time::{DAY_MS, Timestamp},
};
use baton_store::{Store, User};
use uuid::{Builder, Uuid};

use super::password::{Passwords, check_new};
use crate::{
    app::App,
    error::ApiError,
    random::{self, Random, token, token_hash},
};

/// How long the link for the first administrator counts.
const SETUP_MS: i64 = DAY_MS;
/// The longest e-mail address (RFC 5321, 4.5.3.1).
const EMAIL_MAX_BYTES: usize = 254;
const NAME_MAX_CHARS: usize = 100;

/// A fresh one-time link with which the first administrator signs up; none when there is a user.
/// An earlier link stops counting. `now` is real time.
///
/// # Errors
/// The store or the random source fails.
pub async fn setup_link(
    store: &Store,
    random: &dyn Random,
    now: Timestamp,
    public_url: &str,
) -> Result<Option<String>, ApiError> {
    if store.user_exists().await? {
        return Ok(None);
    }
    let token = token(random)?;
    store.setup_put(&token_hash(&token), now.plus_ms(SETUP_MS)).await?;
    Ok(Some(format!("{}/setup#{token}", public_url.trim_end_matches('/'))))
}

/// A new API key of the workspace. It is shown this once: only its hash is kept.
///
/// # Errors
/// The store or the random source fails.
pub async fn api_key_create(
    store: &Store,
    random: &dyn Random,
    workspace: WorkspaceId,
    name: &str,
    now: Timestamp,
) -> Result<String, ApiError> {
    let key = format!("baton_{}", token(random)?);
    store.api_key_put(workspace, &token_hash(&key), name, now).await?;
    Ok(key)
}

/// A new user of the workspace.
///
/// # Errors
/// The address, name or password does not fit, the address is taken, or the store fails.
pub async fn user_create(
    store: &Store,
    random: Arc<dyn Random>,
    workspace: WorkspaceId,
    email: &str,
    name: &str,
    password: &str,
    now: Timestamp,
) -> Result<UserId, ApiError> {
    let passwords = Passwords::new(Arc::clone(&random));
    let user = new_user(&passwords, &*random, workspace, (email, name, password), now).await?;
    let id = user.id;
    store.user_put(user).await?;
    Ok(id)
}

/// Uses up a setup token: the first administrator, in the first workspace.
pub(crate) async fn first_user(
    app: &App,
    token: &str,
    (email, name, password): (&str, &str, &str),
) -> Result<User, ApiError> {
    let store = app.store();
    if store.user_exists().await? {
        return Err(setup_done());
    }
    let now = app.wall_now();
    let hash = token_hash(token);
    if !store.setup_is(&hash, now).await? {
        let text = "the link is not valid any more; restart the hub and use the link it prints";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_token", text));
    }
    let workspace = first_workspace(app).await?;
    let words = (email, name, password);
    let user = new_user(&app.passwords, &*app.random, workspace, words, now).await?;
    // Two at once: only one uses the token up.
    if !store.setup_take(&hash).await? {
        return Err(setup_done());
    }
    store.user_put(user.clone()).await?;
    Ok(user)
}

fn setup_done() -> ApiError {
    let text = "this hub has its first administrator already; sign in instead";
    ApiError::new(StatusCode::GONE, "setup_done", text)
}

/// The oldest workspace: ids are ordered by time.
async fn first_workspace(app: &App) -> Result<WorkspaceId, ApiError> {
    let workspaces = app.store().workspaces().await?;
    if let Some(workspace) = workspaces.into_iter().min_by_key(|workspace| workspace.id) {
        return Ok(workspace.id);
    }
    let id = WorkspaceId(uuid(&*app.random)?);
    app.store().workspace_create(id, "Workspace", &Settings::default()).await?;
    Ok(id)
}

async fn new_user(
    passwords: &Passwords,
    random: &dyn Random,
    workspace: WorkspaceId,
    (email, name, password): (&str, &str, &str),
    now: Timestamp,
) -> Result<User, ApiError> {
    let (email, name) = (email_of(email)?, name.trim());
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX_CHARS || name.chars().any(char::is_control) {
        let text = format!("the name needs 1 to {NAME_MAX_CHARS} characters");
        return Err(ApiError::bad_request(text));
    }
    check_new(password)?;
    Ok(User {
        id: UserId(uuid(random)?),
        workspace,
        email,
        name: name.to_owned(),
        password_hash: passwords.hash(password.to_owned()).await?,
        created_at: now,
    })
}

/// The address as it is compared: without surrounding space, in lower case.
pub(crate) fn email_of(text: &str) -> Result<String, ApiError> {
    let email = text.trim().to_lowercase();
    let parts = email
        .split_once('@')
        .filter(|(local, host)| !local.is_empty() && !host.is_empty() && !host.contains('@'));
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if parts.is_none() || email.len() > EMAIL_MAX_BYTES || email.contains(odd) {
        return Err(ApiError::bad_request("the e-mail address is not one; write name@host"));
    }
    Ok(email)
}

fn uuid(random: &dyn Random) -> Result<Uuid, ApiError> {
    Ok(Builder::from_random_bytes(random::bytes::<16>(random)?).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        assert_eq!(email_of(" Ada@Example.COM ").unwrap(), "ada@example.com");
        for bad in ["", "ada", "@host", "ada@", "a@b@c", "a b@c", "a\0@c"] {
            assert!(email_of(bad).is_err(), "{bad:?}");
        }
    }
}
