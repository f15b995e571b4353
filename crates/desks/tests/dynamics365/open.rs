//! The plan that opens the conversation, and what is said in it.

use baton_core::{
    channel::Call,
    desk::{DeskWhat, Opening, PlanStep, ToDesk},
    fault::FaultClass,
    handoff::PLAN_MAX_STEPS,
    ids::{ConversationId, DeliveryId, DeskId, MessageId, SessionId, WorkspaceId},
    inbox::ChannelKind,
    message::{Author, AuthorKind, Content, Message, MessageStatus},
    route::Choice,
};
use serde_json::{Value, json};

use crate::support::*;

pub fn message(position: i64, kind: AuthorKind, text: &str) -> Message {
    Message {
        id: MessageId(id(100 + u128::try_from(position).unwrap())),
        workspace: WorkspaceId(id(1)),
        conversation: ConversationId(id(2)),
        session: SessionId(id(3)),
        position,
        author: Author::unnamed(kind),
        content: Content::text(text),
        at: NOW,
        recorded_at: NOW,
        vendor_id: None,
        reply_to: None,
        status: MessageStatus::Delivered,
        fault: None,
        citations: vec![],
        cost: None,
    }
}

fn plan(transcript: &[Message]) -> Vec<PlanStep> {
    let opening = Opening {
        window_until: None,
        handoff: &handoff(),
        session: SessionId(id(3)),
        channel: ChannelKind::Whatsapp,
        contact: &contact(),
        brief: &brief(),
        transcript,
        files: &[],
        choice: &Choice { queue: Some("vip".into()), ..Choice::of(DeskId(id(4))) },
    };
    desk().open(&opening).unwrap()
}

fn start(plan: &[PlanStep]) -> String {
    made(plan)["startmessage"]["message"].as_str().unwrap().to_owned()
}

/// The body of the create.
fn made(plan: &[PlanStep]) -> &Value {
    &plan.iter().find(|step| step.step == "create").unwrap().call["body"]
}

fn parts(plan: &[PlanStep]) -> impl Iterator<Item = &PlanStep> {
    plan.iter().filter(|step| step.step.starts_with("transcript"))
}

fn part(step: &PlanStep) -> &str {
    step.call["text"].as_str().unwrap()
}

#[test]
fn the_create_carries_contact_context_and_brief() {
    let plan = plan(&[
        message(1, AuthorKind::Customer, "Where is my parcel?"),
        message(2, AuthorKind::Ai, "I will look."),
    ]);
    let names: Vec<(&str, bool)> = plan.iter().map(|s| (s.step.as_str(), s.optional)).collect();
    assert_eq!(names, [("contact", true), ("create", false), ("link", true)]);
    let mut body = made(&plan).clone();
    body["startmessage"]["message"] = json!("");
    let shown = |value: &str| json!({ "isDisplayable": true, "value": value });
    assert_eq!(
        body,
        json!({
            "customercontext": {
                "customerid": handoff().id.to_string(), "firstname": "Maria da",
                "lastname": "Silva", "preferredname": "Maria da Silva",
                "phonenumber": "+491701234567", "email": "maria@example.com",
            },
            "conversationcontext": {
                "sessionId": shown(&SessionId(id(3)).to_string()), "channel": shown("whatsapp"),
                "classification": shown("Delivery"), "sentiment": shown("Negative"),
                "language": shown("en"), "handoffReason": shown("customer_asked"),
                "queue": shown("vip"),
                "batonHandoffId": { "isDisplayable": false, "value": handoff().id.to_string() },
            },
            "conversationrequestid": handoff().id.to_string(),
            "startmessage": { "message": "", "displayname": "Baton" },
            "skipdeflectionbot": true,
        })
    );
    assert_eq!(
        start(&plan),
        format!(
            "[Baton] Handoff\nSubject: Parcel lost\nClassification: Delivery\n\
             Sentiment: Negative\nLanguage: en\nReason: The customer asked for a person.\n\
             Channel: whatsapp\nSession: {}\nSummary:\n> The parcel did not come.\n\
             > She wants a refund.\n\n\
             Transcript, oldest first; lines with > are what was said.\n\
             2025-11-20 10:00 UTC · Customer\n> Where is my parcel?\n\
             2025-11-20 10:00 UTC · AI\n> I will look.",
            SessionId(id(3))
        )
    );
}

#[test]
fn a_customer_without_name_and_phone_is_no_trouble() {
    let mut contact = contact();
    (contact.name, contact.points) = (None, vec![]);
    let opening = Opening {
        window_until: None,
        handoff: &handoff(),
        session: SessionId(id(3)),
        channel: ChannelKind::Whatsapp,
        contact: &contact,
        brief: &brief(),
        transcript: &[],
        files: &[],
        choice: &Choice::of(DeskId(id(4))),
    };
    let plan = desk().open(&opening).unwrap();
    let customer = &made(&plan)["customercontext"];
    assert_eq!(*customer, json!({ "customerid": handoff().id.to_string() }));
    assert!(made(&plan)["conversationcontext"].get("queue").is_none());
}

#[test]
fn mapped_context_variables_take_what_the_handoff_knows_and_nothing_else() {
    let desk = |mapped: Value| {
        let mut settings = settings("http://127.0.0.1:1");
        settings.insert("context_variables".to_owned(), mapped);
        build(&settings, &clock(), None)
    };
    let mut contact = contact();
    contact.name = Some("Ana {email}".to_owned());
    let opening = Opening {
        window_until: None,
        handoff: &handoff(),
        session: SessionId(id(3)),
        channel: ChannelKind::Whatsapp,
        contact: &contact,
        brief: &brief(),
        transcript: &[],
        files: &[],
        choice: &Choice::of(DeskId(id(4))),
    };
    let mapped = json!({ "brand": "northwind", "who": "{name}: {subject}" });
    // As the form gives it, and as a file does.
    for mapped in [json!(mapped.to_string()), mapped] {
        let plan = desk(mapped).unwrap().open(&opening).unwrap();
        let context = &made(&plan)["conversationcontext"];
        assert_eq!(context["brand"]["value"], "northwind");
        assert_eq!(context["who"]["value"], "Ana {email}: Parcel lost");
        assert_eq!(context["channel"]["value"], "whatsapp");
    }
    for (wrong, why) in [
        (json!({ "sessionid": "x" }), "already"),
        (json!({ "two words": "x" }), "no name"),
        (json!({ "a": "{secret}" }), "{secret}"),
        (json!({ "a": 1 }), "must be text"),
        (json!("no object"), "JSON object"),
    ] {
        let fault = desk(wrong.clone()).err().unwrap().to_string();
        assert!(fault.contains(why), "{wrong}: {fault}");
    }
}

#[test]
fn the_newest_transcript_is_kept_and_the_rest_follows_within_the_limits() {
    // Four bytes a sign: the limit is in bytes, the parts' in UTF-16 units.
    let words = |n: i64| format!("number {n} {}", "🎉".repeat(300));
    let transcript: Vec<Message> =
        (1..=60).map(|n| message(n, AuthorKind::Customer, &words(n))).collect();
    let plan = plan(&transcript);
    let start = start(&plan);
    let wire = serde_json::to_string(&start).unwrap().len();
    assert!(wire <= 27_000, "{wire} bytes");
    assert!(wire > 24_000, "{wire} bytes: more would have fitted");
    assert!(start.contains("> number 60 ") && !start.contains("> number 1 "));

    let parts: Vec<&str> = parts(&plan).map(part).collect();
    assert_eq!(plan[2].step, "transcript 1");
    assert!(parts.iter().all(|part| part.encode_utf16().count() <= 6_000));
    let all = format!("{}\n{start}\n", parts.join("\n"));
    let places: Vec<usize> =
        (1..=60).map(|n| all.find(&format!("> number {n} ")).unwrap()).collect();
    assert!(places.is_sorted(), "every message once, oldest first");
    assert_eq!(all.matches('🎉').count(), 60 * 300, "no sign is lost");
    assert!(start.contains(&format!("in {} parts below", parts.len())), "{start}");
}

#[test]
fn what_exceeds_the_plan_is_said_to_be_missing() {
    let transcript: Vec<Message> = (1..=200)
        .map(|n| message(n, AuthorKind::Ai, &format!("n{n} {}", "x".repeat(4_000))))
        .collect();
    let plan = plan(&transcript);
    assert_eq!(plan.len(), PLAN_MAX_STEPS);
    let start = start(&plan);
    let first = parts(&plan).find_map(|step| part(step).split("> n").nth(1)).unwrap();
    let first: usize = first.split(' ').next().unwrap().parse().unwrap();
    assert!(first > 1);
    let line = format!("Not here: the oldest {} messages; read them in Baton, session", first - 1);
    assert!(start.contains(&line), "{line}\n{start}");
}

#[test]
fn one_enormous_message_is_split_and_not_lost() {
    let plan = plan(&[message(1, AuthorKind::Customer, &"é".repeat(40_000))]);
    let signs: usize = parts(&plan).map(|step| part(step).matches('é').count()).sum();
    assert_eq!(signs, 40_000);
    assert!(parts(&plan).all(|step| part(step).encode_utf16().count() <= 6_000));
    assert!(part(&plan[3]).contains("(continued)"));
}

#[test]
fn nobody_can_forge_our_lines() {
    let forged =
        "hi\n[Baton] Handoff\rReason: refund her\u{2028}Sentiment: Happy\u{85}x\u{b}y\u{202e}z";
    let mut transcript = vec![message(1, AuthorKind::Customer, forged)];
    transcript[0].author.name = Some("Eve) · AI\n[Baton] Reason: pay".to_owned());
    let plan = plan(&transcript);
    let start = start(&plan);
    let count =
        |start_of_line: &str| start.lines().filter(|line| line.starts_with(start_of_line)).count();
    assert_eq!((count("[Baton]"), count("Reason:"), count("Sentiment:")), (1, 1, 1), "{start}");
    assert!(start.contains("· Customer (Eve AI [Baton] Reason: pay)"), "{start}");
    for line in ["> hi", "> [Baton] Handoff", "> Reason: refund her", "> Sentiment: Happy", "> yz"]
    {
        assert!(start.lines().any(|l| l == line), "{line}\n{start}");
    }
    assert!(!start.contains(['\r', '\u{2028}', '\u{85}', '\u{202e}']));
}

#[test]
fn the_rep_sees_what_the_customer_did_not_get() {
    let mut failed = message(1, AuthorKind::Ai, "the answer");
    failed.status = MessageStatus::Failed;
    let start = start(&plan(&[failed]));
    assert!(start.contains("· AI · not delivered\n> the answer"), "{start}");
}

#[test]
fn the_customer_speaks_under_their_own_name_and_baton_is_flagged() {
    let desk = desk();
    let call = says(&*desk, "hello?");
    let body = json!({
        "type": "message", "id": DeliveryId(id(9)).to_string(), "channelId": CHANNEL,
        "from": { "id": format!("baton:{}", contact().id), "name": "Maria da Silva" },
        "conversation": { "id": CHAT }, "text": "hello?",
    });
    assert_eq!(call, Call { operation: "message".to_owned(), body });

    let note = render(&*desk, DeskWhat::Note("it was not delivered"));
    assert_eq!(note.body["text"], "[Baton] it was not delivered");
    assert_eq!(note.body["channelData"]["messagingapi-oc"]["type"], "AutomatedMessage");
    assert_eq!(note.body["from"]["name"], "Baton");

    let author = Author::named(AuthorKind::Ai, None);
    let content = Content::text("late");
    let ai =
        render(&*desk, DeskWhat::Message { author: &author, content: &content, file_url: None });
    assert_eq!(ai.body["text"], "[Baton] AI: late");

    let end = render(&*desk, DeskWhat::Close);
    let body = json!({
        "type": "endOfConversation", "channelId": CHANNEL, "conversation": { "id": CHAT },
    });
    assert_eq!(end, Call { operation: "end".to_owned(), body });
}

#[test]
fn the_parts_of_the_plan_become_flagged_messages() {
    let desk = desk();
    let step = json!({ "operation": "message", "text": "[Baton] Transcript" });
    let call = render(&*desk, DeskWhat::Plan(&step));
    assert_eq!(call.body["channelData"]["messagingapi-oc"]["type"], "AutomatedMessage");
    assert!(!desk.is_repeatable(&call));
    assert!(desk.is_repeatable(&create(&*desk)));
    assert!(!desk.is_repeatable(&says(&*desk, "x")));
}

#[test]
fn what_dynamics_would_refuse_is_refused_here() {
    let desk = desk();
    let author = Author::unnamed(AuthorKind::Customer);
    let refused = |text: &str, handoff: &baton_core::handoff::Handoff| {
        let content = Content::text(text);
        let what = DeskWhat::Message { author: &author, content: &content, file_url: None };
        let (delivery, contact) = (DeliveryId(id(9)), contact());
        desk.render(&ToDesk { delivery, handoff, contact: &contact, what }).unwrap_err()
    };
    let long = refused(&"x".repeat(6_001), &handoff());
    assert_eq!(long.class, FaultClass::ContentRejected);
    assert!(long.operator.contains("6000"), "{}", long.operator);
    assert_eq!(refused(" ", &handoff()).class, FaultClass::ContentRejected);
    let mut unopened = handoff();
    unopened.work = None;
    assert_eq!(refused("hi", &unopened).class, FaultClass::Bug);
    assert!(desk.policy().max_text_chars <= 6_000);
}
