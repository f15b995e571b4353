//! Microsoft Entra ID: the token endpoint for client credentials, its metadata and its keys.
//!
//! Source: "Microsoft identity platform and the OAuth 2.0 client credentials flow" and "Microsoft Entra
//! authentication and authorization error codes", checked 2026-11-20.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::credentials::{ASSERTION_TYPE, assertion_audiences, expired_secret};
use super::token::{self, Signer};
use super::{Account, iso};
use crate::{Call, World};

/// The form fields of a token request.
type Fields = HashMap<String, String>;

/// A refused token request: AADSTS number, HTTP status, `error` word and text.
pub struct Refusal {
    number: u32,
    status: u16,
    error: &'static str,
    text: String,
}

impl Refusal {
    pub fn new(number: u32, status: u16, error: &'static str, text: impl Into<String>) -> Self {
        Self { number, status, error, text: text.into() }
    }
}

pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/entra/{tenant}/oauth2/v2.0/token", post(token_v2))
        .route("/entra/{tenant}/oauth2/token", post(token_v1))
        .route("/entra/{tenant}/v2.0/.well-known/openid-configuration", get(metadata))
        .route("/entra/{tenant}/.well-known/openid-configuration", get(metadata))
        .route("/entra/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/entra/{tenant}/discovery/keys", get(keys))
}

/// What a tenant's v2.0 tokens name as their issuer.
pub fn issuer(world: &World, tenant: &str) -> String {
    format!("{}/entra/{tenant}/v2.0", world.base_url)
}

async fn metadata(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Response {
    if let Err(refusal) = known_tenant(&world, &tenant) {
        return refuse(&world, &refusal);
    }
    let base = format!("{}/entra/{tenant}", world.base_url);
    Json(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "issuer": issuer(&world, &tenant),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .into_response()
}

async fn keys(State(world): State<Arc<World>>, Path(tenant): Path<String>) -> Json<Value> {
    Json(token::key_set(&issuer(&world, &tenant)))
}

async fn token_v2(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    respond(&world, &call, issue(&world, &tenant, &headers, &fields, scope_audience))
}

/// The older endpoint, which takes `resource` where v2.0 takes `scope`.
async fn token_v1(
    State(world): State<Arc<World>>,
    Path(tenant): Path<String>,
    Extension(call): Extension<Call>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    let fields = form.map(|Form(fields)| fields).unwrap_or_default();
    respond(&world, &call, issue(&world, &tenant, &headers, &fields, resource_audience))
}

fn respond(world: &World, call: &Call, result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(body) => {
            call.note("issued");
            ([(header::CACHE_CONTROL, "no-store, no-cache")], Json(body)).into_response()
        }
        Err(refusal) => {
            call.note(format!("rejected AADSTS{}", refusal.number));
            refuse(world, &refusal)
        }
    }
}

fn issue(
    world: &World,
    tenant: &str,
    headers: &HeaderMap,
    fields: &Fields,
    audience: fn(&World, &Fields) -> Result<String, Refusal>,
) -> Result<Value, Refusal> {
    known_tenant(world, tenant)?;
    match fields.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(other) => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            return Err(Refusal::new(70003, 400, "unsupported_grant_type", text));
        }
        None => {
            let text = "The request body must contain the following parameter: 'grant_type'.";
            return Err(Refusal::new(900_144, 400, "invalid_request", text));
        }
    }
    known_app(world, tenant, headers, fields)?;
    let audience = audience(world, fields)?;
    let expires_in_s = world.switches.number("entra.expires_in");
    let access_token = access_token(world, &audience, expires_in_s).ok_or_else(|| {
        Refusal::new(90033, 503, "temporarily_unavailable", "A transient error has occurred.")
    })?;
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": expires_in_s,
        "ext_expires_in": expires_in_s,
        "access_token": access_token,
    }))
}

fn access_token(world: &World, audience: &str, expires_in_s: i64) -> Option<String> {
    let account = &world.dynamics365.account;
    let now_s = world.clock.now_ms() / 1_000;
    let claims = json!({
        "aud": audience,
        "iss": format!("https://sts.windows.net/{}/", account.tenant_id),
        "iat": now_s,
        "nbf": now_s,
        "exp": now_s + expires_in_s,
        "appid": account.client_id,
        "appidacr": "1",
        "oid": account.application_user_id,
        "tid": account.tenant_id,
        "ver": "1.0",
    });
    token::sign(Signer::Entra, &claims)
}

fn known_tenant(world: &World, tenant: &str) -> Result<(), Refusal> {
    if tenant.eq_ignore_ascii_case(&world.dynamics365.account.tenant_id) {
        return Ok(());
    }
    let text =
        format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
    Err(Refusal::new(90002, unconfirmed_status(world), "invalid_request", text))
}

fn known_app(
    world: &World,
    tenant: &str,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<(), Refusal> {
    let Account { client_id, tenant_id, .. } = &world.dynamics365.account;
    let (id, secret) = credentials(headers, fields);
    let Some(id) = id else {
        let text = "The request body must contain the following parameter: 'client_id'.";
        return Err(Refusal::new(900_144, 400, "invalid_request", text));
    };
    if !id.eq_ignore_ascii_case(client_id) {
        let text = format!(
            "Application with identifier '{id}' was not found in the directory '{tenant_id}'."
        );
        return Err(Refusal::new(700_016, unconfirmed_status(world), "unauthorized_client", text));
    }
    let now_ms = world.clock.now_ms();
    let inner = world.dynamics365.inner();
    let is_assertion =
        fields.get("client_assertion_type").map(String::as_str) == Some(ASSERTION_TYPE);
    match (secret, fields.get("client_assertion").filter(|_| is_assertion)) {
        (_, Some(assertion)) => {
            let audiences = assertion_audiences(&world.base_url, headers, tenant);
            inner.credentials.check_assertion(client_id, assertion, &audiences, now_ms)
        }
        (Some(secret), None) => {
            let is_first = secret == world.dynamics365.account.client_secret;
            if is_first && world.switches.is("entra.client_secret", "expired") {
                return Err(expired_secret(client_id));
            }
            inner.credentials.check_secret(client_id, &secret, now_ms)
        }
        (None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            Err(Refusal::new(7_000_218, 401, "invalid_client", text))
        }
    }
}

/// Client id and secret, from HTTP Basic or from the form.
fn credentials(headers: &HeaderMap, fields: &Fields) -> (Option<String>, Option<String>) {
    let basic =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic);
    match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (fields.get("client_id").cloned(), fields.get("client_secret").cloned()),
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    // Both halves are form-encoded before they are joined (RFC 6749, 2.3.1); `~` and `.` are the same either way.
    Some((id.to_owned(), secret.replace("%7E", "~").replace("%7e", "~")))
}

fn scope_audience(world: &World, fields: &Fields) -> Result<String, Refusal> {
    let scope = fields.get("scope").map_or("", String::as_str);
    let resource = scope.strip_suffix("/.default").filter(|resource| !resource.contains(' '));
    let Some(resource) = resource else {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        return Err(Refusal::new(70011, 400, "invalid_scope", text));
    };
    known_resource(world, resource)
}

fn resource_audience(world: &World, fields: &Fields) -> Result<String, Refusal> {
    known_resource(world, fields.get("resource").map_or("", String::as_str))
}

/// The audience that a token for this resource gets.
fn known_resource(world: &World, resource: &str) -> Result<String, Refusal> {
    let resource = resource.trim_end_matches('/');
    let account = &world.dynamics365.account;
    let is_any_of =
        |names: [String; 2]| names.iter().any(|name| name.eq_ignore_ascii_case(resource));
    if is_any_of(dataverse_audiences(world)) || is_any_of(messaging_audiences(world)) {
        return Ok(resource.to_owned());
    }
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named {}. This can happen if the \
         application has not been installed by the administrator of the tenant.",
        account.tenant_id
    );
    Err(Refusal::new(500_011, unconfirmed_status(world), "invalid_resource", text))
}

/// The names under which Dataverse takes tokens.
pub fn dataverse_audiences(world: &World) -> [String; 2] {
    let account = &world.dynamics365.account;
    [format!("https://{}", account.environment_host), account.urls(&world.base_url).environment_url]
}

/// The names under which the Messaging API takes tokens.
pub fn messaging_audiences(world: &World) -> [String; 2] {
    let account = &world.dynamics365.account;
    [account.messaging_resource(), account.urls(&world.base_url).messaging_url]
}

/// Whether a request carries a token of our app for one of these audiences that is still valid; the error says what is wrong.
pub fn authorize(
    world: &World,
    headers: &HeaderMap,
    audiences: &[String],
) -> Result<(), &'static str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer =
        header.and_then(|header| header.strip_prefix("Bearer ")).ok_or("no bearer token")?;
    let claims = token::claims(bearer).ok_or("the signature of the token is invalid")?;
    let audience = claims.get("aud").and_then(Value::as_str).unwrap_or_default();
    if !audiences.iter().any(|known| known.eq_ignore_ascii_case(audience)) {
        return Err("the token is meant for another audience");
    }
    let expires_s = claims.get("exp").and_then(Value::as_i64).unwrap_or(0);
    if world.clock.now_ms() / 1_000 >= expires_s {
        return Err("the token has expired");
    }
    Ok(())
}

fn unconfirmed_status(world: &World) -> u16 {
    u16::try_from(world.switches.number("entra.unconfirmed_status")).unwrap_or(400)
}

fn refuse(world: &World, refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(error_body(world, refusal))).into_response()
}

fn error_body(world: &World, refusal: &Refusal) -> Value {
    let (trace, correlation) = (world.dynamics365.guid(), world.dynamics365.guid());
    let timestamp = iso::spaced(world.clock.now_ms());
    let Refusal { number, error, text, .. } = refusal;
    json!({
        "error": error,
        "error_description": format!(
            "AADSTS{number}: {text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}"
        ),
        "error_codes": [number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    })
}

/// The body of a refusal that a fault asked for. `code` is an AADSTS number.
pub fn fault_body(status: u16, code: Option<&Value>) -> Value {
    let number = code.and_then(Value::as_u64).unwrap_or(90033);
    let error = if status == 401 { "invalid_client" } else { "temporarily_unavailable" };
    json!({
        "error": error,
        "error_description": format!("AADSTS{number}: A transient error has occurred. Please try again."),
        "error_codes": [number],
    })
}
