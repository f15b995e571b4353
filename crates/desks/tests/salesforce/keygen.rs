//! Keys that are made here are taken by the desk and by Salesforce.

use std::sync::Arc;

use baton_core::time::Clock;
use baton_desks::salesforce::keygen;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_new_key_set_verifies_our_customers() {
    let clock: Arc<dyn Clock> = Arc::new(SharedClock(baton_sandbox::Clock::frozen(NOW.0)));
    let keys = keygen("baton-2026", "baton", &clock).unwrap();
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
