//! Service protection, and what is counted against a client.

use super::*;

impl Stand {
    async fn count(&self, name: &str) -> u64 {
        let found = self.look("violations").await;
        let rows = found["violations"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["count"].as_u64().unwrap()
    }
}

#[tokio::test]
async fn requests_are_limited_in_a_window_that_slides() {
    let stand = Stand::new().await;
    stand.switch("dataverse.request_limit", "3").await;
    let ask = async || stand.dataverse(Method::GET, "WhoAmI", &[], None).await;
    assert_eq!(ask().await.headers()["x-ms-ratelimit-burst-remaining-xrm-requests"], "2");
    stand.advance(100_000).await;
    assert_eq!((ask().await.status(), ask().await.status()), (StatusCode::OK, StatusCode::OK));
    let refused = ask().await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"200".parse().unwrap())
    );
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "0x80072322");
    assert_eq!(
        body["error"]["message"],
        "Number of requests exceeded the limit of 3 over time window of 300 seconds."
    );
    assert_eq!(stand.count("i13_rate").await, 0);
    stand.advance(199_000).await;
    assert_eq!(ask().await.status(), 429);
    assert_eq!(stand.count("i13_rate").await, 1);
    stand.advance(1_000).await;
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn time_and_concurrency_are_limited_too() {
    let stand = Stand::new().await;
    stand.switch("dataverse.duration_ms", "1000").await;
    stand.switch("dataverse.concurrency_limit", "1").await;
    let first = async {
        let answer = stand.dataverse(Method::GET, "WhoAmI", &[], None).await;
        answer.status().as_u16()
    };
    let second = async {
        // The first one is under way as soon as the clock has somebody to wake.
        while stand.look("clock").await["next_deadline"].is_null() {
            tokio::task::yield_now().await;
        }
        let refused = stand.outcome(Method::GET, "WhoAmI", &[], None).await;
        stand.advance(1_000).await;
        refused
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first, second), (200, (429, "0x80072326".to_owned())));
    stand.switch("dataverse.duration_ms", "0").await;
    stand.switch("dataverse.execution_limit_ms", "1000").await;
    stand.advance(1_000).await;
    let body: Value = stand.dataverse(Method::GET, "WhoAmI", &[], None).await.json().await.unwrap();
    assert_eq!(body["error"]["code"], "0x80072321");
    assert!(body["error"]["message"].as_str().unwrap().starts_with(
        "Combined execution time of incoming requests exceeded limit of 1,000  milliseconds"
    ));
}

#[tokio::test]
async fn what_a_careful_client_never_sends_is_counted() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "O'Brien", "ana@shop.test").await;
    stand.outcome(Method::GET, "contacts?$filter=lastname eq 'O'Brien'", &[], None).await;
    let long = json!({ "notetext": "x".repeat(100_001) });
    stand.outcome(Method::POST, "annotations", &[], Some(long)).await;
    assert_eq!(
        (stand.count("dataverse_unescaped").await, stand.count("dataverse_over_limit").await),
        (1, 1)
    );
    let lose = json!({ "vendor": "dataverse", "operation": "incidents.create", "fault": "timeout_after_accept" });
    stand.fault(lose).await;
    let body =
        json!({ "title": "t", "customerid_contact@odata.bind": format!("/contacts({ana})") });
    let token = stand.token(&stand.account.urls("").dataverse_scope).await;
    let url = stand.url("dataverse/api/data/v9.2/incidents");
    let sent = stand.http.post(url).bearer_auth(token).json(&body).send().await;
    assert!(sent.is_err() && stand.rows("incidents").await.len() == 1);
    assert_eq!(stand.count("i6_two_live_works").await, 0);
    stand.make("incidents", body).await;
    assert_eq!(stand.count("i6_two_live_works").await, 1);
}

#[tokio::test]
async fn two_cases_with_one_external_key_are_counted() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let column = json!({ "table": "incident", "name": "new_sessionid", "kind": "text" });
    stand.control("dynamics365/columns", column).await;
    let watched = json!({ "table": "incident", "column": "new_sessionid" });
    stand.control("dynamics365/external_keys", watched).await;
    for (key, count) in [("s-1", 0), ("s-2", 0), ("s-1", 1)] {
        let bind = format!("/contacts({ana})");
        let body =
            json!({ "title": key, "new_sessionid": key, "customerid_contact@odata.bind": bind });
        stand.make("incidents", body).await;
        assert_eq!(stand.count("i6_two_live_works").await, count);
    }
}
