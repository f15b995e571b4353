//! Keys that are made here are taken by the desk and by Salesforce, and the hub answers the public
//! half to whoever asks.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use baton_core::desk::Desk;
use baton_core::inbound::{Answer, RawRequest, Received};
use baton_desks::salesforce::{KeygenError, keygen};
use serde_json::{Value, json};

use crate::support::*;

/// What the hook answers.
fn asked(desk: &dyn Desk, method: &str, path: &str) -> Answer {
    let request =
        RawRequest { method: method.to_owned(), path: path.to_owned(), ..RawRequest::default() };
    match desk.receive(&request, NOW) {
        Received::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// A PEM block without its frame.
fn letters(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

/// Everything of a private key that stands behind its modulus and its exponent, in pieces.
fn private_parts(pem: &str, modulus: &str) -> Vec<Vec<u8>> {
    let key = STANDARD.decode(letters(pem)).unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(modulus).unwrap();
    let at = key.windows(modulus.len()).position(|part| part == modulus).unwrap();
    let parts: Vec<Vec<u8>> =
        key[at + modulus.len() + 16..].chunks_exact(16).map(<[u8]>::to_vec).collect();
    assert!(parts.len() > 50, "{}", parts.len());
    parts
}

#[tokio::test]
async fn a_new_key_set_verifies_our_customers() {
    let keys = keygen("baton-2026", "baton").unwrap();
    let stage = Stage::with(json!({
        "auth_key_id": "baton-2026", "private_key": keys.private_pem, "issuer": "",
    }))
    .await;
    let jwk: Value = serde_json::from_str(&keys.jwk_json).unwrap();
    let set: Value = serde_json::from_str(&keys.jwks_json).unwrap();
    assert_eq!(set["keys"], json!([jwk]));
    for member in ["kty", "kid", "alg", "use", "n", "e"] {
        assert!(jwk[member].is_string(), "{member}");
    }
    assert!(keys.certificate_pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(keys.certificate_pem.lines().all(|line| line.len() <= 64));
    // Before the upload nobody is verified, and with the upload everybody.
    assert!(stage.desk.check().await.verdict().is_err());
    let known = json!({ "name": "Baton_Keys", "issuer": "baton", "keys": [jwk] });
    stage.act("key_set", known).await;
    assert_eq!(stage.desk.check().await.verdict(), Ok(()));
    stage.accepted().await;
    assert_eq!(stage.seen().await["verified"], true);
}

#[tokio::test]
async fn the_key_set_that_the_hub_answers_verifies_our_customers() {
    let stage = Stage::with(json!({ "auth_key_id": "baton-2027", "issuer": "baton" })).await;
    assert!(stage.desk.check().await.verdict().is_err());
    let set: Value = serde_json::from_str(&asked(&*stage.desk, "GET", "keys").body).unwrap();
    let known = json!({ "name": "Baton_Keys", "issuer": "baton", "keys": set["keys"] });
    stage.act("key_set", known).await;
    assert_eq!(stage.desk.check().await.verdict(), Ok(()));
}

#[test]
fn the_hub_answers_what_was_made_with_the_key_and_nothing_of_its_private_half() {
    let keys = keygen("baton-1", "northwind").unwrap();
    let settings = json!({
        "auth_key_id": "baton-1", "private_key": keys.private_pem, "issuer": "northwind",
    });
    let answer = asked(&*desk_with(settings.clone()), "GET", "keys");
    assert_eq!((answer.status, answer.content_type), (200, Some("application/json")));
    assert_eq!(answer.body, keys.jwks_json, "the same as the generator wrote");
    // The same after a restart, and at the other spelling of the address.
    assert_eq!(asked(&*desk_with(settings), "GET", "keys/").body, answer.body);
    let set: Value = serde_json::from_str(&answer.body).unwrap();
    let members: Vec<&String> = set["keys"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use", "x5c"]);
    let x5c = set["keys"][0]["x5c"][0].as_str().unwrap();
    assert_eq!(x5c, letters(&keys.certificate_pem));
    let served = STANDARD.decode(x5c).unwrap();
    for secret in private_parts(&keys.private_pem, set["keys"][0]["n"].as_str().unwrap()) {
        assert!(!served.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn everything_else_at_the_hook_is_refused() {
    let desk = desk_with(json!({}));
    for (method, path, status) in [
        ("POST", "keys", 405),
        ("DELETE", "keys", 405),
        ("GET", "", 404),
        ("POST", "", 404),
        ("GET", "keys/private", 404),
        ("GET", "Keys", 404),
    ] {
        let answer = asked(&*desk, method, path);
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(!answer.body.contains("keys\":"), "{method} {path}");
    }
}

#[test]
fn a_key_id_that_settings_would_read_otherwise_is_refused() {
    for (kid, issuer) in [("", "baton"), ("baton 1", "baton"), ("baton-1", " baton")] {
        assert!(matches!(keygen(kid, issuer), Err(KeygenError::Word(_))), "{kid:?} {issuer:?}");
    }
}
