//! The built-in engine, turn by turn.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;

use baton_core::{
    brief::Sentiment,
    engine::{Decision, Snapshot},
    file::MediaSource,
    handoff::HandoffReason,
    ids::VendorId,
};
use baton_engines::{build, knowledge::Index};
use common::{deps, session};
use futures::StreamExt as _;
use serde_json::Map;

async fn decide(snapshot: &Snapshot) -> (Decision, Option<String>) {
    let engine = build("builtin", &Map::new(), &deps()).unwrap();
    let turn = engine.turn(snapshot).await.unwrap();
    assert_eq!(turn.tokens, 0);
    (turn.decision, turn.language)
}

async fn reply(snapshot: &Snapshot) -> (String, bool) {
    match decide(snapshot).await.0 {
        Decision::Reply { text, knew, .. } => (text, knew),
        other => panic!("{other:?}"),
    }
}

async fn handoff(snapshot: &Snapshot) -> HandoffReason {
    match decide(snapshot).await.0 {
        Decision::Handoff { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_question_is_answered_from_its_article() {
    let (decision, language) =
        decide(&session(&["c: hi", "c: how long does shipping take?"])).await;
    let Decision::Reply { text, citations, knew: true, .. } = decision else {
        panic!("{decision:?}")
    };
    assert!(text.starts_with("Standard delivery takes 2 to 4 working days"), "{text}");
    assert!(text.ends_with("\n\nSource: Delivery times and cost"), "{text}");
    assert_eq!(citations[0].source, "delivery-times-and-cost.md");
    assert_eq!(language.as_deref(), Some("en"));

    let (text, _) = reply(&session(&["c: ¿cuánto tarda el envío?"])).await;
    assert!(text.contains("2 a 4 días") && text.contains("Fuente: "), "{text}");
}

#[tokio::test]
async fn what_nobody_wrote_down_is_not_known() {
    let mut snapshot = session(&["c: do you have any job vacancies?"]);
    let (text, knew) = reply(&snapshot).await;
    assert!(!knew && text.contains("don't know") && text.contains("colleague"), "{text}");

    let Decision::Reply { choices, .. } = decide(&snapshot).await.0 else { panic!() };
    assert_eq!(choices, ["Yes", "No"], "the offer can be tapped");

    snapshot.rules.on_request = false;
    assert!(!reply(&snapshot).await.0.contains("colleague"), "no offer that nobody keeps");

    let (text, knew) = reply(&session(&["c: haben Sie freie Arbeitsstellen im Angebot?"])).await;
    assert!(!knew && text.contains("weiß ich leider nicht"), "{text}");
}

#[tokio::test]
async fn the_second_miss_in_a_row_is_a_handoff() {
    let mut snapshot = session(&["c: what is the capital of France"]);
    snapshot.misses = 1;
    assert_eq!(handoff(&snapshot).await, HandoffReason::RepeatedMisses);
    snapshot.rules.after_misses = 0;
    assert!(!reply(&snapshot).await.1, "turned off");
}

#[tokio::test]
async fn a_person_is_had_for_the_asking() {
    assert_eq!(
        handoff(&session(&["c: let me talk to a human"])).await,
        HandoffReason::CustomerAsked
    );
    let halves = session(&["c: can i please speak", "c: to a real person"]);
    assert_eq!(handoff(&halves).await, HandoffReason::CustomerAsked);

    let mut refused = session(&["c: let me talk to a human"]);
    refused.rules.on_request = false;
    let (text, knew) = reply(&refused).await;
    assert!(knew && text.contains("automatic assistant"), "{text}");
}

#[tokio::test]
async fn a_yes_takes_our_offer_and_a_no_declines_it() {
    let (offer, _) = reply(&session(&["c: do you have any job vacancies?"])).await;
    let offered = format!("a: {offer}");
    let first = "c: do you have any job vacancies?";
    assert_eq!(
        handoff(&session(&[first, &offered, "c: yes please"])).await,
        HandoffReason::CustomerAsked
    );
    assert!(reply(&session(&[first, &offered, "c: no thanks"])).await.1);
    assert_eq!(decide(&session(&["a: Hello", "c: ok"])).await.0, Decision::Wait);
}

#[tokio::test]
async fn frustration_and_forbidden_topics_are_for_people() {
    let angry = "c: this is ridiculous, third time I ask, worst service ever";
    assert_eq!(handoff(&session(&[angry])).await, HandoffReason::Frustration);
    let mut snapshot = session(&["c: I will file a lawsuit, this is ridiculous, get me a human"]);
    snapshot.rules.forbidden_topics = vec!["lawsuit".to_owned()];
    assert_eq!(handoff(&snapshot).await, HandoffReason::ForbiddenTopic);

    let mut calm = session(&[angry]);
    calm.rules.on_frustration = false;
    assert!(matches!(decide(&calm).await.0, Decision::Reply { .. }));
}

#[tokio::test]
async fn politeness_is_answered_politely() {
    assert_eq!(reply(&session(&["c: Hola!"])).await.0, "¡Hola! ¿En qué puedo ayudarle?");
    let thanks = reply(&session(&["a: It takes 2 days.", "c: danke schön"])).await.0;
    assert!(thanks.starts_with("Gern geschehen"), "{thanks}");
    let goodbye = session(&["a: It takes 2 days.", "c: thanks, bye!"]);
    assert_eq!(decide(&goodbye).await.0, Decision::Close);
    assert_eq!(decide(&session(&["a: It takes 2 days.", "c: 👍"])).await.0, Decision::Wait);
    assert_eq!(decide(&session(&["c: hi", "a: Hello!"])).await.0, Decision::Wait);
}

#[tokio::test]
async fn the_brief_says_what_was_asked_answered_and_open() {
    let engine = build("builtin", &Map::new(), &deps()).unwrap();
    let snapshot = session(&[
        "c: hello",
        "c: where is my refund for the damaged tent?",
        "a: We check a returned parcel within 3 working days.",
        "c: that was 3 weeks ago!! I want to talk to a human",
    ]);
    let brief = engine.brief(&snapshot, HandoffReason::CustomerAsked).await.unwrap();
    assert_eq!(brief.subject, "where is my refund for the damaged tent?");
    assert!(brief.summary.contains("\"We check a returned parcel"), "{}", brief.summary);
    assert!(brief.summary.contains("Open: \"that was 3 weeks ago!!"), "{}", brief.summary);
    assert!(brief.sentiment < Sentiment::Neutral);
    assert_eq!(
        (brief.language.as_str(), brief.reason.as_str()),
        ("en", "The customer asked for a person.")
    );
}

#[tokio::test]
async fn the_classification_comes_from_the_workspaces_list() {
    let engine = build("builtin", &Map::new(), &deps()).unwrap();
    for (text, expected) in [
        ("c: how long does shipping take", "delivery"),
        ("c: quiero devolver unas botas", "return"),
        ("c: my order: can I pay by card?", "payment"),
        ("c: je veux déposer une plainte", "complaint"),
        ("c: what's the weather", "other"),
    ] {
        let brief = engine.brief(&session(&[text]), HandoffReason::EngineDecided).await.unwrap();
        assert_eq!(brief.classification, expected, "{text}");
    }
}

#[tokio::test]
async fn a_brief_is_bounded_whatever_was_written() {
    let engine = build("builtin", &Map::new(), &deps()).unwrap();
    let long = format!("c: {}", "why does it \"not\" work ".repeat(5_000));
    let lines: Vec<&str> = vec![&long; 30];
    let brief = engine.brief(&session(&lines), HandoffReason::Frustration).await.unwrap();
    assert!(brief.subject.chars().count() <= 200 && brief.summary.chars().count() <= 2_000);
    let empty = engine.brief(&session(&[]), HandoffReason::EngineFailed).await.unwrap();
    assert_eq!(empty.subject, "Conversation on whatsapp");
}

#[test]
fn unknown_engines_and_settings_are_refused() {
    let fault = |vendor, settings: serde_json::Value| {
        build(vendor, settings.as_object().unwrap(), &deps()).err().unwrap().to_string()
    };
    assert!(fault("oracle", serde_json::json!({})).contains("builtin, openai"));
    assert!(fault("builtin", serde_json::json!({"x": 1})).contains("unknown setting"));
    assert!(fault("openai", serde_json::json!({"model": "m"})).contains("base_url"));
}

#[tokio::test]
async fn what_an_article_shows_goes_with_the_answer_and_nothing_else_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("chart.png", "the bytes of a picture");
    write("secret.txt", "not shown by any article");
    write("sizes.md", "# Sizes of boots\n\nBoots come in sizes 36 to 48.\n\n![Chart](chart.png)\n");
    let index = Arc::new(Index::load(folder.path()).unwrap());
    let hit = index.best("which sizes do boots come in", Some("en")).unwrap();
    assert_eq!(hit.passage.file.as_deref(), Some("chart.png"));
    assert!(!hit.passage.text().contains("Chart"), "the picture is no sentence");
    let source = |name: &str| MediaSource { vendor_id: VendorId::from(name), max_bytes: 1_000 };
    let mut read = index.read_file(&source("chart.png")).await.unwrap().chunks;
    let mut bytes = Vec::new();
    while let Some(piece) = read.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes, b"the bytes of a picture");
    for other in ["secret.txt", "../secret.txt", "sizes.md", "/etc/hostname"] {
        assert!(index.read_file(&source(other)).await.is_err(), "{other}");
    }
    for (wrong, why) in [("nowhere.png", "check the path"), ("../../outside.png", "outside")] {
        write("sizes.md", &format!("# Sizes\n\nText.\n\n![x]({wrong})\n"));
        let fault = Index::load(folder.path()).err().unwrap().to_string();
        assert!(fault.contains(why), "{fault}");
    }
    write("sizes.md", "# Sizes\n\nText.\n\n![x](https://elsewhere.example/a.png)\n");
    assert!(Index::load(folder.path()).is_ok(), "a picture elsewhere is not ours to send");
}
