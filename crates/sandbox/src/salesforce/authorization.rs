//! Getting, prolonging and giving back access tokens.
//!
//! Sources: "Enhanced Chat API" reference (access tokens, continuation token) and "Rate Limits for Enhanced Chat",
//! checked 2026-11: 200 tokens and 200 renewals a minute for the organisation.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};

use super::error::{Refusal, respond};
use super::identity::{KeySet, MAX_KEYS};
use super::{deployment, token};
use crate::{Call, World};

/// How long a key set's address may take to answer, in real time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Tokens given back that are remembered.
const MAX_REVOKED: usize = 100_000;

pub fn router() -> Router<Arc<World>> {
    let base = "/iamessage/api/v2/authorization";
    Router::new()
        .route(&format!("{base}/unauthenticated/access-token"), post(unauthenticated))
        .route(&format!("{base}/authenticated/access-token"), post(authenticated).delete(revoke))
        .route(&format!("{base}/continuation-access-token"), get(continuation))
}

async fn unauthenticated(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    body: Bytes,
) -> Response {
    let result = request(&world, &call, &body, false).and_then(|request| {
        let subject = anonymous(&world);
        granted(&world, &subject, &request)
    });
    respond(&world, &call, result)
}

async fn authenticated(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    body: Bytes,
) -> Response {
    let result = match request(&world, &call, &body, true) {
        Ok(request) => match identify(&world, &call, &request).await {
            Ok(subject) => granted(&world, &subject, &request),
            Err(refusal) => Err(refusal),
        },
        Err(refusal) => Err(refusal),
    };
    respond(&world, &call, result)
}

/// Same subject and expiry, another client id.
async fn continuation(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = token::bearer(&world, &headers).and_then(|claims| {
        renewed(&world, &call)?;
        let token = token::mint(&world, &claims.sub, Some(claims.exp)).ok_or_else(no_key)?;
        let last = world.salesforce.inner().subject(&claims.sub).last_id();
        Ok(Json(json!({ "accessToken": token, "lastEventId": last.to_string() })).into_response())
    });
    respond(&world, &call, result)
}

async fn revoke(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
) -> Response {
    let result = token::bearer(&world, &headers).map(|claims| {
        let mut inner = world.salesforce.inner();
        if inner.revoked.len() < MAX_REVOKED {
            inner.revoked.insert(claims.jti);
        }
        inner.subject(&claims.sub).touch();
        StatusCode::NO_CONTENT.into_response()
    });
    respond(&world, &call, result)
}

/// Checks what both calls have in common and counts it.
fn request(world: &World, call: &Call, body: &[u8], verified: bool) -> Result<Value, Refusal> {
    let request: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad_request("The request body is not JSON."))?;
    minted(world, call)?;
    let account = &world.salesforce.account;
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    if !account.is_org(text("orgId")) {
        return Err(Refusal::bad_request("orgId is not the id of an organization."));
    }
    if text("esDeveloperName") != account.deployment
        || world.switches.is("salesforce.deployment", "web")
    {
        return Err(Refusal::bad_request(
            "esDeveloperName must be the name of a deployment whose deploymentType is api.",
        ));
    }
    if world.switches.is("salesforce.deployment", "unpublished") {
        return Err(Refusal::bad_request(deployment::UNPUBLISHED));
    }
    if text("capabilitiesVersion") != "1" {
        return Err(Refusal::bad_request("capabilitiesVersion must be \"1\"."));
    }
    if !matches!(text("platform"), "Web" | "Mobile") {
        return Err(Refusal::bad_request("platform must be Web or Mobile."));
    }
    let setting = world.switches.get("salesforce.user_verification");
    match (setting.as_str(), verified) {
        ("on", false) => Err(Refusal::bad_request("User verification is required.")),
        ("off", true) => Err(Refusal::bad_request("User verification is not enabled.")),
        _ if verified && text("authorizationType") != "JWT" => {
            Err(Refusal::bad_request("authorizationType must be JWT."))
        }
        _ => Ok(request),
    }
}

fn minted(world: &World, call: &Call) -> Result<(), Refusal> {
    let limit = world.switches.number("salesforce.tokens_per_minute");
    let inner = &mut *world.salesforce.inner();
    inner
        .mints
        .take(limit, world.clock.now_ms(), call.seq(), &mut inner.ignored)
        .map_err(|wait_s| Refusal::too_many(world, wait_s))
}

fn renewed(world: &World, call: &Call) -> Result<(), Refusal> {
    let limit = world.switches.number("salesforce.tokens_per_minute");
    let inner = &mut *world.salesforce.inner();
    inner
        .renewals
        .take(limit, world.clock.now_ms(), call.seq(), &mut inner.ignored)
        .map_err(|wait_s| Refusal::too_many(world, wait_s))
}

/// The subject that an identity token stands for; an anonymous one where it is not believed.
async fn identify(world: &World, call: &Call, request: &Value) -> Result<String, Refusal> {
    let token = request["customerIdentityToken"].as_str().unwrap_or_default();
    let set = key_set(world).await;
    let believed = set.verify(token, world.clock.now_ms());
    match believed {
        Ok(customer) => Ok(format!("v2/iamessage/AUTH/{}/uid:{customer}", set.name)),
        Err(why) => {
            call.note(format!("identity not believed: {why}"));
            if world.switches.is("salesforce.bad_identity", "400") {
                return Err(Refusal::bad_request("The customer identity token is not valid."));
            }
            Ok(anonymous(world))
        }
    }
}

/// The set as entered, with its keys read where they are only pointed at.
async fn key_set(world: &World) -> KeySet {
    let mut set = world.salesforce.inner().key_set.clone();
    if let Some(url) = &set.url {
        let read = async { world.http.get(url).send().await?.json::<Value>().await };
        let keys = tokio::time::timeout(FETCH_TIMEOUT, read).await;
        let keys = keys.ok().and_then(Result::ok).unwrap_or_default();
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        set.keys = keys.into_iter().take(MAX_KEYS).collect();
    }
    set
}

/// Somebody new each time.
fn anonymous(world: &World) -> String {
    format!("v2/iamessage/UNAUTH/NA/uid:{}", world.salesforce.inner().ids.guid())
}

fn granted(world: &World, subject: &str, request: &Value) -> Result<Response, Refusal> {
    let token = token::mint(world, subject, None).ok_or_else(no_key)?;
    let mut inner = world.salesforce.inner();
    let device = request["deviceId"].as_str().map_or_else(|| inner.ids.guid(), str::to_owned);
    if inner.is_crowded(subject) {
        return Err(Refusal::bad_request("Too many end users."));
    }
    let last = inner.subject(subject).last_id();
    let answer = json!({
        "accessToken": token,
        "lastEventId": last.to_string(),
        "context": {
            "deviceId": device,
            "endUser": { "appType": "iamessage", "role": "EndUser", "subject": subject },
            "configuration": {
                "timestamp": world.clock.now_ms(),
                "embeddedServiceConfig": deployment::configuration(world, &inner),
            },
        },
    });
    Ok(Json(answer).into_response())
}

fn no_key() -> Refusal {
    Refusal::bad_request("The token cannot be signed.")
}
