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
