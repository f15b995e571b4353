//! Tokens.

use super::*;

#[tokio::test]
async fn the_token_endpoint_names_what_is_wrong() {
    let stand = Stand::new().await;
    let elsewhere = "00000000-0000-4000-8000-000000000000";
    for (changes, status, error, number) in [
        ([("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        ([("client_secret", "")], 401, "invalid_client", 7_000_218),
        ([("client_id", elsewhere)], 400, "unauthorized_client", 700_016),
        ([("tenant", elsewhere)], 400, "invalid_request", 90002),
        (
            [("scope", "https://elsewhere.crm.dynamics.com/.default")],
            400,
            "invalid_resource",
            500_011,
        ),
        ([("scope", "offline_access")], 400, "invalid_scope", 70011),
        ([("grant_type", "password")], 400, "unsupported_grant_type", 70003),
        ([("grant_type", "")], 400, "invalid_request", 900_144),
    ] {
        let (answered, body) = stand.ask_token(&changes).await;
        assert_eq!(
            (answered, &body["error"], &body["error_codes"][0]),
            (status, &json!(error), &json!(number))
        );
        let description = body["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{number}: "))
                && description.contains("\r\nTrace ID: ")
        );
    }
    stand.switch("entra.client_secret", "expired").await;
    assert_eq!(stand.ask_token(&[]).await.1["error_codes"][0], 7_000_222);
}

#[tokio::test]
async fn tokens_end_with_the_virtual_clock_and_serve_one_resource() {
    let stand = Stand::new().await;
    stand.switch("entra.expires_in", "60").await;
    let urls = stand.account.urls("");
    let messaging = stand.token(&urls.messaging_scope).await;
    let ask = async |token: &str| {
        let request =
            stand.http.get(stand.url("dataverse/api/data/v9.2/WhoAmI()")).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&messaging).await, 401);
    let dataverse = stand.token(&urls.dataverse_scope).await;
    assert_eq!(ask(&dataverse).await, 200);
    stand.advance(59_000).await;
    assert_eq!(ask(&dataverse).await, 200);
    stand.advance(1_000).await;
    assert_eq!(ask(&dataverse).await, 401);
    let configured = format!("{}/.default", stand.url("dataverse"));
    assert_eq!(ask(&stand.token(&configured).await).await, 200);
}

#[tokio::test]
async fn basic_authentication_and_metadata_work() {
    let stand = Stand::new().await;
    let Account { tenant_id, client_id, client_secret, .. } = &stand.account;
    let url = stand.url(&format!("entra/{tenant_id}/v2.0/.well-known/openid-configuration"));
    let metadata: Value = stand.http.get(url).send().await.unwrap().json().await.unwrap();
    let scope = stand.account.urls("").dataverse_scope;
    let fields = [("grant_type", "client_credentials"), ("scope", &scope)];
    let request = stand.http.post(metadata["token_endpoint"].as_str().unwrap());
    let answer =
        request.basic_auth(client_id, Some(client_secret)).form(&fields).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let keys: Value = stand
        .http
        .get(metadata["jwks_uri"].as_str().unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(keys["keys"][0]["kty"], "RSA");
}

/// A client assertion of the account's app, signed with `key`, after these changes to its header and claims.
fn assertion(
    stand: &Stand,
    key_pem: &str,
    algorithm: jsonwebtoken::Algorithm,
    header_and_claims: (Value, Value),
) -> String {
    let account = &stand.account;
    let (thumbprints, changes) = header_and_claims;
    let mut claims = json!({
        "aud": stand.url(&format!("entra/{}/oauth2/v2.0/token", account.tenant_id)),
        "iss": account.client_id,
        "sub": account.client_id,
        "jti": "9f1c2d4e-0000-4000-8000-000000000001",
        "nbf": START_MS / 1_000,
        "exp": START_MS as f64 / 1_000.0 + 600.25,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let mut header = jsonwebtoken::Header::new(algorithm);
    header.x5t = thumbprints["x5t"].as_str().map(str::to_owned);
    header.x5t_s256 = thumbprints["x5t_s256"].as_str().map(str::to_owned);
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(key_pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

async fn sign_in(stand: &Stand, assertion: &str) -> (u16, Value) {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields =
        [("client_secret", ""), ("client_assertion_type", kind), ("client_assertion", assertion)];
    let (status, body) = stand.ask_token(&fields).await;
    (status, body["error_codes"][0].clone())
}

#[tokio::test]
async fn a_registered_certificate_signs_in() {
    use jsonwebtoken::Algorithm::{PS256, RS256};
    let stand = Stand::new().await;
    let made = stand.control("dynamics365/certificates", json!({})).await;
    let key = made["key_pem"].as_str().unwrap();
    let sha256 = json!({ "x5t_s256": made["x5t_s256"] });
    let sha1 = json!({ "x5t": made["x5t"] });
    for (algorithm, thumbprint) in [(PS256, &sha256), (RS256, &sha256), (RS256, &sha1)] {
        let token = assertion(&stand, key, algorithm, (thumbprint.clone(), json!({})));
        assert_eq!(sign_in(&stand, &token).await, (200, Value::Null));
    }
    let other = stand.control("dynamics365/certificates", json!({})).await;
    let other_key = other["key_pem"].as_str().unwrap();
    let elsewhere = "https://login.microsoftonline.com/common/oauth2/v2.0/token";
    let late = START_MS / 1_000 - 301;
    for (number, key, thumbprint, changes) in [
        (700_027, other_key, &sha256, json!({})),
        (700_027, key, &json!({ "x5t": "unknown" }), json!({})),
        (700_023, key, &sha256, json!({ "aud": elsewhere })),
        (700_021, key, &sha256, json!({ "sub": "somebody" })),
        (700_024, key, &sha256, json!({ "exp": late })),
        (50_027, key, &sha256, json!({ "jti": "" })),
    ] {
        let token = assertion(&stand, key, RS256, (thumbprint.clone(), changes));
        let (status, code) = sign_in(&stand, &token).await;
        assert_eq!((code, status >= 400), (json!(number), true));
    }
    assert_eq!(sign_in(&stand, "a.b.c").await.1, 50_027);
    // A certificate that has run out, and one that was taken away.
    let old = stand.control("dynamics365/certificates", json!({ "expires_in_s": -1 })).await;
    let token = assertion(
        &stand,
        old["key_pem"].as_str().unwrap(),
        RS256,
        (json!({ "x5t": old["x5t"] }), json!({})),
    );
    assert_eq!(sign_in(&stand, &token).await.1, 700_027);
    let path =
        format!("_control/dynamics365/certificates/{}", made["thumbprint"].as_str().unwrap());
    stand.http.delete(stand.url(&path)).send().await.unwrap();
    let token = assertion(&stand, key, RS256, (sha256, json!({})));
    assert_eq!(sign_in(&stand, &token).await.1, 700_027);
    let pem = other["certificate_pem"].clone();
    let again = stand.control("dynamics365/certificates", json!({ "pem": pem })).await;
    assert_eq!(again["thumbprint"], other["thumbprint"]);
    let (status, _) = stand.try_control("dynamics365/certificates", json!({ "pem": "none" })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn two_secrets_are_valid_at_once_and_each_ends_by_itself() {
    let stand = Stand::new().await;
    let second = stand.control("dynamics365/secrets", json!({ "expires_in_s": 60 })).await;
    let (id, value) = (second["id"].as_str().unwrap(), second["value"].as_str().unwrap());
    assert_eq!(stand.ask_token(&[("client_secret", value)]).await.0, 200);
    assert_eq!(stand.ask_token(&[]).await.0, 200);
    // The id of a secret is not its value.
    let (status, body) = stand.ask_token(&[("client_secret", id)]).await;
    assert_eq!((status, &body["error_codes"][0]), (401, &json!(7_000_215)));
    assert!(body["error_description"].as_str().unwrap().contains("not the client secret ID"));
    stand.advance(60_000).await;
    assert_eq!(stand.ask_token(&[("client_secret", value)]).await.1["error_codes"][0], 7_000_222);
    assert_eq!(stand.ask_token(&[]).await.0, 200);
    stand.switch("entra.client_secret", "expired").await;
    assert_eq!(stand.ask_token(&[]).await.1["error_codes"][0], 7_000_222);
}
