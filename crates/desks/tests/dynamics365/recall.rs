//! Work whose answer was lost is found; what the customer has read is told.

use baton_core::{
    handoff::Handoff,
    ids::{ConversationId, MessageId, SessionId, VendorId, WorkspaceId},
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::WorkKind,
};
use serde_json::json;

use crate::support::*;

const CONTEXT: &str = "GET /dataverse/api/data/v9.2/msdyn_ocliveworkitemcontextitems";

fn lost() -> Handoff {
    Handoff { work: None, ..handoff() }
}

#[tokio::test]
async fn a_conversation_is_found_by_the_handoff_that_made_it() {
    let vendor = Vendor::start().await;
    let desk = desk_at(&vendor.base, &clock());
    vendor.on(CONTEXT, &[(200, r#"{"value":[]}"#)]);
    assert_eq!(desk.find(&lost()).await.unwrap(), None);
    let rows = json!({ "value": [{ "_msdyn_ocliveworkitemid_value": CHAT.to_uppercase() }] });
    vendor.on(CONTEXT, &[(200, &rows.to_string())]);
    let found = desk.find(&lost()).await.unwrap().unwrap();
    assert_eq!(found.work, Some(work()));
    let query = &vendor.seen(CONTEXT)[0].query;
    assert!(query.contains(&lost().id.to_string()), "{query}");
    vendor.on(CONTEXT, &[(503, "")]);
    assert!(desk.find(&lost()).await.is_err(), "it is asked again later");
}

#[tokio::test]
async fn a_case_is_found_under_the_handoffs_own_id() {
    let vendor = Vendor::start().await;
    let desk = desk_at(&vendor.base, &clock());
    let mut handoff = lost();
    handoff.target.kind = WorkKind::Case;
    let route = format!("GET /dataverse/api/data/v9.2/incidents({})", handoff.id);
    vendor.on(&route, &[(404, r#"{"error":{"code":"0x80040217","message":"no"}}"#)]);
    assert_eq!(desk.find(&handoff).await.unwrap(), None);
    let row = json!({ "incidentid": handoff.id, "ticketnumber": "CAS-1", "statecode": 0 });
    vendor.on(&route, &[(200, &row.to_string())]);
    let work = desk.find(&handoff).await.unwrap().unwrap().work.unwrap();
    assert_eq!(work.reference.as_deref(), Some("CAS-1"));
}

fn reply(vendor_id: Option<&str>) -> Message {
    Message {
        id: MessageId(id(20)),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        position: 12,
        author: Author::unnamed(AuthorKind::Rep),
        content: Content::text("It is on its way"),
        at: NOW,
        recorded_at: NOW,
        vendor_id: vendor_id.map(VendorId::from),
        reply_to: None,
        status: MessageStatus::Read,
        fault: None,
        citations: Vec::new(),
        cost: None,
    }
}

#[tokio::test]
async fn the_rep_is_told_what_the_customer_has_read() {
    let vendor = Vendor::start().await;
    let desk = desk_at(&vendor.base, &clock());
    vendor.on(POST, &[(200, r#"{"messageId":"","message":null}"#)]);
    desk.read(&handoff(), &reply(Some("77"))).await;
    let listed = json!({ "messages": [
        { "type": "message", "messageId": "81", "timestamp": NOW.rfc3339(),
          "from": { "id": "r", "name": "Rae" }, "text": "It is on its way" },
    ] });
    vendor.on(MESSAGES, &[(200, &listed.to_string())]);
    let row = json!({ "activityid": CHAT, "statecode": 0, "statuscode": 2 });
    vendor.on(ROW, &[(200, &row.to_string())]);
    desk.read(&handoff(), &reply(None)).await;
    let told: Vec<_> =
        vendor.seen(POST).iter().map(|seen| seen.json()["value"]["messageId"].clone()).collect();
    assert_eq!(told, ["77", "81"]);
    assert_eq!(vendor.seen(POST)[0].json()["name"], "MessageRead");
    vendor.on(POST, &[(500, "")]);
    desk.read(&handoff(), &reply(Some("78"))).await;
}
