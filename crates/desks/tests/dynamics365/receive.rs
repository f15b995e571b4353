//! Which webhooks are Microsoft's.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use baton_core::{
    desk::Desk,
    inbound::{Answer, RawRequest, Received},
    time::{HOUR_MS, Timestamp},
};
use serde_json::{Value, json};

use crate::support::*;

fn request(token: &str) -> RawRequest {
    RawRequest {
        method: "POST".to_owned(),
        path: format!("v3/conversations/{CHAT}/activities"),
        query: String::new(),
        headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
        body: br#"{"type":"typing"}"#.to_vec(),
    }
}

/// A desk that has fetched the keys.
async fn ready() -> (Vendor, std::sync::Arc<StillClock>, std::sync::Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    desk.refresh_keys().await.unwrap();
    (vendor, clock, desk)
}

fn status(received: &Received) -> u16 {
    match received {
        Received::Answer(answer) | Received::Store { answer, .. } => answer.status,
        Received::StaleKeys => 0,
    }
}

fn changed(change: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (key, value) in change {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(*key),
            value => claims.as_object_mut().unwrap().insert((*key).to_owned(), value.clone()),
        };
    }
    claims
}

#[tokio::test]
async fn a_genuine_webhook_is_stored_as_it_came() {
    let (_vendor, _, desk) = ready().await;
    let received = desk.receive(&request(&published_key().token(&claims())), NOW);
    let Received::Store { events, answer } = received else { panic!("{received:?}") };
    assert_eq!(answer, Answer::status(200));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].vendor_event_id, None, "the webhook names no ids");
    assert_eq!(events[0].source_key, CHAT);
    assert_eq!(events[0].body, r#"{"type":"typing"}"#);
}

#[tokio::test]
async fn the_forms_of_entras_tokens_are_taken() {
    let (vendor, _, desk) = ready().await;
    for change in [
        vec![("iss", json!(format!("https://sts.windows.net/{TENANT}/")))],
        vec![("iss", json!(format!("{}/login/{TENANT}/v2.0", vendor.base)))],
        vec![("aud", json!(format!("api://{CLIENT}")))],
        vec![("aud", json!(["https://other.example", CLIENT]))],
        vec![("azp", Value::Null), ("appid", json!(CLIENT.to_uppercase()))],
        vec![("azp", Value::Null), ("nbf", Value::Null)],
        // Within the five minutes by which clocks may differ.
        vec![("exp", json!(NOW.0 / 1_000 - 299))],
        vec![("nbf", json!(NOW.0 / 1_000 + 299))],
    ] {
        let token = published_key().token(&changed(&change));
        assert_eq!(status(&desk.receive(&request(&token), NOW)), 200, "{change:?}");
    }
}

#[tokio::test]
async fn tokens_with_wrong_claims_are_refused_without_a_hint() {
    let (_vendor, _, desk) = ready().await;
    let seconds = NOW.0 / 1_000;
    for change in [
        vec![("iss", json!("https://login.microsoftonline.com/other/v2.0"))],
        vec![("iss", json!(format!("https://evil.example/{TENANT}/v2.0")))],
        vec![("aud", json!(ORG))],
        vec![("aud", json!([]))],
        vec![("aud", Value::Null)],
        vec![("tid", json!(ORG))],
        vec![("tid", Value::Null)],
        vec![("azp", json!(ORG))],
        vec![("azp", Value::Null), ("appid", json!(ORG))],
        vec![("exp", json!(seconds - 301))],
        vec![("exp", Value::Null)],
        vec![("exp", json!("tomorrow"))],
        vec![("nbf", json!(seconds + 301))],
    ] {
        let token = published_key().token(&changed(&change));
        let received = desk.receive(&request(&token), NOW);
        assert_eq!(received, Received::Answer(Answer::status(401)), "{change:?}");
    }
}

#[tokio::test]
async fn tokens_without_a_true_signature_are_refused() {
    let (_vendor, _, desk) = ready().await;
    let key = published_key();
    let hs256 = |secret: &[u8]| {
        let text = unsigned(&json!({ "alg": "HS256", "kid": key.kid }), &claims());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let modulus = key.jwk()["n"].as_str().unwrap().as_bytes().to_vec();
    let genuine = key.token(&claims());
    let (_, signature) = genuine.rsplit_once('.').unwrap();
    let swapped =
        unsigned(&json!({ "alg": "RS256", "kid": key.kid }), &changed(&[("exp", json!(NOW.0))]));
    for (name, token) in [
        ("another key", foreign_key().token(&claims())),
        ("none", format!("{}.", unsigned(&json!({ "alg": "none", "kid": key.kid }), &claims()))),
        ("none, no kid", format!("{}.", unsigned(&json!({ "alg": "none" }), &claims()))),
        ("HS256 with the public key", hs256(&modulus)),
        ("HS256 with the private key", hs256(&as_secret(key))),
        ("no kid", key.sign(&json!({ "alg": "RS256" }), &claims())),
        ("another algorithm", key.sign(&json!({ "alg": "RS512", "kid": key.kid }), &claims())),
        ("swapped claims", format!("{swapped}.{signature}")),
        ("no signature", unsigned(&json!({ "alg": "RS256", "kid": key.kid }), &claims())),
        ("nothing", String::new()),
        ("noise", "a.b.c".to_owned()),
        ("too long", "x".repeat(100_000)),
    ] {
        let received = desk.receive(&request(&token), NOW);
        assert_eq!(received, Received::Answer(Answer::status(401)), "{name}");
    }
    let mut bare = request(&genuine);
    bare.headers.clear();
    assert_eq!(status(&desk.receive(&bare, NOW)), 401);
    let mut twice = request(&genuine);
    twice.headers.push(("authorization".to_owned(), "Bearer x".to_owned()));
    assert_eq!(status(&desk.receive(&twice, NOW)), 401);
    let mut basic = request(&genuine);
    basic.headers[0].1 = format!("Basic {genuine}");
    assert_eq!(status(&desk.receive(&basic, NOW)), 401);
}

#[tokio::test]
async fn only_the_documented_address_and_method_are_served() {
    let (_vendor, _, desk) = ready().await;
    let token = published_key().token(&claims());
    for (method, path, expected) in [
        ("GET", format!("v3/conversations/{CHAT}/activities"), 405),
        ("POST", "v3/conversations//activities".to_owned(), 404),
        ("POST", format!("v3/conversations/{CHAT}"), 404),
        ("POST", "v3/conversations/../x/activities".to_owned(), 404),
        ("POST", format!("v3/conversations/{}/activities", "a".repeat(101)), 404),
        ("POST", String::new(), 404),
    ] {
        let raw = RawRequest { method: method.to_owned(), path: path.clone(), ..request(&token) };
        assert_eq!(status(&desk.receive(&raw, NOW)), expected, "{method} {path}");
    }
    let large = RawRequest { body: vec![b' '; 1024 * 1024 + 1], ..request(&token) };
    assert_eq!(status(&desk.receive(&large, NOW)), 413);
}

#[tokio::test]
async fn an_unknown_key_makes_the_keys_be_fetched_once() {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    let genuine = request(&published_key().token(&claims()));
    let foreign =
        request(&foreign_key().sign(&json!({ "alg": "RS256", "kid": "rotated" }), &claims()));
    assert_eq!(desk.receive(&genuine, NOW), Received::StaleKeys, "no keys yet");
    desk.refresh_keys().await.unwrap();
    assert_eq!(status(&desk.receive(&genuine, NOW)), 200);
    assert_eq!(status(&desk.receive(&foreign, NOW)), 401, "fresh keys hold every key in use");
    desk.refresh_keys().await.unwrap();
    assert_eq!(vendor.seen("GET /login/keys").len(), 1, "not twice within a minute");

    clock.advance_ms(60_000);
    let later = Timestamp(NOW.0 + 60_000);
    assert_eq!(desk.receive(&foreign, later), Received::StaleKeys);
    desk.refresh_keys().await.unwrap();
    assert_eq!(vendor.seen("GET /login/keys").len(), 2);
    assert_eq!(status(&desk.receive(&foreign, later)), 401);
}

#[tokio::test]
async fn keys_are_renewed_daily_but_old_ones_serve_while_entra_is_down() {
    let (vendor, clock, desk) = ready().await;
    clock.advance_ms(25 * HOUR_MS);
    let later = Timestamp(NOW.0 + 25 * HOUR_MS);
    let seconds = later.0 / 1_000;
    let fresh = changed(&[("exp", json!(seconds + 60)), ("nbf", json!(seconds))]);
    let genuine = request(&published_key().token(&fresh));
    assert_eq!(desk.receive(&genuine, later), Received::StaleKeys);
    vendor.on("GET /login/keys", &[(500, "")]);
    desk.refresh_keys().await.unwrap_err();
    assert_eq!(status(&desk.receive(&genuine, later)), 200, "the next try of the webhook");
}

#[tokio::test]
async fn keys_from_elsewhere_are_refused() {
    let vendor = Vendor::start().await;
    let desk = desk_at(&vendor.base, &clock());
    vendor.on(
        &format!("GET /login/{TENANT}/v2.0/.well-known/openid-configuration"),
        &[(200, r#"{"jwks_uri":"https://evil.example/keys"}"#)],
    );
    let fault = desk.refresh_keys().await.unwrap_err();
    assert!(fault.operator.contains("login_url"), "{}", fault.operator);
}
