//! Tokens: who gets one, what is wrong otherwise, and how long they are good for.

use super::*;

#[tokio::test]
async fn an_assertion_gets_a_token_that_tells_where_to_go() {
    let stand = Stand::new().await;
    let (status, body) = stand.present(&stand.assertion(&stand.claims())).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(body["instance_url"], stand.url("").trim_end_matches('/'));
    assert!(body["access_token"].as_str().unwrap().starts_with(&stand.account.org_id_15));
    let (org, user) = (&stand.account.org_id_18, &stand.account.user_id);
    assert!(body["id"].as_str().unwrap().ends_with(&format!("/id/{org}/{user}")));
    assert!(body.get("expires_in").is_none() && body.get("refresh_token").is_none());
    assert!(body["scope"].as_str().unwrap().split(' ').any(|scope| scope == "api"));
    // Some libraries write the time as a text.
    let mut claims = stand.claims();
    claims["exp"] = json!(claims["exp"].to_string());
    assert_eq!(stand.present(&stand.assertion(&claims)).await.0, 200);
}

#[tokio::test]
async fn what_is_wrong_with_an_assertion_is_told() {
    let stand = Stand::new().await;
    let now_s = START_MS / 1_000;
    let cases = [
        ("iss", json!("somebody"), "invalid_client_id", "client identifier invalid"),
        ("sub", json!("nobody@x.test"), "invalid_grant", "user hasn't approved this consumer"),
        ("aud", json!("https://elsewhere.test"), "invalid_grant", "audience is invalid"),
        ("exp", json!(now_s - 120), "invalid_grant", "expired authorization code"),
        ("exp", json!(now_s + 900), "invalid_grant", "expired authorization code"),
        // Milliseconds are the year 58861.
        ("exp", json!(START_MS + 180_000), "invalid_grant", "expired authorization code"),
    ];
    for (claim, value, error, text) in cases {
        let mut claims = stand.claims();
        claims[claim] = value;
        let (status, body) = stand.present(&stand.assertion(&claims)).await;
        let told = (body["error"].as_str().unwrap(), body["error_description"].as_str().unwrap());
        assert_eq!((status, told), (400, (error, text)), "{claim}");
    }
    let good = stand.assertion(&stand.claims());
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let (status, body) = stand.present(&forged).await;
    assert_eq!((status, &body["error_description"]), (400, &json!("invalid assertion")));
    let (_, body) = stand.ask_token(&[("grant_type", "password")]).await;
    assert_eq!(body["error"], "unsupported_grant_type");
    for (app, error) in [
        ("unapproved", "invalid_grant"),
        ("not_admin_approved", "invalid_app_access"),
        ("user_inactive", "inactive_user"),
    ] {
        stand.switch("app", app).await;
        assert_eq!(stand.present(&good).await.1["error"], error);
    }
}

#[tokio::test]
async fn another_certificate_takes_the_place_of_the_first() {
    let stand = Stand::new().await;
    let other = &stand.account.identity_certificate_pem;
    stand.order("certificate", json!({ "pem": other })).await;
    let (status, body) = stand.present(&stand.assertion(&stand.claims())).await;
    assert_eq!((status, &body["error_description"]), (400, &json!("invalid assertion")));
    stand.order("certificate", json!({ "pem": stand.account.core_certificate_pem })).await;
    assert_eq!(stand.present(&stand.assertion(&stand.claims())).await.0, 200);
    let bad = stand.try_control("salesforce/crm/certificate", json!({ "pem": "x" })).await;
    assert_eq!(bad.0, 400);
}

#[tokio::test]
async fn client_credentials_get_a_token_too() {
    let stand = Stand::new().await;
    let (key, secret) = (&stand.account.consumer_key, &stand.account.consumer_secret);
    let ask = async |secret: &str| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", key), ("client_secret", secret)];
        stand.ask_token(&fields).await
    };
    let (status, body) = ask(secret).await;
    assert!(status == 200 && body["issued_at"].is_string(), "{body}");
    assert_eq!(ask("wrong").await.1["error"], "invalid_client");
    let basic = stand
        .http
        .post(stand.url("services/oauth2/token"))
        .basic_auth(key, Some(secret))
        .form(&[("grant_type", "client_credentials")]);
    assert_eq!(basic.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_session_lives_while_it_is_used() {
    let stand = Stand::new().await;
    let token = stand.token().await;
    let ask = async || {
        let url = stand.url(&format!("{DATA}/limits"));
        stand.http.get(url).bearer_auth(&token).send().await.unwrap()
    };
    stand.advance(7_000_000).await;
    assert_eq!(ask().await.status(), 200);
    stand.advance(7_000_000).await;
    assert_eq!(ask().await.status(), 200);
    stand.advance(7_200_001).await;
    let answer = ask().await;
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    let expired =
        json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]);
    assert_eq!(body, expired);
}

#[tokio::test]
async fn sessions_end_by_revocation_and_by_order() {
    let stand = Stand::new().await;
    let (one, other) = (stand.token().await, stand.token().await);
    let url = stand.url("services/oauth2/userinfo");
    let who = async |token: &str| stand.http.get(&url).bearer_auth(token).send().await.unwrap();
    let body: Value = who(&one).await.json().await.unwrap();
    assert_eq!(body["organization_id"], stand.account.org_id_18);
    assert_eq!(body["preferred_username"], stand.account.username);
    let revoke = stand.http.post(stand.url("services/oauth2/revoke"));
    assert_eq!(revoke.form(&[("token", &one)]).send().await.unwrap().status(), 200);
    assert_eq!(
        (who(&one).await.status(), who(&other).await.status()),
        (403.try_into().unwrap(), 200.try_into().unwrap())
    );
    let url_of_sessions = format!("http://{}/_control/salesforce/crm/sessions", stand.sandbox.addr);
    let ended: Value =
        stand.http.delete(url_of_sessions).send().await.unwrap().json().await.unwrap();
    assert_eq!((&ended["ended"], who(&other).await.status().as_u16()), (&json!(1), 403));
}

#[tokio::test]
async fn a_token_without_the_scope_is_of_no_use_here() {
    let stand = Stand::new().await;
    stand.switch("scopes", "interaction_api").await;
    let refused = stand.refusal(Method::GET, "limits", None).await;
    assert_eq!(refused, (403, "INVALID_SESSION_ID".to_owned()));
    stand.switch("scopes", "api").await;
    assert_eq!(stand.call(Method::GET, "limits", None).await.0, 200);
}
