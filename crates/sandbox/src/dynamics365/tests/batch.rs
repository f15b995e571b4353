//! Batches, as the developer guide shows them.

use super::*;

impl Stand {
    async fn batch(&self, prefer: &str, body: &str) -> (u16, String) {
        let token = self.token(&self.account.urls("").dataverse_scope).await;
        let request = self
            .http
            .post(self.url("dataverse/api/data/v9.2/$batch"))
            .bearer_auth(token)
            .header("content-type", "multipart/mixed; boundary=\"batch_1\"")
            .header("prefer", prefer)
            .body(body.replace('\n', "\r\n"));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

const HEAD: &str = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n";

fn single(request: &str, body: &str) -> String {
    format!(
        "--batch_1\n{HEAD}\n{request} HTTP/1.1\nContent-Type: application/json; type=entry\n\n{body}\n"
    )
}

fn change_set(parts: &[(&str, &str, &str)]) -> String {
    let mut text = "--batch_1\nContent-Type: multipart/mixed; boundary=changeset_1\n\n".to_owned();
    for (id, request, body) in parts {
        text += &format!(
            "--changeset_1\n{HEAD}Content-ID: {id}\n\n{request} HTTP/1.1\nContent-Type: application/json\n\n{body}\n"
        );
    }
    text + "--changeset_1--\n"
}

#[tokio::test]
async fn operations_are_answered_in_their_order() {
    let stand = Stand::new().await;
    let account = stand.make("accounts", json!({ "name": "Harborline" })).await;
    let task = format!(
        "{{\"subject\": \"Task in batch\", \"regardingobjectid_account_task@odata.bind\": \"accounts({account})\"}}"
    );
    let body = single("POST /api/data/v9.2/tasks", &task)
        + &single(
            &format!("GET /api/data/v9.2/accounts({account})/Account_Tasks?$select=subject"),
            "",
        )
        + "--batch_1--\n";
    let (status, text) = stand.batch("", &body).await;
    assert_eq!(status, 200, "{text}");
    let parts: Vec<&str> = text.split("--batchresponse_").collect();
    assert!(
        parts[1].contains("HTTP/1.1 204 No Content\r\n")
            && parts[1].contains("\r\nLocation: ")
            && parts[1].contains("OData-EntityId: ")
    );
    assert!(
        parts[2].contains("HTTP/1.1 200 OK")
            && parts[2].contains("odata.streaming=true")
            && parts[2].contains("\"Task in batch\"")
    );
    assert!(text.trim_end().ends_with("--"));
}

#[tokio::test]
async fn a_change_set_refers_to_its_own_rows() {
    let stand = Stand::new().await;
    let body = change_set(&[
        ("1", "POST /api/data/v9.2/contacts", "{\"firstname\": \"Ana\"}"),
        (
            "2",
            "POST /api/data/v9.2/incidents",
            "{\"title\": \"$5 off\", \"customerid_contact@odata.bind\": \"$1\"}",
        ),
        ("3", "PATCH $2", "{\"primarycontactid@odata.bind\": \"$1\"}"),
        ("4", "PUT $1/lastname", "{\"value\": \"Silva\"}"),
    ]) + "--batch_1--\n";
    let (status, text) = stand.batch("", &body).await;
    assert_eq!((status, text.matches("HTTP/1.1 204 No Content").count()), (200, 4), "{text}");
    assert!(text.contains("--changesetresponse_") && text.contains("Content-ID: 4"));
    let case = stand.rows("incidents?$expand=primarycontactid($select=fullname)").await.remove(0);
    assert_eq!(
        (&case["primarycontactid"]["fullname"], &case["title"]),
        (&json!("Ana Silva"), &json!("$5 off"))
    );
}

#[tokio::test]
async fn a_change_set_that_fails_leaves_nothing() {
    let stand = Stand::new().await;
    let set = change_set(&[
        ("1", "POST /api/data/v9.2/contacts", "{\"firstname\": \"Ana\"}"),
        ("2", "POST /api/data/v9.2/incidents", "{\"title\": \"no customer\"}"),
    ]);
    let (status, text) = stand.batch("", &(set + "--batch_1--\n")).await;
    assert_eq!(status, 400);
    assert!(
        text.contains("0x80044410")
            && !text.contains("changesetresponse")
            && text.contains("REQ_ID: ")
    );
    assert_eq!(stand.rows("contacts").await.len(), 0);
    let early = change_set(&[("1", "PATCH $2", "{}"), ("2", "POST /api/data/v9.2/contacts", "{}")]);
    let (_, text) = stand.batch("", &(early + "--batch_1--\n")).await;
    assert!(text.contains("Content-ID Reference: '$2' does not exist in the batch context."));
    let read = change_set(&[("1", "GET /api/data/v9.2/contacts", "")]);
    assert_eq!(stand.batch("", &(read + "--batch_1--\n")).await.0, 400);
}

#[tokio::test]
async fn a_batch_ends_at_its_first_error_unless_it_goes_on() {
    let stand = Stand::new().await;
    let long = format!("{{\"subject\": \"{}\"}}", "x".repeat(201));
    let body = single("POST /api/data/v9.2/tasks", &long)
        + &single("POST /api/data/v9.2/tasks", "{\"subject\": \"second\"}")
        + "--batch_1--\n";
    let (status, text) = stand.batch("", &body).await;
    assert_eq!((status, text.matches("HTTP/1.1").count()), (400, 1));
    assert!(text.contains("0x80044331") && stand.rows("tasks").await.is_empty());
    let (status, text) = stand.batch("odata.continue-on-error", &body).await;
    assert_eq!((status, text.matches("HTTP/1.1").count()), (200, 2));
    assert_eq!(stand.rows("tasks").await.len(), 1);
    let many: String = (0..1_001).map(|_| single("GET /api/data/v9.2/WhoAmI", "")).collect();
    assert_eq!(stand.batch("", &(many + "--batch_1--\n")).await.0, 400);
    assert_eq!(stand.batch("", "nothing").await.0, 400);
}
