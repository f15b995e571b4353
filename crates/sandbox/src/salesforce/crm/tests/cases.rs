//! Cases: numbers, statuses, owners, and what reps do on them.

use super::*;

async fn case(stand: &Stand) -> String {
    let contact = json!({ "LastName": "Silva", "Email": "ana@shop.test" });
    let contact = stand.create("Contact", contact).await;
    let fields = json!({ "Subject": "Where is my tent?", "Origin": "Email", "ContactId": contact });
    stand.create("Case", fields).await
}

async fn of(stand: &Stand, id: &str) -> Value {
    stand.read(&format!("sobjects/Case/{id}")).await
}

#[tokio::test]
async fn a_case_has_a_number_and_follows_its_status() {
    let stand = Stand::new().await;
    let id = case(&stand).await;
    let row = of(&stand, &id).await;
    assert_eq!((row["CaseNumber"].as_str().unwrap().len(), &row["Status"]), (8, &json!("New")));
    assert_eq!((&row["IsClosed"], &row["ContactEmail"]), (&json!(false), &json!("ana@shop.test")));
    stand.advance(1_000).await;
    stand.order("case/close", json!({})).await;
    let row = of(&stand, &id).await;
    assert_eq!(
        (&row["IsClosed"], &row["ClosedDate"]),
        (&json!(true), &json!("2026-11-21T09:30:01.000+0000"))
    );
    stand.order("case/reopen", json!({})).await;
    let row = of(&stand, &id).await;
    assert_eq!((&row["IsClosed"], &row["ClosedDate"]), (&json!(false), &Value::Null));
    stand.update(&format!("sobjects/Case/{id}"), json!({ "Status": "Closed" })).await;
    assert_eq!(of(&stand, &id).await["IsClosed"], true);
    let closed = stand.query("SELECT ApiName FROM CaseStatus WHERE IsClosed = true").await;
    assert_eq!((closed.len(), &closed[0]["ApiName"]), (1, &json!("Closed")));
    let wrong = stand.try_control("salesforce/crm/case/close", json!({ "status": "New" })).await;
    assert_eq!(wrong.0, 400);
}

#[tokio::test]
async fn what_reps_write_is_read_over_the_api() {
    let stand = Stand::new().await;
    let id = case(&stand).await;
    stand.order("case/comment", json!({ "rep": "Rosa Lind", "text": "It is on its way" })).await;
    stand.order("case/comment", json!({ "text": "Ask the depot", "internal": true })).await;
    stand
        .order(
            "case/post",
            json!({ "text": "Look", "attachments": [{ "filename": "a.txt", "body": "aGk=" }] }),
        )
        .await;
    stand
        .order(
            "case/email",
            json!({ "rep": "Rosa Lind", "text": "Dear Ana", "html": "<p>Dear Ana</p>" }),
        )
        .await;
    stand.order("case/email", json!({ "text": "Thanks", "incoming": true })).await;
    stand.order("case/email", json!({ "text": "Not yet", "draft": true })).await;
    let soql = format!(
        "SELECT CommentBody, CreatedBy.Name FROM CaseComment WHERE ParentId = '{id}' AND IsPublished = true ORDER BY CreatedDate"
    );
    let comments = stand.query(&soql).await;
    assert_eq!((comments.len(), &comments[0]["CreatedBy"]["Name"]), (1, &json!("Rosa Lind")));
    let soql = format!(
        "SELECT TextBody, ToAddress, Status FROM EmailMessage WHERE ParentId = '{id}' AND Incoming = false AND Status = '3'"
    );
    let sent = stand.query(&soql).await;
    assert_eq!((sent.len(), &sent[0]["ToAddress"]), (1, &json!("ana@shop.test")));
    let soql = format!("SELECT Body, Type, RelatedRecordId FROM FeedItem WHERE ParentId = '{id}'");
    let posts = stand.query(&soql).await;
    assert_eq!(
        (&posts[0]["Type"], posts[0]["RelatedRecordId"].as_str().unwrap().get(..3)),
        (&json!("ContentPost"), Some("068"))
    );
    let seen = stand.look(&format!("salesforce/crm/cases/{id}")).await;
    let counts =
        ["comments", "emails", "feed", "files"].map(|what| seen[what].as_array().unwrap().len());
    assert_eq!(counts, [2, 3, 1, 1]);
    assert_eq!(seen["contact"]["Name"], "Silva");
    assert_eq!(stand.look("salesforce/crm/cases").await["cases"][0]["Id"], id);
}

#[tokio::test]
async fn a_case_changes_hands() {
    let stand = Stand::new().await;
    let id = case(&stand).await;
    stand.order("case/owner", json!({ "owner": "Rosa Lind" })).await;
    assert!(of(&stand, &id).await["OwnerId"].as_str().unwrap().starts_with("005"));
    stand.order("case/owner", json!({ "owner": stand.account.queue_name })).await;
    assert_eq!(of(&stand, &id).await["OwnerId"], stand.account.queue_id);
    let queues =
        stand.query("SELECT Queue.Name FROM QueueSobject WHERE SobjectType = 'Case'").await;
    assert_eq!(queues[0]["Queue"]["Name"], stand.account.queue_name);
    stand.order("case/update", json!({ "fields": { "Priority": "High" } })).await;
    assert_eq!(of(&stand, &id).await["Priority"], "High");
}

#[tokio::test]
async fn a_merged_case_leads_to_its_master() {
    for (kept, status) in [("kept", 200), ("deleted", 404)] {
        let stand = Stand::new().await;
        stand.switch("merged_case", kept).await;
        let (master, id) = (case(&stand).await, case(&stand).await);
        stand.create("CaseComment", json!({ "ParentId": id, "CommentBody": "hello" })).await;
        stand.order("case/merge", json!({ "case": id, "into": master })).await;
        let (answered, row) = stand.call(Method::GET, &format!("sobjects/Case/{id}"), None).await;
        assert_eq!(answered, status);
        if answered == 200 {
            assert_eq!((&row["MasterRecordId"], &row["IsClosed"]), (&json!(master), &json!(true)));
        }
        let comments =
            stand.query(&format!("SELECT Id FROM CaseComment WHERE ParentId = '{master}'")).await;
        assert_eq!(comments.len(), 1);
    }
}

#[tokio::test]
async fn a_case_that_is_gone_takes_no_comments() {
    let stand = Stand::new().await;
    let id = case(&stand).await;
    stand.order("case/delete", json!({ "case": id })).await;
    let comment = json!({ "ParentId": id, "CommentBody": "x" });
    let (status, error) = stand.refused_create("CaseComment", comment).await;
    assert_eq!((status, &error["errorCode"]), (400, &json!("ENTITY_IS_DELETED")));
    let (status, _) =
        stand.try_control("salesforce/crm/case/comment", json!({ "text": "x" })).await;
    assert_eq!(status, 404);
    let long = json!({ "ParentId": case(&stand).await, "CommentBody": "x".repeat(4_001) });
    assert_eq!(stand.refused_create("CaseComment", long).await.1["errorCode"], "STRING_TOO_LONG");
}
