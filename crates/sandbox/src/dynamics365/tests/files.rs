//! Files in both directions, and the pace of calls.

use axum::routing::get;

use super::*;

impl Stand {
    async fn attach(&self, id: &str, name: &str, url: &str) -> Response {
        let mut message = self.message(id, "");
        message["attachments"] =
            json!([{ "contentType": "image/png", "contentUrl": url, "name": name }]);
        self.messaging(Method::POST, &format!("conversation/{id}"), Some(message)).await
    }

    /// The file of the last message, once it is known what came of it.
    async fn file(&self, id: &str) -> Value {
        loop {
            let seen = self.look(&format!("dynamics365/conversations/{id}")).await;
            let file = seen["messages"].as_array().unwrap().last().unwrap()["files"][0].clone();
            if file["fate"] != "pending" {
                return file;
            }
            tokio::task::yield_now().await;
        }
    }
}

/// A place where files lie: `/ok` has 5 bytes, anything else is missing.
async fn storage() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/ok", get(async || "seals"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn a_customers_file_comes_embedded_or_is_fetched() {
    let stand = Stand::new().await;
    let (id, storage) = (stand.open("a").await, storage().await);
    for url in
        [STANDARD.encode("seals"), format!("data:image/png;base64,{}", STANDARD.encode("seals"))]
    {
        assert_eq!(stand.attach(&id, "a.png", &url).await.status(), 200);
        assert_eq!(stand.file(&id).await["fate"], json!({ "stored": { "bytes": 5 } }));
    }
    stand.attach(&id, "a.png", &format!("{storage}/ok")).await;
    assert_eq!(stand.file(&id).await["fate"], json!({ "stored": { "bytes": 5 } }));
    assert_eq!(stand.attach(&id, "a.png", &format!("{storage}/gone")).await.status(), 200);
    assert_eq!(stand.file(&id).await["fate"], json!({ "failed": { "why": "it answers 404" } }));
    assert_eq!(stand.attach(&id, "a.png", "no address").await.status(), 400);

    stand.switch("dynamics365.attachment_fetch", "before_answer").await;
    assert_eq!(stand.attach(&id, "a.png", &format!("{storage}/gone")).await.status(), 400);
    assert_eq!(stand.attach(&id, "a.png", &format!("{storage}/ok")).await.status(), 200);
    // Once it is over, each file is a note beside the transcript's.
    stand.file(&id).await;
    stand.control("dynamics365/force_close", json!({})).await;
    let notes = stand.rows("annotations?$filter=objecttypecode eq 'msdyn_ocliveworkitem'").await;
    assert_eq!(notes.len(), 4);
    assert_eq!(notes[0]["documentbody"], STANDARD.encode("seals"));
}

#[tokio::test]
async fn a_file_that_is_too_large_or_blocked_is_refused_or_lost() {
    let stand = Stand::new().await;
    let id = stand.open("a").await;
    stand.control("dynamics365/organization", json!({ "maxuploadfilesize": 1_024 })).await;
    let large = STANDARD.encode(vec![0; 1_025]);
    let fits = STANDARD.encode(vec![0; 1_024]);
    assert_eq!(stand.attach(&id, "a.png", &fits).await.status(), 200);
    assert_eq!(stand.attach(&id, "a.png", &large).await.status(), 400);
    assert_eq!(stand.attach(&id, "setup.EXE", &fits).await.status(), 400);
    stand.switch("dynamics365.attachment_refusal", "silent").await;
    for (name, content) in [("a.png", &large), ("setup.exe", &fits)] {
        assert_eq!(stand.attach(&id, name, content).await.status(), 200);
        assert!(stand.file(&id).await["fate"]["failed"].is_object());
    }
    let channel = format!("msdyn_occustommessagingchannels({})", stand.account.channel_id);
    let off = json!({ "msdyn_enablefileattachmentsforcustomers": false });
    stand.dataverse(Method::PATCH, &channel, &[], Some(off)).await;
    stand.switch("dynamics365.attachment_refusal", "at_once").await;
    assert_eq!(stand.attach(&id, "a.png", &fits).await.status(), 400);
}

#[tokio::test]
async fn a_reps_file_has_an_address_that_may_need_a_token_and_may_expire() {
    let mut stand = Stand::new().await;
    stand.open("a").await;
    stand.control("dynamics365/accept", json!({})).await;
    stand.hook().await;
    let file = json!({ "name": "how to.pdf", "content_type": "application/pdf", "text": "seals" });
    stand.control("dynamics365/reply", json!({ "files": [file] })).await;
    let attachment = stand.hook().await.body["attachments"][0].clone();
    assert_eq!(
        (&attachment["contentType"], &attachment["name"], &attachment["thumbnailUrl"]),
        (&json!("application/pdf"), &json!("how to.pdf"), &Value::Null)
    );
    let url = attachment["contentUrl"].as_str().unwrap();
    let fetch = async |token: &str| {
        let answer = stand.http.get(url).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(fetch("").await, (200, "seals".to_owned()));
    stand.switch("dynamics365.file_access", "bearer").await;
    assert_eq!(fetch("").await.0, 401);
    let token = stand.token(&stand.account.urls("").messaging_scope).await;
    assert_eq!(fetch(&token).await.0, 200);
    stand.switch("dynamics365.file_life_s", "60").await;
    stand.advance(60_000).await;
    assert_eq!(fetch(&token).await.0, 404);
    stand.control("dynamics365/force_close", json!({})).await;
    let notes = stand.rows("annotations?$filter=objecttypecode eq 'msdyn_ocliveworkitem'").await;
    assert_eq!((notes.len(), &notes[0]["filename"]), (1, &json!("how to.pdf")));
    for file in [json!({ "name": "a.exe" }), json!({ "size_bytes": 6 * 1024 * 1024 })] {
        let refused = stand.try_control("dynamics365/reply", json!({ "files": [file] })).await;
        assert_eq!(refused.0, 400);
    }
}

#[tokio::test]
async fn too_many_calls_meet_a_pause_and_calls_in_spite_of_it_are_counted() {
    let stand = Stand::new().await;
    stand.switch("dynamics365.calls_per_minute", "2").await;
    let list = async || stand.messaging(Method::GET, "conversations", None).await;
    assert_eq!((list().await.status(), list().await.status()), (StatusCode::OK, StatusCode::OK));
    stand.advance(10_000).await;
    let refused = list().await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "50");
    let ignored = async || {
        let found = stand.look("violations").await;
        let rows = found["violations"].as_array().unwrap().clone();
        rows.iter().find(|row| row["name"] == "i13_rate").unwrap()["count"].clone()
    };
    assert_eq!(ignored().await, 0);
    assert_eq!(list().await.status(), 429);
    assert_eq!(ignored().await, 1);
    stand.advance(50_000).await;
    assert_eq!(list().await.status(), 200);
}

#[tokio::test]
async fn a_repeated_request_id_and_a_waiting_conversation_are_found_by_switch() {
    let stand = Stand::new().await;
    let body = |customer: &str| json!({ "customercontext": { "customerid": customer }, "conversationrequestid": "r-1" });
    let first = stand.create(body("a")).await;
    assert_eq!(stand.create(body("b")).await["isNew"], true);
    stand.switch("dynamics365.request_id", "idempotent").await;
    assert_eq!(stand.create(body("c")).await["isNew"], false);
    stand.switch("dynamics365.request_id", "ignored").await;
    let id = first["conversationId"].as_str().unwrap();
    stand.control("dynamics365/accept", json!({ "conversation": id })).await;
    stand.control("dynamics365/close", json!({ "conversation": id })).await;
    assert_eq!(stand.create(body("a")).await["isNew"], false);
    stand.switch("dynamics365.create_meets_waiting", "new").await;
    assert_eq!(stand.create(body("a")).await["isNew"], true);
}

#[tokio::test]
async fn the_organisation_may_have_another_id_at_the_messaging_api() {
    let stand = Stand::new().await;
    stand.switch("dynamics365.organization_id", "other").await;
    assert_eq!(stand.messaging(Method::GET, "conversations", None).await.status(), 401);
    let mut other = stand;
    other.account.organization_id = other.account.other_organization_id.clone();
    let token =
        other.token(&other.sandbox.world.dynamics365.account.urls("").messaging_scope).await;
    let answer = other
        .http
        .get(other.url(&format!("{API}/conversations")))
        .bearer_auth(token)
        .header("channel-id", &other.account.channel_id)
        .header("organization-id", &other.account.organization_id);
    assert_eq!(answer.send().await.unwrap().status(), 200);
}
