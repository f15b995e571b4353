//! Making and changing rows over the Web API, against the examples of the developer guide.

use super::*;

impl Stand {
    /// Status and error code of a call; no code where it succeeded.
    pub(super) async fn outcome(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, String) {
        let answer = self.dataverse(method, path, headers, body).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or_default();
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The message of a refused call.
    pub(super) async fn complaint(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> String {
        let body: Value = self.dataverse(method, path, &[], body).await.json().await.unwrap();
        body["error"]["message"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    /// Makes a row over the Web API and gives its id.
    pub(super) async fn make(&self, set: &str, body: Value) -> String {
        let answer = self.dataverse(Method::POST, set, &[], Some(body)).await;
        let status = answer.status();
        let address =
            answer.headers().get("odata-entityid").map(|id| id.to_str().unwrap().to_owned());
        let body = answer.text().await.unwrap();
        assert_eq!(status, 204, "{body}");
        let address = address.unwrap();
        address.rsplit('(').next().unwrap().trim_end_matches(')').to_owned()
    }

    pub(super) async fn read(&self, path: &str) -> Value {
        self.dataverse(Method::GET, path, &[], None).await.json().await.unwrap()
    }

    pub(super) async fn contact(&self, first: &str, last: &str, email: &str) -> String {
        let body = json!({ "firstname": first, "lastname": last, "emailaddress1": email });
        self.make("contacts", body).await
    }

    pub(super) async fn incident(&self, contact: &str, title: &str) -> String {
        let bind = format!("/contacts({contact})");
        self.make("incidents", json!({ "title": title, "customerid_contact@odata.bind": bind }))
            .await
    }
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_case_needs_a_customer_and_gets_a_number_an_owner_and_a_state() {
    let stand = Stand::new().await;
    let contact = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let id = stand.incident(&contact, "Where is my order?").await;
    let case = stand.read(&format!("incidents({id})")).await;
    let number = case["ticketnumber"].as_str().unwrap();
    let parts: Vec<&str> = number.split('-').collect();
    assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("CAS", 5, 6), "{number}");
    assert_eq!(
        (&case["statecode"], &case["statuscode"], &case["prioritycode"]),
        (&json!(0), &json!(1), &json!(2))
    );
    assert_eq!(case["_customerid_value"], contact.as_str());
    assert_eq!(case["_ownerid_value"], stand.account.application_user_id.as_str());
    assert_eq!(case["_createdby_value"], stand.account.application_user_id.as_str());
    let post = async |body| stand.outcome(Method::POST, "incidents", &[], Some(body)).await;
    assert_eq!(post(json!({ "title": "t" })).await, code(400, "0x80044410"));
    // The customer is a polymorphic lookup with a navigation property for each table; case matters.
    let bind = format!("/contacts({contact})");
    assert_eq!(post(json!({ "customerid@odata.bind": bind })).await, code(400, "0x80048d19"));
    assert_eq!(
        post(json!({ "CustomerId_contact@odata.bind": bind })).await,
        code(400, "0x80048d19")
    );
    assert_eq!(
        post(json!({ "customerid_account@odata.bind": bind })).await,
        code(400, "0x80048d19")
    );
    assert_eq!(post(json!({ "_customerid_value": contact })).await, code(400, "0x80048d19"));
    let nobody = json!({ "customerid_contact@odata.bind": "/contacts(00000000-0000-4000-8000-000000000001)" });
    assert_eq!(post(nobody).await, code(404, "0x80040217"));
}

#[tokio::test]
async fn payloads_that_do_not_fit_are_refused_in_the_services_words() {
    let stand = Stand::new().await;
    let complaint = async |set: &str, body| stand.complaint(Method::POST, set, Some(body)).await;
    assert_eq!(
        complaint("tasks", json!({ "subject": "x".repeat(201) })).await,
        "A validation error occurred.  The length of the 'subject' attribute of the 'task' entity exceeded the maximum \
         allowed length of '200'."
    );
    let contact = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let case = |more: (&str, Value)| {
        let mut body = json!({ "customerid_contact@odata.bind": format!("contacts({contact})") });
        body[more.0] = more.1;
        body
    };
    assert_eq!(
        complaint("incidents", case(("prioritycode", json!(77)))).await,
        "A validation error occurred. The value 77 of 'prioritycode' on record of type 'incident' is outside the valid \
         range. Accepted Values: 1,2,3"
    );
    assert!(
        complaint("incidents", case(("prioritycode", json!("High")))).await.contains("'Edm.Int32'")
    );
    assert!(
        complaint("incidents", case(("Title", json!("t")))).await.contains(
            "The property 'Title' does not exist on type 'Microsoft.Dynamics.CRM.incident'"
        )
    );
    let wrong = json!({ "statecode": 0, "statuscode": 5 });
    let id = stand.incident(&contact, "t").await;
    assert_eq!(
        stand.outcome(Method::PATCH, &format!("incidents({id})"), &[], Some(wrong)).await,
        code(400, "0x80048408")
    );
    assert_eq!(
        stand.outcome(Method::POST, "nothings", &[], Some(json!({}))).await,
        code(404, "0x8006088a")
    );
    assert_eq!(stand.outcome(Method::DELETE, "contacts", &[], None).await.0, 405);
    let refused = stand
        .dataverse(Method::GET, "contacts(00000000-0000-4000-8000-000000000001)", &[], None)
        .await;
    assert!(
        refused.headers().contains_key("req_id")
            && refused.headers().contains_key("x-ms-service-request-id")
    );
    assert_eq!(refused.headers()["odata-version"], "4.0");
}

#[tokio::test]
async fn an_upsert_with_our_own_id_makes_one_row() {
    let stand = Stand::new().await;
    let contact = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let path = "incidents(11111111-2222-5333-8444-555555555555)";
    let body =
        json!({ "title": "t", "customerid_contact@odata.bind": format!("/contacts({contact})") });
    let patch = async |headers: &[(&str, &str)]| {
        stand.outcome(Method::PATCH, path, headers, Some(body.clone())).await
    };
    assert_eq!(patch(&[("if-match", "*")]).await, code(404, "0x80040217"));
    let prefer = ("prefer", "return=representation");
    assert_eq!(patch(&[("if-none-match", "*"), prefer]).await, code(201, ""));
    assert_eq!(patch(&[("if-none-match", "*")]).await, code(412, "0x80040237"));
    // The literal null is no condition.
    assert_eq!(patch(&[("if-none-match", "null"), prefer]).await, code(200, ""));
    assert_eq!(patch(&[("if-match", "W/\"1\"")]).await, code(412, "0x80060882"));
    let read = stand.dataverse(Method::GET, path, &[], None).await;
    let etag = read.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(stand.outcome(Method::GET, path, &[("if-none-match", &etag)], None).await.0, 304);
    assert_eq!(patch(&[("if-match", &etag)]).await, code(204, ""));
    assert_eq!(stand.rows("incidents").await.len(), 1);
}

#[tokio::test]
async fn what_is_returned_depends_on_the_preference() {
    let stand = Stand::new().await;
    let contact = json!({ "firstname": "Ana" });
    let plain = stand.dataverse(Method::POST, "contacts", &[], Some(contact.clone())).await;
    assert_eq!(
        (plain.status().as_u16(), plain.headers().contains_key("odata-entityid")),
        (204, true)
    );
    let prefer = [("prefer", "return=representation,odata.include-annotations=\"*\"")];
    let path = "contacts?$select=fullname,statecode";
    let full = stand.dataverse(Method::POST, path, &prefer, Some(contact)).await;
    assert_eq!(
        (full.status().as_u16(), full.headers().contains_key("odata-entityid")),
        (201, false)
    );
    assert!(
        full.headers()["preference-applied"].to_str().unwrap().starts_with("return=representation")
    );
    let row: Value = full.json().await.unwrap();
    assert_eq!(row["fullname"], "Ana");
    assert_eq!(row["statecode@OData.Community.Display.V1.FormattedValue"], "Active");
    assert!(
        row["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("$metadata#contacts(fullname,statecode)/$entity")
    );
    assert!(row["@odata.etag"].as_str().unwrap().starts_with("W/\""));
}

#[tokio::test]
async fn an_alternate_key_works_once_the_organisation_has_defined_it() {
    let stand = Stand::new().await;
    stand.contact("Ana", "Silva", "ana@shop.test").await;
    let path = "contacts(emailaddress1='ana%40shop.test')";
    let message = stand.complaint(Method::GET, path, None).await;
    assert!(
        message.contains("not valid for resource 'Microsoft.Dynamics.CRM.contact'"),
        "{message}"
    );
    let key = json!({ "table": "contact", "name": "new_email", "columns": ["emailaddress1"] });
    stand.control("dynamics365/keys", key).await;
    assert_eq!(stand.read(path).await["firstname"], "Ana");
    let other = "contacts(emailaddress1='bo@shop.test')";
    assert_eq!(stand.outcome(Method::GET, other, &[], None).await, code(404, "0x80060891"));
    // An upsert by alternate key is answered with that key, whether it made the row or not.
    for name in ["Bo", "Bob"] {
        let made =
            stand.dataverse(Method::PATCH, other, &[], Some(json!({ "firstname": name }))).await;
        assert!(made.headers()["odata-entityid"].to_str().unwrap().ends_with(other));
    }
    let bo = stand.read(other).await;
    assert_eq!((&bo["firstname"], &bo["emailaddress1"]), (&json!("Bob"), &json!("bo@shop.test")));
    let twin = json!({ "emailaddress1": "BO@shop.test" });
    assert_eq!(
        stand.outcome(Method::POST, "contacts", &[], Some(twin)).await,
        code(412, "0x80060892")
    );
    let bind = json!({ "title": "t", "customerid_contact@odata.bind": format!("/{other}") });
    let case = stand.make("incidents", bind).await;
    assert_eq!(
        stand.read(&format!("incidents({case})")).await["_customerid_value"],
        bo["contactid"]
    );
}

#[tokio::test]
async fn related_rows_are_made_whole_or_not_at_all() {
    let stand = Stand::new().await;
    let body = |text: usize| {
        json!({
            "title": "t",
            "customerid_contact": { "firstname": "Ana", "lastname": "Silva" },
            "Incident_Annotation": [{ "subject": "first", "notetext": "x".repeat(text) }],
        })
    };
    assert_eq!(
        stand.outcome(Method::POST, "incidents", &[], Some(body(100_001))).await,
        code(400, "0x80044331")
    );
    assert_eq!((stand.rows("incidents").await.len(), stand.rows("contacts").await.len()), (0, 0));
    let id = stand.make("incidents", body(10)).await;
    let notes = stand.rows(&format!("incidents({id})/Incident_Annotation")).await;
    assert_eq!(
        (&notes[0]["subject"], &notes[0]["objecttypecode"]),
        (&json!("first"), &json!("incident"))
    );
    assert_eq!(stand.rows("contacts").await[0]["fullname"], "Ana Silva");
}

#[tokio::test]
async fn references_are_set_and_cleared() {
    let stand = Stand::new().await;
    let (ana, bo) =
        (stand.contact("Ana", "S", "a@x.test").await, stand.contact("Bo", "T", "b@x.test").await);
    let id = stand.incident(&ana, "t").await;
    let path = format!("incidents({id})/primarycontactid");
    let body =
        json!({ "@odata.id": stand.url(&format!("dataverse/api/data/v9.2/contacts({bo})")) });
    assert_eq!(stand.outcome(Method::PUT, &format!("{path}/$ref"), &[], Some(body)).await.0, 204);
    assert_eq!(stand.read(&format!("{path}?$select=fullname")).await["fullname"], "Bo T");
    assert_eq!(stand.outcome(Method::DELETE, &format!("{path}/$ref"), &[], None).await.0, 204);
    assert_eq!(stand.outcome(Method::GET, &path, &[], None).await.0, 204);
    // A case cannot lose its customer, and a customer with cases cannot be deleted.
    let clear = Some(json!({ "customerid_contact@odata.bind": null }));
    assert_eq!(
        stand.outcome(Method::PATCH, &format!("incidents({id})"), &[], clear).await,
        code(400, "0x80044410")
    );
    assert_eq!(stand.outcome(Method::DELETE, &format!("contacts({ana})"), &[], None).await.0, 405);
    assert_eq!(stand.outcome(Method::DELETE, &format!("contacts({bo})"), &[], None).await.0, 204);
    let last = format!("contacts({ana})/lastname");
    assert_eq!(
        stand.outcome(Method::PUT, &last, &[], Some(json!({ "value": "Souza" }))).await.0,
        204
    );
    assert_eq!(stand.read(&last).await["value"], "Souza");
}

#[tokio::test]
async fn duplicates_are_detected_only_when_asked_for() {
    let stand = Stand::new().await;
    stand.contact("Ana", "Silva", "ana@shop.test").await;
    let twin = || Some(json!({ "firstname": "Anna", "emailaddress1": "ANA@shop.test" }));
    let detect = [("mscrm.suppressduplicatedetection", "false")];
    assert_eq!(
        stand.outcome(Method::POST, "contacts", &detect, twin()).await,
        code(412, "0x80040333")
    );
    stand.switch("dataverse.duplicate_status", "500").await;
    assert_eq!(
        stand.outcome(Method::POST, "contacts", &detect, twin()).await,
        code(500, "0x80040333")
    );
    assert_eq!(stand.outcome(Method::POST, "contacts", &[], twin()).await.0, 204);
}

#[tokio::test]
async fn columns_options_and_lengths_differ_between_organisations() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let body = || {
        Some(json!({
            "title": "t",
            "customerid_contact@odata.bind": format!("/contacts({ana})"),
            "new_channel": 100_000_001,
            "new_sessionid": "s-1",
            "caseorigincode": 100_000_000,
        }))
    };
    assert_eq!(
        stand.outcome(Method::POST, "incidents", &[], body()).await,
        code(400, "0x80048d19")
    );
    let options = json!([{ "value": 100_000_001, "label": "WhatsApp" }]);
    stand.control("dynamics365/columns", json!({ "table": "incident", "name": "new_channel", "kind": "choice", "options": options })).await;
    stand.control("dynamics365/columns", json!({ "table": "incident", "name": "new_sessionid", "kind": "text", "max_length": 5 })).await;
    assert_eq!(
        stand.outcome(Method::POST, "incidents", &[], body()).await,
        code(400, "0x8004431a")
    );
    let options =
        json!([{ "value": 1, "label": "Phone" }, { "value": 100_000_000, "label": "WhatsApp" }]);
    stand
        .control(
            "dynamics365/options",
            json!({ "table": "incident", "column": "caseorigincode", "options": options }),
        )
        .await;
    assert_eq!(stand.outcome(Method::POST, "incidents", &[], body()).await.0, 204);
    stand
        .control(
            "dynamics365/lengths",
            json!({ "table": "incident", "column": "title", "max_length": 0 }),
        )
        .await;
    assert_eq!(
        stand.outcome(Method::POST, "incidents", &[], body()).await,
        code(400, "0x80044331")
    );
    stand
        .control("dynamics365/tables", json!({ "table": "oc_liveworkitem", "present": false }))
        .await;
    assert_eq!(
        stand.outcome(Method::GET, "oc_liveworkitems", &[], None).await,
        code(404, "0x8006088a")
    );
}
