//! What happens in a scenario.

use serde_json::{Map, Value, json};

use super::{
    Failure, api, campaign, case,
    line::Deed,
    pattern::Pattern,
    seen::{self, Sight},
    stage::Stage,
};
use crate::seed::Front;

/// Does it, and lets everything come to rest without moving the clock.
///
/// # Errors
/// It cannot be done.
pub async fn act(stage: &mut Stage, sight: &mut Sight, deed: &Deed) -> Result<(), Failure> {
    match deed {
        Deed::Customer { who, what } => customer(stage, sight, who.as_deref(), what).await?,
        Deed::Lengthy { count } => {
            for n in 1..=*count {
                let text = format!("Chapter {n}: {}", "and then it rained. ".repeat(50));
                let what = Map::from_iter([("text".to_owned(), json!(text))]);
                customer(stage, sight, sight.customer.clone().as_deref(), &what).await?;
            }
        }
        Deed::RepFile { name } => rep_file(stage, sight, name).await?,
        Deed::Repeat => repeat(stage, sight).await?,
        Deed::Batch { count } => batch(stage, sight, *count).await?,
        Deed::Report { code, text } => report(stage, sight, *code, text).await?,
        Deed::PhoneApp { text } => {
            let order = json!({ "to": sight.customer, "text": text });
            stage.order("whatsapp/echo", &order).await?;
        }
        Deed::Whatsapp { order, what } => {
            stage.order(&format!("whatsapp/{order}"), what).await?;
        }
        Deed::Desk { order, what } => desk(stage, sight, order, what).await?,
        Deed::Case { order, what } => case::act(stage, order, what).await?,
        Deed::Salesforce { order, what } => {
            stage.order(&format!("salesforce/{order}"), what).await?;
        }
        Deed::Staff { order, what } => staff(stage, order, what).await?,
        Deed::CaseChanged { key } => case::changed(stage, key).await?,
        Deed::TurnTo { who } => turn_to(stage, sight, who).await?,
        Deed::Clock { ms } => stage.pass(*ms).await?,
        Deed::Fault(rule) => {
            stage.order("faults", rule).await?;
        }
        Deed::Switch { name, value } => {
            stage.order("switches", &json!({ name: value })).await?;
        }
        Deed::Contact(row) => {
            stage.order("dynamics365/contacts", row).await?;
        }
        Deed::Model(script) => {
            stage.order("openai/script", script).await?;
        }
        Deed::Api(call) => api::act(stage, sight, call).await?,
        Deed::Twilio { order, what } => {
            stage.order(&format!("twilio/{order}"), what).await?;
        }
        Deed::Templates(job) => campaign::act(stage, sight, job).await?,
        Deed::Kill => stage.kill_hub().await.map_err(|e| Failure::broken(e.to_string()))?,
        Deed::Start => stage.start_hub().await.map_err(|e| Failure::broken(e.to_string()))?,
    }
    stage.settle().await
}

/// `{queue}` is the queue that the seeded workstream leads to.
async fn staff(stage: &Stage, order: &str, what: &Value) -> Result<(), Failure> {
    let queue = json!(stage.sandbox.world.dynamics365.account.queue_id);
    let mut what = what.clone();
    if let Some(name) = what.get_mut("name").filter(|name| **name == "{queue}") {
        *name = queue;
    }
    stage.order(&format!("dynamics365/{order}"), &what).await?;
    Ok(())
}

async fn customer(
    stage: &Stage,
    sight: &mut Sight,
    who: Option<&str>,
    what: &Map<String, Value>,
) -> Result<(), Failure> {
    let from = who.map(str::to_owned);
    let text = what.get("text").and_then(Value::as_str).unwrap_or_default();
    if !text.is_empty() {
        // The sandbox then knows how often the desk may show it.
        for desk in &stage.company.desks {
            let path = format!("{}/said", desk.back.vendor());
            stage.order(&path, &json!({ "text": text })).await?;
        }
    }
    let mut order = what.clone();
    order.insert("from".to_owned(), json!(from));
    let sent = match stage.front() {
        Front::WhatsappCloud => stage.order("whatsapp/message", &Value::Object(order)).await?,
        front => {
            order.insert("channel".to_owned(), json!(front.channel()));
            if let Some(file) = order.remove("media") {
                order.insert("media".to_owned(), json!([file]));
            }
            stage.order("twilio/message", &Value::Object(order)).await?
        }
    };
    taken(stage, &sent)?;
    let id = sent["wamid"].as_str().or(sent["sid"].as_str()).unwrap_or_default().to_owned();
    sight.last_said = Some((from.clone(), id, text.to_owned()));
    sight.customer = from;
    Ok(())
}

/// A running hub takes every webhook that reaches it.
fn taken(stage: &Stage, sent: &Value) -> Result<(), Failure> {
    let refused = stage.hub().is_some() && sent["fault"].is_null();
    if refused && sent["delivered_status"] != 200 {
        let status = &sent["delivered_status"];
        return Err(Failure::broken(format!("the hub answered the webhook with {status}")));
    }
    Ok(())
}

async fn repeat(stage: &Stage, sight: &Sight) -> Result<(), Failure> {
    let Some((from, id, text)) = &sight.last_said else {
        return Err(Failure::broken("no customer has said anything"));
    };
    let sent = match stage.front() {
        Front::WhatsappCloud => {
            let order = json!({ "from": from, "id": id, "text": text });
            stage.order("whatsapp/message", &order).await?
        }
        front => {
            let channel = front.channel();
            let order = json!({ "from": from, "sid": id, "text": text, "channel": channel });
            stage.order("twilio/message", &order).await?
        }
    };
    taken(stage, &sent)
}

async fn batch(stage: &Stage, sight: &Sight, count: usize) -> Result<(), Failure> {
    let phone = seen::phone(stage, sight.customer.as_deref()).await?;
    let now_s = stage.clock.now_ms() / 1_000;
    let message = |n: usize| {
        if n == count / 2 {
            return json!({ "id": { "poison": true }, "type": ["text"], "timestamp": [] });
        }
        json!({
            "id": format!("wamid.batch{n}"),
            "from": phone.user["phone"],
            "from_user_id": phone.user["bsuid"],
            "timestamp": now_s.to_string(),
            "type": "text",
            "text": { "body": format!("And question {n}?") },
        })
    };
    let account = &stage.sandbox.world.whatsapp.account;
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": account.display_phone_number,
            "phone_number_id": account.phone_number_id,
        },
        "contacts": [{ "wa_id": phone.user["phone"], "user_id": phone.user["bsuid"] }],
        "messages": (0..count).map(message).collect::<Vec<_>>(),
    });
    let change = json!({ "field": "messages", "value": value });
    let entry = json!({ "id": account.waba_id, "changes": [change] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [entry] });
    let sent = stage.order("whatsapp/raw", &json!({ "body": body })).await?;
    taken(stage, &sent)
}

async fn report(stage: &Stage, sight: &Sight, code: i64, text: &Pattern) -> Result<(), Failure> {
    let phone = seen::phone(stage, sight.customer.as_deref()).await?;
    let Some(item) = phone.items.iter().rev().find(|item| text.fits(&item.text)) else {
        return Err(Failure::broken(format!("nothing on the phone reads {text}")));
    };
    let order = json!({ "wamid": item.id, "status": "failed", "code": code });
    stage.order("whatsapp/status", &order).await?;
    Ok(())
}

async fn desk(
    stage: &Stage,
    sight: &Sight,
    order: &str,
    what: &Map<String, Value>,
) -> Result<(), Failure> {
    let mut what = what.clone();
    let Some(thread) = sight.at_desk(stage).await? else {
        return Err(Failure::broken("the desk has no conversation"));
    };
    what.insert("conversation".to_owned(), json!(thread.id));
    stage.order(&format!("{}/{order}", thread.back.vendor()), &Value::Object(what)).await?;
    Ok(())
}

/// The sandbox gives the same picture under every name.
async fn rep_file(stage: &Stage, sight: &mut Sight, name: &str) -> Result<(), Failure> {
    let url = format!("{}/elsewhere/{name}", stage.sandbox.world.base_url);
    let file = json!({ "contentType": "image/png", "contentUrl": url, "name": name });
    sight.rep_file = Some(url);
    desk(stage, sight, "reply", &Map::from_iter([("attachments".to_owned(), json!([file]))])).await
}

async fn turn_to(stage: &Stage, sight: &mut Sight, who: &str) -> Result<(), Failure> {
    for id in seen::conversations(stage).await? {
        let thread = seen::thread(stage, &id).await?;
        let customer = &thread.whole["customer"];
        let phone = customer["phonenumber"].as_str().unwrap_or_default();
        if phone.trim_start_matches('+') == who || customer["preferredname"] == who {
            sight.turned_to = Some(id);
            return Ok(());
        }
    }
    Err(Failure::broken(format!("the desk has no conversation of {who}")))
}
