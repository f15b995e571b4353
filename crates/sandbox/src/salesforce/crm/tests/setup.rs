//! Describes, and a field that a setup adds.

use super::*;

async fn add(stand: &Stand, name: &str, metadata: Value) -> (u16, Value) {
    let body = json!({ "FullName": name, "Metadata": metadata });
    stand.call(Method::POST, "tooling/sobjects/CustomField", Some(body)).await
}

fn key() -> Value {
    json!({ "type": "Text", "label": "Session", "length": 64, "externalId": true, "unique": true })
}

#[tokio::test]
async fn fields_tell_what_they_take() {
    let stand = Stand::new().await;
    let described = stand.read("sobjects/Case/describe").await;
    assert_eq!((&described["keyPrefix"], &described["searchable"]), (&json!("500"), &json!(true)));
    let field = |name: &str| {
        let fields = described["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&field("Subject")["length"], &field("Subject")["type"]),
        (&json!(255), &json!("string"))
    );
    assert_eq!(
        (&field("CaseNumber")["createable"], &field("CaseNumber")["nameField"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(field("OwnerId")["referenceTo"], json!(["Group", "User"]));
    let status = field("Status");
    let values: Vec<&Value> =
        status["picklistValues"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    assert_eq!(values, ["New", "Working", "Escalated", "Closed"]);
    assert_eq!(status["picklistValues"][0]["defaultValue"], true);
    let global = stand.read("sobjects").await;
    let names: Vec<&str> = global["sobjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"MessagingSession") && !names.contains(&"Name"));
}

#[tokio::test]
async fn a_new_field_is_seen_once_a_permission_set_has_it() {
    let stand = Stand::new().await;
    let (status, made) = add(&stand, "Case.Session__c", key()).await;
    assert!(status == 201 && made["id"].as_str().unwrap().starts_with("00N"), "{made}");
    let path = "sobjects/Case/Session__c/s1";
    let put = async || stand.call(Method::PATCH, path, Some(json!({ "Subject": "x" }))).await.0;
    assert_eq!(put().await, 404);
    let soql = format!(
        "SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{}'",
        stand.account.user_id
    );
    let set = stand.query(&soql).await[0]["PermissionSetId"].clone();
    let grant = json!({
        "ParentId": set,
        "SobjectType": "Case",
        "Field": "Case.Session__c",
        "PermissionsRead": true,
        "PermissionsEdit": true,
    });
    let grant = stand.create("FieldPermissions", grant).await;
    assert_eq!(put().await, 201);
    let described = stand.read("sobjects/Case/describe").await;
    let field =
        described["fields"].as_array().unwrap().iter().find(|one| one["name"] == "Session__c");
    let field = field.unwrap();
    assert_eq!(
        (&field["externalId"], &field["unique"], &field["length"]),
        (&json!(true), &json!(true), &json!(64))
    );
    stand
        .update(&format!("sobjects/FieldPermissions/{grant}"), json!({ "PermissionsRead": false }))
        .await;
    assert_eq!(put().await, 404);
    stand.switch("new_field_visible", "yes").await;
    add(&stand, "Contact.Session__c", key()).await;
    stand.create("Contact", json!({ "LastName": "x", "Session__c": "s1" })).await;
}

#[tokio::test]
async fn fields_that_cannot_be_are_refused() {
    let stand = Stand::new().await;
    add(&stand, "Case.Session__c", key()).await;
    for (name, metadata, code) in [
        ("Case.Session__c", key(), "DUPLICATE_DEVELOPER_NAME"),
        ("Session__c", key(), "INVALID_FIELD"),
        ("Nothing.Session__c", key(), "INVALID_TYPE"),
        ("Case.Session", key(), "FIELD_INTEGRITY_EXCEPTION"),
        ("Case.1st__c", key(), "FIELD_INTEGRITY_EXCEPTION"),
        ("Case.Other__c", json!({ "type": "Text" }), "FIELD_INTEGRITY_EXCEPTION"),
        ("Case.Other__c", json!({ "type": "Wish" }), "FIELD_INTEGRITY_EXCEPTION"),
    ] {
        let (status, body) = add(&stand, name, metadata).await;
        assert_eq!((status, &body[0]["errorCode"]), (400, &json!(code)), "{name}");
    }
}

#[tokio::test]
async fn rows_are_made_and_taken_away_by_hand() {
    let stand = Stand::new().await;
    let made = stand.order("records/Account", json!({ "Name": "Harborline" })).await;
    let listed = stand.look("salesforce/crm/records/Account").await;
    assert_eq!(listed["records"][0]["Id"], made["Id"]);
    let refused = stand.try_control("salesforce/crm/records/Account", json!({})).await;
    assert!(
        refused.0 == 400
            && refused.1["error"].as_str().unwrap().starts_with("REQUIRED_FIELD_MISSING")
    );
    assert_eq!(stand.try_control("salesforce/crm/records/Nothing", json!({})).await.0, 404);
    stand.order("reset", json!({})).await;
    let listed = stand.look("salesforce/crm/records/Account").await;
    assert!(listed["records"].as_array().unwrap().is_empty());
}
