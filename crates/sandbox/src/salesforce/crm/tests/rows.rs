//! Rows: created, read, changed, deleted, upserted; and everything that is refused.

use super::*;

async fn contact(stand: &Stand) -> String {
    let fields = json!({
        "FirstName": "Ana",
        "LastName": "Silva",
        "Email": "ana@shop.test",
        "Phone": "(415) 555-0100",
    });
    stand.create("Contact", fields).await
}

#[tokio::test]
async fn a_row_lives_and_dies() {
    let stand = Stand::new().await;
    let id = contact(&stand).await;
    assert!(id.len() == 18 && id.starts_with("003"));
    let row = stand.read(&format!("sobjects/Contact/{id}")).await;
    assert_eq!((&row["Name"], &row["Phone"]), (&json!("Ana Silva"), &json!("(415) 555-0100")));
    assert_eq!(row["CreatedDate"], "2026-11-21T09:30:00.000+0000");
    assert_eq!(row["OwnerId"], stand.account.user_id);
    let url = format!("/services/data/v67.0/sobjects/Contact/{id}");
    assert_eq!(row["attributes"], json!({ "type": "Contact", "url": url }));
    // Fifteen characters name it as well, and so does an address with a slash at its end.
    stand.update(&format!("sobjects/Contact/{}/", &id[..15]), json!({ "lastname": "Souza" })).await;
    let some = stand.read(&format!("sobjects/contact/{id}?fields=Name,Owner.Name")).await;
    assert_eq!(
        (&some["Name"], &some["Owner.Name"]),
        (&json!("Ana Souza"), &json!("Integration User"))
    );
    assert!(some.get("Phone").is_none());
    let path = format!("sobjects/Contact/{id}");
    assert_eq!(stand.call(Method::DELETE, &path, None).await.0, 204);
    let gone = (404, "ENTITY_IS_DELETED".to_owned());
    assert_eq!(stand.refusal(Method::GET, &path, None).await, gone);
    assert_eq!(stand.refusal(Method::PATCH, &path, Some(json!({}))).await, gone);
    assert_eq!(stand.refusal(Method::DELETE, &path, None).await, gone);
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_refused() {
    let stand = Stand::new().await;
    let get = async |path: &str| stand.refusal(Method::GET, path, None).await;
    let not_found = (404, "NOT_FOUND".to_owned());
    assert_eq!(get("sobjects/Contact/003000000000000AAA").await, not_found);
    assert_eq!(get("sobjects/Contact/nobody").await, not_found);
    assert_eq!(get("sobjects/Nothing/003000000000000AAA").await, not_found);
    assert_eq!(get("nothing").await, not_found);
    let malformed = (400, "MALFORMED_ID".to_owned());
    assert_eq!(get(&format!("sobjects/Contact/{}", stand.account.user_id)).await, malformed);
    let put = stand.refusal(Method::PUT, "sobjects/Contact", None).await;
    assert_eq!(put, (405, "METHOD_NOT_ALLOWED".to_owned()));
    let token = stand.token().await;
    let old = stand.http.get(stand.url("services/data/v90.0/limits")).bearer_auth(token);
    assert_eq!(old.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn values_that_do_not_fit_are_refused() {
    let stand = Stand::new().await;
    let with = |name: &str, value: Value| json!({ "LastName": "Silva", name: value });
    let user = stand.account.user_id.clone();
    let cases = [
        (json!({ "FirstName": "Ana" }), "REQUIRED_FIELD_MISSING", json!(["LastName"])),
        (json!({ "LastName": "  " }), "REQUIRED_FIELD_MISSING", json!(["LastName"])),
        (with("Nickname", json!("A")), "INVALID_FIELD", Value::Null),
        (with("FirstName", json!("x".repeat(41))), "STRING_TOO_LONG", json!(["FirstName"])),
        (with("Email", json!("ana at shop")), "INVALID_EMAIL_ADDRESS", json!(["Email"])),
        (with("Phone", json!(4155550100_i64)), "JSON_PARSER_ERROR", Value::Null),
        (with("Name", json!("Ana")), "INVALID_FIELD_FOR_INSERT_UPDATE", json!(["Name"])),
        (with("AccountId", json!(user)), "MALFORMED_ID", json!(["AccountId"])),
        (
            with("AccountId", json!("001000000000000AAA")),
            "INVALID_CROSS_REFERENCE_KEY",
            json!(["AccountId"]),
        ),
        (with("Id", json!("003000000000000AAA")), "INVALID_FIELD", Value::Null),
    ];
    for (fields, code, about) in cases {
        let (status, error) = stand.refused_create("Contact", fields.clone()).await;
        assert_eq!((status, &error["errorCode"]), (400, &json!(code)), "{fields}: {error}");
        assert_eq!(error["fields"], about, "{fields}");
    }
    let long = stand.refused_create("Contact", with("FirstName", json!("x".repeat(41)))).await.1;
    let text = long["message"].as_str().unwrap();
    assert!(
        text.starts_with("First Name: data value too large: x")
            && text.ends_with("(max length=40)")
    );
    let post = json!({ "ParentId": user, "Type": "Shout" });
    let (_, error) = stand.refused_create("FeedItem", post).await;
    assert_eq!(error["errorCode"], "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_eq!(stand.violations("salesforce_over_length").await, 2);
}

#[tokio::test]
async fn bodies_that_do_not_read_are_refused() {
    let stand = Stand::new().await;
    let url = stand.url(&format!("{DATA}/sobjects/Contact"));
    for (media_type, body, status, code) in [
        ("application/json", "{", 400, "JSON_PARSER_ERROR"),
        ("application/json", "[]", 400, "JSON_PARSER_ERROR"),
        ("text/plain", "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ] {
        let request = stand.http.post(&url).bearer_auth(stand.token().await);
        let answer = request.header("content-type", media_type).body(body).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body[0]["errorCode"], code);
    }
}

#[tokio::test]
async fn texts_are_kept_without_white_space_around_them() {
    let stand = Stand::new().await;
    let fields = json!({ "LastName": " Silva ", "FirstName": "", "Title": null });
    let id = stand.create("Contact", fields).await;
    let row = stand.read(&format!("sobjects/Contact/{id}")).await;
    assert_eq!((&row["LastName"], &row["FirstName"]), (&json!("Silva"), &Value::Null));
    let path = format!("sobjects/Contact/{id}");
    let missing = stand.refusal(Method::PATCH, &path, Some(json!({ "LastName": null }))).await;
    assert_eq!(missing, (400, "REQUIRED_FIELD_MISSING".to_owned()));
}

#[tokio::test]
async fn an_upsert_makes_a_row_once() {
    let stand = Stand::new().await;
    let field = json!({ "object": "Case", "name": "Session__c", "external_id": true });
    stand.order("fields", field).await;
    let path = "sobjects/Case/Session__c/s%2F1";
    let put = async |body: Value| stand.call(Method::PATCH, path, Some(body)).await;
    let (status, made) = put(json!({ "Subject": "First" })).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)));
    let (status, again) = put(json!({ "Subject": "Second" })).await;
    assert_eq!((status, &again["created"], &again["id"]), (200, &json!(false), &made["id"]));
    let row = stand.read(path).await;
    assert_eq!((&row["Subject"], &row["Session__c"]), (&json!("Second"), &json!("s/1")));
    stand.switch("upsert_updated", "204").await;
    assert_eq!(put(json!({})).await, (204, Value::Null));
    let (status, error) = put(json!({ "Session__c": "s/1" })).await;
    assert_eq!((status, &error[0]["errorCode"]), (400, &json!("INVALID_FIELD")));
    let no_key = stand.refusal(Method::PATCH, "sobjects/Case/Subject/x", Some(json!({}))).await;
    assert_eq!(no_key, (404, "NOT_FOUND".to_owned()));
    // Not unique, so that a second row can have it as well.
    let second = stand.create("Case", json!({ "Session__c": "S/1" })).await;
    let (status, choices) = put(json!({ "Subject": "Third" })).await;
    assert_eq!((status, choices.as_array().unwrap().len()), (300, 2));
    assert!(choices[1].as_str().unwrap().ends_with(&format!("/sobjects/Case/{second}")));
}

#[tokio::test]
async fn a_unique_key_is_held_by_one_row() {
    let stand = Stand::new().await;
    let field =
        json!({ "object": "Contact", "name": "Key__c", "external_id": true, "unique": true });
    stand.order("fields", field).await;
    let id = stand.create("Contact", json!({ "LastName": "A", "Key__c": "k" })).await;
    let (status, error) =
        stand.refused_create("Contact", json!({ "LastName": "B", "Key__c": "K" })).await;
    assert_eq!((status, &error["errorCode"]), (400, &json!("DUPLICATE_VALUE")));
    assert!(error["message"].as_str().unwrap().ends_with(&id[..15]));
    let case = json!({ "Subject": "x", "Contact": { "Key__c": "k" } });
    let case = stand.create("Case", case).await;
    assert_eq!(stand.read(&format!("sobjects/Case/{case}")).await["ContactId"], id);
    let lost = json!({ "Subject": "x", "Contact": { "Key__c": "nobody" } });
    assert_eq!(stand.refused_create("Case", lost).await.1["errorCode"], "INVALID_FIELD");
}

#[tokio::test]
async fn a_second_row_with_the_clients_key_is_counted() {
    let stand = Stand::new().await;
    stand.order("fields", json!({ "object": "Case", "name": "Session__c" })).await;
    stand.order("external_keys", json!({ "object": "Case", "field": "Session__c" })).await;
    stand.create("Case", json!({ "Session__c": "s1" })).await;
    assert_eq!(stand.violations("i6_two_live_works").await, 0);
    stand.create("Case", json!({ "Session__c": "s1" })).await;
    assert_eq!(stand.violations("i6_two_live_works").await, 1);
    // The same comment after a lost answer reaches the rep twice.
    let case = stand.create("Case", json!({ "Subject": "x" })).await;
    let comment = json!({ "ParentId": case, "CommentBody": "hello" });
    let fault = json!({
        "vendor": "salesforce_crm",
        "operation": "CaseComment.create",
        "fault": "status_after_accept",
        "status": 503,
    });
    stand.control("faults", fault).await;
    let lost = stand.refusal(Method::POST, "sobjects/CaseComment", Some(comment.clone())).await;
    assert_eq!(lost, (503, "SERVER_UNAVAILABLE".to_owned()));
    stand.create("CaseComment", comment).await;
    assert_eq!(stand.violations("i3_duplicate_to_rep").await, 1);
}

#[tokio::test]
async fn a_duplicate_rule_refuses_or_asks() {
    let stand = Stand::new().await;
    let id = contact(&stand).await;
    let same = || json!({ "LastName": "Silva", "MobilePhone": "415 555 0100" });
    stand.switch("duplicate_rule", "alert").await;
    let (status, error) = stand.refused_create("Contact", same()).await;
    assert_eq!((status, &error["errorCode"]), (400, &json!("DUPLICATES_DETECTED")));
    let matches = &error["duplicateResult"]["matchResults"][0]["matchRecords"];
    assert_eq!(
        (&matches[0]["record"]["Id"], &matches[0]["record"]["LastName"]),
        (&json!(id), &Value::Null)
    );
    let allowed = [("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=true")];
    let save =
        async || stand.send_with(Method::POST, "sobjects/Contact", &allowed, Some(same())).await;
    assert_eq!(save().await.status(), 201);
    stand.switch("duplicate_rule", "block").await;
    let refused: Value = save().await.json().await.unwrap();
    let matches = &refused[0]["duplicateResult"]["matchResults"][0]["matchRecords"];
    assert_eq!(matches[0]["record"]["LastName"], "Silva");
    let other = json!({ "LastName": "Silva", "MobilePhone": "415 555 0199" });
    stand.create("Contact", other).await;
}

#[tokio::test]
async fn a_row_that_is_locked_can_be_tried_again() {
    let stand = Stand::new().await;
    let fault = json!({
        "vendor": "salesforce_crm",
        "operation": "Contact.create",
        "fault": "status",
        "status": 400,
        "code": "UNABLE_TO_LOCK_ROW",
    });
    stand.control("faults", fault).await;
    let (status, error) = stand.refused_create("Contact", json!({ "LastName": "Silva" })).await;
    assert_eq!((status, &error["errorCode"]), (400, &json!("UNABLE_TO_LOCK_ROW")));
    contact(&stand).await;
}
