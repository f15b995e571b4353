//! Tables, columns and options as data.

use super::*;

#[tokio::test]
async fn the_first_questions_of_a_client_library_are_answered() {
    let stand = Stand::new().await;
    let path = "EntityDefinitions?%24select=LogicalName,EntitySetName,PrimaryIdAttribute&%24filter=LogicalName+eq+'incident'";
    let found = stand.rows(path).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["EntitySetName"], &found[0]["PrimaryIdAttribute"]),
        (&json!("incidents"), &json!("incidentid"))
    );
    assert!(found[0]["MetadataId"].is_string() && found[0].get("DisplayName").is_none());
    let path = "EntityDefinitions(LogicalName='incident')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)";
    let picklists = stand.rows(path).await;
    let names: Vec<&str> =
        picklists.iter().map(|one| one["LogicalName"].as_str().unwrap()).collect();
    for name in ["prioritycode", "caseorigincode", "casetypecode", "severitycode"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let priority = picklists.iter().find(|one| one["LogicalName"] == "prioritycode").unwrap();
    let high = &priority["OptionSet"]["Options"][0];
    assert_eq!(
        (&high["Value"], &high["Label"]["UserLocalizedLabel"]["Label"]),
        (&json!(1), &json!("High"))
    );
    assert_eq!(high["Label"]["LocalizedLabels"][0]["LanguageCode"], 1033);
}

#[tokio::test]
async fn columns_tell_their_lengths_states_and_targets() {
    let stand = Stand::new().await;
    let column = async |name: &str, rest: &str| {
        stand
            .read(&format!(
                "EntityDefinitions(LogicalName='incident')/Attributes(LogicalName='{name}'){rest}"
            ))
            .await
    };
    assert_eq!(column("title", "").await["MaxLength"], 200);
    let memo =
        column("description", "/Microsoft.Dynamics.CRM.MemoAttributeMetadata?$select=MaxLength")
            .await;
    assert_eq!((&memo["MaxLength"], memo.get("SchemaName")), (&json!(2_000), None));
    assert_eq!(column("customerid", "").await["Targets"], json!(["contact", "account"]));
    let status =
        column("statuscode", "/Microsoft.Dynamics.CRM.StatusAttributeMetadata?$expand=OptionSet")
            .await;
    let solved = status["OptionSet"]["Options"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["Value"] == 5)
        .unwrap()
        .clone();
    assert_eq!(
        (&solved["State"], &solved["Label"]["UserLocalizedLabel"]["Label"]),
        (&json!(1), &json!("Problem Solved"))
    );
    assert!(column("prioritycode", "").await.get("OptionSet").is_none());
    let wrong = "EntityDefinitions(LogicalName='incident')/Attributes(LogicalName='title')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata";
    assert_eq!(stand.outcome(Method::GET, wrong, &[], None).await.0, 404);
    let key = json!({ "table": "incident", "name": "new_key", "columns": ["ticketnumber"] });
    stand.control("dynamics365/keys", key).await;
    let keys = stand.rows("EntityDefinitions(LogicalName='incident')/Keys?$select=KeyAttributes,EntityKeyIndexStatus").await;
    assert_eq!(
        (&keys[0]["KeyAttributes"], &keys[0]["EntityKeyIndexStatus"]),
        (&json!(["ticketnumber"]), &json!("Active"))
    );
    let binds = stand.rows("EntityDefinitions(LogicalName='incident')/ManyToOneRelationships?$filter=ReferencedEntity eq 'account'&$select=ReferencingEntityNavigationPropertyName").await;
    assert_eq!(binds[0]["ReferencingEntityNavigationPropertyName"], "customerid_account");
    let definition =
        stand.read("EntityDefinitions(LogicalName='contact')?$select=Privileges").await;
    assert!(
        definition["Privileges"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["Name"] == "prvAppendToContact")
    );
}

#[tokio::test]
async fn what_an_organisation_added_is_told() {
    let stand = Stand::new().await;
    let options = json!([{ "value": 7, "label": "WhatsApp" }]);
    let order =
        json!({ "table": "incident", "name": "new_channel", "kind": "choice", "options": options });
    stand.control("dynamics365/columns", order).await;
    stand
        .control(
            "dynamics365/lengths",
            json!({ "table": "incident", "column": "title", "max_length": 400 }),
        )
        .await;
    let attributes = "EntityDefinitions(LogicalName='incident')/Attributes";
    let made = stand.read(&format!("{attributes}(LogicalName='new_channel')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$expand=OptionSet,GlobalOptionSet")).await;
    assert_eq!(made["OptionSet"]["Options"][0]["Label"]["UserLocalizedLabel"]["Label"], "WhatsApp");
    assert_eq!(
        (&made["IsCustomAttribute"], &made["GlobalOptionSet"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(stand.read(&format!("{attributes}(LogicalName='title')")).await["MaxLength"], 400);
    let choices = stand.rows(&format!("{attributes}?$select=LogicalName&$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'")).await;
    assert!(choices.iter().any(|one| one["LogicalName"] == "new_channel"));
    let document = stand.dataverse(Method::GET, "$metadata", &[], None).await;
    assert_eq!(document.headers()["content-type"], "application/xml");
    let text = document.text().await.unwrap();
    assert!(
        text.contains("<Property Name=\"new_channel\" Type=\"Edm.Int32\" />")
            && text.contains("EntitySet Name=\"incidents\"")
    );
}
