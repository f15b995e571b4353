//! Queries over the Web API.

use super::*;

#[tokio::test]
async fn filters_follow_paths_and_collections() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "O'Brien", "a+b@shop.test").await;
    let bo = stand.contact("Bo", "100%", "bo@shop.test").await;
    let first = stand.incident(&ana, "late").await;
    stand.incident(&bo, "broken").await;
    stand.make("tasks", json!({ "subject": "Call back", "regardingobjectid_incident_task@odata.bind": format!("/incidents({first})") })).await;
    let titles = async |filter: &str| {
        let rows =
            stand.rows(&format!("incidents?$select=title&$orderby=title&$filter={filter}")).await;
        rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(titles("customerid_contact/lastname eq 'o''brien'").await, ["late"]);
    assert_eq!(
        titles("customerid_contact/emailaddress1%20eq%20'a%2Bb%40shop.test'").await,
        ["late"]
    );
    assert_eq!(titles("contains(customerid_contact/lastname,'0[%25]')").await, ["broken"]);
    assert_eq!(titles("Incident_Tasks/any(t:t/subject eq 'call BACK')").await, ["late"]);
    assert_eq!(titles("not Incident_Tasks/any()").await, ["broken"]);
    assert_eq!(titles(&format!("_customerid_value eq {bo}")).await, ["broken"]);
    assert_eq!(titles("Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)&@p1='title'&@p2=[\"late\",\"x\"]").await, ["late"]);
    assert_eq!(titles("title+eq+@t&@t='late'").await, ["late"]);
}

#[tokio::test]
async fn queries_that_do_not_parse_are_refused() {
    let stand = Stand::new().await;
    let complaint = async |path: &str| stand.complaint(Method::GET, path, None).await;
    assert!(
        complaint("contacts?$filter=lastname eq 'O'Brien'").await.starts_with(
            "There is an unterminated literal at position 20 in 'lastname eq 'O'Brien''"
        )
    );
    assert_eq!(
        complaint("contacts?$select=Fullname").await,
        "Could not find a property named 'Fullname' on type 'Microsoft.Dynamics.CRM.contact'."
    );
    assert!(complaint("contacts?$filter=firstname eq 1").await.starts_with("A binary operator with incompatible types was detected. Found operand types 'Edm.String' and 'Edm.Int32'"));
    assert!(
        complaint("incidents?$filter=prioritycode eq '1'")
            .await
            .contains("'Edm.Int32' and 'Edm.String'")
    );
    assert!(complaint("contacts?$filter=tolower(firstname) eq 'a'").await.contains("tolower"));
    assert!(complaint("contacts?$skip=1").await.contains("$skip"));
    assert!(complaint("incidents?$expand=customerid").await.contains("'customerid'"));
    assert!(complaint("contacts(abc)").await.contains("abc"));
}

#[tokio::test]
async fn expanded_rows_and_annotations_come_as_asked() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let id = stand.incident(&ana, "late").await;
    for (subject, text) in [("b", "2"), ("a", "1")] {
        let bind = format!("/incidents({id})");
        stand.make("annotations", json!({ "subject": subject, "notetext": text, "objectid_incident@odata.bind": bind })).await;
    }
    let path = format!(
        "incidents({id})?$select=title,prioritycode,_customerid_value&$expand=customerid_contact($select=fullname),\
         customerid_account($select=name),Incident_Annotation($select=subject;$orderby=subject;$top=1)"
    );
    let headers = [(
        "prefer",
        "odata.include-annotations=\"OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.*\"",
    )];
    let case: Value =
        stand.dataverse(Method::GET, &path, &headers, None).await.json().await.unwrap();
    assert_eq!(case["customerid_contact"]["fullname"], "Ana Silva");
    assert_eq!(case["customerid_account"], Value::Null);
    assert_eq!(case["Incident_Annotation"].as_array().unwrap().len(), 1);
    assert_eq!(case["Incident_Annotation"][0]["subject"], "a");
    assert_eq!(case["prioritycode@OData.Community.Display.V1.FormattedValue"], "Normal");
    assert_eq!(case["_customerid_value@OData.Community.Display.V1.FormattedValue"], "Ana Silva");
    assert_eq!(case["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "contact");
    assert_eq!(
        case["_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"],
        "customerid_contact"
    );
    let plain = stand.read(&format!("incidents({id})?$select=prioritycode")).await;
    assert!(plain.as_object().unwrap().keys().all(|name| !name.contains("FormattedValue")));
}

#[tokio::test]
async fn counts_and_pages_hold_together() {
    let stand = Stand::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        stand.contact(name, "x", "").await;
    }
    let size = [("prefer", "odata.maxpagesize=2")];
    let mut path =
        "contacts?$select=firstname&$orderby=firstname desc&$count=true&$filter=lastname eq 'x'"
            .to_owned();
    let mut seen = Vec::new();
    for page in 0.. {
        let answer = stand.dataverse(Method::GET, &path, &size, None).await;
        assert_eq!(answer.headers()["preference-applied"], "odata.maxpagesize=2");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["@odata.count"], 5);
        seen.extend(body["value"].as_array().unwrap().iter().map(|row| row["firstname"].clone()));
        let Some(link) = body["@odata.nextLink"].as_str() else { break };
        assert!(link.contains("$skiptoken=%3Ccookie") && page < 3);
        path = link.split_once("v9.2/").unwrap().1.to_owned();
    }
    assert_eq!(seen, ["e", "d", "c", "b", "a"]);
    let count = stand.dataverse(Method::GET, "contacts/$count", &[], None).await;
    assert_eq!(count.text().await.unwrap(), "5");
    assert_eq!(stand.outcome(Method::GET, "contacts?$skiptoken=2", &[], None).await.0, 400);
}
