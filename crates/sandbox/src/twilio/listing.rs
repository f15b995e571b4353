//! Looking messages up, redacting and deleting them.

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Json;
use serde_json::{Value, json};

use super::auth::Caller;
use super::errors::{Legacy, TwilioError};
use super::form::{Form, encode};
use super::message::{Author, Message};
use crate::dates::{self, DATE_MS};

/// Messages on one page unless asked otherwise, and at most (Messages resource, checked 2026-11-20).
const PAGE_SIZE: usize = 50;
const MAX_PAGE_SIZE: usize = 1_000;

/// Which messages to list.
struct Filter {
    to: Option<String>,
    from: Option<String>,
    /// Sent at or after, and before.
    after_ms: i64,
    before_ms: i64,
    by_date: bool,
}

impl Filter {
    fn read(query: &Form) -> Result<Self, TwilioError> {
        let mut filter = Self {
            to: query.get("To").map(str::to_owned),
            from: query.get("From").map(str::to_owned),
            after_ms: i64::MIN,
            before_ms: i64::MAX,
            by_date: false,
        };
        // `DateSent>=…` arrives as the name `DateSent>`.
        for name in ["DateSent", "DateSent>", "DateSent<"] {
            let Some(text) = query.get(name) else { continue };
            let invalid = || TwilioError::new(20_001, format!("{name} is not a date: {text}"));
            let (at_ms, is_date) = dates::parse(text).ok_or_else(invalid)?;
            let end_ms = at_ms + if is_date { DATE_MS } else { 1_000 };
            filter.by_date = true;
            if name != "DateSent<" {
                filter.after_ms = filter.after_ms.max(at_ms);
            }
            if name != "DateSent>" {
                filter.before_ms = filter.before_ms.min(end_ms);
            }
        }
        Ok(filter)
    }

    fn fits(&self, message: &Message) -> bool {
        let sent_ms = message.sent_ms.unwrap_or(message.created_ms);
        message.author != Author::Twilio
            && self.to.as_ref().is_none_or(|to| *to == message.to)
            && self.from.as_ref().is_none_or(|from| *from == message.from)
            && (!self.by_date || (self.after_ms..self.before_ms).contains(&sent_ms))
    }
}

/// Newest first, in pages. A new message may not be listed at once.
pub async fn list(caller: Caller, RawQuery(query): RawQuery) -> Result<Json<Value>, Legacy> {
    let world = &caller.world;
    let query = Form::parse(query.as_deref().unwrap_or_default());
    let filter = Filter::read(&query)?;
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let page_size = number("PageSize").unwrap_or(PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    let page = number("Page").unwrap_or(0);
    let account_sid = &world.twilio.account.account_sid;
    let listed_ms = world.clock.now_ms() - world.switches.number("twilio.list_lag_ms");
    let held = world.twilio.lock();
    // A page goes on below the message that ended the one before, whatever has come on top since.
    let token = query.get("PageToken").and_then(|token| token.strip_prefix("PA"));
    let below =
        held.messages.iter().rev().skip_while(|one| token.is_some_and(|sid| one.sid != sid));
    let mut found = below
        .skip(usize::from(token.is_some()))
        .filter(|one| one.created_ms <= listed_ms && filter.fits(one));
    let shown: Vec<&Message> = found.by_ref().take(page_size).collect();
    let more = found.next().is_some();
    let uri = |page: usize, token: Option<&str>| {
        let mut pairs = Vec::new();
        for name in ["To", "From", "DateSent", "DateSent>", "DateSent<"] {
            pairs.extend(query.get(name).map(|value| (name.to_owned(), value.to_owned())));
        }
        pairs.push(("PageSize".to_owned(), page_size.to_string()));
        pairs.push(("Page".to_owned(), page.to_string()));
        pairs.extend(token.map(|sid| ("PageToken".to_owned(), format!("PA{sid}"))));
        format!("/2010-04-01/Accounts/{account_sid}/Messages.json?{}", encode(&pairs))
    };
    let last = shown.last().filter(|_| more).map(|message| message.sid.as_str());
    let start = page * page_size;
    Ok(Json(json!({
        "end": (start + shown.len()).saturating_sub(1),
        "first_page_uri": uri(0, None),
        "messages": shown.iter().map(|message| message.resource(world)).collect::<Vec<_>>(),
        "next_page_uri": last.map(|sid| uri(page + 1, Some(sid))),
        "page": page,
        "page_size": page_size,
        "previous_page_uri": null,
        "start": start,
        "uri": uri(page, token),
    })))
}

fn missing(file: &str) -> TwilioError {
    TwilioError::not_found(&format!("/Messages/{file}"))
}

pub async fn fetch(
    caller: Caller,
    Path((_, file)): Path<(String, String)>,
) -> Result<Json<Value>, Legacy> {
    let held = caller.world.twilio.lock();
    let message = held.messages.get(file.trim_end_matches(".json"));
    let message =
        message.filter(|one| one.author != Author::Twilio).ok_or_else(|| missing(&file))?;
    Ok(Json(message.resource(&caller.world)))
}

/// An empty `Body` redacts; `Status=canceled` takes back what is still queued.
pub async fn update(
    caller: Caller,
    Path((_, file)): Path<(String, String)>,
    body: String,
) -> Result<Json<Value>, Legacy> {
    let form = Form::parse(&body);
    let now_ms = caller.world.clock.now_ms();
    let mut held = caller.world.twilio.lock();
    let sid = file.trim_end_matches(".json");
    let message = held.messages.get_mut(sid).ok_or_else(|| missing(&file))?;
    match (form.given("Body"), form.get("Status")) {
        (Some(""), None) => message.body.clear(),
        (None, Some("canceled")) if matches!(message.status, "accepted" | "queued") => {
            message.advance("canceled", None, now_ms);
        }
        (None, Some("canceled")) => {
            return Err(TwilioError::new(30_409, "The message cannot be canceled any more").into());
        }
        _ => return Err(TwilioError::new(20_001, "Body can only be emptied").into()),
    }
    Ok(Json(message.resource(&caller.world)))
}

pub async fn delete(
    caller: Caller,
    Path((_, file)): Path<(String, String)>,
) -> Result<StatusCode, Legacy> {
    let mut held = caller.world.twilio.lock();
    let removed = held.messages.remove(file.trim_end_matches(".json"));
    removed.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| missing(&file).into())
}
