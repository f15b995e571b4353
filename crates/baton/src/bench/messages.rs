//! `baton bench messages`: what one message costs in computing alone, without network and store.

use std::{hint::black_box, sync::Arc, time::Instant};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    channel::Channel,
    inbound::{RawRequest, Received},
    sms,
    time::Clock,
};
use baton_relay::{Builder, system::SystemClock};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{median, parts, requests, rounded};
use crate::{builder::Vendors, hub::RunError, settings::Settings};

/// How often each thing is done for one figure.
const ROUNDS: u32 = 2_000;
/// A webhook's address at Twilio, which its signature covers.
const HOOK_URL: &str = "https://baton.example/hooks/3f1f0c2e";
/// The secret of the made-up Twilio account.
const AUTH_TOKEN: &str = "benchmark-auth-token-of-32-chars";
/// Texts of one part, of several, and with characters that need two units.
const TEXTS: [&str; 3] = [
    "Your order has left our warehouse and arrives tomorrow between 9 and 12. Reply HELP for help.",
    "Hello Zoë, thank you for your patience. We have looked into the refund for your tent and it was \
     paid out on Monday; depending on your bank it takes up to five working days until you see it. \
     If it has not arrived by then, please write to us again and we will ask the bank for you.",
    "Привет! Ваш заказ уже в пути 😀 и придёт завтра между девятью и двенадцатью часами.",
];

/// Measures what each message costs in computing alone.
#[derive(Args, Debug)]
pub struct Messages {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// How often everything is measured; the results are medians.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(1..=99))]
    pairs: u64,
}

/// The result; the names are the ones that others script against.
#[derive(Serialize)]
struct Report {
    pairs: u64,
    /// To count the parts of an SMS, in nanoseconds; the mean of three texts.
    segments_ns: f64,
    /// To check the signature of a WhatsApp message of Meta's and split it off, a body of 1 KiB.
    whatsapp_cloud_receive_ns: f64,
    /// To check the signature of an SMS from Twilio and take its fields.
    twilio_receive_ns: f64,
}

/// Measures.
///
/// # Errors
/// A vendor refuses its settings, or its own signature.
pub fn run(args: &Messages) -> Result<(), RunError> {
    let (meta, twilio) = (channel("whatsapp_cloud", &parts::vendor_settings())?, twilio()?);
    let (from_meta, from_twilio) = (meta_request(), twilio_request());
    let mut figures = [const { Vec::new() }; 3];
    for _ in 0..args.pairs {
        figures[0].push(nanoseconds(count) / 3.0);
        figures[1].push(receiving(meta.as_ref(), &from_meta)?);
        figures[2].push(receiving(twilio.as_ref(), &from_twilio)?);
    }
    let [segments, whatsapp, sms] = figures.map(|of| rounded(median(of)));
    let report = Report {
        pairs: args.pairs,
        segments_ns: segments,
        whatsapp_cloud_receive_ns: whatsapp,
        twilio_receive_ns: sms,
    };
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        println!("parts of an SMS counted                {segments:>9.0} ns");
        println!("WhatsApp message of Meta's received    {whatsapp:>9.0} ns");
        println!("SMS from Twilio received               {sms:>9.0} ns");
    }
    Ok(())
}

/// Once, on average.
fn nanoseconds(mut what: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        what();
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
}

fn count() {
    for text in TEXTS {
        black_box(sms::segments(black_box(text)));
    }
}

fn receiving(channel: &dyn Channel, request: &RawRequest) -> Result<f64, RunError> {
    if !matches!(channel.receive(request), Received::Store { .. }) {
        let vendor = channel.vendor();
        return Err(RunError::Refused(format!("have {vendor} accept its own signature")));
    }
    Ok(nanoseconds(|| drop(black_box(channel.receive(black_box(request))))))
}

fn channel(vendor: &str, settings: &Map<String, Value>) -> Result<Arc<dyn Channel>, RunError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vendors = Vendors::new(&clock, true, "", Settings::load(None)?.vendors)?;
    let refused = |fault| RunError::Refused(format!("make the inbox: {fault}"));
    vendors.channel(vendor, settings).map_err(refused)
}

fn twilio() -> Result<Arc<dyn Channel>, RunError> {
    let settings = json!({
        "account_sid": "AC00000000000000000000000000000000",
        "auth_token": AUTH_TOKEN,
        "sender": "+12125550100",
        "webhook_url": HOOK_URL,
    });
    channel("twilio", settings.as_object().unwrap_or(&Map::new()))
}

fn meta_request() -> RawRequest {
    let body = requests::sample();
    let key = hmac::Key::new(hmac::HMAC_SHA256, requests::APP_SECRET.as_bytes());
    let digest = hmac::sign(&key, body.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    post(body, ("x-hub-signature-256", format!("sha256={hex}")), "application/json")
}

fn twilio_request() -> RawRequest {
    let fields = [
        ("AccountSid", "AC00000000000000000000000000000000"),
        ("ApiVersion", "2010-04-01"),
        ("Body", "Where+is+my+order"),
        ("From", "%2B15550100001"),
        ("FromCity", ""),
        ("FromCountry", "US"),
        ("MessageSid", "SM00000000000000000000000000000001"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("To", "%2B12125550100"),
    ];
    let plain = |text: &str| text.replace('+', " ").replace("%2B", "+");
    let signed: String =
        fields.iter().map(|(name, value)| format!("{name}{}", plain(value))).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, AUTH_TOKEN.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{HOOK_URL}{signed}").as_bytes()));
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let kind = "application/x-www-form-urlencoded";
    post(body.join("&"), ("x-twilio-signature", signature), kind)
}

fn post(body: String, signature: (&str, String), kind: &str) -> RawRequest {
    RawRequest {
        method: "POST".to_owned(),
        headers: vec![
            ("content-type".to_owned(), kind.to_owned()),
            (signature.0.to_owned(), signature.1),
        ],
        body: body.into_bytes(),
        ..RawRequest::default()
    }
}
