//! Messages with something to tap: their limits, how the phone shows them, what tapping sends.

use super::*;

fn buttons(count: usize) -> Vec<Value> {
    (0..count)
        .map(|at| json!({ "type": "reply", "reply": { "id": format!("id{at}"), "title": format!("Choice {at}") } }))
        .collect()
}

fn rows(count: usize) -> Vec<Value> {
    (0..count).map(|at| json!({ "id": format!("row{at}"), "title": format!("Row {at}") })).collect()
}

fn button_message() -> Value {
    json!({ "type": "button", "body": { "text": "Choose" }, "action": { "buttons": buttons(3) } })
}

fn list_message() -> Value {
    let sections = json!([{ "title": "A", "rows": rows(3) }]);
    json!({ "type": "list", "body": { "text": "Choose" }, "action": { "button": "Open", "sections": sections } })
}

fn cta_message() -> Value {
    let parameters = json!({ "display_text": "Look", "url": "https://example.com/a" });
    json!({ "type": "cta_url", "body": { "text": "Look" }, "action": { "name": "cta_url", "parameters": parameters } })
}

fn with(mut message: Value, change: Value) -> Value {
    crate::whatsapp::merge(&mut message, &change);
    message
}

fn long(count: usize) -> String {
    "x".repeat(count)
}

/// Each content is refused with its code, and the details name the field.
async fn refused(cases: Vec<(Value, i64, &str)>) {
    let stage = Stage::new().await;
    for (content, expected, field) in cases {
        let (status, answer) = stage.send_kind("interactive", content).await;
        assert_eq!((status, code(&answer)), (400, expected), "{answer}");
        assert!(details(&answer).contains(field), "{field}: {answer}");
    }
}

#[tokio::test]
async fn what_every_interactive_message_has_is_checked_and_the_field_named() {
    let changed = |change: Value| with(button_message(), change);
    refused(vec![
        (changed(json!({ "body": null })), 131_008, "interactive[body][text]"),
        (changed(json!({ "body": { "text": long(1_025) } })), 100, "interactive[body][text]"),
        (changed(json!({ "footer": { "text": long(61) } })), 100, "interactive[footer][text]"),
        (
            changed(json!({ "header": { "type": "text", "text": long(61) } })),
            100,
            "interactive[header][text]",
        ),
        (
            changed(json!({ "header": { "type": "hologram" } })),
            131_009,
            "interactive[header][type]",
        ),
        (changed(json!({ "header": { "type": "image", "image": {} } })), 100, "image needs"),
        (changed(json!({ "action": null })), 131_008, "interactive[action]"),
        (changed(json!({ "type": "hologram" })), 131_009, "interactive[type]"),
    ])
    .await;
}

#[tokio::test]
async fn the_limits_of_buttons_are_checked() {
    let changed =
        |buttons: Value| with(button_message(), json!({ "action": { "buttons": buttons } }));
    let first = |change: Value| {
        let mut buttons = buttons(2);
        crate::whatsapp::merge(&mut buttons[0], &change);
        changed(json!(buttons))
    };
    refused(vec![
        (changed(json!(buttons(4))), 131_009, "action[buttons]"),
        (changed(json!([])), 131_009, "action[buttons]"),
        (first(json!({ "type": "url" })), 131_009, "action[buttons][type]"),
        (first(json!({ "reply": { "id": long(257) } })), 100, "action[buttons][reply][id]"),
        (first(json!({ "reply": { "id": "id1" } })), 131_009, "action[buttons][reply][id]"),
        (first(json!({ "reply": { "title": long(21) } })), 100, "action[buttons][reply][title]"),
        (
            first(json!({ "reply": { "title": "Choice 1" } })),
            131_009,
            "action[buttons][reply][title]",
        ),
    ])
    .await;
}

#[tokio::test]
async fn the_limits_of_lists_are_checked() {
    let list =
        |sections: Value| with(list_message(), json!({ "action": { "sections": sections } }));
    let row = |change: Value| list(json!([{ "rows": [with(rows(1)[0].clone(), change)] }]));
    let two = |count: usize| {
        list(json!([{ "title": "A", "rows": rows(count) }, { "title": "B", "rows": rows(count) }]))
    };
    let image = json!({ "header": { "type": "image", "image": { "id": "1" } } });
    refused(vec![
        (
            with(list_message(), json!({ "body": { "text": long(1_025) } })),
            100,
            "interactive[body][text]",
        ),
        (with(list_message(), image), 131_009, "interactive[header][type]"),
        (with(list_message(), json!({ "action": { "button": long(21) } })), 100, "action[button]"),
        (list(json!([])), 131_009, "action[sections]"),
        (
            list((0..11).map(|_| json!({ "title": "t", "rows": [] })).collect()),
            131_009,
            "action[sections]",
        ),
        (
            list(json!([{ "title": "A", "rows": rows(1) }, { "rows": rows(1) }])),
            131_008,
            "action[sections][title]",
        ),
        (list(json!([{ "title": long(25), "rows": rows(1) }])), 100, "action[sections][title]"),
        (list(json!([{ "rows": rows(11) }])), 131_009, "action[sections][rows]"),
        (two(6), 131_009, "at most 10 rows"),
        (two(1), 131_009, "action[sections][rows][id]"),
        (row(json!({ "id": long(201) })), 100, "action[sections][rows][id]"),
        (row(json!({ "title": long(25) })), 100, "action[sections][rows][title]"),
        (row(json!({ "description": long(73) })), 100, "action[sections][rows][description]"),
    ])
    .await;
    let stage = Stage::new().await;
    stage.switch("whatsapp.list_body", "4096").await;
    let long_list = with(list_message(), json!({ "body": { "text": long(4_096) } }));
    assert_eq!(stage.send_kind("interactive", long_list).await.0, 200);
}

#[tokio::test]
async fn the_limits_of_links_requests_and_carousels_are_checked() {
    let link =
        |parameters: Value| with(cta_message(), json!({ "action": { "parameters": parameters } }));
    let request = |kind: &str, action: Value| json!({ "type": kind, "body": { "text": "?" }, "action": action });
    let card = json!({ "body": { "text": long(161) } });
    refused(vec![
        (link(json!({ "display_text": long(21) })), 100, "action[parameters][display_text]"),
        (link(json!({ "url": "ftp://a" })), 131_009, "action[parameters][url]"),
        (with(cta_message(), json!({ "action": { "name": "other" } })), 131_009, "action[name]"),
        (request("location_request_message", json!({ "name": "x" })), 131_009, "action[name]"),
        (request("request_contact_info", json!({})), 131_009, "action[name]"),
        (request("carousel", json!({ "cards": [{}] })), 131_009, "action[cards]"),
        (request("carousel", json!({ "cards": [{}, card] })), 100, "action[cards][body][text]"),
    ])
    .await;
}

#[tokio::test]
async fn the_limits_of_other_types_name_their_field_too() {
    let stage = Stage::new().await;
    for (kind, content, expected, field) in [
        ("contacts", json!([]), 131_009, "contacts"),
        ("contacts", json!([{ "phones": [] }]), 131_008, "contacts[name][formatted_name]"),
        ("location", json!({ "latitude": 91, "longitude": 0 }), 131_009, "location[latitude]"),
        ("location", json!({ "latitude": 1 }), 131_008, "location[longitude]"),
        ("reaction", json!({ "emoji": "👍" }), 131_008, "reaction[message_id]"),
    ] {
        let (_, answer) = stage.send_kind(kind, content).await;
        assert_eq!(code(&answer), expected, "{answer}");
        assert!(details(&answer).contains(field), "{answer}");
    }
    let cards: Vec<Value> =
        (0..258).map(|_| json!({ "name": { "formatted_name": "A" } })).collect();
    assert_eq!(code(&stage.send_kind("contacts", json!(cards)).await.1), 131_009);
    assert_eq!(stage.send_kind("contacts", json!(cards[..257])).await.0, 200);
}

#[tokio::test]
async fn the_phone_shows_choices_and_tapping_one_answers_the_message() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    let wamid =
        stage.send_kind("interactive", button_message()).await.1["messages"][0]["id"].clone();
    assert_eq!(stage.hook().await.what(), "sent");
    let shown = stage.last_on_phone().await;
    assert_eq!(
        shown["choices"][1],
        json!({ "kind": "button_reply", "id": "id1", "title": "Choice 1" })
    );
    stage.control("whatsapp/message", json!({ "choose": "Choice 1" })).await;
    let tapped = stage.hook().await.value()["messages"][0].clone();
    assert_eq!(
        tapped["interactive"],
        json!({ "type": "button_reply", "button_reply": { "id": "id1", "title": "Choice 1" } })
    );
    assert_eq!(tapped["context"]["id"], wamid);

    let described = json!({ "action": { "sections": [{ "rows": [{ "id": "r", "title": "Row", "description": "More" }] }] } });
    stage.send_kind("interactive", with(list_message(), described)).await;
    assert_eq!(stage.hook().await.what(), "sent");
    stage.control("whatsapp/message", json!({ "choose": "r" })).await;
    let tapped = stage.hook().await.value()["messages"][0]["interactive"].clone();
    assert_eq!(tapped["list_reply"], json!({ "id": "r", "title": "Row", "description": "More" }));

    stage.control("whatsapp/message", json!({ "choose": "id2", "reply_to": wamid })).await;
    assert_eq!(
        stage.hook().await.value()["messages"][0]["interactive"]["button_reply"]["id"],
        "id2"
    );
    assert_eq!(stage.try_control("whatsapp/message", json!({ "choose": "nothing" })).await.0, 400);

    stage.send_kind("interactive", cta_message()).await;
    assert_eq!(stage.hook().await.what(), "sent");
    assert_eq!(stage.last_on_phone().await["choices"][0]["kind"], "url");
    assert_eq!(stage.try_control("whatsapp/message", json!({ "choose": "Look" })).await.0, 400);
}

#[tokio::test]
async fn customers_are_asked_for_their_place_and_number() {
    let mut stage = Stage::new().await;
    stage.customer_says("hi").await;
    for (kind, action, choice, answer) in [
        ("location_request_message", "send_location", "Send location", "location"),
        ("request_contact_info", "request_contact_info", "Share contact info", "contacts"),
    ] {
        let content =
            json!({ "type": kind, "body": { "text": "Please" }, "action": { "name": action } });
        let (status, told) = stage.send_kind("interactive", content).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(stage.hook().await.what(), "sent");
        stage.control("whatsapp/message", json!({ "choose": choice })).await;
        let message = stage.hook().await.value()["messages"][0].clone();
        assert_eq!(message["type"], answer);
        if answer == "contacts" {
            assert_eq!(message["contacts"][0]["phones"][0]["wa_id"], CUSTOMER);
        }
    }
}
