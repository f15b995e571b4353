//! What the application user may do, and how the service says that it may not.

use super::*;

#[tokio::test]
async fn each_privilege_is_missed_by_its_name() {
    let stand = Stand::new().await;
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let case = stand.incident(&ana, "t").await;
    let contact = format!("/contacts({ana})");
    let note = || json!({ "notetext": "n", "objectid_incident@odata.bind": format!("/incidents({case})") });
    let new_case = || json!({ "title": "t", "customerid_contact@odata.bind": contact });
    let queue = format!("queues({})/Microsoft.Dynamics.CRM.AddToQueue", stand.account.queue_id);
    let target = || json!({ "Target": { "incidentid": case, "@odata.type": "Microsoft.Dynamics.CRM.incident" } });
    let user = stand.account.application_user_id.clone();
    for (privilege, method, path, body) in [
        ("prvReadContact", Method::GET, "contacts?$top=1", None),
        ("prvReadContact", Method::GET, "incidents?$expand=customerid_contact", None),
        ("prvCreateContact", Method::POST, "contacts", Some(json!({ "firstname": "x" }))),
        ("prvWriteContact", Method::PATCH, &contact[1..], Some(json!({ "firstname": "x" }))),
        ("prvDeleteContact", Method::DELETE, &contact[1..], None),
        ("prvCreateIncident", Method::POST, "incidents", Some(new_case())),
        ("prvAppendIncident", Method::POST, "incidents", Some(new_case())),
        ("prvAppendToContact", Method::POST, "incidents", Some(new_case())),
        ("prvCreateNote", Method::POST, "annotations", Some(note())),
        ("prvAppendNote", Method::POST, "annotations", Some(note())),
        ("prvAppendToIncident", Method::POST, "annotations", Some(note())),
        ("prvReadActivity", Method::GET, "emails", None),
        ("prvReadQueue", Method::POST, &queue, Some(target())),
        ("prvCreateQueueItem", Method::POST, &queue, Some(target())),
    ] {
        stand.control("dynamics365/privileges", json!({ "remove": [privilege] })).await;
        let answer = stand.dataverse(method, path, &[], body).await;
        assert_eq!(answer.status(), 403, "{privilege} at {path}");
        let body: Value = answer.json().await.unwrap();
        let message = body["error"]["message"].as_str().unwrap();
        assert_eq!(body["error"]["code"], "0x80040220");
        assert!(message.starts_with(&format!("Principal user (Id={user}, type=8,")), "{message}");
        assert!(message.contains(&format!("is missing {privilege} privilege (Id=")), "{message}");
        stand.control("dynamics365/privileges", json!({ "restore": [privilege] })).await;
    }
    let (status, _) =
        stand.try_control("dynamics365/privileges", json!({ "remove": ["prvFlyContact"] })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_user_can_be_asked_for_its_privileges() {
    let stand = Stand::new().await;
    stand.control("dynamics365/privileges", json!({ "remove": ["prvCreateIncident"] })).await;
    let me = stand.read("WhoAmI()").await["UserId"].as_str().unwrap().to_owned();
    let user = format!("systemusers({me})/Microsoft.Dynamics.CRM");
    let all = stand.read(&format!("{user}.RetrieveUserPrivileges()")).await;
    let names: Vec<&str> = all["RolePrivileges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["PrivilegeName"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"prvReadIncident") && !names.contains(&"prvCreateIncident"));
    assert!(
        all["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#Microsoft.Dynamics.CRM.RetrieveUserPrivilegesResponse")
    );
    let named = async |name: &str| {
        let path = format!("{user}.RetrieveUserPrivilegeByPrivilegeName(PrivilegeName='{name}')");
        stand.read(&path).await["RolePrivileges"].clone()
    };
    assert_eq!(named("prvReadIncident").await[0]["Depth"], "Global");
    assert_eq!(named("prvCreateIncident").await, json!([]));
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let path =
        format!("{user}.RetrievePrincipalAccess(Target=@p1)?@p1={{'@odata.id':'contacts({ana})'}}");
    let rights = stand.read(&path).await["AccessRights"].clone();
    assert_eq!(
        rights,
        "ReadAccess, WriteAccess, AppendAccess, AppendToAccess, CreateAccess, DeleteAccess, ShareAccess, AssignAccess"
    );
    let organization = stand.read("RetrieveCurrentOrganization(AccessType=@p1)?@p1=Microsoft.Dynamics.CRM.EndpointAccessType'Default'").await;
    assert_eq!(organization["Detail"]["OrganizationId"], stand.account.organization_id.as_str());
}

#[tokio::test]
async fn an_application_user_can_be_missing_disabled_or_without_a_role() {
    let stand = Stand::new().await;
    for (state, code) in
        [("missing", "0x80072560"), ("disabled", "0x80040225"), ("without_role", "0x80042f09")]
    {
        stand.switch("dynamics365.application_user", state).await;
        for path in ["WhoAmI", "CCaaS_GetPresence"] {
            let outcome = stand.outcome(Method::GET, path, &[], None).await;
            assert_eq!(outcome, (403, code.to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn another_user_can_be_acted_for() {
    let stand = Stand::new().await;
    let rep = stand.control("dynamics365/rows/systemusers", json!({ "fullname": "Kim", "azureactivedirectoryobjectid": "99999999-2222-4333-8444-555555555555" })).await;
    let rep = rep["systemuserid"].as_str().unwrap();
    for header in
        [("mscrmcallerid", rep), ("callerobjectid", "99999999-2222-4333-8444-555555555555")]
    {
        let prefer = ("prefer", "return=representation");
        let made = stand
            .dataverse(
                Method::POST,
                "contacts",
                &[header, prefer],
                Some(json!({ "firstname": "x" })),
            )
            .await;
        assert_eq!(made.json::<Value>().await.unwrap()["_createdby_value"], rep);
    }
    stand
        .control("dynamics365/privileges", json!({ "remove": ["prvActOnBehalfOfAnotherUser"] }))
        .await;
    let refused = stand.outcome(Method::GET, "WhoAmI", &[("mscrmcallerid", rep)], None).await;
    assert_eq!(refused, (403, "0x8004a110".to_owned()));
}

#[tokio::test]
async fn roles_and_their_privileges_are_rows() {
    let stand = Stand::new().await;
    stand.control("dynamics365/privileges", json!({ "remove": ["prvCreateIncident"] })).await;
    let user = &stand.account.application_user_id;
    let path = format!("systemusers({user})/systemuserroles_association?$select=name");
    let role = stand.rows(&path).await.remove(0);
    assert_eq!(role["name"], "Messaging hub");
    let path = format!("roles({})/roleprivileges_association", role["roleid"].as_str().unwrap());
    let held = async |name: &str| {
        stand.rows(&format!("{path}?$select=name&$filter=name eq '{name}'")).await.len()
    };
    assert_eq!((held("prvReadIncident").await, held("prvCreateIncident").await), (1, 0));
    stand.control("dynamics365/privileges", json!({ "restore": ["*"] })).await;
    assert_eq!(held("prvCreateIncident").await, 1);
}

#[tokio::test]
async fn errors_carry_annotations_when_asked_for() {
    let stand = Stand::new().await;
    let headers = [("prefer", "odata.include-annotations=\"Microsoft.PowerApps.CDS.HelpLink\"")];
    let refused = stand.dataverse(Method::GET, "nothings", &headers, None).await;
    let error = refused.json::<Value>().await.unwrap()["error"].clone();
    assert!(error["@Microsoft.PowerApps.CDS.HelpLink"].as_str().unwrap().contains("8006088a"));
    assert!(error.get("@Microsoft.PowerApps.CDS.InnerError.Message").is_none());
}
