//! What an administrator does with the app registration, as calls: secrets and certificates come and go.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::certificate::{Certificate, SelfSigned};
use super::control::{Answer, Sandbox};
use super::credentials::{Credentials, Secret};
use super::iso;
use crate::World;
use crate::control::Refusal;

/// Life of a certificate that is made here, in seconds, unless the order says otherwise.
const DEFAULT_LIFE_S: i64 = 365 * 86_400;
const TOO_MANY: &str = "the app registration has too many of these";

/// Mounted beside the other orders.
pub fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/registration", get(registration))
        .route("/secrets", post(add_secret))
        .route("/secrets/{id}", delete(remove_secret))
        .route("/secrets/{id}/expire", post(expire_secret))
        .route("/certificates", post(add_certificate))
        .route("/certificates/{thumbprint}", delete(remove_certificate))
}

fn listed(credentials: &Credentials) -> Value {
    let secrets = credentials.secrets.iter().map(|secret| {
        json!({
            "id": secret.id,
            "hint": secret.value.get(..3),
            "expires": secret.expires_ms.map(iso::seconds),
        })
    });
    let certificates = credentials.certificates.iter().map(|certificate| {
        json!({
            "thumbprint": certificate.thumbprint,
            "x5t_s256": certificate.x5t_s256,
            "starts": iso::seconds(certificate.not_before_ms),
            "expires": iso::seconds(certificate.not_after_ms),
        })
    });
    json!({
        "secrets": secrets.collect::<Vec<_>>(),
        "certificates": certificates.collect::<Vec<_>>(),
    })
}

async fn registration(State(world): Sandbox) -> Json<Value> {
    Json(listed(&world.dynamics365.inner().credentials))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewSecret {
    /// Made up if absent.
    value: Option<String>,
    /// Never if absent.
    expires_in_s: Option<i64>,
}

async fn add_secret(State(world): Sandbox, Json(order): Json<NewSecret>) -> Answer {
    let now_ms = world.clock.now_ms();
    let mut inner = world.dynamics365.inner();
    let id = inner.ids.guid();
    let value = order.value.unwrap_or_else(|| format!("fake8Q~{}", inner.ids.alphanumeric(33)));
    let expires_ms = order.expires_in_s.map(|life_s| now_ms.saturating_add(life_s * 1_000));
    let secret = Secret { id: id.clone(), value: value.clone(), expires_ms };
    if !inner.credentials.add_secret(secret) {
        return Err(Refusal::bad_request(TOO_MANY));
    }
    Ok(Json(json!({ "id": id, "value": value })))
}

async fn remove_secret(State(world): Sandbox, Path(id): Path<String>) -> Answer {
    let mut inner = world.dynamics365.inner();
    inner.credentials.secrets.retain(|secret| secret.id != id);
    Ok(Json(listed(&inner.credentials)))
}

async fn expire_secret(State(world): Sandbox, Path(id): Path<String>) -> Answer {
    let now_ms = world.clock.now_ms();
    let mut inner = world.dynamics365.inner();
    let secret = inner.credentials.secrets.iter_mut().find(|secret| secret.id == id);
    let secret = secret.ok_or_else(|| Refusal::not_found(format!("no secret {id}")))?;
    secret.expires_ms = Some(now_ms);
    Ok(Json(listed(&inner.credentials)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NewCertificate {
    /// The certificate to register; one is made, with its key, if absent.
    pem: Option<String>,
    /// Seconds from now; negative for one that has expired.
    expires_in_s: Option<i64>,
}

async fn add_certificate(State(world): Sandbox, Json(order): Json<NewCertificate>) -> Answer {
    let now_ms = world.clock.now_ms();
    let (pem, key_pem) = match order.pem {
        Some(pem) => (pem, None),
        None => {
            let life_s = order.expires_in_s.unwrap_or(DEFAULT_LIFE_S);
            let ends_ms = now_ms.saturating_add(life_s.saturating_mul(1_000));
            let starts_ms = now_ms.min(ends_ms) - 86_400_000;
            let made =
                SelfSigned::generate("messaging hub", starts_ms, ends_ms).ok_or_else(|| {
                    Refusal(StatusCode::INTERNAL_SERVER_ERROR, "no RSA key can be made".to_owned())
                })?;
            (made.certificate_pem, Some(made.key_pem))
        }
    };
    let certificate = Certificate::from_pem(&pem).map_err(Refusal::bad_request)?;
    let answer = json!({
        "thumbprint": certificate.thumbprint,
        "x5t": certificate.x5t,
        "x5t_s256": certificate.x5t_s256,
        "certificate_pem": pem,
        "key_pem": key_pem,
    });
    if !world.dynamics365.inner().credentials.add_certificate(certificate) {
        return Err(Refusal::bad_request(TOO_MANY));
    }
    Ok(Json(answer))
}

async fn remove_certificate(State(world): Sandbox, Path(thumbprint): Path<String>) -> Answer {
    let mut inner = world.dynamics365.inner();
    inner.credentials.certificates.retain(|one| !one.thumbprint.eq_ignore_ascii_case(&thumbprint));
    Ok(Json(listed(&inner.credentials)))
}
