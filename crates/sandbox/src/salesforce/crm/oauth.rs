//! OAuth: the token endpoint for the JWT bearer flow and client credentials, who the user is, and revocation.
//!
//! Source: "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration", "OAuth 2.0 Client Credentials Flow" and "OAuth
//! Authorization Error Codes", checked 2026-11. The guide says three minutes for `exp`, observers five.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::core::authorised;
use super::instant;
use crate::{Call, World};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Seconds that `exp` may lie ahead.
const MAX_AHEAD_S: f64 = 300.0;
/// Seconds that clocks may differ.
const LEEWAY_S: f64 = 30.0;

type Fields = HashMap<String, String>;
type Refused = (&'static str, &'static str);

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/services/oauth2/token", post(token))
        .route("/services/oauth2/userinfo", any(user_info))
        .route("/services/oauth2/revoke", post(revoke))
        .route("/id/{org}/{user}", get(identity))
}

async fn token(
    State(world): State<Arc<World>>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    match issue(&world, &headers, &fields) {
        Ok(body) => {
            call.note("issued");
            ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(body)).into_response()
        }
        Err((error, text)) => {
            call.note(format!("rejected {error}: {text}"));
            let body = json!({ "error": error, "error_description": text });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

fn issue(world: &World, headers: &HeaderMap, fields: &Fields) -> Result<Value, Refused> {
    let is_assertion = match fields.get("grant_type").map(String::as_str) {
        Some(JWT_BEARER) => true,
        Some("client_credentials") => false,
        _ => return Err(("unsupported_grant_type", "grant type not supported")),
    };
    if is_assertion {
        check_assertion(world, fields.get("assertion").map_or("", String::as_str))?;
    } else {
        check_secret(world, headers, fields)?;
    }
    check_app(world)?;
    Ok(issued(world, is_assertion))
}

fn issued(world: &World, is_assertion: bool) -> Value {
    let account = &world.salesforce.account;
    let scope = world.switches.get("salesforce_crm.scopes").replace('+', " ");
    let now_ms = world.clock.now_ms();
    let life_ms = world.switches.number("salesforce_crm.session_s") * 1_000;
    let scopes = scope.split(' ').map(str::to_owned).collect();
    let mut body = json!({
        "access_token": world.salesforce.core.open_session(scopes, now_ms, life_ms),
        "scope": scope,
        "instance_url": account.urls(&world.base_url).instance_url,
        "id": identity_url(world),
        "token_type": "Bearer",
    });
    if !is_assertion {
        body["issued_at"] = json!(now_ms.to_string());
        body["signature"] = json!(STANDARD.encode(format!("{now_ms:032}")));
    }
    body
}

fn identity_url(world: &World) -> String {
    let account = &world.salesforce.account;
    let base = account.urls(&world.base_url).login_url;
    format!("{base}/id/{}/{}", account.org_id_18, account.user_id)
}

/// What the administrator of the organisation has decided about the app and its user.
fn check_app(world: &World) -> Result<(), Refused> {
    match world.switches.get("salesforce_crm.app").as_str() {
        "unapproved" => Err(("invalid_grant", "user hasn't approved this consumer")),
        "not_admin_approved" => {
            Err(("invalid_app_access", "user is not admin approved to access this app"))
        }
        "blocked" => Err(("invalid_client_id", "app blocked by admin")),
        "user_inactive" => Err(("inactive_user", "user is inactive")),
        "user_locked" => Err(("invalid_grant", "user is locked")),
        _ => Ok(()),
    }
}

fn check_secret(world: &World, headers: &HeaderMap, fields: &Fields) -> Result<(), Refused> {
    let account = &world.salesforce.account;
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = basic.and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok());
    let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
    let given = match basic.as_ref().and_then(|text| text.split_once(':')) {
        Some((id, secret)) => (id, secret),
        None => {
            let field = |name: &str| fields.get(name).map_or("", String::as_str);
            (field("client_id"), field("client_secret"))
        }
    };
    if given.0 != account.consumer_key {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    if given.1 != account.consumer_secret {
        return Err(("invalid_client", "invalid client credentials"));
    }
    Ok(())
}

fn check_assertion(world: &World, assertion: &str) -> Result<(), Refused> {
    let account = &world.salesforce.account;
    let unreadable = ("invalid_grant", "invalid assertion");
    let claims = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Value =
        claims.and_then(|bytes| serde_json::from_slice(&bytes).ok()).ok_or(unreadable)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if text("iss") != account.consumer_key {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    if !is_signed(&world.salesforce.core.certificate(), assertion) {
        return Err(unreadable);
    }
    let audiences = [
        "https://login.salesforce.com".to_owned(),
        "https://test.salesforce.com".to_owned(),
        format!("https://{}.my.salesforce.com", account.my_domain),
        account.urls(&world.base_url).login_url,
    ];
    let audience = text("aud").trim_end_matches('/');
    if !audiences.iter().any(|known| known == audience) {
        return Err(("invalid_grant", "audience is invalid"));
    }
    check_time(&claims["exp"], world.clock.now_ms())?;
    if !text("sub").eq_ignore_ascii_case(&account.username) {
        return Err(("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(())
}

/// `exp` in seconds, as a number or as a text with one.
fn check_time(exp: &Value, now_ms: i64) -> Result<(), Refused> {
    let exp_s = exp.as_f64().or_else(|| exp.as_str()?.parse().ok());
    let exp_s = exp_s.ok_or(("invalid_grant", "invalid assertion"))?;
    let now_s = now_ms as f64 / 1_000.0;
    if exp_s + LEEWAY_S < now_s || exp_s > now_s + MAX_AHEAD_S + LEEWAY_S {
        return Err(("invalid_grant", "expired authorization code"));
    }
    Ok(())
}

/// Whether the connected app's certificate verifies it. Times are looked at elsewhere, by the virtual clock.
fn is_signed(certificate_pem: &str, token: &str) -> bool {
    let Ok(key) = DecodingKey::from_rsa_pem(certificate_pem.as_bytes()) else { return false };
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(token, &key, &rules).is_ok()
}

/// Whether a PEM text has a certificate that the connected app can use.
pub fn is_certificate(pem: &str) -> bool {
    pem.contains("BEGIN CERTIFICATE") && DecodingKey::from_rsa_pem(pem.as_bytes()).is_ok()
}

async fn revoke(State(world): State<Arc<World>>, Form(fields): Form<Fields>) -> Response {
    let token = fields.get("token").map_or("", String::as_str);
    if world.salesforce.core.end_session(token) {
        return StatusCode::OK.into_response();
    }
    let body = json!({ "error": "unsupported_token_type", "error_description": "this token type is not supported" });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn user_info(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    if authorised(&world.salesforce, &headers, world.clock.now_ms()).is_none() {
        return (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response();
    }
    let (account, url) = (&world.salesforce.account, identity_url(&world));
    Json(json!({
        "sub": url,
        "user_id": account.user_id,
        "organization_id": account.org_id_18,
        "preferred_username": account.username,
        "nickname": "integration",
        "name": "Integration User",
        "email": account.username,
        "email_verified": true,
        "given_name": "Integration",
        "family_name": "User",
        "zoneinfo": "Europe/London",
        "urls": urls(&world),
        "active": true,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": instant::write(world.clock.now_ms()),
    }))
    .into_response()
}

fn urls(world: &World) -> Value {
    let base = world.salesforce.account.urls(&world.base_url).instance_url;
    let data = format!("{base}/services/data/v{{version}}");
    json!({
        "rest": format!("{data}/"),
        "sobjects": format!("{data}/sobjects/"),
        "search": format!("{data}/search/"),
        "query": format!("{data}/query/"),
        "custom_domain": base,
    })
}

async fn identity(
    State(world): State<Arc<World>>,
    Path((org, user)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let account = &world.salesforce.account;
    if authorised(&world.salesforce, &headers, world.clock.now_ms()).is_none() {
        return (StatusCode::FORBIDDEN, "Bad_OAuth_Token").into_response();
    }
    if (org.as_str(), user.as_str()) != (&account.org_id_18, &account.user_id) {
        return (StatusCode::FORBIDDEN, "Wrong_Org").into_response();
    }
    Json(json!({
        "id": identity_url(&world),
        "asserted_user": true,
        "user_id": account.user_id,
        "organization_id": account.org_id_18,
        "username": account.username,
        "display_name": "Integration User",
        "email": account.username,
        "active": true,
        "user_type": "STANDARD",
        "urls": urls(&world),
    }))
    .into_response()
}
