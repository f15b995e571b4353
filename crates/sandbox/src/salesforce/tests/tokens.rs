use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

fn subject(grant: &Value) -> &str {
    grant["context"]["endUser"]["subject"].as_str().unwrap()
}

#[tokio::test]
async fn a_verified_customer_is_the_same_end_user_each_time() {
    let stand = Stand::new().await;
    let (first, second) = (stand.grant("ana").await, stand.grant("ana").await);
    assert_eq!(subject(&first), "v2/iamessage/AUTH/Baton_Keys/uid:ana");
    assert_eq!(subject(&second), subject(&first));
    let token = first["accessToken"].as_str().unwrap();
    assert!((1_700..2_000).contains(&token.len()), "{}", token.len());
    let claims = claims(token);
    assert_eq!(claims["orgId"], stand.account.org_id_15);
    assert_eq!(claims["sub"], subject(&first));
    assert_eq!(claims["exp"], START_MS / 1_000 + 21_600);
    assert_eq!(first["lastEventId"].as_str().unwrap().len(), 10);
}

#[tokio::test]
async fn an_anonymous_customer_is_somebody_new_each_time() {
    let stand = Stand::new().await;
    let first: Value = stand.ask_token("unauthenticated", json!({})).await.json().await.unwrap();
    let org = json!({ "orgId": stand.account.org_id_18 });
    let second: Value = stand.ask_token("unauthenticated", org).await.json().await.unwrap();
    assert!(subject(&first).starts_with("v2/iamessage/UNAUTH/NA/uid:"));
    assert_ne!(subject(&first), subject(&second));
}

#[tokio::test]
async fn an_identity_that_is_not_believed_is_silently_anonymous() {
    let stand = Stand::new().await;
    for changes in [
        json!({ "iss": "Baton-Hub" }),
        json!({ "kid": "another" }),
        json!({ "foreign": true }),
        json!({ "exp": START_MS / 1_000 }),
        json!({ "sub": "" }),
    ] {
        let token = stand.identity("ana", changes.clone());
        let body = json!({ "customerIdentityToken": token });
        let answer = stand.ask_token("authenticated", body).await;
        assert_eq!(answer.status(), 200);
        let grant: Value = answer.json().await.unwrap();
        assert!(subject(&grant).contains("/UNAUTH/"), "{changes}");
    }
    let strong = stand.identity("ana", json!({ "alg": "RS512" }));
    let body = json!({ "customerIdentityToken": strong });
    let grant: Value = stand.ask_token("authenticated", body).await.json().await.unwrap();
    assert!(subject(&grant).contains("/AUTH/"));
    stand.switch("bad_identity", "400").await;
    let body = json!({ "customerIdentityToken": "nonsense" });
    assert_eq!(stand.ask_token("authenticated", body).await.status(), 400);
}

#[tokio::test]
async fn a_key_needs_its_certificate() {
    let stand = Stand::new().await;
    let mut set = stand.look("salesforce/key_set").await;
    let x5c = set["keys"][0]["x5c"].take();
    stand.rep("key_set", set.clone()).await;
    assert!(subject(&stand.grant("ana").await).contains("/UNAUTH/"));
    set["keys"][0]["x5c"] = x5c;
    stand.rep("key_set", set).await;
    assert!(subject(&stand.grant("ana").await).contains("/AUTH/"));
}

#[tokio::test]
async fn a_key_set_can_be_read_from_an_address() {
    let stand = Stand::new().await;
    let set = stand.look("salesforce/key_set").await;
    let keys = json!({ "keys": set["keys"] });
    let app = axum::Router::new().fallback(move || {
        let keys = keys.clone();
        async move { axum::Json(keys) }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let set = json!({ "name": "Remote", "issuer": set["issuer"], "url": url });
    stand.rep("key_set", set).await;
    assert_eq!(subject(&stand.grant("ana").await), "v2/iamessage/AUTH/Remote/uid:ana");
    let gone = json!({ "name": "Remote", "issuer": "baton-hub", "url": "http://127.0.0.1:9/x" });
    stand.rep("key_set", gone).await;
    assert!(subject(&stand.grant("ana").await).contains("/UNAUTH/"));
}

#[tokio::test]
async fn a_request_must_be_for_this_deployment() {
    let stand = Stand::new().await;
    for (changes, part) in [
        (json!({ "orgId": "00D000000000001" }), "orgId"),
        (json!({ "orgId": "" }), "orgId"),
        (json!({ "esDeveloperName": "Other" }), "deploymentType is api"),
        (json!({ "capabilitiesVersion": 1 }), "capabilitiesVersion"),
        (json!({ "platform": "Server" }), "platform"),
        (json!({ "authorizationType": "Basic" }), "authorizationType"),
    ] {
        let (status, message) = refused(stand.ask_token("authenticated", changes).await).await;
        assert!(status == 400 && message.contains(part), "{part}: {status} {message}");
    }
    stand.switch("deployment", "web").await;
    assert_eq!(stand.ask_token("unauthenticated", json!({})).await.status(), 400);
    stand.switch("deployment", "unpublished").await;
    let (_, message) = refused(stand.ask_token("unauthenticated", json!({})).await).await;
    assert_eq!(message, "Embedded Messaging Config is not Published");
    stand.switch("deployment", "published").await;
    stand.switch("user_verification", "on").await;
    assert_eq!(stand.ask_token("unauthenticated", json!({})).await.status(), 400);
    stand.switch("user_verification", "off").await;
    assert_eq!(stand.ask_token("authenticated", json!({})).await.status(), 400);
}

#[tokio::test]
async fn tokens_are_counted_and_a_client_that_goes_on_is_noticed() {
    let stand = Stand::new().await;
    stand.switch("tokens_per_minute", "2").await;
    stand.switch("retry_after", "yes").await;
    stand.grant("ana").await;
    stand.advance(10_000).await;
    stand.grant("ana").await;
    let answer = stand.ask_token("unauthenticated", json!({})).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"50".parse().unwrap())
    );
    assert_eq!(stand.violation("i13_rate").await, 0);
    assert_eq!(stand.ask_token("unauthenticated", json!({})).await.status(), 429);
    assert_eq!(stand.violation("i13_rate").await, 1);
    stand.advance(50_000).await;
    assert_eq!(stand.ask_token("unauthenticated", json!({})).await.status(), 200);
}

#[tokio::test]
async fn a_token_is_renewed_without_a_longer_life_and_ends() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    stand.advance(1_000).await;
    let path = "authorization/continuation-access-token";
    let renewed = stand.get(&token, path).await;
    let renewed = renewed["accessToken"].as_str().unwrap();
    let (old, new) = (claims(&token), claims(renewed));
    assert_eq!((&old["sub"], &old["exp"]), (&new["sub"], &new["exp"]));
    assert_ne!(old["clientId"], new["clientId"]);

    stand.advance(21_600_000).await;
    let answer = stand.call(&token, Method::GET, "conversation/list", None).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.text().await.unwrap(), "Jwt is expired");
    let answer = stand.call("x.y.z", Method::GET, "conversation/list", None).await;
    assert_eq!(answer.text().await.unwrap(), "Jwt verification fails");
}

#[tokio::test]
async fn a_token_can_be_given_back() {
    let stand = Stand::new().await;
    let token = stand.token("ana").await;
    let path = "authorization/authenticated/access-token";
    let other = stand.token("ana").await;
    assert_eq!(stand.call(&token, Method::DELETE, path, None).await.status(), 204);
    let list = "conversation/list";
    assert_eq!(stand.call(&token, Method::GET, list, None).await.status(), 401);
    assert_eq!(stand.call(&other, Method::GET, list, None).await.status(), 200);
    stand.rep("revoke", json!({})).await;
    assert_eq!(stand.call(&other, Method::GET, list, None).await.status(), 401);
    let fresh = stand.token("ana").await;
    assert_eq!(stand.call(&fresh, Method::GET, list, None).await.status(), 200);
}

#[tokio::test]
async fn the_configuration_tells_forms_and_files() {
    let stand = Stand::new().await;
    let fields = json!([
        { "name": "OpencxSessionId", "max_length": 40 },
        { "name": "Topic", "type": "ChoiceList", "hidden": false, "per_session": true,
          "choices": ["Returns", "Other"] },
    ]);
    stand.rep("deployment", json!({ "fields": fields })).await;
    let grant = stand.grant("ana").await;
    let config = &grant["context"]["configuration"]["embeddedServiceConfig"];
    assert_eq!(config["deploymentType"], "api");
    assert_eq!(config["attachments"], json!({ "endUserToAgent": true, "maxFileSize": 5_242_880 }));
    let forms = &config["forms"];
    assert_eq!(forms[0]["displayContext"], "Conversation");
    assert_eq!(forms[0]["formFields"][0]["name"], "OpencxSessionId");
    assert_eq!(forms[0]["formFields"][0]["maxLength"], 40);
    assert_eq!(forms[0]["formFields"][0]["isHidden"], true);
    assert_eq!(forms[1]["displayContext"], "Session");
    let list = &config["choiceListConfig"]["choiceList"][0];
    assert_eq!(list["choiceListValues"][1]["choiceListValueName"], "Other");
}

#[tokio::test]
async fn the_public_endpoints_need_no_token() {
    let stand = Stand::new().await;
    let org = &stand.account.org_id_15;
    let query = format!("orgId={org}&esConfigName={}", stand.account.deployment);
    let ask = async |what: &str| {
        let url = stand.url(&format!("salesforce/embeddedservice/v1/{what}?{query}&language=en"));
        stand.http.get(url).send().await.unwrap()
    };
    let config: Value = ask("embedded-service-config").await.json().await.unwrap();
    assert_eq!(config["embeddedServiceConfig"]["name"], stand.account.deployment);
    assert_eq!(ask("businesshours").await.status(), 204);
    let hours = json!({ "business_hours": [{ "startTime": 1, "endTime": 2 }] });
    stand.rep("deployment", hours).await;
    let hours: Value = ask("businesshours").await.json().await.unwrap();
    assert_eq!(hours["businessHoursInfo"]["businessHours"][0]["endTime"], 2);
    stand.switch("deployment", "unpublished").await;
    let answer = ask("embedded-service-config").await;
    assert_eq!(answer.status(), 412);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({ "text": "Embedded Messaging Config is not Published" }));
}
