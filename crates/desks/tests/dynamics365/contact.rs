//! The customer's contact: found, made once, never guessed; and the conversation's link to it.

use std::sync::Arc;

use baton_core::{
    channel::Call,
    contact::{Contact, Point, PointKind},
    desk::{Desk, DeskWhat, ToDesk},
    fault::{Accepted, FaultClass, Outcome},
    handoff::Handoff,
    ids::DeliveryId,
    inbox::ChannelKind,
    route::WorkKind,
};
use serde_json::{Map, Value, json};

use crate::support::*;

const CONTACTS: &str = "GET /dataverse/api/data/v9.2/contacts";
const MARIA: &str = "dddddddd-0000-4000-8000-000000000001";
const TWIN: &str = "dddddddd-0000-4000-8000-000000000002";
const ACCOUNT: &str = "dddddddd-0000-4000-8000-000000000003";
const NONE: &str = r#"{"value":[]}"#;
const EXISTS: &str = r#"{"error":{"code":"0x80040237","message":"A record with matching key values already exists."}}"#;

async fn ready(change: Value) -> (Vendor, Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let mut settings: Map<String, Value> = settings(&vendor.base);
    settings.extend(change.as_object().unwrap().clone());
    let desk = desk_with(&settings, &clock(), None);
    vendor.on(CONTACTS, &[(200, NONE)]);
    (vendor, desk)
}

fn handoff_for(kind: WorkKind) -> Handoff {
    let mut handoff = handoff();
    handoff.target.kind = kind;
    handoff
}

fn of(points: &[(PointKind, &str)], name: Option<&str>) -> Contact {
    let points = points.iter().map(|(kind, value)| Point::new(*kind, *value)).collect();
    Contact { points, name: name.map(str::to_owned), ..contact() }
}

fn call(desk: &dyn Desk, kind: WorkKind, channel: ChannelKind, contact: &Contact) -> Call {
    let (step, handoff) = (
        json!({ "operation": "contact", "channel": channel, "session": "the-session" }),
        handoff_for(kind),
    );
    let what = DeskWhat::Plan(&step);
    desk.render(&ToDesk { delivery: DeliveryId(id(9)), handoff: &handoff, contact, what }).unwrap()
}

fn live(desk: &dyn Desk, contact: &Contact) -> Call {
    call(desk, WorkKind::Live, ChannelKind::Whatsapp, contact)
}

async fn accepted(desk: &dyn Desk, call: &Call) -> Accepted {
    match desk.send(call).await {
        Outcome::Accepted(accepted) => accepted,
        other => panic!("{other:?}"),
    }
}

fn row(id: &str, change: Value) -> Value {
    let mut row = json!({
        "contactid": id, "statecode": 0, "merged": false, "_masterid_value": null,
        "emailaddress1": "Maria@example.com", "mobilephone": "0170 1234567",
    });
    row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    row
}

fn rows(rows: &[Value]) -> String {
    json!({ "value": rows }).to_string()
}

/// The filters of the questions, as the vendor reads them.
fn filters(vendor: &Vendor) -> Vec<String> {
    let filter = |seen: &Seen| {
        let url = reqwest::Url::parse(&format!("http://x/?{}", seen.query)).unwrap();
        url.query_pairs().find(|(key, _)| key == "$filter").unwrap().1.into_owned()
    };
    vendor.seen(CONTACTS).iter().map(filter).collect()
}

fn inserts(vendor: &Vendor) -> Vec<Seen> {
    vendor.all().into_iter().filter(|seen| seen.route.starts_with("PATCH ")).collect()
}

#[tokio::test]
async fn the_only_contact_with_the_email_is_taken() {
    let (vendor, desk) = ready(json!({})).await;
    vendor.on(CONTACTS, &[(200, &rows(&[row(MARIA, json!({}))]))]);
    let accepted = accepted(&*desk, &live(&*desk, &contact())).await;
    assert_eq!(accepted.learned["contact"], MARIA);
    assert_eq!(accepted.metadata["dynamics365_contact_id"], MARIA);
    assert_eq!(
        filters(&vendor),
        ["emailaddress1 eq 'maria@example.com' and (statecode eq 0 or merged eq true)"]
    );
    assert!(inserts(&vendor).is_empty());
}

#[tokio::test]
async fn signs_in_an_address_arrive_as_they_are() {
    let (vendor, desk) = ready(json!({})).await;
    for email in ["o'hara+50%_off[x]&#@example.com", "möwe@exämple.com"] {
        let contact = of(&[(PointKind::Email, email)], Some("Eve"));
        desk.send(&live(&*desk, &contact)).await;
        let quoted = email.replace('\'', "''");
        let filter = filters(&vendor).pop().unwrap();
        assert!(filter.starts_with(&format!("emailaddress1 eq '{quoted}' and ")), "{filter}");
    }
    // Whatever the vendor makes of the question, the answer is compared.
    vendor.on(CONTACTS, &[(200, &rows(&[row(MARIA, json!({}))]))]);
    let eve = of(&[(PointKind::Email, "%@example.com")], Some("Eve"));
    let outcome = desk.send(&live(&*desk, &eve)).await;
    assert!(!matches!(&outcome, Outcome::Accepted(a) if a.learned["contact"] == MARIA));
}

#[tokio::test]
async fn without_the_email_the_phone_finds_any_stored_format() {
    for stored in ["0170 1234567", "+49 (170) 123-45-67", "0049/170/1234567"] {
        let (vendor, desk) = ready(json!({})).await;
        let other = row(TWIN, json!({ "mobilephone": "0171 1234567", "emailaddress1": null }));
        let one = row(MARIA, json!({ "mobilephone": null, "telephone2": stored }));
        vendor.on(CONTACTS, &[(200, NONE), (200, &rows(&[other, one]))]);
        let accepted = accepted(&*desk, &live(&*desk, &contact())).await;
        assert_eq!(accepted.learned["contact"], MARIA, "{stored}");
        assert!(filters(&vendor)[1].contains("contains(telephone2,'1%2%3%4%5%6%7')"));
        assert!(vendor.seen(CONTACTS)[1].query.contains("1%252%253"), "encoded once");
    }
}

#[tokio::test]
async fn merged_contacts_stand_for_their_master_and_deactivated_ones_for_nobody() {
    let (vendor, desk) = ready(json!({})).await;
    let merged =
        |id: &str| row(id, json!({ "statecode": 1, "merged": true, "_masterid_value": MARIA }));
    let master = row(MARIA, json!({}));
    vendor.on(CONTACTS, &[(200, &rows(&[merged(TWIN), master.clone()]))]);
    vendor.on(&format!("{CONTACTS}({MARIA})"), &[(200, &master.to_string())]);
    assert_eq!(accepted(&*desk, &live(&*desk, &contact())).await.learned["contact"], MARIA);

    let gone = row(TWIN, json!({ "statecode": 1 }));
    vendor.on(CONTACTS, &[(200, &rows(&[gone, row(MARIA, json!({}))]))]);
    assert_eq!(accepted(&*desk, &live(&*desk, &contact())).await.learned["contact"], MARIA);
}

#[tokio::test]
async fn several_are_shown_and_none_is_chosen() {
    let (vendor, desk) = ready(json!({})).await;
    vendor.on(CONTACTS, &[(200, &rows(&[row(MARIA, json!({})), row(TWIN, json!({}))]))]);
    let told = accepted(&*desk, &live(&*desk, &contact())).await;
    assert!(!told.learned.contains_key("contact") && inserts(&vendor).is_empty());
    assert_eq!(told.learned["ambiguous"], format!("{MARIA} {TWIN}"));
    let notice = told.notice.unwrap();
    for id in [MARIA, TWIN] {
        assert!(notice.contains(&format!("etn=contact&id={id}")), "{notice}");
    }

    let mut handoff = handoff();
    handoff.learned = told.learned;
    let step = json!({
        "operation": "create",
        "body": { "startmessage": { "message": "[Baton] Handoff\nSubject: x", "displayname": "B" } },
    });
    let (contact, delivery) = (contact(), DeliveryId(id(9)));
    let what = DeskWhat::Plan(&step);
    let to_desk = ToDesk { delivery, handoff: &handoff, contact: &contact, what };
    let create = desk.render(&to_desk).unwrap();
    let start = create.body["create"]["startmessage"]["message"].as_str().unwrap();
    let second = start.lines().nth(1).unwrap();
    assert!(second.starts_with("Contact: not linked, several may be meant: "), "{start}");
    assert!(second.contains(MARIA) && second.contains(TWIN) && start.ends_with("Subject: x"));
    let link = json!({ "operation": "link" });
    let to_desk = ToDesk { what: DeskWhat::Plan(&link), ..to_desk };
    assert_eq!(desk.render(&to_desk).unwrap().operation, "nothing");
}

#[tokio::test]
async fn a_case_of_an_ambiguous_customer_gets_an_account_or_a_contact_of_its_own() {
    let twins = rows(&[row(MARIA, json!({})), row(TWIN, json!({}))]);
    let (vendor, desk) = ready(json!({ "fallback_account_id": ACCOUNT })).await;
    vendor.on(CONTACTS, &[(200, &twins)]);
    let case = call(&*desk, WorkKind::Case, ChannelKind::Whatsapp, &contact());
    let told = accepted(&*desk, &case).await;
    assert_eq!((&*told.learned["account"], told.learned.contains_key("contact")), (ACCOUNT, false));

    let (vendor, desk) = ready(json!({})).await;
    vendor.on(CONTACTS, &[(200, &twins)]);
    let case = call(&*desk, WorkKind::Case, ChannelKind::Whatsapp, &contact());
    let own = case.body["ids"][0].as_str().unwrap();
    vendor.on(&format!("PATCH /dataverse/api/data/v9.2/contacts({own})"), &[(204, "")]);
    let told = accepted(&*desk, &case).await;
    assert_eq!(told.learned["contact"], own);
    assert!(told.learned.contains_key("ambiguous"));
}

#[tokio::test]
async fn a_new_contact_is_made_under_our_own_id_with_all_that_is_known() {
    let columns =
        json!({ "contact_session_column": "cr_session", "contact_user_id_column": "cr_wa" });
    let (vendor, desk) = ready(columns).await;
    let customer = of(
        &[
            (PointKind::WhatsappUser, "DE.123"),
            (PointKind::Phone, "491701234567"),
            (PointKind::Email, "maria@example.com"),
        ],
        Some("Maria da Silva"),
    );
    let call = live(&*desk, &customer);
    let own = call.body["ids"][0].as_str().unwrap();
    vendor.on(&format!("PATCH /dataverse/api/data/v9.2/contacts({own})"), &[(204, "")]);
    assert_eq!(accepted(&*desk, &call).await.learned["contact"], own);
    assert!(filters(&vendor)[2].starts_with("cr_wa eq 'DE.123' and "));
    let insert = &inserts(&vendor)[0];
    assert_eq!(insert.headers["if-none-match"], "*");
    assert_eq!(
        insert.json(),
        json!({
            "firstname": "Maria da", "lastname": "Silva", "mobilephone": "+491701234567",
            "emailaddress1": "maria@example.com", "cr_session": "the-session", "cr_wa": "DE.123",
        })
    );
}

#[tokio::test]
async fn what_was_made_already_is_fetched_and_a_lost_answer_is_asked_again() {
    let (vendor, desk) = ready(json!({})).await;
    let customer = of(&[(PointKind::WhatsappUser, "DE.123")], Some("Maria"));
    let call = live(&*desk, &customer);
    assert!(desk.is_repeatable(&call));
    let ids: Vec<&str> =
        call.body["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let patch = |id: &str| format!("PATCH /dataverse/api/data/v9.2/contacts({id})");
    let get = |id: &str| format!("{CONTACTS}({id})");
    // The first attempt was committed and its answer lost.
    vendor.on(&patch(ids[0]), &[(500, ""), (412, EXISTS)]);
    vendor.on(&get(ids[0]), &[(200, &row(ids[0], json!({})).to_string())]);
    assert_eq!(desk.send(&call).await.name(), "unknown");
    assert_eq!(accepted(&*desk, &call).await.learned["contact"], ids[0]);

    let merged = row(ids[0], json!({ "statecode": 1, "merged": true, "_masterid_value": MARIA }));
    vendor.on(&get(ids[0]), &[(200, &merged.to_string())]);
    vendor.on(&get(MARIA), &[(200, &row(MARIA, json!({})).to_string())]);
    assert_eq!(accepted(&*desk, &call).await.learned["contact"], MARIA);

    // Ours was deactivated: it stays so, and another one is made.
    vendor.on(&get(ids[0]), &[(200, &row(ids[0], json!({ "statecode": 1 })).to_string())]);
    vendor.on(&patch(ids[1]), &[(204, "")]);
    assert_eq!(accepted(&*desk, &call).await.learned["contact"], ids[1]);
}

#[tokio::test]
async fn an_address_that_is_only_claimed_links_nobody() {
    let (vendor, desk) = ready(json!({})).await;
    vendor.on(CONTACTS, &[(200, &rows(&[row(MARIA, json!({}))]))]);
    let customer = of(&[(PointKind::Email, "maria@example.com")], Some("Maria"));
    let call = call(&*desk, WorkKind::Case, ChannelKind::Email, &customer);
    let own = call.body["ids"][0].as_str().unwrap();
    vendor.on(&format!("PATCH /dataverse/api/data/v9.2/contacts({own})"), &[(204, "")]);
    assert_eq!(accepted(&*desk, &call).await.learned["contact"], own);
    assert!(vendor.seen(CONTACTS).is_empty(), "nobody was even looked for");
    let made = inserts(&vendor)[0].json();
    assert!(made.get("emailaddress1").is_none(), "{made}");
    assert!(made["description"].as_str().unwrap().contains("Not verified"), "{made}");
    let proven = live(&*desk, &customer);
    assert_ne!(proven.body["ids"][0], call.body["ids"][0]);

    let (vendor, desk) = ready(json!({ "fallback_account_id": ACCOUNT })).await;
    let call = self::call(&*desk, WorkKind::Case, ChannelKind::Email, &customer);
    assert_eq!(accepted(&*desk, &call).await.learned["account"], ACCOUNT);
    assert_eq!(vendor.all().len(), 0);
}

#[tokio::test]
async fn a_visitor_of_whom_nothing_is_known_makes_no_contact() {
    let (_, desk) = ready(json!({})).await;
    let visitor = of(&[(PointKind::Visitor, "v1")], None);
    let none = call(&*desk, WorkKind::Live, ChannelKind::Web, &visitor);
    assert_eq!(none.operation, "nothing");
    assert_eq!(accepted(&*desk, &none).await, Accepted::default());
    let case = call(&*desk, WorkKind::Case, ChannelKind::Web, &visitor);
    assert_eq!(case.body["columns"], json!({ "lastname": "Customer" }));
}

#[tokio::test]
async fn a_failing_crm_is_named_and_nothing_is_made() {
    let (vendor, desk) = ready(json!({})).await;
    let missing = "Principal user (Id=1, type=8) is missing prvReadContact privilege.";
    let refused = json!({ "error": { "code": "0x80040220", "message": missing } }).to_string();
    vendor.on(CONTACTS, &[(403, &refused), (503, "")]);
    let call = live(&*desk, &contact());
    let outcome = desk.send(&call).await;
    let fault = outcome.fault().unwrap();
    assert_eq!((outcome.name(), fault.class), ("rejected", FaultClass::Permission));
    assert!(fault.operator.contains("prvReadContact"), "{}", fault.operator);
    assert_eq!(desk.send(&call).await.name(), "retry", "a question changes nothing");
    assert!(inserts(&vendor).is_empty());
}

fn after(desk: &dyn Desk, step: &Value) -> Call {
    let mut handoff = handoff();
    handoff.learned.insert("contact".to_owned(), MARIA.to_owned());
    let (contact, what) = (contact(), DeskWhat::Plan(step));
    let delivery = DeliveryId(id(9));
    desk.render(&ToDesk { delivery, handoff: &handoff, contact: &contact, what }).unwrap()
}

#[tokio::test]
async fn an_unlinked_conversation_is_linked_and_another_link_is_told() {
    let (vendor, desk) = ready(json!({})).await;
    let link = after(&*desk, &json!({ "operation": "link" }));
    let patch = ROW.replace("GET", "PATCH");
    vendor.on(&patch, &[(204, "")]);
    let linked = |to: Value| json!({ "activityid": CHAT, "_msdyn_customer_value": to }).to_string();

    vendor.on(ROW, &[(200, &linked(json!(MARIA)))]);
    assert_eq!(accepted(&*desk, &link).await, Accepted::default());
    vendor.on(ROW, &[(200, &linked(json!(TWIN)))]);
    let notice = accepted(&*desk, &link).await.notice.unwrap();
    assert!(notice.contains(TWIN) && notice.contains(MARIA), "{notice}");
    assert!(vendor.seen(&patch).is_empty());

    vendor.on(ROW, &[(404, r#"{"error":{"code":"0x80040217","message":"Does Not Exist"}}"#)]);
    let late = desk.send(&link).await;
    assert!(late.fault().unwrap().operator.contains("not in Dataverse yet"));

    vendor.on(ROW, &[(200, &linked(Value::Null))]);
    accepted(&*desk, &link).await;
    let change = &vendor.seen(&patch)[0];
    assert_eq!(change.headers["if-match"], "*");
    let bind = format!("/contacts({MARIA})");
    assert_eq!(
        change.json(),
        json!({ "msdyn_customer_msdyn_ocliveworkitem_contact@odata.bind": bind })
    );
}

#[tokio::test]
async fn the_title_is_written_where_the_settings_want_it() {
    let (vendor, desk) = ready(json!({ "set_subject": "yes" })).await;
    let patch = ROW.replace("GET", "PATCH");
    vendor.on(&patch, &[(204, "")]);
    let call = after(&*desk, &json!({ "operation": "subject", "subject": "Parcel lost" }));
    accepted(&*desk, &call).await;
    let change = vendor.seen(&patch)[0].json();
    assert_eq!(change, json!({ "subject": "Parcel lost", "msdyn_title": "Parcel lost" }));
}
