//! What a customer does, as Twilio reports it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::customers::Customer;
use super::keywords::{self, Keyword, Pair};
use super::message::{Author, Channel, Message};
use super::numbers::Number;
use super::webhooks::{Trip, targets};
use super::{Held, media};
use crate::World;

/// How long a WhatsApp customer may be written to freely (error 63016, checked 2026-11-20).
const WINDOW_MS: i64 = 24 * 3_600_000;
/// Media of one inbound MMS (Webhooks: inbound message, checked 2026-11-20).
const MAX_MEDIA: usize = 10;

/// One thing that a customer does; everything may be left out.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Phone or user id; the default customer if absent. An unknown phone becomes a new customer.
    pub from: Option<String>,
    pub channel: Channel,
    /// Which of our numbers; the long code or the WhatsApp sender if absent.
    pub to: Option<String>,
    /// Renames the customer.
    pub name: Option<String>,
    pub text: Option<String>,
    pub media: Vec<media::Spec>,
    /// WhatsApp's `MessageType`; found from the rest if absent.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `{ "text", "payload" }`.
    pub button: Option<Button>,
    /// `{ "id", "title", "description" }`.
    pub list: Option<ListChoice>,
    /// Taps this button or row, by its id or words, of the last message that offers it.
    pub choose: Option<String>,
    pub location: Option<Location>,
    /// The message that this one answers.
    pub reply_to: Option<String>,
    /// Parameters without their prefix: `{ "Body", "SourceId", … }`.
    pub referral: Option<Map<String, Value>>,
    pub forwarded: bool,
    /// `SM…`; made up if absent. Giving one twice repeats a message.
    pub sid: Option<String>,
    /// Sets or, with `null`, removes parameters at the end.
    pub params: Map<String, Value>,
    /// How many such messages; 1 if absent.
    pub times: Option<usize>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    pub text: String,
    pub payload: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListChoice {
    pub id: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
}

/// Fills in what tapping `choice` sends.
pub fn choose(held: &Held, index: usize, choice: &str, spec: &mut Spec) -> Result<(), String> {
    let theirs = held.messages.iter().rev().filter(|message| message.customer == index);
    let found = theirs.filter_map(|message| {
        let parts = &message.content["parts"];
        let of = |list: &str, title: &str| {
            let rows = parts[list].as_array().into_iter().flatten();
            let mut rows = rows.map(|row| (row["id"].clone(), row[title].clone()));
            rows.find(|(id, title)| id == choice || title == choice)
        };
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let button = of("actions", "title").map(|(id, title)| (text(id), text(title), true));
        let row = || of("items", "item").map(|(id, title)| (text(id), text(title), false));
        Some((message.sid.clone(), button.or_else(row)?))
    });
    let (sid, (id, title, is_button)) =
        { found }.next().ok_or_else(|| format!("no message offers {choice}"))?;
    spec.reply_to = Some(sid);
    spec.channel = Channel::Whatsapp;
    if is_button {
        spec.button = Some(Button { text: title, payload: id });
    } else {
        spec.list = Some(ListChoice { id, title, description: String::new() });
    }
    Ok(())
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub label: String,
}

/// What a webhook is about, for whatever follows from its answer.
pub struct Told {
    pub kind: &'static str,
    pub message_sid: String,
    pub our_address: String,
    pub customer_address: String,
    /// Set when the message is a STOP that took effect.
    pub opted_out: Option<Pair>,
}

/// The customer whom `from` names.
pub fn who(world: &World, held: &mut Held, from: Option<&str>) -> Result<usize, String> {
    let Some(from) = from else { return Ok(held.customers.default_index()) };
    if let Some(index) = held.customers.find(from) {
        return Ok(index);
    }
    let (_, bare) = Channel::split(from);
    if !super::customers::is_e164(bare) {
        return Err(format!("nobody is called {from}; give a number such as +15550100003"));
    }
    let added = held.customers.add(&world.twilio.ids, Some(bare.to_owned()), true);
    added.ok_or_else(|| "too many customers".to_owned())
}

/// One inbound message on its way from a customer to one of our addresses.
struct Arrival<'a> {
    spec: &'a Spec,
    sid: String,
    index: usize,
    customer: Customer,
    /// Bare, in E.164.
    number: String,
    body: String,
    segments: usize,
    media: Vec<media::Media>,
}

/// Keeps one message, does what its keyword asks for, and builds its webhook if anybody wants it.
pub fn message(
    world: &World,
    held: &mut Held,
    index: usize,
    spec: &Spec,
) -> Result<(String, Option<Trip>), String> {
    let customer = held.customers.get(index).cloned().ok_or("the customer is gone")?;
    if spec.channel == Channel::Sms && customer.phone.is_none() {
        return Err("somebody without a number sends no SMS".to_owned());
    }
    let number = our_number(world, held, spec)?;
    let prefix = if spec.media.is_empty() { "SM" } else { "MM" };
    let sid = spec.sid.clone().unwrap_or_else(|| world.twilio.sid(prefix));
    let media = media(world, held, spec, &sid)?;
    let body = body(spec);
    let segments = if spec.channel == Channel::Sms { crate::segments::count(&body) } else { 1 };
    let arrival = Arrival { spec, sid, index, customer, number, body, segments, media };
    keep(world, held, &arrival);
    let ours = held.number(&arrival.number).cloned().filter(|_| spec.channel == Channel::Sms);
    let obey = |ours: &Number| keywords::obey(world, held, ours, index, &arrival.body);
    let keyword = ours.as_ref().and_then(obey);
    let trip = trip(world, held, &arrival, ours, keyword);
    Ok((arrival.sid, trip))
}

fn keep(world: &World, held: &mut Held, arrival: &Arrival) {
    let now_ms = world.clock.now_ms();
    let Arrival { spec, sid, index, .. } = arrival;
    if spec.channel == Channel::Whatsapp {
        held.windows.insert(*index, now_ms + WINDOW_MS);
    }
    if held.messages.get(sid).is_some() {
        return;
    }
    held.messages.keep(Message {
        sid: sid.clone(),
        author: Author::Customer,
        channel: spec.channel,
        direction: "inbound",
        customer: *index,
        from: arrival.customer.address(spec.channel),
        to: spec.channel.address(&arrival.number),
        body: arrival.body.clone(),
        media: arrival.media.iter().map(|media| media.sid.clone()).collect(),
        service_sid: None,
        status: "received",
        error: None,
        segments: arrival.segments,
        created_ms: now_ms,
        updated_ms: now_ms,
        sent_ms: Some(now_ms),
        status_callback: None,
        content: Value::Null,
        reply_to: spec.reply_to.clone(),
        seq: 0,
    });
}

/// The webhook; `None` if no address is set, which drops the message.
fn trip(
    world: &World,
    held: &Held,
    arrival: &Arrival,
    ours: Option<Number>,
    keyword: Option<Keyword>,
) -> Option<Trip> {
    let Arrival { spec, .. } = arrival;
    let (url, fallback) = targets(held, spec.channel, &arrival.number)?;
    let customer_address = arrival.customer.address(spec.channel);
    let our_address = spec.channel.address(&arrival.number);
    let mut params = Params(Vec::new());
    params.common(world, arrival, &customer_address, &our_address);
    params.media(world, &arrival.media);
    match spec.channel {
        Channel::Sms => params.sms(),
        Channel::Whatsapp => params.whatsapp(&arrival.customer, spec, &our_address),
    }
    if ours.as_ref().is_some_and(|ours| ours.in_service) {
        params.add("MessagingServiceSid", &world.twilio.account.service_sid);
        let advanced = world.switches.is("twilio.advanced_opt_out", "yes");
        if let Some(keyword) = keyword.filter(|_| advanced) {
            params.add("OptOutType", keyword.name());
        }
    }
    let opted_out = ours
        .filter(|_| keyword == Some(Keyword::Stop))
        .map(|ours| (keywords::scope(world, &ours), arrival.index));
    let message_sid = arrival.sid.clone();
    let told = Told { kind: "message", message_sid, our_address, customer_address, opted_out };
    let token = world.twilio.ids.guid();
    Some(Trip { told, url, fallback, token, params: params.finish(&spec.params), failed: 0 })
}

fn our_number(world: &World, held: &Held, spec: &Spec) -> Result<String, String> {
    let account = &world.twilio.account;
    let wanted = spec.to.as_deref().map(|to| Channel::split(to).1);
    match (spec.channel, wanted) {
        (Channel::Sms, None) => Ok(account.number.clone()),
        (Channel::Whatsapp, None) => Ok(account.whatsapp_number.clone()),
        (Channel::Sms, Some(to)) if held.number(to).is_some() => Ok(to.to_owned()),
        (Channel::Whatsapp, Some(to)) if to == account.whatsapp_number => Ok(to.to_owned()),
        (_, Some(to)) => Err(format!("the account has no number {to}")),
    }
}

fn media(
    world: &World,
    held: &mut Held,
    spec: &Spec,
    sid: &str,
) -> Result<Vec<media::Media>, String> {
    let most = if spec.channel == Channel::Whatsapp { 1 } else { MAX_MEDIA };
    if spec.media.len() > most {
        return Err(format!("such a message carries at most {most} media"));
    }
    let made: Result<Vec<_>, _> = spec.media.iter().map(|media| media.make(world, sid)).collect();
    let made = made?;
    made.iter().for_each(|media| held.media.keep(media.clone()));
    Ok(made)
}

fn body(spec: &Spec) -> String {
    let of_button = spec.button.as_ref().map(|button| button.text.clone());
    let of_list = spec.list.as_ref().map(|list| list.title.clone());
    let silent = !spec.media.is_empty() || spec.location.is_some();
    let default = if silent { String::new() } else { "Hello".to_owned() };
    spec.text.clone().or(of_button).or(of_list).unwrap_or(default)
}

/// `MessageType`.
fn kind(spec: &Spec) -> String {
    if let Some(kind) = &spec.kind {
        return kind.clone();
    }
    let of_media = spec.media.first().map(|media| {
        let content_type = media.content_type.as_deref().unwrap_or("image/png");
        match content_type.split('/').next() {
            Some("image") => "image",
            Some("audio") => "audio",
            Some("video") => "video",
            _ => "document",
        }
    });
    let of_choice = spec.button.as_ref().map(|_| "button");
    let of_list = spec.list.as_ref().map(|_| "interactive");
    let of_place = spec.location.as_ref().map(|_| "location");
    of_choice.or(of_list).or(of_place).or(of_media).unwrap_or("text").to_owned()
}

/// The form of one webhook.
struct Params(Vec<(String, String)>);

impl Params {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn common(&mut self, world: &World, arrival: &Arrival, from: &str, to: &str) {
        self.add("AccountSid", &world.twilio.account.account_sid);
        self.add("ApiVersion", "2010-04-01");
        self.add("Body", &arrival.body);
        self.add("From", from);
        self.add("MessageSid", &arrival.sid);
        self.add("NumSegments", &arrival.segments.to_string());
        self.add("SmsMessageSid", &arrival.sid);
        self.add("SmsSid", &arrival.sid);
        self.add("SmsStatus", "received");
        self.add("To", to);
    }

    fn media(&mut self, world: &World, media: &[media::Media]) {
        self.add("NumMedia", &media.len().to_string());
        for (index, media) in media.iter().enumerate() {
            self.add(&format!("MediaContentType{index}"), &media.content_type);
            self.add(&format!("MediaUrl{index}"), &media::url(world, media));
        }
    }

    /// Where both ends are; what Twilio does not know it leaves empty.
    fn sms(&mut self) {
        for end in ["From", "To"] {
            for part in ["City", "State", "Zip"] {
                self.add(&format!("{end}{part}"), "");
            }
            self.add(&format!("{end}Country"), "US");
        }
    }

    fn whatsapp(&mut self, customer: &Customer, spec: &Spec, our_address: &str) {
        let name = customer.name.as_deref().unwrap_or_default();
        self.add("MessageType", &kind(spec));
        self.add("ProfileName", name);
        self.add("ExternalUserId", &Channel::Whatsapp.address(&customer.bsuid));
        let wa_id = customer.phone.as_deref().map(|phone| phone.trim_start_matches('+'));
        if let Some(wa_id) = wa_id {
            self.add("WaId", wa_id);
        }
        let context = json!({ "ProfileName": name, "WaId": wa_id });
        let metadata = json!({ "type": "whatsapp", "data": { "context": context } });
        self.add("ChannelMetadata", &metadata.to_string());
        if let Some(button) = &spec.button {
            self.add("ButtonText", &button.text);
            self.add("ButtonPayload", &button.payload);
        }
        if let Some(list) = &spec.list {
            self.add("ListId", &list.id);
            self.add("ListTitle", &list.title);
            self.add("ListDescription", &list.description);
        }
        if let Some(location) = &spec.location {
            self.add("Latitude", &location.latitude.to_string());
            self.add("Longitude", &location.longitude.to_string());
            self.add("Address", &location.address);
            self.add("Label", &location.label);
        }
        if spec.forwarded {
            self.add("Forwarded", "true");
        }
        if let Some(reply_to) = &spec.reply_to {
            self.add("OriginalRepliedMessageSid", reply_to);
            self.add("OriginalRepliedMessageSender", our_address);
        }
        self.add("ReferralNumMedia", "0");
        for (name, value) in spec.referral.iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.add(&format!("Referral{name}"), &value);
        }
    }

    fn finish(mut self, changes: &Map<String, Value>) -> Vec<(String, String)> {
        for (name, value) in changes {
            self.0.retain(|(other, _)| other != name);
            match value {
                Value::Null => {}
                Value::String(text) => self.add(name, text),
                other => self.add(name, &other.to_string()),
            }
        }
        self.0
    }
}
