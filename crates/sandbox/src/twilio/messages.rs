//! `POST /Messages.json`: sending.

use axum::http::StatusCode;
use axum::response::Json;
use serde_json::{Map, Value};

use super::auth::Caller;
use super::customers::{is_bsuid, is_e164};
use super::errors::{Legacy, TwilioError};
use super::form::Form;
use super::message::{Channel, Message};
use super::outbound_media::{self, Fetched};
use super::sending::{self, Outgoing, Verdict};
use super::{Held, MAX_REMEMBERED, Send, keywords, remember};
use crate::{Call, Emission, World};

/// The longest body, in characters (Messages resource, checked 2026-11-20).
const MAX_BODY: usize = 1_600;
/// Numbers that always answer the same (Test credentials, checked 2026-11-20).
const MAGIC_FROM: [(&str, i64); 3] =
    [("+15005550001", 21_212), ("+15005550007", 21_606), ("+15005550008", 21_611)];
const MAGIC_TO: [(&str, i64); 5] = [
    ("+15005550001", 21_211),
    ("+15005550002", 21_612),
    ("+15005550003", 21_408),
    ("+15005550004", 21_610),
    ("+15005550009", 21_614),
];
/// A sender that may always be used and reaches nobody.
const MAGIC_SENDER: &str = "+15005550006";

/// A template's sid and its variables.
type Chosen = (String, Map<String, Value>);

/// A send in its own words.
struct Wanted {
    channel: Channel,
    to: String,
    /// Absent when the messaging service chooses.
    from: Option<String>,
    in_service: bool,
    body: String,
    media_urls: Vec<String>,
    content: Option<Chosen>,
    status_callback: Option<String>,
}

impl Wanted {
    fn read(world: &World, form: &Form) -> Result<Self, TwilioError> {
        let to = form.get("To").ok_or_else(|| TwilioError::plain(21_604))?.trim().to_owned();
        let (channel, bare) = Channel::split(&to);
        if let Some((_, code)) = MAGIC_TO.iter().find(|(number, _)| *number == bare) {
            return Err(TwilioError::plain(*code));
        }
        let by_user_id = channel == Channel::Whatsapp && is_bsuid(bare);
        if !is_e164(bare) && !by_user_id {
            return Err(TwilioError::new(21_211, format!("Invalid 'To' Phone Number: {to}")));
        }
        let from = form.get("From").map(str::to_owned);
        match form.get("MessagingServiceSid") {
            Some(service) if service != world.twilio.account.service_sid => {
                return Err(TwilioError::not_found(&format!("/Services/{service}")));
            }
            None if from.is_none() => return Err(TwilioError::plain(21_603)),
            _ => {}
        }
        let wanted = Self {
            channel,
            from,
            in_service: form.get("MessagingServiceSid").is_some(),
            body: form.get("Body").unwrap_or_default().to_owned(),
            media_urls: form.all("MediaUrl"),
            content: content(form)?,
            status_callback: form.get("StatusCallback").map(str::to_owned),
            to,
        };
        wanted.check()?;
        Ok(wanted)
    }

    fn check(&self) -> Result<(), TwilioError> {
        if self.content.is_none() && self.body.is_empty() && self.media_urls.is_empty() {
            return Err(TwilioError::plain(21_602));
        }
        if self.media_urls.len() > outbound_media::MAX_MEDIA {
            return Err(TwilioError::plain(21_623));
        }
        if self.channel == Channel::Whatsapp && self.media_urls.len() > 1 {
            return Err(TwilioError::new(21_623, "A WhatsApp message carries one MediaUrl"));
        }
        let from = self.from.as_deref().unwrap_or_default();
        if let Some((_, code)) = MAGIC_FROM.iter().find(|(number, _)| *number == from) {
            return Err(TwilioError::plain(*code));
        }
        if from == self.to {
            return Err(TwilioError::plain(21_266));
        }
        if self.from.is_some() && Channel::split(from).0 != self.channel {
            return Err(TwilioError::plain(21_910));
        }
        let callback = self.status_callback.as_deref().unwrap_or("https://");
        if !callback.starts_with("http://") && !callback.starts_with("https://") {
            return Err(TwilioError::new(21_609, "The 'StatusCallback' is not a valid URL"));
        }
        Ok(())
    }
}

fn content(form: &Form) -> Result<Option<Chosen>, TwilioError> {
    let Some(sid) = form.get("ContentSid") else { return Ok(None) };
    let variables = match form.get("ContentVariables") {
        None => Map::new(),
        Some(text) => serde_json::from_str::<Map<String, Value>>(text)
            .ok()
            .filter(|variables| variables.values().all(Value::is_string))
            .ok_or_else(|| TwilioError::plain(21_656))?,
    };
    Ok(Some((sid.to_owned(), variables)))
}

/// 201 with the message, which is only queued yet.
pub async fn create(caller: Caller, body: String) -> Result<(StatusCode, Json<Value>), Legacy> {
    let Caller { world, call } = &caller;
    let done = match Wanted::read(world, &Form::parse(&body)) {
        Ok(wanted) => send(world, call, wanted).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(message) => {
            call.note(format!("accepted {}", message.sid));
            let resource = message.resource(world);
            Ok((StatusCode::CREATED, Json(resource)))
        }
        Err(error) => {
            call.note(format!("rejected {}", error.code));
            Err(error.into())
        }
    }
}

async fn send(world: &World, call: &Call, mut wanted: Wanted) -> Result<Message, TwilioError> {
    let mut approved = false;
    let mut shown = Value::Null;
    if let Some((sid, variables)) = &wanted.content {
        let held = world.twilio.lock();
        let content = held.contents.iter().find(|content| content.sid == *sid);
        let content = content.ok_or_else(|| TwilioError::plain(21_655))?;
        approved = content.is_approved();
        if content.needs_approval() {
            return Err(TwilioError::plain(63_013));
        }
        let media_urls;
        (wanted.body, media_urls, shown) = content.render(variables)?;
        wanted.media_urls = media_urls;
    }
    if wanted.body.chars().count() > MAX_BODY {
        return Err(TwilioError::plain(21_617));
    }
    let (media, failure) = media(world, &wanted).await?;
    let (message, emissions) = accept(world, call, wanted, approved, shown, media, failure)?;
    emissions.into_iter().for_each(|emission| call.emit(emission));
    Ok(message)
}

/// The media, and the failure to come if they could not be fetched.
async fn media(world: &World, wanted: &Wanted) -> Result<(Vec<Fetched>, Option<i64>), TwilioError> {
    let choice = world.switches.get("twilio.media_fetch");
    if wanted.media_urls.is_empty() || choice == "off" {
        return Ok((Vec::new(), None));
    }
    match outbound_media::fetch_all(world, wanted.channel, &wanted.media_urls).await {
        Ok(media) => Ok((media, None)),
        Err(reason) if choice == "sync" => {
            Err(TwilioError::new(21_620, format!("Invalid media URL(s): {reason}")))
        }
        Err(_) => match wanted.channel {
            Channel::Whatsapp => Ok((Vec::new(), Some(63_019))),
            Channel::Sms => Ok((Vec::new(), Some(11_200))),
        },
    }
}

fn accept(
    world: &World,
    call: &Call,
    wanted: Wanted,
    approved: bool,
    content: Value,
    media: Vec<Fetched>,
    failure: Option<i64>,
) -> Result<(Message, Vec<Emission>), TwilioError> {
    let mut held = world.twilio.lock();
    let held = &mut *held;
    check_rate(world, held, call)?;
    let from = sender(world, held, &wanted)?;
    let customer = recipient(world, held, &wanted)?;
    check_opt_out(world, held, call, &from, customer)?;
    let request = format!(
        "{:?}",
        (&wanted.to, &wanted.from, &wanted.body, &wanted.media_urls, &wanted.content)
    );
    let service_sid = wanted.in_service.then(|| world.twilio.account.service_sid.clone());
    let outgoing = Outgoing {
        channel: wanted.channel,
        direction: "outbound-api",
        customer,
        from,
        to: wanted.to,
        body: wanted.body,
        media,
        service_sid,
        status_callback: wanted.status_callback,
        content,
        approved,
        failure,
        seq: call.seq(),
    };
    let taken = sending::take(world, held, outgoing);
    let (message, emissions) = taken.ok_or_else(|| TwilioError::plain(21_611))?;
    let send = Send { seq: call.seq(), sid: message.sid.clone(), request };
    remember(&mut held.sends, MAX_REMEMBERED, send);
    Ok((message, emissions))
}

fn check_rate(world: &World, held: &mut Held, call: &Call) -> Result<(), TwilioError> {
    let per_s = world.switches.number("twilio.requests_per_s");
    match held.pace.call(world.clock.now_ms(), per_s) {
        Verdict::Go => return Ok(()),
        Verdict::Refused => {}
        Verdict::RefusedAgain => remember(&mut held.over_rate, MAX_REMEMBERED, call.seq()),
    }
    Err(TwilioError::plain(20_429))
}

/// The address that the message comes from.
fn sender(world: &World, held: &Held, wanted: &Wanted) -> Result<String, TwilioError> {
    let whatsapp = Channel::Whatsapp.address(&world.twilio.account.whatsapp_number);
    let mms = !wanted.media_urls.is_empty();
    match (&wanted.from, wanted.channel) {
        (Some(from), Channel::Whatsapp) if *from != whatsapp => Err(TwilioError::new(
            63_007,
            "Twilio could not find a Channel with the specified From address",
        )),
        (_, Channel::Whatsapp) if held.sender.status != "ONLINE" => Err(TwilioError::plain(63_007)),
        (_, Channel::Whatsapp) => Ok(whatsapp),
        (Some(from), Channel::Sms) if from == MAGIC_SENDER => Ok(from.clone()),
        (Some(from), Channel::Sms) => {
            let able = |number: &&super::numbers::Number| number.sms && (number.mms || !mms);
            let number = held.number(from).filter(able);
            let refused = || {
                let text = format!(
                    "The 'From' phone number provided ({from}) is not a valid message-capable number of this account"
                );
                TwilioError::new(21_606, text)
            };
            Ok(number.ok_or_else(refused)?.phone_number.clone())
        }
        (None, Channel::Sms) => {
            let mut pool = held.numbers.iter().filter(|number| number.in_service && number.sms);
            let able = pool.find(|number| number.mms || !mms);
            Ok(able.ok_or_else(|| TwilioError::plain(21_703))?.phone_number.clone())
        }
    }
}

/// The customer's index. Nobody with an unknown number is on WhatsApp.
fn recipient(world: &World, held: &mut Held, wanted: &Wanted) -> Result<usize, TwilioError> {
    let (channel, bare) = Channel::split(&wanted.to);
    let found = held.customers.find(bare);
    if found.is_none() && is_bsuid(bare) {
        return Err(TwilioError::new(21_211, format!("Invalid 'To' Phone Number: {}", wanted.to)));
    }
    let customer = found
        .or_else(|| held.customers.add(&world.twilio.ids, Some(bare.to_owned()), false))
        .ok_or_else(|| TwilioError::plain(20_500))?;
    let landline = held.customers.get(customer).is_some_and(|one| one.landline);
    if landline && channel == Channel::Sms {
        return Err(TwilioError::new(
            21_614,
            format!("'To' number is not a valid mobile number: {bare}"),
        ));
    }
    Ok(customer)
}

fn check_opt_out(
    world: &World,
    held: &mut Held,
    call: &Call,
    from: &str,
    customer: usize,
) -> Result<(), TwilioError> {
    let Some(number) = held.number(from) else { return Ok(()) };
    let pair = (keywords::scope(world, number), customer);
    let Some(opt_out) = held.opt_outs.get_mut(&pair) else { return Ok(()) };
    // Whoever does not know yet learns it by this refusal.
    if std::mem::replace(&mut opt_out.told, true) {
        remember(&mut held.opted_out_sends, MAX_REMEMBERED, call.seq());
    }
    Err(TwilioError::plain(21_610))
}
