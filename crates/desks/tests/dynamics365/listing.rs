//! What the desk holds, and whether an unknown attempt is among it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    desk::{Desk, DeskWhat, Listing},
    fault::Settled,
    ids::VendorId,
    time::{MINUTE_MS, Timestamp},
};
use serde_json::{Value, json};

use crate::support::*;

async fn ready() -> (Vendor, Arc<StillClock>, Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    (vendor, clock, desk)
}

fn row(state: i64, status: i64) -> String {
    let modified = NOW.rfc3339();
    json!({ "activityid": CHAT, "statecode": state, "statuscode": status, "modifiedon": modified })
        .to_string()
}

fn said(n: i64, from: Value, text: &str) -> Value {
    let at = Timestamp(NOW.0 + n * 1_000).rfc3339();
    json!({
        "type": "message", "messageId": format!("{n}"), "timestamp": at, "from": from,
        "text": text, "attachments": [], "channelData": {},
    })
}

fn rep() -> Value {
    json!({ "id": "r", "name": "Rae" })
}

fn words(listing: &Listing) -> (Vec<String>, Vec<String>) {
    (
        listing.from_rep.iter().map(|message| message.content.as_text()).collect(),
        listing.from_us.iter().map(|(_, text)| text.clone()).collect(),
    )
}

fn note(messages: &Value) -> String {
    let body = STANDARD.encode(messages.to_string());
    json!({ "value": [{ "annotationid": "n", "documentbody": body }] }).to_string()
}

#[tokio::test]
async fn an_active_conversation_is_read_page_by_page_and_sorted_by_speaker() {
    let (vendor, _, desk) = ready().await;
    let automated = json!({ "messagingapi-oc": { "type": "AutomatedMessage" } });
    let mut greeting = said(2, json!({ "id": "sys", "name": "System" }), "You are in a queue");
    greeting["channelData"] = automated.clone();
    let mut ours = said(3, json!({ "id": "baton:hub", "name": "Baton" }), "[Baton] a note");
    ours["channelData"] = automated;
    let mut event = said(4, rep(), "EventName: **_AgentAccepted_**");
    event["name"] = json!("AgentAccepted");
    let disguised = said(5, rep(), "EventName: **_AgentAssigned_**");
    let first = json!({
        "messages": [said(6, rep(), "**ok**"), greeting, ours, event, disguised],
        "continuationToken": "2025-11-20T10:00:06+00:00",
    });
    let second = json!({ "messages": [
        said(6, rep(), "**ok**"), said(7, rep(), "**ok**"),
        said(1, json!({ "id": "customer-key" }), "[Baton] Handoff"),
        said(8, json!({ "id": "baton:5", "name": "Maria" }), "thanks"),
        said(9, json!({}), "who said this?"),
        { "type": "typing", "from": rep() },
    ] });
    vendor.on(MESSAGES, &[(200, &first.to_string()), (200, &second.to_string())]);
    vendor.on(ROW, &[(200, &row(0, 2))]);
    let listing = desk.list(&handoff(), NOW).await.unwrap();
    assert!(!listing.ended);
    let (from_rep, from_us) = words(&listing);
    assert_eq!(from_rep, ["ok", "ok"], "typed twice, and one of them on two pages");
    assert_eq!(from_us, ["[Baton] Handoff", "[Baton] a note", "thanks", "who said this?"]);
    assert_eq!(listing.from_rep[0].rep.as_deref(), Some("Rae"));
    assert_eq!(listing.from_rep[0].vendor_id, Some(VendorId::from("6")));
    assert_eq!(listing.from_rep[0].at, Some(Timestamp(NOW.0 + 6_000)));
    let seen = vendor.seen(MESSAGES);
    assert!(
        seen[0].query.contains("StartTimeStamp=2025-11-20T10%3A00%3A00.000Z"),
        "{}",
        seen[0].query
    );
    assert!(seen[1].query.contains("ContinuationToken=2025-11-20T10%3A00%3A06%2B00%3A00"));
}

#[tokio::test]
async fn a_listing_without_end_is_not_taken_for_complete() {
    let (vendor, _, desk) = ready().await;
    let page = |n: i64| {
        json!({ "messages": [said(n, rep(), "x")], "continuationToken": n.to_string() }).to_string()
    };
    let pages: Vec<String> = (0..30).map(page).collect();
    let answers: Vec<(u16, &str)> = pages.iter().map(|page| (200, page.as_str())).collect();
    vendor.on(MESSAGES, &answers);
    let fault = desk.list(&handoff(), NOW).await.unwrap_err();
    assert!(fault.operator.contains("too many"), "{}", fault.operator);
    assert_eq!(vendor.seen(MESSAGES).len(), 20);
}

#[tokio::test]
async fn an_ended_conversation_is_read_from_its_transcript() {
    let (vendor, _, desk) = ready().await;
    vendor.on(MESSAGES, &[(404, r#"{"code":30013}"#)]);
    vendor.on(ROW, &[(200, &row(1, 4))]);
    vendor.on(
        TRANSCRIPTS,
        &[(200, r#"{"value":[{"msdyn_transcriptid":"eeeeeeee-0000-4000-8000-000000000001"}]}"#)],
    );
    let line = |n: i64, tags: &str, text: &str| {
        json!({
            "id": (NOW.0 + n).to_string(), "createdDateTime": Timestamp(NOW.0 + n).rfc3339(),
            "content": text, "isControlMessage": false, "tags": tags,
            "from": { "application": null, "user": { "displayName": "Rae", "id": "r" } },
        })
    };
    let mut control = line(7, "public", "joined");
    control["isControlMessage"] = json!(true);
    vendor.on(
        NOTES,
        &[(
            200,
            &note(&json!([
                line(-1, "public", "before"),
                line(2, "public,sms", "second"),
                line(1, "public", "first"),
                line(3, "private,internal", "between reps"),
                line(4, "system", "You are in a queue"),
                line(5, "FromCustomer", "hello"),
                line(6, "public,system", "[Baton] a note"),
                control,
            ])),
        )],
    );
    let listing = desk.list(&handoff(), NOW).await.unwrap();
    assert!(listing.ended);
    let (from_rep, from_us) = words(&listing);
    assert_eq!(from_rep, ["first", "second"]);
    assert_eq!(from_us, ["hello", "[Baton] a note"]);
    assert_eq!(listing.from_rep[0].rep.as_deref(), Some("Rae"));
    let filter = &vendor.seen(TRANSCRIPTS)[0].query;
    assert!(filter.contains("_msdyn_liveworkitemidid_value"), "{filter}");
}

#[tokio::test]
async fn an_end_is_believed_when_it_is_confirmed() {
    let absent = r#"{"conversations":[]}"#;
    let present =
        format!(r#"{{"conversations":[{{"conversationid":"{}"}}]}}"#, CHAT.to_uppercase());
    let messages = r#"{"messages":[]}"#;
    let none = r#"{"value":[]}"#;
    for (name, messages, row, listed, expected) in [
        ("active", (200, messages), Some(row(0, 2)), absent, Some(false)),
        ("waiting", (200, messages), Some(row(0, 3)), absent, Some(false)),
        ("waiting and gone", (404, ""), Some(row(0, 3)), absent, Some(true)),
        ("wrap-up", (200, messages), Some(row(0, 5)), absent, Some(true)),
        ("closed", (200, messages), Some(row(1, 4)), absent, Some(true)),
        ("closed, transcript not written yet", (404, ""), Some(row(1, 4)), absent, None),
        ("active and gone", (404, ""), Some(row(0, 2)), absent, None),
        ("no row, not listed", (200, messages), None, absent, Some(false)),
        ("no row, gone, not listed", (404, ""), None, absent, Some(true)),
        ("no row, gone, listed", (404, ""), None, present.as_str(), None),
    ] {
        let (vendor, _, desk) = ready().await;
        vendor.on(MESSAGES, &[messages]);
        if let Some(row) = &row {
            vendor.on(ROW, &[(200, row)]);
        }
        vendor.on(ROWS, &[(200, none)]);
        vendor.on(CONVERSATIONS, &[(200, listed)]);
        vendor.on(TRANSCRIPTS, &[(200, none)]);
        let ended = desk.list(&handoff(), NOW).await.ok().map(|listing| listing.ended);
        assert_eq!(ended, expected, "{name}");
    }
}

#[tokio::test]
async fn a_transcript_is_not_waited_for_without_end() {
    let (vendor, clock, desk) = ready().await;
    vendor.on(MESSAGES, &[(404, "")]);
    vendor.on(ROW, &[(200, &row(1, 4))]);
    vendor.on(TRANSCRIPTS, &[(200, r#"{"value":[]}"#)]);
    let fault = desk.list(&handoff(), NOW).await.unwrap_err();
    assert!(fault.operator.contains("transcript"), "{}", fault.operator);
    clock.advance_ms(5 * MINUTE_MS);
    assert!(desk.list(&handoff(), NOW).await.unwrap().ended);
}

#[tokio::test]
async fn the_row_is_found_by_its_other_column() {
    let (vendor, _, desk) = ready().await;
    vendor.on(MESSAGES, &[(200, r#"{"messages":[]}"#)]);
    vendor.on(ROW, &[(404, r#"{"error":{"code":"0x80040217","message":"no"}}"#)]);
    vendor.on(ROWS, &[(200, &format!(r#"{{"value":[{}]}}"#, row(1, 4)))]);
    vendor.on(TRANSCRIPTS, &[(200, r#"{"value":[]}"#)]);
    assert!(desk.list(&handoff(), NOW).await.unwrap().ended);
}

fn listed(from_us: &[(&str, &str)], from_rep: &[&str]) -> Listing {
    Listing {
        from_us: from_us.iter().map(|(id, text)| (VendorId::from(*id), (*text).into())).collect(),
        from_rep: from_rep
            .iter()
            .map(|text| baton_core::desk::RepMessage {
                vendor_id: None,
                rep: None,
                at: None,
                content: baton_core::message::Content::text(*text),
            })
            .collect(),
        ended: false,
    }
}

#[test]
fn an_unknown_message_is_settled_by_the_listing() {
    let desk = desk();
    let call = says(&*desk, "ok ");
    let known = [VendorId::from("1")];
    let accepted = |settled: Settled| match settled {
        Settled::Accepted(accepted) => accepted.vendor_id.unwrap().0,
        other => panic!("{other:?}"),
    };
    let both = listed(&[("1", "ok"), ("2", "ok")], &[]);
    assert_eq!(accepted(desk.settle(&call, &both, &known)), "2");
    assert_eq!(desk.settle(&call, &listed(&[("1", "ok")], &[]), &known), Settled::NotSent);
    assert_eq!(desk.settle(&call, &listed(&[("3", "other")], &[]), &known), Settled::NotSent);
    assert_eq!(
        desk.settle(&call, &listed(&[], &["ok"]), &known),
        Settled::Unknown,
        "the listing may show our words under another name"
    );
    let empty_end = Listing { ended: true, ..Listing::default() };
    assert_eq!(desk.settle(&call, &empty_end, &known), Settled::Unknown);
    let own_id = call.body["id"].as_str().unwrap().to_owned();
    let echoed = listed(&[(&own_id, "changed by the platform")], &[]);
    assert_eq!(accepted(desk.settle(&call, &echoed, &known)), own_id);
}

#[test]
fn an_unknown_end_is_settled_by_the_state() {
    let desk = desk();
    let call = render(&*desk, DeskWhat::Close);
    let ended = Listing { ended: true, ..Listing::default() };
    assert!(matches!(desk.settle(&call, &ended, &[]), Settled::Accepted(_)));
    assert_eq!(desk.settle(&call, &Listing::default(), &[]), Settled::NotSent);
    assert_eq!(desk.settle(&create(&*desk), &ended, &[]), Settled::NotSent);
}
