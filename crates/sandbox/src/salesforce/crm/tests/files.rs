//! Files: byte for byte, in base64 or as they are, and where they hang.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const BYTES: &[u8] = b"\x00\r\n--b\r\n\xffend";

async fn data(stand: &Stand, id: &str) -> Vec<u8> {
    let path = format!("sobjects/ContentVersion/{id}/VersionData");
    let answer = stand.send(Method::GET, &path, None).await;
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

async fn linked(stand: &Stand, place: &str) -> Vec<Value> {
    let soql = format!(
        "SELECT ContentDocument.Title, ContentDocument.LatestPublishedVersionId FROM ContentDocumentLink \
         WHERE LinkedEntityId = '{place}'"
    );
    stand.query(&soql).await
}

#[tokio::test]
async fn a_file_in_json_hangs_on_its_case() {
    let stand = Stand::new().await;
    let case = stand.create("Case", json!({ "Subject": "Tent" })).await;
    let fields = json!({
        "Title": "how to",
        "PathOnClient": "how to.PDF",
        "VersionData": STANDARD.encode(BYTES),
        "FirstPublishLocationId": case,
    });
    let id = stand.create("ContentVersion", fields).await;
    assert_eq!(data(&stand, &id).await, BYTES);
    let row = stand.read(&format!("sobjects/ContentVersion/{id}")).await;
    assert_eq!((&row["FileExtension"], &row["ContentSize"]), (&json!("pdf"), &json!(BYTES.len())));
    assert!(row["ContentDocumentId"].as_str().unwrap().starts_with("069"));
    assert_eq!(row["VersionData"], format!("/{DATA}/sobjects/ContentVersion/{id}/VersionData"));
    let links = linked(&stand, &case).await;
    assert_eq!((links.len(), &links[0]["ContentDocument"]["Title"]), (1, &json!("how to")));
    assert_eq!(links[0]["ContentDocument"]["LatestPublishedVersionId"], id);
}

#[tokio::test]
async fn a_file_beside_its_fields_arrives_as_it_is() {
    let stand = Stand::new().await;
    let fields = json!({ "Title": "raw", "PathOnClient": "raw.bin" });
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"entity_content\";\r\nContent-Type: application/json\r\n\r\n{fields}\r\n\
         --b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"raw.bin\"\r\n\r\n"
    )
    .into_bytes();
    body.extend(b"\x00\r\n-b\r\n\xffend");
    body.extend(b"\r\n--b--\r\n");
    let send = async |body: Vec<u8>| {
        let url = stand.url(&format!("{DATA}/sobjects/ContentVersion"));
        let request = stand.http.post(url).bearer_auth(stand.token().await);
        let request = request.header("content-type", "multipart/form-data; boundary=\"b\"");
        request.body(body).send().await.unwrap()
    };
    let answer = send(body).await;
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(data(&stand, answer["id"].as_str().unwrap()).await, b"\x00\r\n-b\r\n\xffend");
    assert_eq!(send(b"--b\r\n".to_vec()).await.status(), 400);
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let stand = Stand::new().await;
    let refused = async |fields: Value| stand.refused_create("ContentVersion", fields).await.1;
    let empty = refused(json!({ "PathOnClient": "a.txt" })).await;
    assert_eq!(empty["fields"], json!(["VersionData"]));
    let nameless = refused(json!({ "VersionData": "aGk=" })).await;
    assert_eq!(nameless["fields"], json!(["PathOnClient"]));
    let garbled = refused(json!({ "PathOnClient": "a.txt", "VersionData": "%%" })).await;
    assert_eq!(garbled["errorCode"], "JSON_PARSER_ERROR");
    let document = stand.refused_create("ContentDocument", json!({ "Title": "x" })).await;
    assert_eq!(document.0, 403);
}

#[tokio::test]
async fn a_document_has_one_latest_version() {
    let stand = Stand::new().await;
    let first = json!({ "PathOnClient": "a.txt", "VersionData": STANDARD.encode("one") });
    let first = stand.create("ContentVersion", first).await;
    let row = stand.read(&format!("sobjects/ContentVersion/{first}")).await;
    let document = row["ContentDocumentId"].as_str().unwrap();
    let second = json!({
        "PathOnClient": "a.txt",
        "VersionData": STANDARD.encode("two"),
        "ContentDocumentId": document,
    });
    let second = stand.create("ContentVersion", second).await;
    let soql = format!(
        "SELECT Id FROM ContentVersion WHERE ContentDocumentId = '{document}' AND IsLatest = true"
    );
    let latest = stand.query(&soql).await;
    assert_eq!((latest.len(), &latest[0]["Id"]), (1, &json!(second)));
    assert_eq!(
        (data(&stand, &first).await, data(&stand, &second).await),
        (b"one".to_vec(), b"two".to_vec())
    );
}
