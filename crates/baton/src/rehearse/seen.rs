//! What people have in front of them: the customers' phones and the reps' threads.

use std::collections::HashSet;

use baton_core::route::WorkKind;
use serde_json::Value;

use super::{Failure, case, stage::Stage};
use crate::seed::{Back, Front};

/// Something on a phone or in a rep's thread.
#[derive(Clone, Debug)]
pub struct Item {
    /// The vendor's id of it.
    pub id: String,
    /// What a person reads.
    pub text: String,
    /// It is really there, not only accepted by the vendor.
    pub arrived: bool,
    /// Its file: what the phone or the desk knows of it.
    pub file: Value,
    /// What can be tapped below it.
    pub choices: Vec<String>,
}

/// A customer's phone.
pub struct Phone {
    /// Number and user id, as far as the customer has them.
    pub addresses: Vec<String>,
    /// What the company sent and the vendor did not give up, oldest first.
    pub items: Vec<Item>,
    /// The customer as the sandbox shows them.
    pub user: Value,
}

/// A conversation at the desk.
pub struct Thread {
    /// Its id.
    pub id: String,
    /// Whose reps have it.
    pub back: Back,
    /// Everything that the desk holds of it.
    pub whole: Value,
    /// What the rep did not write and the customer or Baton did, oldest first.
    pub items: Vec<Item>,
}

impl Thread {
    /// What opened the conversation.
    pub fn start(&self) -> &str {
        self.whole["start_message"]["message"].as_str().unwrap_or_default()
    }
}

fn texts(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Reads a phone; the default customer's where nobody is named.
pub async fn phone(stage: &Stage, who: Option<&str>) -> Result<Phone, Failure> {
    let front = stage.front();
    if front != Front::WhatsappCloud {
        return twilio_phone(stage, front, who).await;
    }
    let path = match who {
        Some(who) => format!("whatsapp/thread?user={who}"),
        None => "whatsapp/thread".to_owned(),
    };
    let thread = stage.ask(&path).await?;
    let Some(messages) = thread["messages"].as_array() else {
        return Err(Failure::broken(texts(&thread["error"])));
    };
    let ours = messages.iter().filter(|m| m["from"] == "business" && m["progress"] != "failed");
    let user = thread["user"].clone();
    let addresses = ["phone", "bsuid"].into_iter().filter_map(|a| user[a].as_str());
    Ok(Phone {
        addresses: addresses.map(str::to_owned).collect(),
        items: ours.map(on_phone).collect(),
        user,
    })
}

fn on_phone(message: &Value) -> Item {
    let text = match texts(&message["type"]) {
        "template" => format!("template {}", texts(&message["content"]["name"])),
        _ => texts(&message["text"]).to_owned(),
    };
    let progress = texts(&message["progress"]);
    Item {
        id: texts(&message["wamid"]).to_owned(),
        text,
        arrived: progress == "delivered" || progress == "read",
        file: message["media"].clone(),
        choices: titles(&message["choices"], "title"),
    }
}

fn titles(list: &Value, key: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|one| texts(&one[key]).to_owned()).collect()
}

async fn twilio_phone(stage: &Stage, front: Front, who: Option<&str>) -> Result<Phone, Failure> {
    let customer = who.map(|who| format!("&customer={}", who.replace('+', "%2B")));
    let (channel, customer) = (front.channel().name(), customer.unwrap_or_default());
    let thread = stage.ask(&format!("twilio/thread?channel={channel}{customer}")).await?;
    let Some(messages) = thread["messages"].as_array() else {
        return Err(Failure::broken(texts(&thread["error"])));
    };
    let gone = |status: &str| matches!(status, "failed" | "undelivered" | "canceled");
    let ours = messages.iter().filter(|m| m["from"] == "business" && !gone(texts(&m["status"])));
    let user = thread["customer"].clone();
    let bare = |address: &str| address.trim_start_matches('+').to_owned();
    let addresses = ["phone", "bsuid"].into_iter().filter_map(|a| user[a].as_str());
    let item = |message: &Value| Item {
        id: texts(&message["sid"]).to_owned(),
        text: match message["content"].as_object() {
            Some(content) if texts(&message["text"]).is_empty() => {
                format!("template {}", content.get("sid").map_or("", texts))
            }
            _ => texts(&message["text"]).to_owned(),
        },
        arrived: matches!(texts(&message["status"]), "delivered" | "read"),
        file: message["media"][0].clone(),
        choices: {
            let parts = &message["content"]["parts"];
            [titles(&parts["actions"], "title"), titles(&parts["items"], "item")].concat()
        },
    };
    Ok(Phone {
        addresses: addresses.map(bare).collect(),
        items: ours.map(item).collect(),
        user: user.clone(),
    })
}

/// The hashes of the files that a customer sent.
pub async fn sent_hashes(stage: &Stage, who: Option<&str>) -> Result<Vec<String>, Failure> {
    let who = who.map(|who| who.replace('+', "%2B")).unwrap_or_default();
    let path = match stage.front() {
        Front::WhatsappCloud if who.is_empty() => "whatsapp/thread".to_owned(),
        Front::WhatsappCloud => format!("whatsapp/thread?user={who}"),
        _ if who.is_empty() => "twilio/thread".to_owned(),
        _ => format!("twilio/thread?customer={who}"),
    };
    let thread = stage.ask(&path).await?;
    let messages = thread["messages"].as_array().cloned().unwrap_or_default();
    let theirs = messages.iter().filter(|m| m["from"] == "customer");
    // One file at Meta, a list of them at Twilio.
    let files =
        theirs.flat_map(|m| m["media"].as_array().cloned().unwrap_or(vec![m["media"].clone()]));
    Ok(files.filter_map(|file| file["sha256"].as_str().map(str::to_owned)).collect())
}

/// The names of all customers.
pub async fn customers(stage: &Stage) -> Result<Vec<String>, Failure> {
    let (path, list) = match stage.front() {
        Front::WhatsappCloud => ("whatsapp/users", "users"),
        Front::TwilioSms | Front::TwilioWhatsapp => ("twilio/customers", "customers"),
    };
    let users = stage.ask(path).await?;
    let users = users[list].as_array().cloned().unwrap_or_default();
    let key = |user: &Value| texts(&user["phone"]).to_owned();
    let keyed = users.iter().map(|user| match key(user) {
        phone if phone.is_empty() => texts(&user["bsuid"]).to_owned(),
        phone => phone,
    });
    Ok(keyed.collect())
}

/// The ids of all conversations and cases at the desk: of each the newest first, and first the
/// kind that the scenario's route makes.
pub async fn conversations(stage: &Stage) -> Result<Vec<String>, Failure> {
    let (mut conversations, mut cases) = (Vec::new(), Vec::new());
    for desk in &stage.company.desks {
        conversations.extend(live(stage, desk.back).await?);
        cases.extend(case::ids(stage, desk.back).await?);
    }
    Ok(match stage.kind {
        WorkKind::Live => [conversations, cases].concat(),
        WorkKind::Case => [cases, conversations].concat(),
    })
}

async fn live(stage: &Stage, back: Back) -> Result<Vec<String>, Failure> {
    let listed = stage.ask(&format!("{}/conversations", back.vendor())).await?;
    let listed = listed["conversations"].as_array().cloned().unwrap_or_default();
    Ok(listed.iter().map(|c| texts(&c["id"]).to_owned()).collect())
}

/// Reads a conversation at whichever desk has it.
pub async fn thread(stage: &Stage, id: &str) -> Result<Thread, Failure> {
    for desk in &stage.company.desks {
        let back = desk.back;
        if case::ids(stage, back).await?.iter().any(|case| case == id) {
            return case::thread(stage, back, id).await;
        }
        if live(stage, back).await?.iter().any(|known| known == id) {
            return conversation(stage, back, id).await;
        }
    }
    Err(Failure::broken(format!("no desk has {id}")))
}

async fn conversation(stage: &Stage, back: Back, id: &str) -> Result<Thread, Failure> {
    let whole = stage.ask(&format!("{}/conversations/{id}", back.vendor())).await?;
    let messages = whole["messages"].as_array().cloned().unwrap_or_default();
    let for_rep = |m: &&Value| matches!(texts(&m["author"]), "customer" | "automated");
    let items = messages.iter().filter(for_rep).map(|message| Item {
        id: texts(&message["id"]).to_owned(),
        text: texts(&message["text"]).to_owned(),
        arrived: true,
        file: message["attachments"][0].clone(),
        choices: Vec::new(),
    });
    Ok(Thread { id: id.to_owned(), back, items: items.collect(), whole })
}

/// How far everybody has read, and whom the scenario speaks of.
#[derive(Default)]
pub struct Sight {
    /// The customer who spoke last; the default one where it is none.
    pub customer: Option<String>,
    /// The conversation that the rep turned to; the newest where it is none.
    pub turned_to: Option<String>,
    /// Conversations that the scenario knows of.
    pub known: HashSet<String>,
    /// The ids of everything that was read.
    pub read: HashSet<String>,
    /// The customer's last message: from whom, its id, its words.
    pub last_said: Option<(Option<String>, String, String)>,
    /// Status and body of the API's last answer.
    pub answer: (u16, Value),
    /// Where the rep's last file is.
    pub rep_file: Option<String>,
    /// Events that the scenario knows to be set aside.
    pub parked: u64,
}

impl Sight {
    /// The first thing that is not read yet.
    pub fn unread<'a>(&self, items: &'a [Item]) -> Option<&'a Item> {
        items.iter().find(|item| !self.read.contains(&item.id))
    }

    /// The conversation that the rep looks at.
    pub async fn at_desk(&self, stage: &Stage) -> Result<Option<Thread>, Failure> {
        let id = match &self.turned_to {
            Some(id) => Some(id.clone()),
            None => conversations(stage).await?.into_iter().next(),
        };
        match id {
            Some(id) => Ok(Some(thread(stage, &id).await?)),
            None => Ok(None),
        }
    }

    /// Whatever was seen so far does not matter.
    pub async fn forget(&mut self, stage: &Stage) -> Result<(), Failure> {
        for who in customers(stage).await? {
            let phone = phone(stage, Some(&who)).await?;
            self.read.extend(phone.items.into_iter().map(|item| item.id));
        }
        for id in conversations(stage).await? {
            let thread = thread(stage, &id).await?;
            self.read.extend(thread.items.into_iter().map(|item| item.id));
            self.known.insert(id);
        }
        Ok(())
    }

    /// What nobody expected, in words.
    pub async fn unexpected(&self, stage: &Stage) -> Result<Option<String>, Failure> {
        for who in customers(stage).await? {
            let phone = phone(stage, Some(&who)).await?;
            if let Some(item) = self.unread(&phone.items) {
                return Ok(Some(format!("customer {who} also saw: {}", item.text)));
            }
        }
        for id in conversations(stage).await? {
            let thread = thread(stage, &id).await?;
            if !self.known.contains(&id) {
                return Ok(Some(format!("the desk also has: {}", thread.start())));
            }
            if let Some(item) = self.unread(&thread.items) {
                return Ok(Some(format!("the rep also saw: {}", item.text)));
            }
        }
        Ok(None)
    }
}
