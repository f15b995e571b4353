//! Cases: queues, what a rep writes about them, their end; files of notes.

use super::*;

async fn case(stand: &Stand) -> (String, String) {
    let ana = stand.contact("Ana", "Silva", "ana@shop.test").await;
    let id = stand.incident(&ana, "Where is my order?").await;
    (ana, id)
}

#[tokio::test]
async fn a_case_is_queued_and_moves_between_queues() {
    let stand = Stand::new().await;
    let (_, id) = case(&stand).await;
    let other = stand.make("queues", json!({ "name": "Refunds" })).await;
    let add = async |queue: &str, target: Value| {
        let path = format!("queues({queue})/Microsoft.Dynamics.CRM.AddToQueue");
        let answer =
            stand.dataverse(Method::POST, &path, &[], Some(json!({ "Target": target }))).await;
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let target = || json!({ "incidentid": id, "@odata.type": "Microsoft.Dynamics.CRM.incident" });
    let (status, first) = add(&stand.account.queue_id, target()).await;
    assert_eq!(status, 200);
    assert!(
        first["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#Microsoft.Dynamics.CRM.AddToQueueResponse")
    );
    let (_, second) = add(&other, target()).await;
    assert_eq!(first["QueueItemId"], second["QueueItemId"]);
    let items = stand.rows("queueitems?$expand=queueid($select=name)").await;
    assert_eq!((items.len(), &items[0]["queueid"]["name"]), (1, &json!("Refunds")));
    assert_eq!(items[0]["title"], "Where is my order?");
    assert_eq!(add(&other, json!({ "incidentid": id })).await.0, 400);
    let bare = format!("queues({other})/AddToQueue");
    assert!(
        stand
            .complaint(Method::POST, &bare, Some(json!({ "Target": target() })))
            .await
            .starts_with("Request message has unresolved parameters")
    );
    let item = first["QueueItemId"].as_str().unwrap();
    let remove = format!("queueitems({item})/Microsoft.Dynamics.CRM.RemoveFromQueue");
    assert_eq!(stand.outcome(Method::POST, &remove, &[], None).await.0, 204);
    assert_eq!(stand.rows("queueitems").await.len(), 0);
    let route = Some(json!({ "Target": format!("incidents({id})") }));
    assert_eq!(
        stand.outcome(Method::POST, "msdyn_ApplyRoutingRuleEntityRecord", &[], route).await.0,
        204
    );
    assert_eq!(
        stand.rows("queueitems").await[0]["_queueid_value"],
        stand.account.queue_id.as_str()
    );
}

#[tokio::test]
async fn what_a_rep_writes_about_a_case_is_read_as_activities() {
    let stand = Stand::new().await;
    let (ana, id) = case(&stand).await;
    let order = |text: &str| json!({ "text": text, "rep": "Robin Hale" });
    stand.control("dynamics365/incident/email", order("It is <on> its way")).await;
    stand.control("dynamics365/incident/portal_comment", order("See your page")).await;
    stand.control("dynamics365/incident/note", order("Called the warehouse")).await;
    stand.control("dynamics365/incident/phonecall", order("Spoke to Ana")).await;
    let path = format!(
        "activitypointers?$select=activitytypecode,subject&$orderby=createdon&$filter=_regardingobjectid_value eq {id}"
    );
    let kinds: Vec<Value> =
        stand.rows(&path).await.iter().map(|row| row["activitytypecode"].clone()).collect();
    assert_eq!(kinds, ["email", "adx_portalcomment", "phonecall"]);
    let path = format!(
        "incidents({id})/Incident_Emails?$select=subject,description,directioncode,statuscode&$expand=email_activity_parties($select=participationtypemask,addressused,_partyid_value)"
    );
    let email = stand.rows(&path).await.remove(0);
    assert_eq!(email["description"], "<div>It is &lt;on> its way</div>");
    assert_eq!((&email["directioncode"], &email["statuscode"]), (&json!(true), &json!(3)));
    let to = email["email_activity_parties"]
        .as_array()
        .unwrap()
        .iter()
        .find(|party| party["participationtypemask"] == 2);
    let to = to.unwrap();
    assert_eq!((&to["addressused"], &to["_partyid_value"]), (&json!("ana@shop.test"), &json!(ana)));
    stand
        .control("dynamics365/incident/email", json!({ "text": "Thanks", "incoming": true }))
        .await;
    let from_customer =
        stand.rows("emails?$filter=directioncode eq false and statuscode eq 4").await;
    assert_eq!(from_customer[0]["description"], "<div>Thanks</div>");
    let notes = stand
        .rows(&format!(
            "annotations?$filter=_objectid_value eq {id}&$expand=createdby($select=fullname)"
        ))
        .await;
    assert_eq!(
        (&notes[0]["notetext"], &notes[0]["createdby"]["fullname"]),
        (&json!("Called the warehouse"), &json!("Robin Hale"))
    );
    assert_eq!(
        stand
            .outcome(Method::POST, "activitypointers", &[], Some(json!({ "subject": "x" })))
            .await
            .0,
        400
    );
    let seen = stand.look(&format!("dynamics365/incidents/{id}")).await;
    assert_eq!(
        (seen["activities"].as_array().unwrap().len(), &seen["labels"]["prioritycode"]),
        (4, &json!("Normal"))
    );
}

#[tokio::test]
async fn an_activity_made_over_the_api_carries_its_parties() {
    let stand = Stand::new().await;
    let (ana, id) = case(&stand).await;
    let body = json!({
        "subject": "RE: Where is my order?",
        "description": "hello",
        "directioncode": false,
        "regardingobjectid_incident_email@odata.bind": format!("/incidents({id})"),
        "email_activity_parties": [
            { "partyid_contact@odata.bind": format!("/contacts({ana})"), "participationtypemask": 1 },
            { "addressused": "help@shop.test", "participationtypemask": 2 },
        ],
    });
    let email = stand.make("emails", body).await;
    assert_eq!(stand.rows(&format!("emails({email})/email_activity_parties")).await.len(), 2);
    assert_eq!(stand.read(&format!("emails({email})")).await["statuscode"], 1);
    let send = format!("emails({email})/Microsoft.Dynamics.CRM.SendEmail");
    assert_eq!(
        stand.outcome(Method::POST, &send, &[], Some(json!({ "IssueSend": true }))).await.0,
        200
    );
    assert_eq!(stand.read(&format!("emails({email})")).await["statuscode"], 3);
}

#[tokio::test]
async fn a_case_is_resolved_by_its_action_and_reopened_by_its_state() {
    let stand = Stand::new().await;
    let (_, id) = case(&stand).await;
    let path = format!("incidents({id})");
    let state = |state: u8| Some(json!({ "statecode": state }));
    let refused = stand.complaint(Method::PATCH, &path, state(1)).await;
    assert!(refused.contains("use the CloseIncidentRequest message instead"), "{refused}");
    let close = || {
        Some(json!({
            "IncidentResolution": {
                "@odata.type": "Microsoft.Dynamics.CRM.incidentresolution",
                "subject": "Sent again",
                "incidentid@odata.bind": format!("/incidents({id})"),
            },
            "Status": -1,
        }))
    };
    assert_eq!(stand.outcome(Method::POST, "CloseIncident", &[], close()).await.0, 204);
    let case = stand.read(&path).await;
    assert_eq!((&case["statecode"], &case["statuscode"]), (&json!(1), &json!(5)));
    assert_eq!(
        stand.rows(&format!("{path}/Incident_IncidentResolutions")).await[0]["subject"],
        "Sent again"
    );
    assert_eq!(
        stand.outcome(Method::POST, "CloseIncident", &[], close()).await,
        (400, "0x80044411".to_owned())
    );
    assert_eq!(stand.outcome(Method::PATCH, &path, &[], state(0)).await.0, 204);
    assert_eq!(stand.read(&path).await["statuscode"], 1);
    for (order, statecode) in [("resolve", 1), ("reopen", 0), ("cancel", 2)] {
        stand.control(&format!("dynamics365/incident/{order}"), json!({})).await;
        assert_eq!(stand.read(&path).await["statecode"], statecode, "{order}");
    }
    stand.control("dynamics365/incident/assign", json!({ "assignee": "Kim Ito" })).await;
    let owner = stand.read(&format!("{path}?$expand=owninguser($select=fullname)")).await;
    assert_eq!(owner["owninguser"]["fullname"], "Kim Ito");
}

#[tokio::test]
async fn files_keep_to_the_organisations_limits() {
    let stand = Stand::new().await;
    let (_, id) = case(&stand).await;
    let note = |name: &str, body: &[u8]| {
        Some(json!({
            "subject": "file",
            "filename": name,
            "mimetype": "text/plain",
            "documentbody": STANDARD.encode(body),
            "objectid_incident@odata.bind": format!("/incidents({id})"),
        }))
    };
    let post = async |body| stand.outcome(Method::POST, "annotations", &[], body).await;
    assert_eq!(post(note("a.EXE", b"x")).await, (400, "0x80043e09".to_owned()));
    assert_eq!(post(note("a/b.txt", b"x")).await, (400, "0x80044a08".to_owned()));
    assert_eq!(post(note("a.txt", b"hello")).await.0, 204);
    stand
        .control(
            "dynamics365/organization",
            json!({ "maxuploadfilesize": 4, "blockedattachments": "" }),
        )
        .await;
    assert_eq!(post(note("a.txt", b"hello")).await, (400, "0x80044a02".to_owned()));
    assert_eq!(post(note("a.exe", b"hell")).await.0, 204);
    let notes =
        stand.rows("annotations?$orderby=filename&$select=filename,filesize,isdocument").await;
    assert_eq!((&notes[1]["filesize"], &notes[1]["isdocument"]), (&json!(5), &json!(true)));
    let body =
        format!("annotations({})/documentbody/$value", notes[1]["annotationid"].as_str().unwrap());
    let raw = stand.dataverse(Method::GET, &body, &[], None).await;
    assert_eq!(raw.headers()["content-type"], "text/plain");
    assert_eq!(STANDARD.decode(raw.text().await.unwrap()).unwrap(), b"hello");
}

#[tokio::test]
async fn a_large_file_goes_and_comes_in_blocks() {
    let stand = Stand::new().await;
    let (_, id) = case(&stand).await;
    let target = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.annotation",
        "subject": "file",
        "filename": "big.txt",
        "objectid_incident@odata.bind": format!("/incidents({id})"),
    });
    let call = async |action: &str, body: Value| {
        let answer = stand.dataverse(Method::POST, action, &[], Some(body)).await;
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (_, started) = call("InitializeAnnotationBlocksUpload", json!({ "Target": target })).await;
    let token = &started["FileContinuationToken"];
    let block = |id: &str, data: &[u8]| json!({ "BlockId": STANDARD.encode(id), "BlockData": STANDARD.encode(data), "FileContinuationToken": token });
    assert_eq!(call("UploadBlock", block("02", b"world")).await.0, 204);
    assert_eq!(call("UploadBlock", block("01", b"hello ")).await.0, 204);
    assert_eq!(call("UploadBlock", block("longer than the others", b"x")).await.0, 400);
    assert_eq!(call("UploadBlock", block("03", &vec![0; 4 * 1024 * 1024 + 1])).await.0, 400);
    let list = |ids: [&str; 2]| json!({ "Target": target, "FileContinuationToken": token, "BlockList": ids.map(|id| STANDARD.encode(id)) });
    assert_eq!(call("CommitAnnotationBlocksUpload", list(["01", "09"])).await.0, 400);
    let (status, made) = call("CommitAnnotationBlocksUpload", list(["01", "02"])).await;
    assert_eq!((status, &made["FileSizeInBytes"]), (200, &json!(11)));
    let note = json!({ "annotationid": made["AnnotationId"], "@odata.type": "Microsoft.Dynamics.CRM.annotation" });
    let (_, reading) = call("InitializeAnnotationBlocksDownload", json!({ "Target": note })).await;
    assert_eq!(
        (&reading["FileSizeInBytes"], &reading["FileName"]),
        (&json!(11), &json!("big.txt"))
    );
    let part = json!({ "Offset": 6, "BlockLength": 100, "FileContinuationToken": reading["FileContinuationToken"] });
    assert_eq!(
        STANDARD.decode(call("DownloadBlock", part).await.1["Data"].as_str().unwrap()).unwrap(),
        b"world"
    );
}
