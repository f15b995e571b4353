//! Files: uploaded, fetched, deleted, expired, sent and received, and everything wrong with them.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";
const DAY_MS: i64 = 24 * HOUR_MS;

impl Stage {
    /// A multipart upload, written by hand.
    async fn upload(&self, fields: &[(&str, &str)], mime_type: &str, bytes: &[u8]) -> (u16, Value) {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend_from_slice(
                format!(
                    "--b0und\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        let head = format!(
            "--b0und\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\nContent-Type: {mime_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b0und--\r\n");
        let response = self
            .http
            .post(self.url(&format!("/v26.0/{}/media", self.number_id())))
            .bearer_auth(&self.config.whatsapp.access_token)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b0und")
            .body(body)
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn uploaded(&self, mime_type: &str, bytes: &[u8]) -> String {
        let fields = [("messaging_product", "whatsapp"), ("type", mime_type)];
        let (status, answer) = self.upload(&fields, mime_type, bytes).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// GETs an absolute address, with or without our bearer, following nothing.
    async fn fetch(&self, url: &str, bearer: bool) -> reqwest::Response {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let request = client.get(url);
        let token = &self.config.whatsapp.access_token;
        let request = if bearer { request.bearer_auth(token) } else { request };
        request.send().await.unwrap()
    }

    /// The customer sends a picture of these bytes; gives its media id.
    async fn customer_sends(&mut self, bytes: &[u8]) -> String {
        let media =
            json!({ "kind": "image", "data": STANDARD.encode(bytes), "mime_type": "image/png" });
        self.control("whatsapp/message", json!({ "media": media })).await;
        self.hook().await.value()["messages"][0]["image"]["id"].as_str().unwrap().to_owned()
    }

    async fn address_of(&self, id: &str) -> String {
        self.graph("GET", id, None).await.1["url"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn an_uploaded_file_is_looked_up_fetched_with_the_bearer_and_deleted() {
    let stage = Stage::new().await;
    let id = stage.uploaded("image/png", PNG).await;
    let (_, found) = stage.graph("GET", &id, None).await;
    assert_eq!((&found["id"], &found["messaging_product"]), (&json!(id), &json!("whatsapp")));
    assert_eq!(
        (&found["mime_type"], &found["file_size"]),
        (&json!("image/png"), &json!(PNG.len()))
    );
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, PNG);
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found["sha256"], hash);
    let url = found["url"].as_str().unwrap();
    let file = stage.fetch(url, true).await;
    assert_eq!(
        (file.status().as_u16(), &file.headers()["content-type"]),
        (200, &"image/png".parse().unwrap())
    );
    assert_eq!(&file.bytes().await.unwrap()[..], PNG);
    let stranger = stage.fetch(url, false).await;
    assert_eq!(stranger.status(), 404);
    assert!(stranger.text().await.unwrap().contains("<html>"));
    assert_eq!(stage.fetch(&url.replace("hash=", "hash=0"), true).await.status(), 404);
    let foreign = format!("{id}?phone_number_id=1");
    assert_eq!(code(&stage.graph("GET", &foreign, None).await.1), 100);
    let own = format!("{id}?phone_number_id={}", stage.number_id());
    assert_eq!(stage.graph("GET", &own, None).await.0, 200);
    assert_eq!(stage.graph("DELETE", &id, None).await, (200, json!({ "success": true })));
    assert_eq!(code(&stage.graph("GET", &id, None).await.1), 100);
    assert_eq!(code(&stage.graph("DELETE", &id, None).await.1), 100);
    assert_eq!(stage.fetch(url, true).await.status(), 404);
}

#[tokio::test]
async fn addresses_live_five_minutes_uploads_30_days_and_what_customers_send_7() {
    let mut stage = Stage::new().await;
    let uploaded = stage.uploaded("image/png", PNG).await;
    let received = stage.customer_sends(PNG).await;
    let fields = [("messaging_product", "whatsapp"), ("type", "image/png"), ("ttl_minutes", "10")];
    let short = stage.upload(&fields, "image/png", PNG).await.1["id"].as_str().unwrap().to_owned();
    let url = stage.address_of(&uploaded).await;
    stage.clock.advance(5 * 60_000 - 1);
    assert_eq!(stage.fetch(&url, true).await.status(), 200);
    stage.clock.advance(1);
    assert_eq!(stage.fetch(&url, true).await.status(), 404);
    let again = stage.address_of(&uploaded).await;
    assert_eq!(stage.fetch(&again, true).await.status(), 200);
    stage.clock.advance(5 * 60_000);
    assert_eq!(stage.graph("GET", &short, None).await.0, 400);
    stage.clock.advance(7 * DAY_MS - 10 * 60_000 - 1);
    assert_eq!(stage.graph("GET", &received, None).await.0, 200);
    stage.clock.advance(1);
    assert_eq!(stage.graph("GET", &received, None).await.0, 400);
    stage.clock.advance(23 * DAY_MS - 1);
    assert_eq!(stage.graph("GET", &uploaded, None).await.0, 200);
    stage.clock.advance(1);
    assert_eq!(stage.graph("GET", &uploaded, None).await.0, 400);
}

#[tokio::test]
async fn uploads_of_the_wrong_type_size_or_shape_are_refused() {
    let stage = Stage::new().await;
    let whole = [("messaging_product", "whatsapp"), ("type", "image/png")];
    let (_, answer) = stage.upload(&whole, "image/svg+xml", b"<svg/>").await;
    assert_eq!(code(&answer), 100);
    assert!(details(&answer).contains("image/svg+xml") && details(&answer).contains("image/jpeg"));
    for missing in [&whole[..1], &whole[1..]] {
        assert_eq!(code(&stage.upload(missing, "image/png", PNG).await.1), 100);
    }
    assert_eq!(code(&stage.upload(&whole, "image/png", b"").await.1), 131_053);
    let image = vec![0; 5 * 1024 * 1024 + 1];
    let (_, answer) = stage.upload(&whole, "image/png", &image).await;
    assert_eq!(code(&answer), 131_053);
    assert!(details(&answer).contains("5242880"), "{answer}");
    assert_eq!(stage.upload(&whole, "image/png", &image[1..]).await.0, 200);
    assert_eq!(stage.upload(&whole, "image/webp", &image[..102 * 1024]).await.0, 200);
    assert_eq!(code(&stage.upload(&whole, "image/webp", &image[..103 * 1024]).await.1), 131_053);
    let path = format!("{}/media", stage.number_id());
    assert_eq!(code(&stage.graph("POST", &path, Some(json!({}))).await.1), 100);
}

#[tokio::test]
async fn a_customers_file_arrives_with_its_hash_and_comes_back_byte_for_byte() {
    let mut stage = Stage::new().await;
    let media = json!({ "kind": "document", "data": STANDARD.encode(PNG), "mime_type": "image/png",
        "file_name": "plan.png", "caption": "the plan" });
    stage.control("whatsapp/message", json!({ "media": media })).await;
    let message = stage.hook().await.value()["messages"][0].clone();
    let document = &message["document"];
    assert_eq!(message["type"], "document");
    assert_eq!(
        (&document["filename"], &document["caption"]),
        (&json!("plan.png"), &json!("the plan"))
    );
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, PNG);
    assert_eq!(document["sha256"], STANDARD.encode(hash.as_ref()));
    let url = stage.address_of(document["id"].as_str().unwrap()).await;
    assert_eq!(&stage.fetch(&url, true).await.bytes().await.unwrap()[..], PNG);
    let shown = stage.last_on_phone().await;
    assert_eq!(
        (&shown["media"]["file_size"], &shown["media"]["filename"]),
        (&json!(PNG.len()), &json!("plan.png"))
    );
    let on_phone =
        stage.url(&format!("/_control/whatsapp/media/{}", document["id"].as_str().unwrap()));
    assert_eq!(&stage.http.get(on_phone).send().await.unwrap().bytes().await.unwrap()[..], PNG);
    for (media, kind, key, value) in [
        (json!({ "kind": "audio", "size": 9_000 }), "audio", "voice", json!(true)),
        (json!({ "kind": "audio", "voice": false }), "audio", "voice", json!(false)),
        (
            json!({ "mime_type": "image/webp", "animated": true }),
            "sticker",
            "animated",
            json!(true),
        ),
        (
            json!({ "mime_type": "video/mp4", "size": 3_000_000 }),
            "video",
            "mime_type",
            json!("video/mp4"),
        ),
    ] {
        stage.control("whatsapp/message", json!({ "media": media })).await;
        let message = stage.hook().await.value()["messages"][0].clone();
        assert_eq!((&message["type"], &message[kind][key]), (&json!(kind), &value));
        if let Some(size) = media["size"].as_u64() {
            let id = message[kind]["id"].as_str().unwrap();
            assert_eq!(stage.graph("GET", id, None).await.1["file_size"], size);
        }
    }
    let bad = json!({ "media": { "kind": "image", "data": "not base64" } });
    assert_eq!(stage.try_control("whatsapp/message", bad).await.0, 422);
}

#[tokio::test]
async fn lookups_and_webhooks_can_lie() {
    let mut stage = Stage::new().await;
    stage.switch("whatsapp.media_file_size", "string").await;
    stage.switch("whatsapp.media_sha256", "wrong").await;
    stage.switch("whatsapp.media_url_in_webhook", "yes").await;
    stage.control("whatsapp/message", json!({ "type": "image" })).await;
    let image = stage.hook().await.value()["messages"][0]["image"].clone();
    assert_eq!(image["sha256"], STANDARD.encode([0; 32]));
    assert!(image["url"].as_str().unwrap().contains("/lookaside/"));
    let found = stage.graph("GET", image["id"].as_str().unwrap(), None).await.1;
    assert_eq!(found["sha256"], "0".repeat(64));
    assert!(found["file_size"].is_string());
}

#[tokio::test]
async fn fetching_can_redirect_and_a_leaked_bearer_is_seen() {
    let mut stage = Stage::new().await;
    let id = stage.customer_sends(PNG).await;
    let url = stage.address_of(&id).await;
    stage.switch("whatsapp.media_redirect", "same_host").await;
    let first = stage.fetch(&url, true).await;
    assert_eq!(first.status(), 302);
    let next = first.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(&stage.fetch(&next, true).await.bytes().await.unwrap()[..], PNG);
    stage.switch("whatsapp.media_redirect", "internal_address").await;
    let internal = stage.fetch(&url, true).await;
    assert!(
        internal.headers()["location"].to_str().unwrap().starts_with("http://169.254.169.254/")
    );
    stage.switch("whatsapp.media_redirect", "other_host").await;
    let other = stage.fetch(&url, true).await.headers()["location"].to_str().unwrap().to_owned();
    assert!(other.starts_with("http://localhost:"), "{other}");
    let other = other.replace("localhost", "127.0.0.1");
    assert_eq!(stage.fetch(&other, false).await.status(), 200);
    assert_eq!(stage.violations("credentials_leaked").await, 0);
    stage.fetch(&other, true).await;
    assert_eq!(stage.violations("credentials_leaked").await, 1);
    stage.switch("whatsapp.media_url", "foreign_host").await;
    assert!(stage.address_of(&id).await.starts_with("http://localhost:"));
}

#[tokio::test]
async fn bodies_can_be_endless_broken_foreign_or_slow() {
    let mut stage = Stage::new().await;
    let id = stage.customer_sends(&[PNG, &[7; 40_000]].concat()).await;
    let url = stage.address_of(&id).await;
    let right = [PNG, &[7; 40_000]].concat();
    stage.switch("whatsapp.media_body", "endless").await;
    let mut endless = stage.fetch(&url, true).await;
    assert!(endless.content_length().is_none());
    let mut read = 0;
    while read < 10 * right.len() {
        read += endless.chunk().await.unwrap().unwrap().len();
    }
    drop(endless);
    stage.switch("whatsapp.media_body", "broken_off").await;
    let broken = stage.fetch(&url, true).await;
    assert_eq!(broken.content_length(), Some(right.len() as u64));
    assert!(broken.bytes().await.is_err());
    stage.switch("whatsapp.media_body", "too_long").await;
    assert_eq!(stage.fetch(&url, true).await.bytes().await.unwrap().len(), 2 * right.len());
    stage.switch("whatsapp.media_body", "html").await;
    let page = stage.fetch(&url, true).await;
    assert_eq!(page.headers()["content-type"], "image/png");
    assert!(page.text().await.unwrap().contains("<html>"));
    stage.switch("whatsapp.media_body", "svg").await;
    stage.switch("whatsapp.media_content_type", "absent").await;
    let svg = stage.fetch(&url, true).await;
    assert!(svg.headers().get("content-type").is_none());
    assert!(svg.text().await.unwrap().starts_with("<svg"));
    stage.switch("whatsapp.media_content_type", "wrong").await;
    stage.switch("whatsapp.media_body", "right").await;
    assert!(
        stage.fetch(&url, true).await.headers()["content-type"].to_str().unwrap().contains("html")
    );
    stage.switch("whatsapp.media_chunk_delay_ms", "1000").await;
    let mut slow = stage.fetch(&url, true).await;
    let mut received = Vec::new();
    while received.len() < right.len() {
        while stage.clock.next_deadline().is_none() {
            tokio::task::yield_now().await;
        }
        stage.clock.advance(1_000);
        received.extend_from_slice(&slow.chunk().await.unwrap().unwrap());
    }
    assert_eq!(received, right);
}

#[tokio::test]
async fn files_are_sent_by_id_and_shown_on_the_phone() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let id = stage.uploaded("image/png", PNG).await;
    let (status, answer) = stage.send_kind("image", json!({ "id": id, "caption": "look" })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(stage.hook().await.what(), "sent");
    let shown = stage.last_on_phone().await;
    assert_eq!((&shown["media"]["id"], &shown["text"]), (&json!(id), &json!("look")));
    assert_eq!(shown["media"]["mime_type"], "image/png");
    let document = json!({ "id": id, "filename": "b.png" });
    assert_eq!(stage.send_kind("document", document).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    assert_eq!(stage.last_on_phone().await["media"]["filename"], "b.png");
    let (_, unknown) = stage.send_kind("image", json!({ "id": "1" })).await;
    assert_eq!(code(&unknown), 131_009);
    assert!(details(&unknown).contains("image[id]"));
    for (kind, content) in [
        ("image", json!({ "id": id, "link": "http://localhost/a.png" })),
        ("image", json!({})),
        ("sticker", json!({ "id": id, "caption": "no" })),
        ("image", json!({ "id": id, "caption": "x".repeat(1_025) })),
    ] {
        assert_eq!(code(&stage.send_kind(kind, content).await.1), 100);
    }
    let ogg = stage.uploaded("audio/ogg", b"OggS and more").await;
    let mpeg = stage.uploaded("audio/mpeg", b"ID3 and more").await;
    assert_eq!(stage.send_kind("audio", json!({ "id": ogg, "voice": true })).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    let lying = stage.uploaded("image/png", b"<html>not a picture").await;
    for (kind, content, word) in [
        ("video", json!({ "id": id }), "image/png"),
        ("audio", json!({ "id": mpeg, "voice": true }), "audio/mpeg"),
        ("image", json!({ "id": lying }), "text/html"),
    ] {
        assert_eq!(stage.send_kind(kind, content).await.0, 200);
        let failed = stage.hook().await.value()["statuses"][0].clone();
        assert_eq!(failed["errors"][0]["code"], 131_053, "{failed}");
        let details = failed["errors"][0]["error_data"]["details"].as_str().unwrap();
        assert!(details.contains(word), "{details}");
    }
}

#[tokio::test]
async fn a_link_is_fetched_and_one_that_cannot_be_fails_by_status() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let link = stage.url("/elsewhere/picture");
    assert_eq!(stage.send_kind("image", json!({ "link": link })).await.0, 200);
    assert_eq!(stage.hook().await.what(), "sent");
    let shown = stage.last_on_phone().await;
    assert_eq!(shown["media"]["mime_type"], "image/png");
    assert_eq!(stage.graph("GET", shown["media"]["id"].as_str().unwrap(), None).await.0, 200);
    for (link, word) in [
        (stage.url("/_control/whatsapp/media/1"), "404"),
        ("http://127.0.0.1:1/a.png".to_owned(), "does not answer"),
        (stage.url("/phone"), "text/html"),
    ] {
        assert_eq!(stage.send_kind("image", json!({ "link": link })).await.0, 200);
        let failed = stage.hook().await.value()["statuses"][0].clone();
        assert_eq!(
            (&failed["status"], &failed["errors"][0]["code"]),
            (&json!("failed"), &json!(131_053))
        );
        let details = failed["errors"][0]["error_data"]["details"].as_str().unwrap();
        assert!(details.contains(word), "{details}");
        assert_eq!(stage.last_on_phone().await["progress"], "failed");
    }
}

#[tokio::test]
async fn calls_about_files_have_names_that_faults_can_use() {
    let mut stage = Stage::new().await;
    let id = stage.customer_sends(PNG).await;
    for operation in ["media.get", "media.download", "media.upload"] {
        let fault = json!({ "vendor": "whatsapp", "operation": operation, "fault": "status", "status": 503 });
        stage.control("faults", fault).await;
    }
    assert_eq!(stage.graph("GET", &id, None).await.0, 503);
    let url = stage.address_of(&id).await;
    assert_eq!(stage.fetch(&url, true).await.status(), 503);
    assert_eq!(stage.upload(&[], "image/png", PNG).await.0, 503);
}
