//! The day's allocation, versions, and what the integration user may not do.

use super::*;

#[tokio::test]
async fn the_days_calls_are_told_and_refused_at_the_end() {
    let stand = Stand::new().await;
    stand.switch("daily_calls", "3").await;
    let ask = async || stand.send(Method::GET, "limits", None).await;
    let usage =
        |answer: &Response| answer.headers()["sforce-limit-info"].to_str().unwrap().to_owned();
    assert_eq!(usage(&ask().await), "api-usage=1/3");
    let body: Value = ask().await.json().await.unwrap();
    assert_eq!(body["DailyApiRequests"], json!({ "Max": 3, "Remaining": 1 }));
    assert_eq!(ask().await.status(), 200);
    let refused = ask().await;
    assert_eq!((refused.status().as_u16(), usage(&refused)), (403, "api-usage=3/3".to_owned()));
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body[0]["errorCode"], "REQUEST_LIMIT_EXCEEDED");
    assert_eq!(stand.violations("i13_rate").await, 0);
    ask().await;
    assert_eq!(stand.violations("i13_rate").await, 1);
    stand.advance(86_400_000).await;
    assert_eq!(usage(&ask().await), "api-usage=1/3");
}

#[tokio::test]
async fn versions_are_listed() {
    let stand = Stand::new().await;
    let url = stand.url("services/data/");
    let list: Vec<Value> = stand.http.get(url).send().await.unwrap().json().await.unwrap();
    let newest = list.last().unwrap();
    assert_eq!((&newest["version"], &newest["label"]), (&json!("67.0"), &json!("Summer '26")));
    assert_eq!(newest["url"], "/services/data/v67.0");
    stand.switch("newest_version", "68").await;
    let url = stand.url("services/data");
    let list: Vec<Value> = stand.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(list.last().unwrap()["label"], "Winter '27");
    assert_eq!(list[list.len() - 3]["label"], "Spring '26");
    let root = stand.read("").await;
    assert_eq!(root["sobjects"], "/services/data/v67.0/sobjects");
}

#[tokio::test]
async fn rights_decide_what_is_seen_and_done() {
    let stand = Stand::new().await;
    let id = stand.create("Contact", json!({ "LastName": "Silva", "Phone": "1" })).await;
    let path = format!("sobjects/Contact/{id}");
    stand
        .order("permissions", json!({ "object": "Contact", "edit": false, "create": false }))
        .await;
    let denied = (403, "INSUFFICIENT_ACCESS_OR_READONLY".to_owned());
    let change = Some(json!({ "LastName": "Souza" }));
    assert_eq!(stand.refusal(Method::PATCH, &path, change).await, denied);
    let new = Some(json!({ "LastName": "Souza" }));
    assert_eq!(stand.refusal(Method::POST, "sobjects/Contact", new).await, denied);
    let described = stand.read("sobjects/Contact/describe").await;
    assert_eq!((&described["createable"], &described["deletable"]), (&json!(false), &json!(true)));
    stand
        .order("permissions", json!({ "object": "Contact", "field": "Phone", "read": false }))
        .await;
    assert!(stand.read(&path).await.get("Phone").is_none());
    let soql = Stand::query_path("SELECT Phone FROM Contact");
    assert_eq!(stand.refusal(Method::GET, &soql, None).await.1, "INVALID_FIELD");
    stand.order("permissions", json!({ "object": "Contact", "read": false })).await;
    let soql = Stand::query_path("SELECT Id FROM Contact");
    assert_eq!(stand.refusal(Method::GET, &soql, None).await.1, "INVALID_TYPE");
    assert_eq!(stand.refusal(Method::GET, &path, None).await.0, 404);
    stand
        .order("permissions", json!({ "object": "Case", "field": "Priority", "edit": false }))
        .await;
    let (_, error) = stand.refused_create("Case", json!({ "Priority": "High" })).await;
    assert_eq!(error["errorCode"], "INVALID_FIELD_FOR_INSERT_UPDATE");
    let (_, error) = stand.refused_create("Organization", json!({})).await;
    assert_eq!(error["errorCode"], "INSUFFICIENT_ACCESS_OR_READONLY");
}

#[tokio::test]
async fn an_edition_may_have_no_api() {
    let stand = Stand::new().await;
    stand.switch("api", "disabled").await;
    let refused = stand.refusal(Method::GET, "limits", None).await;
    assert_eq!(refused, (403, "API_DISABLED_FOR_ORG".to_owned()));
}
