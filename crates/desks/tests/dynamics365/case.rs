//! Cases: made once, with the lines that reps search for; gone on with; what reps answer on them.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    desk::{Desk, DeskWhat, Opening, PlanStep, ToDesk},
    fault::{Accepted, FaultClass, Outcome},
    file::{SharedFile, StoredFile},
    handoff::{Handoff, PLAN_MAX_STEPS},
    ids::{DeliveryId, DeskId, FileId, SessionId, VendorId},
    inbox::ChannelKind,
    message::{Author, AuthorKind, Content, Message},
    route::{Choice, WorkKind},
    time::Timestamp,
};
use serde_json::{Map, Value, json};

use crate::{open::message, support::*};

const CASE: &str = "00000000-0000-0000-0000-000000000007";
const MARIA: &str = "dddddddd-0000-4000-8000-000000000001";
const OTHER: &str = "dddddddd-0000-4000-8000-000000000002";
const ME: &str = "eeeeeeee-0000-4000-8000-000000000001";
const DATAVERSE: &str = "/dataverse/api/data/v9.2";

fn with(changes: Value) -> Map<String, Value> {
    let mut settings = settings("http://127.0.0.1:1");
    settings.extend(changes.as_object().unwrap().clone());
    settings
}

fn route(method: &str, path: &str) -> String {
    format!("{method} {DATAVERSE}/{path}")
}

fn case_choice() -> Choice {
    Choice { kind: WorkKind::Case, ..Choice::of(DeskId(id(4))) }
}

/// A handoff that goes to a case, before the case is there; its contact is known.
fn unopened() -> Handoff {
    let mut handoff = handoff();
    (handoff.target, handoff.work, handoff.brief) = (case_choice(), None, Some(brief()));
    handoff.learned.insert("contact".to_owned(), MARIA.to_owned());
    handoff
}

fn opened() -> Handoff {
    let mut handoff = unopened();
    handoff.work = Some(baton_core::handoff::Work { id: VendorId::from(CASE), reference: None });
    handoff
}

fn plan(desk: &dyn Desk, transcript: &[Message], files: &[SharedFile]) -> Vec<PlanStep> {
    let handoff = unopened();
    let opening = Opening {
        window_until: None,
        handoff: &handoff,
        session: SessionId(id(3)),
        channel: ChannelKind::Whatsapp,
        contact: &contact(),
        brief: &brief(),
        transcript,
        files,
        choice: &case_choice(),
    };
    desk.open(&opening).unwrap()
}

fn step<'a>(plan: &'a [PlanStep], name: &str) -> &'a PlanStep {
    plan.iter().find(|step| step.step == name).unwrap_or_else(|| panic!("no {name} in {plan:?}"))
}

fn rendered(desk: &dyn Desk, handoff: &Handoff, what: DeskWhat<'_>) -> Call {
    let (delivery, contact) = (DeliveryId(id(9)), contact());
    desk.render(&ToDesk { delivery, handoff, contact: &contact, what }).unwrap()
}

/// The call that makes the case, from a plan without a transcript.
fn new_case(desk: &dyn Desk) -> Call {
    let plan = plan(desk, &[], &[]);
    rendered(desk, &unopened(), DeskWhat::Plan(&step(&plan, "incident").call))
}

async fn at(vendor: &Vendor, changes: Value) -> Arc<dyn Desk> {
    let mut settings = settings(&vendor.base);
    settings.extend(changes.as_object().unwrap().clone());
    let who = json!({ "OrganizationId": ORG, "UserId": ME, "BusinessUnitId": ORG }).to_string();
    vendor.on(WHO, &[(200, &who)]);
    desk_with(&settings, &clock(), None)
}

fn accepted(outcome: Outcome) -> Accepted {
    match outcome {
        Outcome::Accepted(accepted) => accepted,
        other => panic!("{other:?}"),
    }
}

fn row() -> String {
    json!({ "incidentid": CASE.to_uppercase(), "ticketnumber": "CAS-01000-X1", "statecode": 0 })
        .to_string()
}

#[test]
fn the_description_begins_with_the_lines_that_reps_search_for() {
    let desk = desk();
    let plan = plan(&*desk, &[message(1, AuthorKind::Customer, "Where is my parcel?")], &[]);
    let call = &step(&plan, "incident").call;
    assert_eq!(call["title"], "Parcel lost");
    assert_eq!(
        call["description"].as_str().unwrap(),
        format!(
            "Channel: whatsapp\nClassification: Delivery\nSentiment: Negative\n\nSummary:\n\
             > The parcel did not come.\n> She wants a refund.\n\n\
             Reason: The customer asked for a person.\nCustomer: Maria da Silva\n\
             Phone: +491701234567\nEmail: maria@example.com\nLanguage: en\nSession: {}\n\n\
             Transcript, oldest first; lines with > are what was said.\n\
             2025-11-20 10:00 UTC · Customer\n> Where is my parcel?",
            SessionId(id(3))
        )
    );
    assert!(plan.iter().all(|step| !step.step.starts_with("transcript")), "it fits: {plan:?}");
}

#[test]
fn a_transcript_of_two_megabytes_becomes_text_files_within_the_limit() {
    let desk = desk_with(&with(json!({ "attachment_mb": "1" })), &clock(), None);
    let long = "é".repeat(4_000);
    let said: Vec<Message> = (1..=270).map(|n| message(n, AuthorKind::Customer, &long)).collect();
    let plan = plan(&*desk, &said, &[]);
    let description = step(&plan, "incident").call["description"].as_str().unwrap();
    assert!(description.encode_utf16().count() <= 2_000);
    assert!(description.ends_with("The transcript is in the notes."), "{description}");
    let files: Vec<&Value> = plan.iter().filter_map(|step| step.call.get("file")).collect();
    assert_eq!(files.len(), 3);
    assert_eq!(files[0]["name"], "transcript-1-of-3.txt");
    let text = |file: &Value| file["text"].as_str().unwrap().to_owned();
    assert!(files.iter().all(|file| text(file).len() <= 1_024 * 1_024));
    let signs: usize = files.iter().map(|file| text(file).matches('é').count()).sum();
    assert_eq!(signs, 270 * 4_000, "nothing is lost");
}

#[tokio::test]
async fn a_transcript_that_just_fits_is_noted_only_where_several_contacts_are_shown() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({})).await;
    let said = [message(1, AuthorKind::Customer, &"word ".repeat(240))];
    let plan = plan(&*desk, &said, &[]);
    let description = step(&plan, "incident").call["description"].as_str().unwrap();
    assert!(description.trim_end().ends_with("word"), "it fits: {description}");
    let transcript = &step(&plan, "transcript 1").call;
    let mut handoff = opened();
    let call = rendered(&*desk, &handoff, DeskWhat::Plan(transcript));
    assert_eq!(call.operation, "nothing");
    accepted(desk.send(&call).await);
    handoff.learned.insert("ambiguous".to_owned(), format!("{MARIA},{OTHER}"));
    let call = rendered(&*desk, &handoff, DeskWhat::Plan(transcript));
    assert_eq!(call.operation, "note");
}

#[test]
fn a_long_summary_never_cuts_the_customers_details_off() {
    let (desk, handoff, choice) = (desk(), unopened(), case_choice());
    let summary = "She waits. ".repeat(180);
    let long = baton_core::brief::Brief { summary: summary.clone(), ..brief() };
    let opening = Opening {
        window_until: None,
        handoff: &handoff,
        session: SessionId(id(3)),
        channel: ChannelKind::Whatsapp,
        contact: &contact(),
        brief: &long,
        transcript: &[],
        files: &[],
        choice: &choice,
    };
    let plan = desk.open(&opening).unwrap();
    let description = step(&plan, "incident").call["description"].as_str().unwrap();
    assert!(description.encode_utf16().count() <= 2_000);
    for line in ["Phone: +491701234567", "Email: maria@example.com", "Reason: The customer"] {
        assert!(description.contains(line), "{line}\n{description}");
    }
    assert!(description.contains(&SessionId(id(3)).to_string()));
    let file = step(&plan, "transcript 1").call["file"]["text"].as_str().unwrap();
    let waits = |text: &str| text.matches("She waits.").count();
    assert!(waits(description) > 100 && waits(description) < 180);
    assert_eq!(waits(&file.replace("\n> ", "")), 180, "all of it is in the notes");
}

#[test]
fn of_five_hundred_files_the_first_are_notes_and_the_rest_are_links() {
    let shared = |n: u128| SharedFile {
        at: NOW,
        author: AuthorKind::Customer,
        file: StoredFile {
            id: FileId(id(n)),
            size_bytes: 2_048,
            mime_type: "image/png".to_owned(),
            name: format!("{n}.png"),
            sha256: String::new(),
        },
        link: format!("https://hub.example/files/{n}"),
    };
    let files: Vec<SharedFile> = (0..500).map(shared).collect();
    let plan = plan(&*desk(), &[], &files);
    assert!(plan.len() <= PLAN_MAX_STEPS);
    let notes = plan.iter().filter(|step| step.call.get("kept").is_some()).count();
    assert!(notes > 50, "{notes}");
    let rest = step(&plan, "more files").call["text"].as_str().unwrap();
    assert_eq!(rest.matches("https://hub.example/files/").count(), 500 - notes);
    assert!(rest.ends_with("499.png (2 KB): https://hub.example/files/499"), "{rest}");
}

#[tokio::test]
async fn a_case_is_made_once_under_the_handoffs_own_id() {
    let vendor = Vendor::start().await;
    let changes = json!({
        "case_owner": format!("team:{OTHER}"),
        "case_origin": { "whatsapp": 700_000_001 },
        "case_priority": { "negative": 1 },
        "ticket_properties": { "severitycode": 1, "new_id@odata.bind": "/products(1)" },
    });
    let desk = at(&vendor, changes).await;
    let made = route("PATCH", &format!("incidents({CASE})"));
    vendor.on(&made, &[(500, ""), (412, r#"{"error":{"code":"0x80060892","message":"x"}}"#)]);
    vendor.on(&route("GET", &format!("incidents({CASE})")), &[(200, &row())]);
    let call = new_case(&*desk);
    assert!(desk.is_repeatable(&call));
    assert_eq!(desk.send(&call).await.name(), "unknown");
    let work = accepted(desk.send(&call).await);
    assert_eq!(work.work.unwrap().reference.as_deref(), Some("CAS-01000-X1"));
    assert_eq!(work.metadata["dynamics365_incident_id"], CASE);
    assert_eq!(work.metadata["dynamics365_ticket_number"], "CAS-01000-X1");
    let seen = vendor.seen(&made);
    assert_eq!(seen[0].headers["if-none-match"], "*");
    let mut columns = seen[1].json();
    assert!(columns["description"].as_str().unwrap().starts_with("Channel: whatsapp\n"));
    columns["description"] = json!("");
    assert_eq!(
        columns,
        json!({
            "title": "Parcel lost", "description": "", "caseorigincode": 700_000_001,
            "prioritycode": 1, "severitycode": 1, "ownerid@odata.bind": format!("/teams({OTHER})"),
            "new_id@odata.bind": "/products(1)",
            "customerid_contact@odata.bind": format!("/contacts({MARIA})"),
        })
    );
}

#[tokio::test]
async fn labels_are_resolved_by_the_organisations_metadata() {
    let vendor = Vendor::start().await;
    let label =
        |text: &str| json!({ "UserLocalizedLabel": { "Label": text }, "LocalizedLabels": [] });
    let option = |value: i64, text: &str| json!({ "Value": value, "Label": label(text) });
    let metadata = json!({ "value": [
        { "LogicalName": "prioritycode", "OptionSet": { "Options": [option(1, "High"), option(2, "Normal")] } },
        { "LogicalName": "casetypecode", "GlobalOptionSet": { "Options": [option(3, "Request")] } },
    ] });
    let picklists = route(
        "GET",
        "EntityDefinitions(LogicalName='incident')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
    );
    vendor.on(&picklists, &[(200, &metadata.to_string())]);
    let made = route("PATCH", &format!("incidents({CASE})"));
    vendor.on(&made, &[(201, &row())]);
    let properties = json!({ "casetypecode": "request", "prioritycode": 2, "new_text": "High" });
    let desk = at(&vendor, json!({ "ticket_properties": properties })).await;
    accepted(desk.send(&new_case(&*desk)).await);
    accepted(desk.send(&new_case(&*desk)).await);
    let columns = vendor.seen(&made)[0].json();
    assert_eq!((&columns["casetypecode"], &columns["prioritycode"]), (&json!(3), &json!(2)));
    assert_eq!(columns["new_text"], "High", "a column of text keeps its words");
    assert_eq!(vendor.seen(&picklists).len(), 1, "read once");

    let desk = at(&vendor, json!({ "ticket_properties": { "prioritycode": "Urgent" } })).await;
    let outcome = desk.send(&new_case(&*desk)).await;
    let fault = outcome.fault().unwrap();
    assert_eq!(outcome.name(), "rejected");
    assert!(fault.operator.contains("prioritycode") && fault.operator.contains("High, Normal"));
}

#[tokio::test]
async fn what_dynamics_refuses_says_which_setting_to_correct() {
    for (status, code, words) in [
        (404, "0x80040217", "case_owner"),
        (400, "0x8004431a", "option set"),
        (400, "0x80048d19", "ticket_properties"),
        (400, "0x80044331", "case_description_chars"),
    ] {
        let vendor = Vendor::start().await;
        let desk = at(&vendor, json!({})).await;
        let error = json!({ "error": { "code": code, "message": "x" } }).to_string();
        vendor.on(&route("PATCH", &format!("incidents({CASE})")), &[(status, &error)]);
        let outcome = desk.send(&new_case(&*desk)).await;
        let fault = outcome.fault().unwrap();
        assert_eq!((outcome.name(), fault.class), ("rejected", FaultClass::NotRegistered));
        assert!(fault.operator.contains(words), "{code}: {}", fault.operator);
    }
}

#[tokio::test]
async fn a_case_without_contact_belongs_to_the_account_and_never_goes_on_with_another() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "open_case": "append" })).await;
    let plan = plan(&*desk, &[], &[]);
    let mut handoff = unopened();
    handoff.learned.clear();
    let contact = contact();
    let what = DeskWhat::Plan(&step(&plan, "incident").call);
    let to_desk =
        ToDesk { delivery: DeliveryId(id(9)), handoff: &handoff, contact: &contact, what };
    let fault = desk.render(&to_desk).unwrap_err();
    assert!(fault.operator.contains("fallback_account_id"), "{}", fault.operator);
    handoff.learned.insert("account".to_owned(), OTHER.to_owned());
    let call = rendered(&*desk, &handoff, what);
    assert_eq!(
        call.body["columns"]["customerid_account@odata.bind"],
        format!("/accounts({OTHER})")
    );
    assert_eq!(call.body["again"], Value::Null);
}

#[tokio::test]
async fn a_returning_customers_open_case_is_gone_on_with() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "open_case": "append", "case_queue_id": OTHER })).await;
    let open =
        json!({ "value": [{ "incidentid": OTHER, "ticketnumber": "CAS-7", "statecode": 0 }] });
    vendor.on(&route("GET", "incidents"), &[(200, &open.to_string())]);
    let note = route("PATCH", "annotations(00000000-0000-0000-0000-000000000009)");
    let since = "2025-11-20T10:05:00Z";
    let written = json!({ "annotationid": id(9), "createdon": since }).to_string();
    vendor.on(&note, &[(201, &written)]);
    let work = accepted(desk.send(&new_case(&*desk)).await);
    assert_eq!(work.work.unwrap().id.as_str(), OTHER);
    assert_eq!(work.metadata["dynamics365_ticket_number"], "CAS-7");
    assert_eq!(work.learned["appended"], since);
    let query = &vendor.seen(&route("GET", "incidents"))[0].query;
    for part in [format!("_customerid_value+eq+{MARIA}"), format!("_createdby_value+eq+{ME}")] {
        assert!(query.contains(&part), "{part} in {query}");
    }
    let columns = vendor.seen(&note)[0].json();
    assert_eq!(columns["objectid_incident@odata.bind"], format!("/incidents({OTHER})"));
    assert!(columns["notetext"].as_str().unwrap().contains("> She wants a refund."));
    // A rep may work on it: it stays in its queue.
    let plan = plan(&*desk, &[], &[]);
    let mut handoff = opened();
    handoff.learned.extend(work.learned);
    let queue = rendered(&*desk, &handoff, DeskWhat::Plan(&step(&plan, "queue").call));
    accepted(desk.send(&queue).await);
    assert!(
        vendor
            .seen(&route("POST", &format!("queues({OTHER})/Microsoft.Dynamics.CRM.AddToQueue")))
            .is_empty()
    );
    // What reps wrote before belongs to the conversations before.
    vendor.on(&route("GET", &format!("incidents({CASE})")), &[(200, &row())]);
    desk.list(&handoff, NOW).await.unwrap();
    let asked = &vendor.seen(&route("GET", &format!("incidents({CASE})")))[0].query;
    assert!(asked.contains("modifiedon+ge+2025-11-20T10%3A05%3A00.000Z"), "{asked}");
}

#[tokio::test]
async fn our_own_case_found_again_is_the_case_that_was_made() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "open_case": "append" })).await;
    let open = format!("{{\"value\":[{}]}}", row());
    vendor.on(&route("GET", "incidents"), &[(200, &open)]);
    let work = accepted(desk.send(&new_case(&*desk)).await);
    assert_eq!(work.work.unwrap().id.as_str(), CASE);
    assert!(work.learned.is_empty());
}

#[tokio::test]
async fn a_missing_queue_is_named_and_the_case_goes_on_without_it() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "case_queue_id": OTHER })).await;
    let plan = plan(&*desk, &[], &[]);
    let queue = step(&plan, "queue");
    assert!(queue.optional);
    let call = rendered(&*desk, &opened(), DeskWhat::Plan(&queue.call));
    let add = route("POST", &format!("queues({OTHER})/Microsoft.Dynamics.CRM.AddToQueue"));
    let gone = r#"{"error":{"code":"0x80040217","message":"queue With Id = … Does Not Exist"}}"#;
    vendor.on(&add, &[(404, gone), (200, r#"{"QueueItemId":"q"}"#)]);
    let outcome = desk.send(&call).await;
    assert!(outcome.fault().unwrap().operator.contains(OTHER));
    accepted(desk.send(&call).await);
    assert_eq!(
        vendor.seen(&add)[1].json(),
        json!({ "Target": { "incidentid": CASE, "@odata.type": "Microsoft.Dynamics.CRM.incident" } })
    );
}

fn answer(id: &str, seconds: i64, text: &str) -> Value {
    json!({
        "activityid": id, "description": text, "createdon": Timestamp(NOW.0 + seconds * 1_000).rfc3339(),
        "_createdby_value": OTHER,
        "_createdby_value@OData.Community.Display.V1.FormattedValue": "Rae Rep",
    })
}

fn noted(id: &str, seconds: i64, text: &str) -> Value {
    let mut note = answer(id, seconds, "");
    note["annotationid"] = note["activityid"].take();
    note["notetext"] = json!(text);
    note
}

#[tokio::test]
async fn what_reps_answer_on_the_case_is_listed_once_each() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "case_answers": "email, note, portal" })).await;
    let mut ours = answer("a4", 4, "Thank you for writing to us.");
    ours["_createdby_value"] = json!(ME);
    let mut case: Value = serde_json::from_str(&row()).unwrap();
    case["Incident_Emails"] = json!([
        answer("A2", 2, "<p>It is <b>on its way</b>.</p><blockquote>old</blockquote>"),
        ours,
        answer("a5", -600, "<p>from an earlier conversation</p>"),
    ]);
    case["Incident_Annotation"] = json!([
        noted("n1", 1, "<div data-wrapper=\"true\"><div>!Reply Hello Maria</div></div>"),
        noted("n2", 3, "called the depot"),
    ]);
    case["incident_adx_portalcomments"] = json!([answer("p1", 5, "See the portal.")]);
    vendor.on(&route("GET", &format!("incidents({CASE})")), &[(200, &case.to_string())]);
    let listing = desk.list(&opened(), NOW).await.unwrap();
    let said: Vec<(String, String)> = listing
        .from_rep
        .iter()
        .map(|m| (m.vendor_id.clone().unwrap().0, m.content.as_text()))
        .collect();
    let pair = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    assert_eq!(
        said,
        [pair("n1", "Hello Maria"), pair("a2", "It is on its way."), pair("p1", "See the portal.")]
    );
    assert_eq!(listing.from_rep[0].rep.as_deref(), Some("Rae Rep"));
    assert!(!listing.ended);
    let asked = &vendor.seen(&route("GET", &format!("incidents({CASE})")))[0];
    assert!(asked.query.contains("directioncode+eq+true+and+statuscode+eq+3"), "{}", asked.query);
    assert_eq!(vendor.seen(WHO).len(), 1, "who we are is asked once");
}

#[tokio::test]
async fn where_no_answers_are_wanted_only_the_state_is_asked_for() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "case_answers": "none" })).await;
    vendor.on(&route("GET", &format!("incidents({CASE})")), &[(200, &row())]);
    assert!(desk.list(&opened(), NOW).await.unwrap().from_rep.is_empty());
    let asked = &vendor.seen(&route("GET", &format!("incidents({CASE})")))[0].query;
    assert!(!asked.contains("expand"), "{asked}");
}

#[tokio::test]
async fn a_closed_or_deleted_case_has_ended() {
    let gone = r#"{"error":{"code":"0x80040217","message":"incident With Id"}}"#;
    let resolved = json!({ "incidentid": CASE, "statecode": 1 }).to_string();
    for (status, body, ended) in
        [(200, resolved.as_str(), Some(true)), (404, gone, Some(true)), (503, "", None)]
    {
        let vendor = Vendor::start().await;
        let desk = at(&vendor, json!({})).await;
        vendor.on(&route("GET", &format!("incidents({CASE})")), &[(status, body)]);
        let listing = desk.list(&opened(), NOW).await.ok();
        assert_eq!(listing.map(|listing| listing.ended), ended, "{status}");
    }
}

#[tokio::test]
async fn a_customers_words_to_a_closed_case_are_refused_and_ours_are_noted() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({})).await;
    let resolved = json!({ "incidentid": CASE, "statecode": 1 }).to_string();
    let state = route("GET", &format!("incidents({CASE})"));
    vendor.on(&state, &[(200, &resolved), (200, &row())]);
    let note = route("PATCH", "annotations(00000000-0000-0000-0000-000000000009)");
    vendor.on(&note, &[(204, ""), (412, "")]);
    let author = Author::unnamed(AuthorKind::Customer);
    let content = Content::text("Are you there?");
    let what = DeskWhat::Message { author: &author, content: &content, file_url: None };
    let call = rendered(&*desk, &opened(), what);
    assert!(desk.is_repeatable(&call));
    let outcome = desk.send(&call).await;
    assert_eq!(outcome.fault().unwrap().class, FaultClass::WorkEnded);
    assert!(vendor.seen(&note).is_empty());
    accepted(desk.send(&call).await);
    accepted(desk.send(&call).await);
    assert_eq!(
        vendor.seen(&note)[0].json(),
        json!({
            "subject": "Customer (Maria da Silva)", "notetext": "Are you there?",
            "objectid_incident@odata.bind": format!("/incidents({CASE})"),
        })
    );
    let line = rendered(&*desk, &opened(), DeskWhat::Note("It was not delivered."));
    accepted(desk.send(&line).await);
    assert_eq!(vendor.seen(&state).len(), 3, "a line of ours asks for no state");
}

#[tokio::test]
async fn closing_resolves_only_where_the_settings_say_so() {
    let vendor = Vendor::start().await;
    let desk = at(&vendor, json!({ "resolve_on_close": "yes" })).await;
    let close = route("POST", "CloseIncident");
    let closed = r#"{"error":{"code":"0x80044411","message":"already closed"}}"#;
    vendor.on(&close, &[(204, ""), (400, closed), (403, "")]);
    let call = rendered(&*desk, &opened(), DeskWhat::Close);
    assert!(desk.is_repeatable(&call));
    accepted(desk.send(&call).await);
    accepted(desk.send(&call).await);
    assert_eq!(desk.send(&call).await.name(), "rejected");
    let resolution = &vendor.seen(&close)[0].json()["IncidentResolution"];
    assert_eq!(resolution["incidentid@odata.bind"], format!("/incidents({CASE})"));

    let desk = at(&vendor, json!({})).await;
    let note = route("PATCH", "annotations(00000000-0000-0000-0000-000000000009)");
    vendor.on(&note, &[(204, "")]);
    accepted(desk.send(&rendered(&*desk, &opened(), DeskWhat::Close)).await);
    assert!(vendor.seen(&note)[0].json()["notetext"].as_str().unwrap().contains("ended"));
}

#[test]
fn settings_that_would_overwrite_what_baton_writes_are_refused() {
    for (changes, key, words) in [
        (json!({ "ticket_properties": { "title": "x" } }), "ticket_properties", "subject"),
        (json!({ "ticket_properties": "{\"description\": \"x\"}" }), "ticket_properties", "brief"),
        (
            json!({ "ticket_properties": { "customerid_contact@odata.bind": "/contacts(1)" } }),
            "ticket_properties",
            "contact",
        ),
        (
            json!({ "ticket_properties": { "ownerid@odata.bind": "x" } }),
            "ticket_properties",
            "case_owner",
        ),
        (
            json!({ "ticket_properties": { "caseorigincode": 1 } }),
            "ticket_properties",
            "case_origin",
        ),
        (
            json!({ "ticket_properties": { "prioritycode": 1 }, "case_priority": { "negative": 1 } }),
            "ticket_properties",
            "case_priority",
        ),
        (json!({ "ticket_properties": "[1]" }), "ticket_properties", "JSON"),
        (json!({ "case_origin": { "fax": 1 } }), "case_origin", "whatsapp"),
        (json!({ "case_origin": { "sms": [1] } }), "case_origin", "number"),
        (
            json!({ "case_priority": { "rather negative": 1 } }),
            "case_priority",
            "slightly negative",
        ),
        (json!({ "case_answers": "fax" }), "case_answers", "email"),
        (json!({ "note_prefix": "/r" }), "note_prefix", "slash"),
        (json!({ "case_description_chars": "many" }), "case_description_chars", "number"),
        (json!({ "live_mode": "fax" }), "live_mode", "work_item_row"),
    ] {
        let Err(fault) = build(&with(changes.clone()), &clock(), None) else {
            panic!("{changes} was taken");
        };
        assert_eq!(fault.key, key, "{changes}");
        assert!(fault.text.contains(words), "{changes}: {}", fault.text);
    }
}
