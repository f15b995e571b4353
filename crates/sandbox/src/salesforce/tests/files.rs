use super::*;

/// A form, written by hand.
fn form(entry: &str, name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--b0und\r\nContent-Disposition: form-data; name=\"messageEntry\"\r\n\
         Content-Type: application/json\r\n\r\n{entry}\r\n--b0und\r\n\
         Content-Disposition: form-data; name=\"fileData\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--b0und--\r\n"].concat()
}

impl Talk<'_> {
    async fn send_file(&self, bytes: &[u8], id: &str) -> Response {
        let message = json!({ "id": id, "fileId": self.stand.guid(), "text": "the label" });
        let entry = self.stand.message(message).to_string();
        self.post_form(form(&entry, "label.png", "image/png", bytes)).await
    }

    async fn post_form(&self, body: Vec<u8>) -> Response {
        let path = format!("{API}/conversation/{}/file", self.id);
        self.stand
            .http
            .post(self.stand.url(&path))
            .bearer_auth(&self.token)
            .header("content-type", "multipart/form-data; boundary=b0und")
            .body(body)
            .send()
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_customers_file_reaches_the_rep() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let id = stand.guid();
    let answer = talk.send_file(b"\x89PNG\r\n\x1a\n", &id).await;
    assert_eq!(answer.status(), 202);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["conversationEntries"][0]["id"], id);
    let content = talk.events.next().await.payload()["abstractMessage"]["staticContent"].clone();
    assert_eq!(
        (&content["formatType"], &content["text"]),
        (&json!("Attachments"), &json!("the label"))
    );
    assert_eq!(content["attachments"][0]["attachmentUploadResult"], "Completed");
    let thread = stand.thread(&talk.id).await;
    let file = &thread["messages"][0]["attachments"][0];
    assert_eq!((&file["name"], &file["bytes"]), (&json!("label.png"), &json!(8)));
    assert_eq!(file["sha256"], "4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6");
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused_at_once_or_later() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    let large = vec![7; 5 * 1024 * 1024 + 1];
    assert_eq!(talk.send_file(&large[1..], &stand.guid()).await.status(), 202);
    talk.events.next().await;
    let (status, message) = refused(talk.send_file(&large, &stand.guid()).await).await;
    assert_eq!((status, message.as_str()), (400, "AttachmentTooLarge"));
    stand.switch("file_refusal", "later").await;
    assert_eq!(talk.send_file(&large, &stand.guid()).await.status(), 202);
    let content = talk.events.next().await.payload()["abstractMessage"]["staticContent"].clone();
    assert_eq!(content["attachments"][0]["attachmentUploadResult"], "Error");
    stand.switch("attachments", "no").await;
    let (status, message) = refused(talk.send_file(b"x", &stand.guid()).await).await;
    assert_eq!((status, message.as_str()), (400, "AttachmentUploadNotEnabled"));
}

#[tokio::test]
async fn an_upload_may_finish_later() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    stand.switch("upload", "pending").await;
    let id = stand.guid();
    talk.send_file(b"x", &id).await;
    let result = |event: &Event| {
        let content = &event.payload()["abstractMessage"]["staticContent"];
        content["attachments"][0]["attachmentUploadResult"].as_str().unwrap().to_owned()
    };
    assert_eq!(result(&talk.events.next().await), "Pending");
    let updated = talk.events.next().await;
    assert_eq!(
        (updated.name.as_str(), result(&updated).as_str()),
        ("CONVERSATION_MESSAGE_UPDATED", "Completed")
    );
    assert_eq!(updated.payload()["updatedEntryId"], id);
}

#[tokio::test]
async fn a_form_must_have_both_parts() {
    let stand = Stand::new().await;
    let talk = stand.talk("ana").await;
    let message = json!({ "id": stand.guid(), "fileId": stand.guid() });
    let entry = stand.message(message).to_string();
    let whole = form(&entry, "a.png", "image/png", b"x");
    let text = String::from_utf8(whole).unwrap();
    for broken in [
        text.replace("fileData", "file"),
        text.replace("messageEntry", "message"),
        text.replace("application/json", "text/plain"),
        text.replace("filename=\"a.png\"", "filename=\"\""),
        text.replace("fileId", "id2"),
        text.replace("b0und", "other"),
    ] {
        assert_eq!(talk.post_form(broken.clone().into_bytes()).await.status(), 400, "{broken}");
    }
}

#[tokio::test]
async fn a_reps_file_is_fetched_from_a_public_address() {
    let stand = Stand::new().await;
    let mut talk = stand.talk("ana").await;
    talk.accept().await;
    let file = json!({ "name": "label.pdf", "content_type": "application/pdf", "text": "%PDF-1.7",
                       "served_type": "text/html" });
    stand.rep("reply", json!({ "text": "here", "files": [file] })).await;
    let message =
        talk.events.find("CONVERSATION_MESSAGE").await.payload()["abstractMessage"].clone();
    let item = message["staticContent"]["attachments"][0].clone();
    assert_eq!(
        (&item["name"], &item["mimeType"]),
        (&json!("label.pdf"), &json!("application/pdf"))
    );
    assert!(item["referenceId"].as_str().unwrap().starts_with("068"));
    let url = item["url"].as_str().unwrap();
    assert!(url.contains("/sfc/dist/version/download/?oid=00D"));
    let got = stand.http.get(url).send().await.unwrap();
    assert_eq!(got.headers()["content-type"], "text/html");
    assert_eq!(got.text().await.unwrap(), "%PDF-1.7");
    let forged = url.replace("&d=", "&d=x");
    assert_eq!(stand.http.get(forged).send().await.unwrap().status(), 404);
    stand.switch("file_life_s", "60").await;
    stand.advance(60_000).await;
    assert_eq!(stand.http.get(url).send().await.unwrap().status(), 404);

    let elsewhere = json!({ "name": "x.png", "contentType": "image/png", "contentUrl": "http://a.example/x.png" });
    stand.rep("reply", json!({ "attachments": [elsewhere] })).await;
    let message =
        talk.events.find("CONVERSATION_MESSAGE").await.payload()["abstractMessage"].clone();
    assert_eq!(message["staticContent"]["attachments"][0]["url"], "http://a.example/x.png");
}
