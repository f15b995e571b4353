//! What SMS vendors have in common: text, prices, pace, addresses.

use baton_core::{
    channel::{ChannelPolicy, Pace},
    consent::{ConsentScope, Keywords},
    contact::{Point, PointKind},
    cost::Price,
    fault::{Fault, FaultClass},
    inbox::ChannelKind,
    message::MediaKind,
    sms,
    time::SECOND_MS,
};

/// The policy of one SMS sender: no window; the carriers' rules about STOP.
pub(crate) fn policy(max_text_chars: usize, per_second: u32, max_file_bytes: u64) -> ChannelPolicy {
    ChannelPolicy {
        channel: ChannelKind::Sms,
        max_text_chars,
        window: None,
        templates: true,
        receipts: true,
        // Parts and messages may overtake each other on the way to the phone. The time is ours.
        order_wait_ms: 3 * SECOND_MS,
        pair_pace: None,
        inbox_pace: Some(Pace::per_second(per_second)),
        // CTIA, "Messaging Principles": after STOP nothing may be sent.
        stop_scope: ConsentScope::Everything,
        keywords: Keywords::Carrier,
        max_file_bytes,
        choices: None,
        message_list: None,
    }
}

/// The words without Markdown, in fewer parts where look-alikes allow it.
///
/// # Errors
/// There are none, or too many.
pub(crate) fn body(text: &str, most: usize) -> Result<String, Fault> {
    let plain = sms::plain(text);
    let smart = sms::smart(&plain);
    // An ellipsis becomes three dots, so not at the limit.
    let body = match smart.chars().count() > most {
        true => plain,
        false => smart.into_owned(),
    };
    within(&body, most)?;
    Ok(body)
}

/// Refuses an empty text and one over the limit.
pub(crate) fn within(text: &str, most: usize) -> Result<(), Fault> {
    let refuse = |why: String, rep: String| {
        Err(Fault::new(FaultClass::ContentRejected, format!("send: {why}")).for_rep(rep))
    };
    if text.trim().is_empty() {
        return refuse("the text is empty".to_owned(), "The message is empty.".to_owned());
    }
    match text.chars().count() {
        chars if chars > most => refuse(
            format!("the text has {chars} characters; this channel takes {most}"),
            format!("The message is too long: {most} characters at most."),
        ),
        _ => Ok(()),
    }
}

/// A phone number or a short code, as digits; none for a sender of letters.
pub(crate) fn phone_point(text: &str) -> Option<Point> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let valid = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| Point::new(PointKind::Phone, digits))
}

/// The digits as they are dialled: a short code has no plus sign.
pub(crate) fn dialled(digits: &str) -> String {
    let plus = if digits.len() > 6 { "+" } else { "" };
    format!("{plus}{digits}")
}

/// The kind of a file by its type.
pub(crate) fn media_kind(mime_type: Option<&str>) -> MediaKind {
    match mime_type.and_then(|kind| kind.split('/').next()) {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::Document,
    }
}

/// A decimal number, with or without a minus sign for what is charged.
pub(crate) fn price(amount: &str, currency: &str) -> Option<Price> {
    let amount = amount.strip_prefix('-').unwrap_or(amount);
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok().filter(|whole| *whole >= 0)?;
    let micros: i64 = format!("{part:0<6}").get(..6)?.parse().ok()?;
    let micros = whole.checked_mul(1_000_000)?.checked_add(micros)?;
    Some(Price { micros, currency: currency.to_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_without_losing_a_digit() {
        for (amount, micros) in [
            ("-0.00750", Some(7_500)),
            ("0.0051", Some(5_100)),
            ("12", Some(12_000_000)),
            ("1.23456789", Some(1_234_567)),
            ("", None),
            ("--1", None),
            ("0.-1", None),
            ("1e3", None),
            ("99999999999999999", None),
        ] {
            assert_eq!(price(amount, "usd").map(|price| price.micros), micros, "{amount}");
        }
    }
}
