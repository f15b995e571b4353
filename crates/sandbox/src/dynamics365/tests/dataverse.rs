//! Rows, and what a conversation leaves in them.

use super::*;

#[tokio::test]
async fn ended_conversations_leave_the_listing_and_stay_in_transcript_notes() {
    let mut stand = Stand::new().await;
    let (kept, ended) = (stand.open("a").await, stand.open("b").await);
    stand.control("dynamics365/accept", json!({ "conversation": ended })).await;
    stand.say(&ended, "where is my order?").await;
    let mut automated = stand.message(&ended, "from the AI's part");
    automated["channelData"] = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    stand.messaging(Method::POST, &format!("conversation/{ended}"), Some(automated)).await;
    stand
        .control("dynamics365/reply", json!({ "conversation": ended, "text": "on its way" }))
        .await;
    stand.control("dynamics365/end", json!({ "conversation": ended })).await;
    let listed = stand.get("conversations").await;
    assert_eq!(listed["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(listed["conversations"][0]["conversationid"], kept.as_str());
    stand.control("dynamics365/close", json!({ "conversation": ended })).await;
    assert_eq!(
        stand
            .messaging(Method::GET, &format!("conversation/{ended}/messages"), None)
            .await
            .status(),
        404
    );

    let transcripts = stand
        .rows(&format!("msdyn_transcripts?$filter=_msdyn_liveworkitemidid_value eq {ended}"))
        .await;
    let transcript_id = transcripts[0]["msdyn_transcriptid"].as_str().unwrap();
    let filter = format!(
        "annotations?$filter=objecttypecode eq 'msdyn_transcript' and _objectid_value eq {transcript_id}"
    );
    let notes = stand.rows(&filter).await;
    assert_eq!(notes.len(), 1);
    let document = STANDARD.decode(notes[0]["documentbody"].as_str().unwrap()).unwrap();
    let messages: Vec<Value> = serde_json::from_slice(&document).unwrap();
    let tags = |text: &str| {
        messages.iter().find(|message| message["content"] == text).unwrap()["tags"].clone()
    };
    assert_eq!(tags("on its way"), "public");
    assert_eq!(tags("from the AI's part"), "system");
    assert_eq!(tags("where is my order?"), "");
    let item = stand
        .rows(&format!(
            "msdyn_ocliveworkitems?$filter=activityid eq {ended}&$select=statecode,statuscode"
        ))
        .await;
    assert_eq!((&item[0]["statecode"], &item[0]["statuscode"]), (&json!(1), &json!(4)));
    stand.hooks.close();
}

#[tokio::test]
async fn a_contact_is_linked_on_a_single_match_only() {
    let stand = Stand::new().await;
    let contact = json!({ "firstname": "Ana", "lastname": "Silva", "emailaddress1": "ana@shop.test", "mobilephone": "+5511999" });
    let known = stand.control("dynamics365/contacts", contact).await;
    let linked = async |customer: Value| {
        let created = stand.create(json!({ "customercontext": customer })).await;
        let seen = stand
            .look(&format!(
                "dynamics365/conversations/{}",
                created["conversationId"].as_str().unwrap()
            ))
            .await;
        (seen["contact"]["contactid"].clone(), seen["subject"].clone())
    };
    assert_eq!(
        linked(json!({ "phonenumber": "+5511999", "preferredname": "ana" })).await,
        (known["contactid"].clone(), json!("Ana Silva"))
    );
    assert_eq!(
        linked(json!({ "email": "ANA@shop.test", "phonenumber": "+5511999" })).await.0,
        known["contactid"]
    );
    assert_eq!(
        linked(json!({ "email": "bo@shop.test", "preferredname": "Bo" })).await,
        (Value::Null, json!("Bo"))
    );
    stand
        .control(
            "dynamics365/contacts",
            json!({ "firstname": "Ana", "emailaddress1": "ana@shop.test" }),
        )
        .await;
    assert_eq!(linked(json!({ "email": "ana@shop.test" })).await.0, Value::Null);
}

#[tokio::test]
async fn rows_are_written_once_and_conditions_hold() {
    let stand = Stand::new().await;
    let id = "11111111-2222-4333-8444-555555555555";
    let path = format!("contacts({id})");
    let ana = || {
        Some(json!({ "firstname": "Ana", "lastname": "O'Brien", "emailaddress1": "a+b@shop.test" }))
    };
    let patch = async |headers: &[(&str, &str)], body: Option<Value>| {
        stand.dataverse(Method::PATCH, &path, headers, body).await
    };
    let code = async |answer: Response| {
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(
        code(patch(&[("if-match", "*")], ana()).await).await,
        (404, "0x80040217".to_owned())
    );
    let created = patch(&[("if-none-match", "*")], ana()).await;
    assert_eq!(created.status(), 204);
    assert!(created.headers()["odata-entityid"].to_str().unwrap().ends_with(&path));
    assert_eq!(
        code(patch(&[("if-none-match", "*")], ana()).await).await,
        (412, "0x80040237".to_owned())
    );
    // The literal null is no condition.
    assert_eq!(patch(&[("if-none-match", "null")], ana()).await.status(), 204);
    assert_eq!(
        code(patch(&[("if-match", "W/\"1\"")], ana()).await).await,
        (412, "0x80060882".to_owned())
    );

    let found = stand.rows("contacts?$select=fullname&$filter=emailaddress1 eq 'A%2Bb@shop.test' and lastname eq 'O''Brien'&$top=2").await;
    assert_eq!(found[0]["fullname"], "Ana O'Brien");
    assert!(found[0].get("lastname").is_none() && found[0]["contactid"] == id);

    for (path, body, expected) in [
        ("contacts", json!({ "Firstname": "x" }), (400, "0x80048d19")),
        ("contacts", json!({ "firstname": "x".repeat(51) }), (400, "0x80044331")),
        ("incidents", json!({ "title": "t" }), (400, "0x80044410")),
        (
            "incidents",
            json!({ "customerid_contact@odata.bind": format!("/contacts({})", stand.account.queue_id) }),
            (404, "0x80040217"),
        ),
        ("nothings", json!({}), (404, "0x8006088a")),
    ] {
        let answer = code(stand.dataverse(Method::POST, path, &[], Some(body)).await).await;
        assert_eq!(answer, (expected.0, expected.1.to_owned()), "{path}");
    }
    let prefer = [("prefer", "return=representation")];
    let body = json!({ "title": "t", "customerid_contact@odata.bind": format!("/contacts({id})") });
    let made =
        stand.dataverse(Method::POST, "incidents?$select=ticketnumber", &prefer, Some(body)).await;
    assert_eq!((made.status().as_u16(), made.headers().get("odata-entityid")), (201, None));
    let made: Value = made.json().await.unwrap();
    assert!(
        made["ticketnumber"].as_str().unwrap().starts_with("CAS-")
            && made["incidentid"].is_string()
    );
}

#[tokio::test]
async fn pages_of_rows_link_to_the_next() {
    let stand = Stand::new().await;
    for name in ["a", "b", "c"] {
        stand.control("dynamics365/contacts", json!({ "firstname": name })).await;
    }
    let size = [("prefer", "odata.maxpagesize=2")];
    let first = stand
        .dataverse(Method::GET, "contacts?$orderby=firstname desc&$count=true", &size, None)
        .await;
    let first: Value = first.json().await.unwrap();
    assert_eq!((&first["value"][0]["firstname"], &first["@odata.count"]), (&json!("c"), &json!(3)));
    let link = first["@odata.nextLink"].as_str().unwrap();
    let relative = link.split_once("v9.2/").unwrap().1;
    let second: Value =
        stand.dataverse(Method::GET, relative, &size, None).await.json().await.unwrap();
    assert_eq!(
        (&second["value"][0]["firstname"], second.get("@odata.nextLink")),
        (&json!("a"), None)
    );
}

#[tokio::test]
async fn rights_and_service_protection_refuse_as_documented() {
    let stand = Stand::new().await;
    let whoami = async || stand.dataverse(Method::GET, "WhoAmI", &[], None).await;
    let body: Value = whoami().await.json().await.unwrap();
    assert_eq!(body["OrganizationId"], stand.account.organization_id.as_str());
    stand.fault(json!({ "vendor": "dataverse", "operation": "whoami", "fault": "status", "status": 429, "retry_after_s": 12 })).await;
    let limited = whoami().await;
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"12".parse().unwrap())
    );
    assert_eq!(limited.json::<Value>().await.unwrap()["error"]["code"], "0x80072322");
    stand.control("dynamics365/privileges", json!({ "remove": ["prvReadContact"] })).await;
    let refused = stand.dataverse(Method::GET, "contacts?$top=1", &[], None).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("prvReadContact"));
    stand.switch("dynamics365.application_user", "missing").await;
    assert_eq!(whoami().await.json::<Value>().await.unwrap()["error"]["code"], "0x80072560");
}

#[tokio::test]
async fn work_item_rows_mirror_conversations() {
    let stand = Stand::new().await;
    stand.switch("dynamics365.conversation_id_equals_activity_id", "no").await;
    let body = json!({ "customercontext": { "preferredname": "Ana" }, "conversationcontext": { "sessionId": { "value": "s-1" } } });
    let id = stand.create(body).await["conversationId"].as_str().unwrap().to_owned();
    stand.control("dynamics365/accept", json!({})).await;
    let items = stand
        .rows(&format!("msdyn_ocliveworkitems?$filter=msdyn_ocliveworkitemid eq '{id}'"))
        .await;
    assert_eq!((&items[0]["subject"], &items[0]["statuscode"]), (&json!("Ana"), &json!(2)));
    let activity_id = items[0]["activityid"].as_str().unwrap();
    assert_ne!(activity_id, id);
    let filter =
        format!("_msdyn_ocliveworkitemid_value eq {activity_id} and msdyn_name eq 'sessionId'");
    let context = stand.rows(&format!("msdyn_ocliveworkitemcontextitems?$filter={filter}")).await;
    assert_eq!(context[0]["msdyn_value"], "s-1");
    let patch = Some(json!({ "subject": "Wants a refund" }));
    stand
        .dataverse(
            Method::PATCH,
            &format!("msdyn_ocliveworkitems({activity_id})"),
            &[("if-match", "*")],
            patch,
        )
        .await;
    assert_eq!(
        stand.look(&format!("dynamics365/conversations/{id}")).await["subject"],
        "Wants a refund"
    );
    let channels = stand
        .rows("msdyn_occustommessagingchannels?$filter=msdyn_occustomchannelid eq 192350005")
        .await;
    assert_eq!(channels[0]["msdyn_occustommessagingchannelid"], stand.account.channel_id.as_str());
}
