//! The Messaging API as a client meets it.

use super::*;

#[tokio::test]
async fn a_repeated_create_finds_the_active_conversation() {
    let stand = Stand::new().await;
    let body = json!({
        "customercontext": { "customerid": "handoff-1", "preferredname": "Ana" },
        "conversationcontext": { "sessionId": { "isDisplayable": true, "value": "s-1" } },
        "startmessage": { "message": "brief", "displayname": "Baton" },
    });
    let first = stand.create(body.clone()).await;
    assert_eq!(first["isNew"], true);
    assert_eq!(first["messageId"].as_str().unwrap().len(), 13);
    let again = stand.create(body.clone()).await;
    assert_eq!(
        (&again["isNew"], &again["conversationId"]),
        (&json!(false), &first["conversationId"])
    );
    assert_eq!(again.get("messageId"), None);

    stand.control("dynamics365/force_close", json!({})).await;
    let after = stand.create(body).await;
    assert_eq!(after["isNew"], true);
    assert_ne!(after["conversationId"], first["conversationId"]);
    assert_eq!(stand.violations().await, (0, 0));
}

#[tokio::test]
async fn an_unanswered_create_is_found_again() {
    let stand = Stand::new().await;
    stand.fault(json!({ "vendor": "dynamics365", "operation": "conversation.create", "fault": "timeout_after_accept" })).await;
    let body = json!({ "customercontext": { "customerid": "handoff-1" } });
    assert!(
        stand.try_messaging(Method::POST, "conversation/create", Some(body.clone())).await.is_err()
    );
    let listed = stand.get("conversations").await;
    assert_eq!(listed["conversations"].as_array().unwrap().len(), 1);
    let again = stand.create(body).await;
    assert_eq!(
        (&again["isNew"], &again["conversationId"]),
        (&json!(false), &listed["conversations"][0]["conversationid"])
    );
}

#[tokio::test]
async fn limits_answer_with_their_numbers() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    let at = format!("conversation/{id}");
    let many: Value = (0..101)
        .map(|n| (format!("n{n}"), json!({ "value": "v" })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let long =
        |name: &str, value: String| json!({ "conversationcontext": { name: { "value": value } } });
    let mut foreign = stand.message(&id, "hi");
    foreign["channelId"] = json!(stand.account.tenant_id);
    let mut bare = stand.message(&id, "");
    let cases = [
        ("conversation/create", json!([]), 400, 30012),
        ("conversation/create", json!({ "conversationcontext": many }), 400, 30010),
        ("conversation/create", long(&"n".repeat(101), "v".to_owned()), 400, 30012),
        ("conversation/create", long("n", "v".repeat(4_001)), 400, 30012),
        (
            "conversation/create",
            json!({ "customercontext": { "email": "e".repeat(201) } }),
            400,
            30012,
        ),
        (
            "conversation/create",
            json!({ "startmessage": { "message": "m".repeat(27 * 1024 + 1) } }),
            400,
            30012,
        ),
        (&at, stand.message(&id, &"x".repeat(6_001)), 400, 30011),
        (&at, bare.clone(), 400, 30016),
        (&at, foreign, 400, 30002),
        (&at, stand.message("other", "hi"), 400, 30005),
        (&at, json!({ "type": "event", "name": "Dance" }), 400, 30003),
        (&at, json!({ "type": "invoke" }), 400, 30003),
        ("conversation/nonsense", stand.message(&id, "hi"), 400, 30005),
        ("conversation/00000000-0000-4000-8000-000000000000", stand.message(&id, "hi"), 404, 30013),
    ];
    for (path, body, status, number) in cases {
        assert_eq!(
            stand.refusal(Method::POST, path, Some(body.clone())).await,
            (status, number),
            "{path} {number}"
        );
    }
    for (query, number) in [
        ("conversations?PageSize=251", 30007),
        ("conversations?ContinuationToken=x", 30009),
        ("conversations?StartTimeStamp=monday", 30006),
        (&format!("{at}/messages?PageSize=101"), 30008),
        (&format!("{at}/messages?ContinuationToken=x"), 30009),
    ] {
        assert_eq!(stand.refusal(Method::GET, query, None).await, (400, number), "{query}");
    }
    // Just inside.
    assert_eq!(stand.say(&id, &"x".repeat(6_000)).await.status(), 200);
    bare["attachments"] = json!([{ "contentType": "image/png", "contentUrl": "https://files.test/a.png", "name": "a.png" }]);
    assert_eq!(stand.messaging(Method::POST, &at, Some(bare)).await.status(), 200);
    stand.create(json!({ "startmessage": { "message": "m".repeat(27 * 1024) } })).await;
    stand.switch("dynamics365.channel_linked", "no").await;
    assert_eq!(
        stand.refusal(Method::POST, "conversation/create", Some(json!({}))).await,
        (400, 30014)
    );
}

#[tokio::test]
async fn the_error_number_sits_where_the_switch_puts_it() {
    let stand = Stand::new().await;
    for (field, pointer, expected) in [
        ("errorCode", "/errorCode", json!(30012)),
        ("code", "/code", json!(30012)),
        ("nested", "/error/code", json!("30012")),
        (
            "detail",
            "/detail",
            json!("Error 30012: The request body is missing or is not a JSON object."),
        ),
        ("none", "/errorCode", Value::Null),
    ] {
        stand.switch("dynamics365.error_code_field", field).await;
        let body: Value = stand
            .messaging(Method::POST, "conversation/create", Some(json!(1)))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(body.pointer(pointer).cloned().unwrap_or_default(), expected, "{field}");
    }
}

#[tokio::test]
async fn header_names_follow_the_switch() {
    let stand = Stand::new().await;
    let token = stand.token(&stand.account.urls("").messaging_scope).await;
    let ask = async |prefix: &str| {
        let request = stand
            .http
            .get(stand.url(&format!("{API}/conversations")))
            .bearer_auth(&token)
            .header(format!("{prefix}channel-id"), &stand.account.channel_id)
            .header(format!("{prefix}organization-id"), &stand.account.organization_id);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((ask("").await, ask("x-ms-").await), (200, 400));
    stand.switch("dynamics365.headers", "x_ms").await;
    assert_eq!((ask("").await, ask("x-ms-").await), (400, 200));
    stand.switch("dynamics365.headers", "either").await;
    assert_eq!((ask("").await, ask("x-ms-").await), (200, 200));
}

#[tokio::test]
async fn listings_page_to_the_end_without_gap_or_repeat() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    for n in 0..5 {
        stand.say(&id, &format!("m{n}")).await;
    }
    for order in ["oldest_first", "newest_first"] {
        stand.switch("dynamics365.listing_order", order).await;
        let (mut texts, mut token) = (Vec::new(), String::new());
        loop {
            let page = stand
                .get(&format!("conversation/{id}/messages?PageSize=2&ContinuationToken={token}"))
                .await;
            texts.extend(
                page["messages"].as_array().unwrap().iter().map(|message| message["text"].clone()),
            );
            match page["continuationToken"].as_str() {
                Some(next) => token = next.replace(':', "%3A"),
                None => break,
            }
        }
        texts.sort_by_key(Value::to_string);
        assert_eq!(texts, ["m0", "m1", "m2", "m3", "m4"]);
    }
    stand.open("d").await;
    let first = stand.get("conversations?PageSize=1").await;
    let rest = stand
        .get(&format!(
            "conversations?ContinuationToken={}",
            first["continuationtoken"].as_str().unwrap()
        ))
        .await;
    assert_eq!(rest["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(rest["continuationtoken"], Value::Null);
    stand.switch("dynamics365.field_case", "camel").await;
    assert!(stand.get("conversations").await["conversations"][0]["conversationId"].is_string());
}

#[tokio::test]
async fn a_contact_is_found_by_email_then_by_phone_and_the_only_case_comes_with_it() {
    let stand = Stand::new().await;
    let row = async |set: &str, columns: Value| -> String {
        let made = stand.dataverse(Method::POST, set, &[], Some(columns)).await;
        let id = made.headers()["odata-entityid"].to_str().unwrap().to_owned();
        id.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
    };
    let ana = row("contacts", json!({ "lastname": "Ana", "emailaddress1": "ana@test" })).await;
    let bea = row("contacts", json!({ "lastname": "Bea", "mobilephone": "+15550100" })).await;
    let customer = format!("/contacts({bea})");
    let case = json!({ "title": "Tent", "customerid_contact@odata.bind": customer });
    let case = row("incidents", case).await;
    let linked = async |context: Value| {
        let created = stand.create(json!({ "customercontext": context })).await;
        let id = created["conversationId"].as_str().unwrap();
        let item: Value = stand
            .dataverse(Method::GET, &format!("msdyn_ocliveworkitems({id})"), &[], None)
            .await
            .json()
            .await
            .unwrap();
        (item["_msdyn_customer_value"].clone(), item["_msdyn_issueid_value"].clone())
    };
    let both = json!({ "email": "ana@test", "phonenumber": "+15550100" });
    assert_eq!(linked(both.clone()).await, (json!(ana), Value::Null));
    let phone = json!({ "email": "nobody@test", "phonenumber": "+15550100" });
    assert_eq!(linked(phone.clone()).await, (json!(bea), json!(case)));
    for (how, context) in [("either", both), ("both", phone)] {
        stand.switch("dynamics365.record_identification", how).await;
        assert_eq!(linked(context).await.0, Value::Null, "{how}");
    }
}

#[tokio::test]
async fn custom_events_are_kept_and_other_activities_name_their_channel_rightly() {
    let stand = Stand::new().await;
    let id = stand.open("c").await;
    let at = format!("conversation/{id}");
    let event = json!({ "type": "event", "channelData": { "customEvent": true, "customEventName": "Paid", "customEventValue": "{}" } });
    let kept: Value = stand.messaging(Method::POST, &at, Some(event)).await.json().await.unwrap();
    assert_eq!(kept["messageId"].as_str().unwrap().len(), 13);
    let foreign = json!({ "type": "typing", "channelId": stand.account.tenant_id });
    assert_eq!(stand.refusal(Method::POST, &at, Some(foreign)).await, (400, 30002));
    let other = json!({ "type": "endOfConversation", "conversation": { "id": "other" } });
    assert_eq!(stand.refusal(Method::POST, &at, Some(other)).await, (400, 30005));
}
