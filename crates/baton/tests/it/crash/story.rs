//! One customer's story: a question, the AI's answer, a person, the rep's replies, the end.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    people::Typed,
    world::{Outside, World},
};

pub const PHONE: &str = "15550300001";
/// Each step of the story takes this long at most in real time; the checks judge what is missing.
const PATIENCE: Duration = Duration::from_secs(15);

/// What business messages the customer's phone shows.
pub async fn phone(outside: &Outside) -> Vec<String> {
    let thread = outside.see(&format!("whatsapp/thread?user={PHONE}")).await;
    let messages = thread["messages"].as_array().cloned().unwrap_or_default();
    let ours = messages.iter().filter(|m| m["from"] == "business");
    ours.map(|m| m["text"].as_str().unwrap().to_owned()).collect()
}

/// The newest work at the desk.
pub async fn work(outside: &Outside) -> Option<Value> {
    let newest = outside.works().await.into_iter().next()?;
    Some(outside.work(newest["id"].as_str().unwrap()).await)
}

/// The customer asks something and gets an answer, or a person.
pub async fn question(world: &mut World) {
    world.outside.write(PHONE, "How long does delivery take? (1)").await;
    let answered = |outside: Outside| async move {
        !phone(&outside).await.is_empty() || work(&outside).await.is_some()
    };
    world.until(PATIENCE, answered).await;
}

/// The customer asks for a person, who accepts; the work's id.
pub async fn handoff(world: &mut World) -> String {
    world.outside.write(PHONE, "I want to talk to a human please (2)").await;
    let opened = |outside: Outside| async move { work(&outside).await.is_some() };
    assert!(world.until(PATIENCE, opened).await, "no work was opened\n{}", world.hub.log_tail());
    let id = work(&world.outside).await.unwrap()["id"].as_str().unwrap().to_owned();
    // A hub that knows the work brings later words; earlier ones may be in the transcript.
    let known = |outside: Outside| async move { phone(&outside).await.len() > 1 };
    world.until(PATIENCE, known).await;
    world.outside.order("dynamics365/accept", json!({ "conversation": id })).await.unwrap();
    id
}

/// The rep writes, and the customer may see it.
pub async fn reply(world: &mut World, work: &str, text: &str) -> Typed {
    let order = json!({ "conversation": work, "text": text });
    world.outside.order("dynamics365/reply", order).await.unwrap();
    Typed { text: text.to_owned() }
}

/// The whole story; what the rep typed.
pub async fn play(world: &mut World) -> Vec<Typed> {
    question(world).await;
    let id = handoff(world).await;
    // A sign that changes nothing.
    world.outside.order("dynamics365/typing", json!({ "conversation": id })).await.unwrap();
    let mut typed = Vec::new();
    for text in ["hello, this is Robin", "ok", "ok"] {
        typed.push(reply(world, &id, text).await);
    }
    let heard = |outside: Outside| async move {
        phone(&outside).await.iter().filter(|text| *text == "ok").count() == 2
    };
    world.until(PATIENCE, heard).await;
    // The desk takes this and its answer is lost: the hub must ask.
    let lost = json!({
        "vendor": "dynamics365", "operation": "activity.message", "fault": "timeout_after_accept"
    });
    world.outside.order("faults", lost).await.unwrap();
    world.outside.write(PHONE, "thank you, and goodbye (3)").await;
    let brought = |outside: Outside| async move {
        let work = work(&outside).await;
        work.is_some_and(|w| w["messages"].to_string().contains("goodbye (3)"))
    };
    world.until(PATIENCE, brought).await;
    world.until_quiet(PATIENCE).await;
    typed.push(reply(world, &id, "goodbye").await);
    let heard =
        |outside: Outside| async move { phone(&outside).await.iter().any(|t| t == "goodbye") };
    world.until(PATIENCE, heard).await;
    for order in ["dynamics365/end", "dynamics365/close"] {
        world.outside.order(order, json!({ "conversation": id })).await.unwrap();
    }
    typed
}
