//! Several requests at once: references, all or nothing, collections.

use super::*;

fn request(method: &str, url: &str, reference: &str, body: Value) -> Value {
    let url = format!("/{DATA}/{url}");
    json!({ "method": method, "url": url, "referenceId": reference, "body": body })
}

async fn composite(stand: &Stand, is_whole: bool, requests: Vec<Value>) -> Vec<Value> {
    let body = json!({ "allOrNone": is_whole, "compositeRequest": requests });
    let (status, answer) = stand.call(Method::POST, "composite", Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    answer["compositeResponse"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_case_refers_to_the_contact_before_it() {
    let stand = Stand::new().await;
    let answers = composite(
        &stand,
        true,
        vec![
            request("POST", "sobjects/Contact", "person", json!({ "LastName": "Silva" })),
            request(
                "POST",
                "sobjects/Case",
                "case",
                json!({ "Subject": "Tent", "ContactId": "@{person.id}" }),
            ),
            request(
                "GET",
                "sobjects/Case/@{case.id}?fields=CaseNumber,ContactId",
                "read",
                Value::Null,
            ),
            request("GET", "query?q=SELECT+Id+FROM+Contact", "all", Value::Null),
            request(
                "PATCH",
                "sobjects/Contact/@{all.records[0].Id}",
                "change",
                json!({ "FirstName": "Ana" }),
            ),
        ],
    )
    .await;
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["httpStatusCode"]).collect();
    assert_eq!(statuses, [201, 201, 200, 200, 204]);
    assert_eq!(answers[2]["body"]["ContactId"], answers[0]["body"]["id"]);
    assert!(
        answers[0]["httpHeaders"]["Location"].as_str().unwrap().contains("/sobjects/Contact/003")
    );
    assert_eq!((&answers[4]["body"], &answers[4]["referenceId"]), (&Value::Null, &json!("change")));
}

#[tokio::test]
async fn all_or_none_leaves_nothing() {
    let stand = Stand::new().await;
    let requests = || {
        vec![
            request("POST", "sobjects/Contact", "one", json!({ "LastName": "Silva" })),
            request(
                "POST",
                "sobjects/Contact",
                "two",
                json!({ "LastName": "B", "Email": "not one" }),
            ),
            request("POST", "sobjects/Case", "three", json!({ "ContactId": "@{two.id}" })),
        ]
    };
    let answers = composite(&stand, true, requests()).await;
    let codes: Vec<&Value> = answers.iter().map(|answer| &answer["body"][0]["errorCode"]).collect();
    assert_eq!(codes, ["PROCESSING_HALTED", "INVALID_EMAIL_ADDRESS", "PROCESSING_HALTED"]);
    assert!(answers.iter().all(|answer| answer["httpStatusCode"] == 400));
    assert!(stand.query("SELECT Id FROM Contact").await.is_empty());
    let answers = composite(&stand, false, requests()).await;
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["httpStatusCode"]).collect();
    assert_eq!(statuses, [201, 400, 400]);
    assert!(
        answers[2]["body"][0]["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid reference specified.")
    );
    assert_eq!(stand.query("SELECT Id FROM Contact").await.len(), 1);
}

#[tokio::test]
async fn requests_within_have_limits() {
    let stand = Stand::new().await;
    let refused = async |requests: Vec<Value>| {
        let body = json!({ "compositeRequest": requests });
        stand.refusal(Method::POST, "composite", Some(body)).await
    };
    let many = |count: usize, url: &str| -> Vec<Value> {
        (0..count).map(|at| request("GET", url, &format!("r{at}"), Value::Null)).collect()
    };
    let limit = (400, "LIMIT_EXCEEDED".to_owned());
    assert_eq!(refused(many(26, "limits")).await, limit);
    assert_eq!(refused(many(6, "query?q=x")).await, limit);
    let bad = vec![request("GET", "limits", "with-dash", Value::Null)];
    assert_eq!(refused(bad).await, (400, "INVALID_FIELD".to_owned()));
    let twice = vec![
        request("GET", "limits", "a", Value::Null),
        request("GET", "limits", "a", Value::Null),
    ];
    assert_eq!(refused(twice).await, (400, "INVALID_FIELD".to_owned()));
    let nameless = vec![json!({ "method": "GET", "url": "x" })];
    assert_eq!(refused(nameless).await, (400, "REQUIRED_FIELD_MISSING".to_owned()));
    // Of another version than the call.
    let body = json!({ "method": "GET", "url": "/services/data/v66.0/limits", "referenceId": "a" });
    assert_eq!(composite(&stand, false, vec![body]).await[0]["httpStatusCode"], 400);
}

#[tokio::test]
async fn a_collection_is_written_row_by_row_or_whole() {
    let stand = Stand::new().await;
    let contact = |fields: Value| {
        let mut row = json!({ "attributes": { "type": "Contact" } });
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        row
    };
    let rows = [contact(json!({ "LastName": "Silva" })), contact(json!({ "FirstName": "Bo" }))];
    let post = async |is_whole: bool| {
        let body = json!({ "allOrNone": is_whole, "records": rows });
        stand.call(Method::POST, "composite/sobjects", Some(body)).await.1
    };
    let done = post(true).await;
    assert_eq!(done[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(done[1]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");
    assert!(stand.query("SELECT Id FROM Contact").await.is_empty());
    let done = post(false).await;
    assert_eq!((&done[0]["success"], &done[1]["success"]), (&json!(true), &json!(false)));
    let id = done[0]["id"].as_str().unwrap().to_owned();
    let change = json!({ "records": [contact(json!({ "id": id, "FirstName": "Ana" }))] });
    let (_, done) = stand.call(Method::PATCH, "composite/sobjects", Some(change)).await;
    assert_eq!(done[0]["success"], true);
    let path =
        format!("composite/sobjects/Contact?ids={id},003000000000000AAA&fields=Id,FirstName");
    let read = stand.read(&path).await;
    assert_eq!((&read[0]["FirstName"], &read[1]), (&json!("Ana"), &Value::Null));
    stand
        .order("fields", json!({ "object": "Contact", "name": "Key__c", "external_id": true }))
        .await;
    let row = json!({ "records": [contact(json!({ "LastName": "Silva", "Key__c": "k" }))] });
    let path = "composite/sobjects/Contact/Key__c";
    for created in [true, false] {
        let (_, done) = stand.call(Method::PATCH, path, Some(row.clone())).await;
        assert_eq!(done[0]["created"], created, "{done}");
    }
    let (_, gone) = stand.call(Method::DELETE, &format!("composite/sobjects?ids={id}"), None).await;
    assert_eq!(gone[0]["success"], true);
    let many = json!({ "records": vec![contact(json!({ "LastName": "x" })); 201] });
    let refused = stand.refusal(Method::POST, "composite/sobjects", Some(many)).await;
    assert_eq!(refused, (400, "EXCEEDED_ID_LIMIT".to_owned()));
}

#[tokio::test]
async fn a_batch_goes_on_after_an_error() {
    let stand = Stand::new().await;
    let body = json!({ "batchRequests": [
        { "method": "GET", "url": "v67.0/sobjects/Nothing/describe" },
        { "method": "POST", "url": "v67.0/sobjects/Contact", "richInput": { "LastName": "Silva" } },
    ] });
    let (status, answer) = stand.call(Method::POST, "composite/batch", Some(body)).await;
    assert_eq!((status, &answer["hasErrors"]), (200, &json!(true)));
    assert_eq!(answer["results"][0]["statusCode"], 404);
    assert_eq!(answer["results"][1]["result"]["success"], true);
}
