//! SOQL: what it finds, page by page, and what it refuses.

use super::*;

async fn people(stand: &Stand) -> Vec<String> {
    let mut ids = Vec::new();
    for (first, last, email) in [
        ("Ana", "Silva", Some("ana@shop.test")),
        ("Bo", "O'Neil", Some("BO@shop.test")),
        ("Cy", "50%_off", None),
    ] {
        let fields = json!({ "FirstName": first, "LastName": last, "Email": email });
        ids.push(stand.create("Contact", fields).await);
        stand.advance(1_000).await;
    }
    ids
}

async fn names(stand: &Stand, condition: &str) -> String {
    let soql = format!("SELECT FirstName FROM Contact {condition}");
    let rows = stand.query(&soql).await;
    rows.iter().map(|row| row["FirstName"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn conditions_decide_as_documented() {
    let stand = Stand::new().await;
    let ids = people(&stand).await;
    let cases = [
        ("WHERE Email = 'bo@SHOP.test'".to_owned(), "Bo"),
        ("WHERE LastName = 'O\\'Neil'".to_owned(), "Bo"),
        ("WHERE LastName LIKE '50\\%\\_%'".to_owned(), "Cy"),
        ("WHERE LastName LIKE '_il%' OR Email = null".to_owned(), "Ana Cy"),
        ("WHERE Email != null AND NOT FirstName = 'Ana'".to_owned(), "Bo"),
        ("WHERE FirstName IN ('Ana', 'Cy') ORDER BY FirstName DESC".to_owned(), "Cy Ana"),
        ("WHERE FirstName NOT IN ('Ana')".to_owned(), "Bo Cy"),
        (format!("WHERE Id = '{}'", &ids[1][..15]), "Bo"),
        ("WHERE IsDeleted = false AND (FirstName > 'B' AND FirstName < 'Cz')".to_owned(), "Bo Cy"),
        ("WHERE CreatedDate >= 2026-11-21T09:30:01Z".to_owned(), "Bo Cy"),
        ("WHERE CreatedDate < 2026-11-21T11:30:01.000+02:00".to_owned(), "Ana"),
        (
            "WHERE Owner.Name = 'integration user' ORDER BY CreatedDate DESC LIMIT 1".to_owned(),
            "Cy",
        ),
        ("ORDER BY Email NULLS LAST OFFSET 1".to_owned(), "Bo Cy"),
        ("ORDER BY Email LIMIT 1".to_owned(), "Cy"),
    ];
    for (condition, wanted) in cases {
        assert_eq!(names(&stand, &condition).await, wanted, "{condition}");
    }
    stand.call(Method::DELETE, &format!("sobjects/Contact/{}", ids[0]), None).await;
    assert_eq!(names(&stand, "ORDER BY CreatedDate").await, "Bo Cy");
    let with_slash = Stand::query_path("SELECT COUNT() FROM Contact").replace("query?", "query/?");
    let counted = stand.read(&with_slash).await;
    assert_eq!(counted, json!({ "totalSize": 2, "done": true, "records": [] }));
    let counted = stand.query("SELECT COUNT(Email) FROM Contact").await;
    assert_eq!(counted[0]["expr0"], 1);
}

#[tokio::test]
async fn parents_are_read_along() {
    let stand = Stand::new().await;
    let contact = stand.create("Contact", json!({ "LastName": "Silva" })).await;
    let queue = stand.account.queue_id.clone();
    let mine = stand.create("Case", json!({ "Subject": "a", "ContactId": contact })).await;
    stand.create("Case", json!({ "Subject": "b", "OwnerId": queue })).await;
    let rows = stand
        .query("SELECT c.Subject, owner.name, Owner.Type, Contact.LastName, CreatedBy.Name FROM Case c ORDER BY Subject")
        .await;
    assert_eq!(rows[0]["Owner"]["Name"], "Integration User");
    assert_eq!(
        (&rows[0]["Owner"]["Type"], &rows[1]["Owner"]["Type"]),
        (&json!("User"), &json!("Queue"))
    );
    assert_eq!(rows[0]["Owner"]["attributes"]["type"], "Name");
    assert_eq!(rows[0]["Contact"]["attributes"]["type"], "Contact");
    assert_eq!(
        (&rows[0]["Contact"]["LastName"], &rows[1]["Contact"]),
        (&json!("Silva"), &Value::Null)
    );
    assert_eq!(rows[1]["CreatedBy"]["Name"], "Integration User");
    // A session, found by the conversation's own identifier.
    let records = &stand.sandbox.world.salesforce.records;
    let fields = |value: Value| value.as_object().unwrap().clone();
    let uuid = "0b1d7a1c-6a0a-4f0e-8a52-9a1c6f7d2e11";
    let conversation =
        records.create("Conversation", fields(json!({ "ConversationIdentifier": uuid })), START_MS);
    let session = json!({ "ConversationId": conversation, "CaseId": mine, "Status": "Active" });
    let session = records.create("MessagingSession", fields(session), START_MS);
    assert!(session.starts_with("0Mw") && conversation.starts_with("0dw"));
    let soql = format!(
        "SELECT Id, Name, Conversation.ConversationIdentifier, Case.CaseNumber FROM MessagingSession \
         WHERE Conversation.ConversationIdentifier = '{uuid}'"
    );
    let rows = stand.query(&soql).await;
    assert_eq!((rows.len(), &rows[0]["Id"]), (1, &json!(session)));
    assert_eq!(rows[0]["Conversation"]["ConversationIdentifier"], uuid);
    assert!(rows[0]["Name"].as_str().unwrap().starts_with("MS-"));
    assert!(records.update(
        "MessagingSession",
        &session,
        fields(json!({ "Status": "Ended" })),
        START_MS
    ));
    assert_eq!(records.get("MessagingSession", &session).unwrap()["Status"], "Ended");
    assert!(!records.update("Case", &session, fields(json!({})), START_MS));
}

#[tokio::test]
async fn long_results_come_page_by_page() {
    let stand = Stand::new().await;
    for index in 0..5 {
        stand.order("contacts", json!({ "LastName": format!("Page {index}") })).await;
    }
    stand.switch("page_rows", "2").await;
    let first =
        stand.read(&Stand::query_path("SELECT LastName FROM Contact ORDER BY LastName")).await;
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(5), &json!(false)));
    let mut next = first["nextRecordsUrl"].as_str().map(str::to_owned);
    assert!(next.as_ref().unwrap().starts_with("/services/data/v67.0/query/01g"));
    let mut count = first["records"].as_array().unwrap().len();
    while let Some(path) = next {
        let page = stand.read(path.trim_start_matches("/services/data/v67.0/")).await;
        assert_eq!(page["totalSize"], 5);
        count += page["records"].as_array().unwrap().len();
        next = page["nextRecordsUrl"].as_str().map(str::to_owned);
        assert_eq!(page["done"], json!(next.is_none()));
    }
    assert_eq!(count, 5);
    let lost = stand.refusal(Method::GET, "query/01g000000000000AAA-2", None).await;
    assert_eq!(lost, (400, "INVALID_QUERY_LOCATOR".to_owned()));
}

#[tokio::test]
async fn queries_that_do_not_fit_are_refused() {
    let stand = Stand::new().await;
    let refused = async |soql: &str| {
        let (status, body) = stand.call(Method::GET, &Stand::query_path(soql), None).await;
        assert_eq!(status, 400, "{soql}");
        (
            body[0]["errorCode"].as_str().unwrap().to_owned(),
            body[0]["message"].as_str().unwrap().to_owned(),
        )
    };
    for (soql, code) in [
        ("SELECT Id FROM Contact WHERE LastName = 'O'Neil'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 'x", "MALFORMED_QUERY"),
        (
            "SELECT Id FROM Contact WHERE Email = null AND Phone = null OR Name = null",
            "MALFORMED_QUERY",
        ),
        ("SELECT Nickname FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Nickname = 'x'", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contacts", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE CreatedDate > '2026-11-21T09:30:01Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE Id LIKE '003%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id, COUNT() FROM Contact", "MALFORMED_QUERY"),
    ] {
        assert_eq!(refused(soql).await.0, code, "{soql}");
    }
    let (_, message) = refused("SELECT Nickname FROM Contact").await;
    assert!(
        message.contains(
            "       ^\nERROR at Row:1:Column:8\nNo such column 'Nickname' on entity 'Contact'."
        ),
        "{message}"
    );
    assert_eq!(stand.violations("salesforce_unescaped").await, 4);
    // A plus that is not encoded is a space.
    let path = "query?q=SELECT+Id+FROM+Contact+WHERE+CreatedDate+>+2026-11-21T09:30:01.000+0000";
    assert_eq!(stand.refusal(Method::GET, path, None).await.1, "MALFORMED_QUERY");
    assert_eq!(stand.refusal(Method::GET, "query", None).await.1, "MALFORMED_QUERY");
}
