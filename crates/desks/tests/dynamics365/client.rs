//! One call, one outcome.

use std::sync::Arc;

use baton_core::{
    desk::{Desk, DeskWhat},
    fault::{FaultClass, Outcome},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::*;

const CREATED: &str = r#"{"conversationId":"CCCCCCCC-0000-4000-8000-000000000001","isNew":true,"messageId":"1763632800001"}"#;

async fn ready() -> (Vendor, Arc<StillClock>, Arc<dyn Desk>) {
    let vendor = Vendor::start().await;
    let clock = clock();
    let desk = desk_at(&vendor.base, &clock);
    (vendor, clock, desk)
}

fn class(outcome: &Outcome) -> FaultClass {
    outcome.fault().unwrap().class
}

#[tokio::test]
async fn a_create_returns_the_work_and_its_trace_id() {
    let (vendor, _, desk) = ready().await;
    // The second answer is what an active conversation with the same customerid gives.
    let again = CREATED.replace("true", "false").replace(r#","messageId":"1763632800001""#, "");
    vendor.on(CREATE, &[(200, CREATED), (200, &again)]);
    for message_id in [Some("1763632800001"), None] {
        let outcome = desk.send(&create(&*desk)).await;
        let Outcome::Accepted(accepted) = outcome else { panic!("{outcome:?}") };
        assert_eq!(accepted.work, Some(work()));
        assert_eq!(accepted.vendor_id.as_ref().map(|id| id.as_str()), message_id);
        assert_eq!(accepted.metadata["dynamics365_chat_id"], CHAT);
    }
    let seen = vendor.seen(CREATE);
    assert_eq!(seen[0].json(), json!({ "k": "v" }));
    for (name, value) in [
        ("authorization", "Bearer t"),
        ("channel-id", CHANNEL),
        ("organization-id", ORG),
        ("x-ms-channel-id", CHANNEL),
        ("x-ms-organization-id", ORG),
    ] {
        assert_eq!(seen[0].headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn one_token_serves_until_five_minutes_before_its_end() {
    let (vendor, clock, desk) = ready().await;
    vendor.on(POST, &[(200, r#"{"messageId":"1"}"#)]);
    let call = says(&*desk, "hi");
    let together = (0..8).map(|_| {
        let (desk, call) = (Arc::clone(&desk), call.clone());
        tokio::spawn(async move { desk.send(&call).await.name() })
    });
    for sent in together.collect::<Vec<_>>() {
        assert_eq!(sent.await.unwrap(), "accepted");
    }
    assert_eq!(vendor.seen(TOKEN).len(), 1, "fetched once, however many wait");
    let form = &vendor.seen(TOKEN)[0].body;
    assert!(form.contains("grant_type=client_credentials"), "{form}");
    assert!(
        form.contains("aaaaaaaa000040008000000000000003-c.crm.dynamics.com%2F.default"),
        "{form}"
    );
    clock.advance_ms((3_599 - 300) * 1_000 - 1);
    desk.send(&call).await;
    assert_eq!(vendor.seen(TOKEN).len(), 1);
    clock.advance_ms(1);
    desk.send(&call).await;
    assert_eq!(vendor.seen(TOKEN).len(), 2, "renewed early");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_a_second_refusal_is_final() {
    let (vendor, _, desk) = ready().await;
    let call = says(&*desk, "hi");
    vendor.on(POST, &[(401, ""), (200, r#"{"messageId":"1"}"#), (401, ""), (401, ""), (401, "")]);
    let first = desk.send(&call).await;
    assert_eq!((first.name(), class(&first)), ("retry", FaultClass::Auth));
    assert_eq!(desk.send(&call).await.name(), "accepted");
    assert_eq!(vendor.seen(TOKEN).len(), 2, "a fresh token for the second try");
    assert_eq!(desk.send(&call).await.name(), "retry", "the count began anew");
    let last = desk.send(&call).await;
    assert_eq!((last.name(), class(&last)), ("rejected", FaultClass::Auth));
    assert_eq!(desk.send(&call).await.name(), "rejected");
    assert_eq!(vendor.seen(TOKEN).len(), 4, "each try after a refusal asks for a fresh token");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let (vendor, _, desk) = ready().await;
    let call = says(&*desk, "hi");
    vendor.on(
        TOKEN,
        &[
            (401, r#"{"error":"invalid_client","error_codes":[7000222]}"#),
            (503, ""),
            (200, "<html>"),
        ],
    );
    let expired = desk.send(&call).await;
    assert_eq!((expired.name(), class(&expired)), ("rejected", FaultClass::Auth));
    assert!(expired.fault().unwrap().operator.contains("expired"));
    assert_eq!(desk.send(&call).await.name(), "retry");
    assert_eq!(desk.send(&call).await.name(), "retry", "garbage instead of a token");
    assert!(vendor.seen(POST).is_empty());
}

#[tokio::test]
async fn an_operator_reads_what_was_tried_and_a_rep_why_it_failed() {
    let (vendor, _, desk) = ready().await;
    let refused = r#"{"code":30014}"#;
    vendor.on(CREATE, &[(400, refused)]);
    vendor.on(MESSAGES, &[(400, refused)]);
    let opened = desk.send(&create(&*desk)).await;
    let listed = desk.list(&handoff(), NOW).await.unwrap_err();
    let nameless = DeskWhat::Plan(&Value::Null);
    let unsaid = rendered(&*desk, &handoff(), &contact(), nameless).unwrap_err();
    for (fault, tried, why) in [
        (opened.fault().unwrap(), "open the conversation: ", "the channel is not linked"),
        (&listed, "read what reps wrote: ", "the channel is not linked"),
        (&unsaid, "take the step: ", "the step of the plan"),
    ] {
        assert!(fault.operator.starts_with(&format!("{tried}{why}")), "{}", fault.operator);
        assert!(fault.rep.starts_with(why), "{}", fault.rep);
    }
}

#[tokio::test]
async fn answers_become_outcomes() {
    let (vendor, _, desk) = ready().await;
    let (message, opening) = (says(&*desk, "hi"), create(&*desk));
    for (call, route, status, body, name, expected) in [
        (&message, POST, 404, "", "rejected", FaultClass::WorkEnded),
        (&message, POST, 404, r#"{"code":30013}"#, "rejected", FaultClass::WorkEnded),
        (&message, POST, 404, r#"{"code":30004}"#, "rejected", FaultClass::NotRegistered),
        (&message, POST, 400, r#"{"code":30011}"#, "rejected", FaultClass::ContentRejected),
        (&message, POST, 400, r#"{"title":"Bad Input"}"#, "rejected", FaultClass::Bug),
        (&message, POST, 403, "", "rejected", FaultClass::Permission),
        (&message, POST, 302, "", "rejected", FaultClass::Bug),
        (&message, POST, 500, "", "unknown", FaultClass::VendorDown),
        (&message, POST, 503, "", "unknown", FaultClass::VendorDown),
        (&message, POST, 200, "<html>", "unknown", FaultClass::VendorDown),
        (&message, POST, 200, "{}", "unknown", FaultClass::VendorDown),
        (&opening, CREATE, 404, "", "rejected", FaultClass::NotRegistered),
        (&opening, CREATE, 400, r#"{"code":30014}"#, "rejected", FaultClass::NotRegistered),
        (&opening, CREATE, 400, r#"{"code":30001}"#, "rejected", FaultClass::NotRegistered),
        (&opening, CREATE, 200, "{}", "unknown", FaultClass::VendorDown),
        (&opening, CREATE, 200, r#"{"conversationId":"../x"}"#, "unknown", FaultClass::VendorDown),
        (&opening, CREATE, 500, r#"{"code":30015}"#, "unknown", FaultClass::VendorDown),
    ] {
        vendor.on(route, &[(status, body)]);
        let outcome = desk.send(call).await;
        assert_eq!((outcome.name(), class(&outcome)), (name, expected), "{status} {body}");
    }
}

#[tokio::test]
async fn the_vendors_pause_and_its_correlation_id_are_passed_on() {
    let (vendor, clock, desk) = ready().await;
    let call = says(&*desk, "hi");
    vendor.with_header(POST, 429, ("retry-after", "17"));
    let Outcome::Retry { after_ms, fault } = desk.send(&call).await else { panic!() };
    assert_eq!((after_ms, fault.class), (Some(17_000), FaultClass::RateLimited));
    clock.advance_ms(17_000);
    vendor.with_header(POST, 500, ("x-ms-correlation-id", "1234-abcd"));
    let outcome = desk.send(&call).await;
    assert!(outcome.fault().unwrap().operator.contains("1234-abcd"));
}

#[tokio::test]
async fn an_end_that_is_already_there_is_an_end() {
    let (vendor, _, desk) = ready().await;
    let call = render(&*desk, baton_core::desk::DeskWhat::Close);
    for (status, name) in [(200, "accepted"), (404, "accepted"), (500, "unknown")] {
        vendor.on(POST, &[(status, "")]);
        assert_eq!(desk.send(&call).await.name(), name);
    }
}

#[tokio::test]
async fn a_host_that_is_not_there_got_nothing() {
    let desk = desk_at("http://127.0.0.1:1", &clock());
    let outcome = desk.send(&says(&*desk, "hi")).await;
    assert_eq!((outcome.name(), class(&outcome)), ("retry", FaultClass::VendorDown));
}

/// Takes the whole request and then hangs up without an answer.
#[tokio::test]
async fn a_connection_lost_after_the_request_leaves_it_unknown() {
    let vendor = Vendor::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("http://{}", listener.local_addr().unwrap());
    let taken = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 64 * 1024];
        let mut length = 0;
        while !String::from_utf8_lossy(&request[..length]).contains("important words") {
            length += socket.read(&mut request[length..]).await.unwrap();
        }
        socket.shutdown().await.unwrap();
        drop(socket);
        // Another try would be taken as well, and counted.
        tokio::select! { biased;
            _ = listener.accept() => 2,
            () = std::future::ready(()) => 1,
        }
    });
    let mut settings = settings(&vendor.base);
    settings.insert("messaging_url".to_owned(), json!(mute));
    let http = reqwest::Client::builder().build().unwrap();
    let deps = baton_desks::Deps {
        http,
        downloads: baton_files::Client::new(true).unwrap(),
        clock: clock(),
        keep: None,
        files: None,
        development: true,
    };
    let desk = baton_desks::build("dynamics365", &settings, &deps).unwrap();
    let outcome = desk.send(&says(&*desk, "important words")).await;
    assert_eq!((outcome.name(), class(&outcome)), ("unknown", FaultClass::VendorDown));
    assert_eq!(taken.await.unwrap(), 1);
}

#[tokio::test]
async fn typing_is_sent_and_its_failure_is_nobodys_matter() {
    let (vendor, _, desk) = ready().await;
    desk.typing(&handoff()).await;
    let seen = vendor.seen(POST);
    assert_eq!(seen[0].json()["type"], "typing");
    assert_eq!(seen[0].json()["conversation"]["id"], CHAT);
}
