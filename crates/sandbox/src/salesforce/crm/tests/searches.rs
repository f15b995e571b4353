//! SOSL: numbers in any format, an index that lags, and what must be escaped.

use super::*;

async fn contact(stand: &Stand, name: &str, phone: &str) {
    let fields =
        json!({ "LastName": name, "MobilePhone": phone, "Email": format!("{name}@shop.test") });
    stand.order("contacts", fields).await;
}

#[tokio::test]
async fn numbers_are_found_in_every_format() {
    let stand = Stand::new().await;
    contact(&stand, "Ana", "(415) 555-0100").await;
    contact(&stand, "Bo", "+1 415 555 0100").await;
    contact(&stand, "Cy", "4155550100").await;
    contact(&stand, "Di", "(415) 555-0199").await;
    let find = async |term: &str| {
        let sosl = format!(
            "FIND {{{term}}} IN PHONE FIELDS RETURNING Contact(Id, LastName ORDER BY LastName LIMIT 5)"
        );
        let rows = stand.found(&sosl).await;
        rows.iter().map(|row| row["LastName"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(find("4155550100").await, "Ana Bo Cy");
    assert_eq!(find("\\(415\\) 555\\-0100").await, "Ana Bo");
    assert_eq!(find("14155550100").await, "Bo");
    assert_eq!(find("4155550100 OR 14155550100").await, "Ana Bo Cy");
    assert_eq!(find("415555*").await, "Ana Bo Cy Di");
    assert_eq!(find("2025550100").await, "");
    let by_email =
        stand.found("FIND {bo@shop.test} IN EMAIL FIELDS RETURNING Contact(LastName)").await;
    assert_eq!((by_email.len(), &by_email[0]["LastName"]), (1, &json!("Bo")));
    let all = stand.found("FIND {ana} RETURNING Contact, Account(Name), Case").await;
    assert_eq!(all[0]["attributes"]["type"], "Contact");
    let filtered = stand
        .found("FIND {4155550100} IN ALL FIELDS RETURNING Contact(Id WHERE Email = 'cy@shop.test') LIMIT 1")
        .await;
    assert_eq!(filtered.len(), 1);
}

#[tokio::test]
async fn a_new_row_is_found_after_a_while() {
    let stand = Stand::new().await;
    let fields = json!({ "LastName": "Silva", "Phone": "(415) 555-0100" });
    let id = stand.create("Contact", fields).await;
    let sosl = "FIND {4155550100} IN PHONE FIELDS RETURNING Contact(Id)";
    assert!(stand.found(sosl).await.is_empty());
    let soql = "SELECT Id FROM Contact WHERE Phone = '(415) 555-0100'";
    assert_eq!(stand.query(soql).await.len(), 1);
    stand.advance(4_999).await;
    assert!(stand.found(sosl).await.is_empty());
    stand.advance(1).await;
    assert_eq!(stand.found(sosl).await[0]["Id"], id);
    stand.switch("search_lag_s", "0").await;
    stand.create("Contact", json!({ "LastName": "Souza", "Phone": "415 555 0100" })).await;
    assert_eq!(stand.found(sosl).await.len(), 2);
}

#[tokio::test]
async fn what_is_reserved_must_be_escaped() {
    let stand = Stand::new().await;
    contact(&stand, "O'Brien", "+44 20 7946 0958").await;
    for sosl in [
        "FIND {+442079460958} IN PHONE FIELDS RETURNING Contact(Id)",
        "FIND {o'brien} RETURNING Contact(Id)",
        "FIND {x} RETURNING Contact(Id)",
        "FIND {} RETURNING Contact(Id)",
        "FIND {brien RETURNING Contact(Id)",
        "FIND {brien} IN SOME FIELDS RETURNING Contact(Id)",
        "FIND {brien} RETURNING Contact(Id",
        "FIND {brien} RETURNING Contact(Id) FOREVER",
        "SELECT Id FROM Contact",
    ] {
        let (status, body) = stand.search(sosl).await;
        assert_eq!(
            (status, &body[0]["errorCode"]),
            (400, &json!("MALFORMED_SEARCH")),
            "{sosl}: {body}"
        );
    }
    assert_eq!(
        stand.found("FIND {\\+442079460958} IN PHONE FIELDS RETURNING Contact(Id)").await.len(),
        1
    );
    assert_eq!(stand.found("FIND {o\\'brien} RETURNING Contact(Id)").await.len(), 1);
    let (_, body) = stand.search("FIND {brien} RETURNING Contact(Nickname)").await;
    assert_eq!(body[0]["errorCode"], "INVALID_FIELD");
    let (_, body) = stand.search("FIND {brien} RETURNING MessagingSession(Id)").await;
    assert_eq!(body[0]["errorCode"], "INVALID_TYPE");
}

#[tokio::test]
async fn a_search_can_have_parameters_instead() {
    let stand = Stand::new().await;
    contact(&stand, "Ana", "(415) 555-0100").await;
    contact(&stand, "Bo", "415-555-0100").await;
    let path = "parameterizedSearch?q=4155550100&sobject=Contact&Contact.fields=Id,LastName&Contact.limit=1&in=PHONE";
    let found = stand.read(path).await;
    assert_eq!(found["searchRecords"].as_array().unwrap().len(), 1);
    assert_eq!(found["searchRecords"][0]["LastName"], "Ana");
    let body = json!({
        "q": "4155550100",
        "in": "PHONE",
        "fields": ["LastName"],
        "sobjects": [{ "name": "Contact" }],
        "overallLimit": 5,
    });
    let (status, found) = stand.call(Method::POST, "parameterizedSearch", Some(body)).await;
    assert_eq!((status, found["searchRecords"].as_array().unwrap().len()), (200, 2));
    let refused =
        stand.refusal(Method::GET, "parameterizedSearch?q=555-0100&sobject=Contact", None).await;
    assert_eq!(refused, (400, "MALFORMED_SEARCH".to_owned()));
}
