//! Customers who write, a rep who answers, and trouble at the vendors: all from one seed.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{dice::Dice, world::Outside};

const CUSTOMERS: u64 = 8;

const QUESTIONS: &[&str] = &[
    "When are you open on Sunday?",
    "How long does delivery take?",
    "Can I return my boots?",
    "Which payment methods do you take?",
    "How do I wash a down jacket?",
    "What is the airspeed of a swallow?",
];
const REQUESTS: &[&str] = &[
    "I want to talk to a human please",
    "Can I speak to a real person?",
    "Please connect me to an employee",
];

/// Vendor, operation, fault and its status and code.
type Trouble = (&'static str, &'static str, &'static str, Option<u16>, Option<u32>);

const TROUBLES: &[Trouble] = &[
    ("whatsapp", "messages.text", "status", Some(429), Some(130_429)),
    ("whatsapp", "messages.text", "status", Some(500), Some(131_000)),
    ("whatsapp", "messages.text", "timeout_after_accept", None, None),
    ("whatsapp", "messages.text", "timeout_before_accept", None, None),
    ("whatsapp", "messages.text", "garbage", None, None),
    ("whatsapp", "webhook.message", "duplicate", None, None),
    ("whatsapp", "webhook.message", "duplicate", None, None),
    ("whatsapp", "webhook.message", "reorder", None, None),
    ("whatsapp", "webhook.status.*", "duplicate", None, None),
    ("whatsapp", "webhook.status.*", "reorder", None, None),
    ("whatsapp", "webhook.status.sent", "before_answer", None, None),
    ("dynamics365", "activity.message", "status", Some(429), None),
    ("dynamics365", "activity.message", "status", Some(503), None),
    ("dynamics365", "activity.message", "timeout_after_accept", None, None),
    ("dynamics365", "activity.message", "timeout_before_accept", None, None),
    ("dynamics365", "conversation.create", "timeout_after_accept", None, None),
    ("dynamics365", "conversation.create", "status", Some(500), None),
    ("dynamics365", "messages.list", "status", Some(500), None),
    ("dynamics365", "webhook.message", "duplicate", None, None),
    ("dynamics365", "webhook.message", "drop", None, None),
    ("entra", "token", "status", Some(503), None),
];

/// One text that the rep typed.
#[derive(Clone, Debug)]
pub struct Typed {
    pub text: String,
}

/// Everybody outside, until they are told to stop.
pub struct People {
    stop: Arc<AtomicBool>,
    customers: Vec<JoinHandle<()>>,
    rep: JoinHandle<Vec<Typed>>,
    trouble: Option<JoinHandle<()>>,
}

impl People {
    pub fn begin(outside: &Outside, dice: &mut Dice) -> Self {
        let mut people = Self::without_trouble(outside, dice);
        let stop = Arc::clone(&people.stop);
        people.trouble = Some(tokio::spawn(trouble(outside.clone(), dice.split(), stop)));
        people
    }

    /// The same while nothing goes wrong at the vendors.
    pub fn without_trouble(outside: &Outside, dice: &mut Dice) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let of = |at| customer(outside.clone(), at, dice.split(), Arc::clone(&stop));
        let customers: Vec<_> = (0..CUSTOMERS).map(of).map(tokio::spawn).collect();
        let rep = tokio::spawn(Rep::new(outside, dice.split()).work(Arc::clone(&stop)));
        Self { stop, customers, rep, trouble: None }
    }

    /// Lets everybody finish; what the rep typed.
    pub async fn stop(self) -> Vec<Typed> {
        self.stop.store(true, Ordering::SeqCst);
        for customer in self.customers {
            customer.await.unwrap();
        }
        if let Some(trouble) = self.trouble {
            trouble.await.unwrap();
        }
        self.rep.await.unwrap()
    }
}

async fn pause(dice: &mut Dice, least_ms: u64, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(dice.between(least_ms, most_ms))).await;
}

async fn customer(outside: Outside, at: u64, mut dice: Dice, stop: Arc<AtomicBool>) {
    let phone = format!("1555020{at:04}");
    let mut count = 0;
    while !stop.load(Ordering::SeqCst) {
        count += 1;
        let words = if dice.percent(12) { REQUESTS } else { QUESTIONS };
        let text = format!("{} ({at}-{count})", dice.one_of(words));
        outside.write(&phone, &text).await;
        // Sometimes two in quick succession, as people do.
        let most_ms = if dice.percent(20) { 60 } else { 2_500 };
        pause(&mut dice, 50, most_ms).await;
    }
}

async fn trouble(outside: Outside, mut dice: Dice, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        pause(&mut dice, 200, 1_200).await;
        let (vendor, operation, fault, status, code) = dice.one_of(TROUBLES);
        let mut rule = json!({ "vendor": vendor, "operation": operation, "fault": fault });
        if let Some(status) = status {
            rule["status"] = json!(status);
        }
        if let Some(code) = code {
            rule["code"] = json!(code);
        }
        if *status == Some(429) {
            rule["retry_after_s"] = json!(2);
        }
        outside.order("faults", rule).await.unwrap();
    }
}

/// Accepts every conversation and answers every message with a numbered text.
struct Rep {
    outside: Outside,
    dice: Dice,
    typed: Vec<Typed>,
    /// Messages of customers already answered, by conversation.
    answered: HashMap<String, usize>,
    /// Messages of any kind at the last look, by conversation.
    looked: HashMap<String, u64>,
}

impl Rep {
    fn new(outside: &Outside, dice: Dice) -> Self {
        Self {
            outside: outside.clone(),
            dice,
            typed: Vec::new(),
            answered: HashMap::new(),
            looked: HashMap::new(),
        }
    }

    async fn work(mut self, stop: Arc<AtomicBool>) -> Vec<Typed> {
        while !stop.load(Ordering::SeqCst) {
            for work in self.outside.works().await {
                self.attend(&work).await;
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        self.typed
    }

    async fn attend(&mut self, work: &Value) {
        let id = work["id"].as_str().unwrap().to_owned();
        match work["state"].as_str().unwrap() {
            "open" => {
                let order = json!({ "conversation": id });
                self.outside.order("dynamics365/accept", order).await.unwrap();
                self.reply(&id, format!("Hello, this is Robin for {}", &id[..8])).await;
            }
            "active" if self.is_news(&id, work) => self.answer(&id).await,
            _ => {}
        }
    }

    fn is_news(&mut self, id: &str, work: &Value) -> bool {
        let messages = work["messages"].as_u64().unwrap();
        self.looked.insert(id.to_owned(), messages) != Some(messages)
    }

    async fn answer(&mut self, id: &str) {
        let seen = self.outside.work(id).await;
        let messages = seen["messages"].as_array().unwrap();
        let count = messages.iter().filter(|m| m["author"] == "customer").count();
        let before = self.answered.insert(id.to_owned(), count).unwrap_or(0);
        for number in before..count {
            let text = match self.dice.percent(20) {
                true => format!("one moment ({})", &id[..8]),
                false => format!("answer {} for {}", number + 1, &id[..8]),
            };
            self.reply(id, text).await;
        }
        if count > before && self.dice.percent(15) {
            self.end(id).await;
        }
    }

    async fn reply(&mut self, id: &str, text: String) {
        let order = json!({ "conversation": id, "text": text });
        if self.outside.order("dynamics365/reply", order).await.is_ok() {
            self.typed.push(Typed { text });
        }
    }

    async fn end(&mut self, id: &str) {
        for order in ["dynamics365/end", "dynamics365/close"] {
            self.outside.order(order, json!({ "conversation": id })).await.unwrap();
        }
    }
}
