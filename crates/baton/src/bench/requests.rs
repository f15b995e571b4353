//! Signed webhooks of Meta's shape, each one different, made before the clock runs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::hmac;
use serde_json::json;
use uuid::Uuid;

/// The secret that everything is signed with.
pub const APP_SECRET: &str = "benchmark-app-secret";
/// Messages come from so many customers in turn.
const CUSTOMERS: usize = 20_000;
/// A body has about this size, in bytes.
const BODY_BYTES: usize = 1_024;

/// Stands where the hook's id goes.
const HOOK: &str = "00000000-0000-0000-0000-00000000c0de";
/// Stands where the message's number goes.
const MESSAGE: &str = "<message#>";
/// Stands where the customer's number goes.
const CUSTOMER: &str = "<cust.#>";
/// Stands where the signature goes: 64 hexadecimal digits.
const SIGNATURE: &str = "<signature.....................................................>";

/// One request as bytes with places to fill, and the signatures of all its variants.
pub struct Requests {
    template: Vec<u8>,
    messages: Vec<usize>,
    customers: Vec<usize>,
    signature: usize,
    signatures: Vec<[u8; 64]>,
}

/// A share in the requests: whoever takes one, takes the next.
#[derive(Clone)]
pub struct Stream {
    requests: Arc<Requests>,
    next: Arc<AtomicUsize>,
    wraps: bool,
}

impl Requests {
    /// Makes so many requests. Run and phase make their ids differ from those of all others.
    pub fn sign(run: &str, phase: &str, count: usize) -> Self {
        let body = body(run, phase);
        let template = format!(
            "POST /hooks/{HOOK} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
             user-agent: facebookexternalua\r\nx-hub-signature-256: sha256={SIGNATURE}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let places = |mark: &str| template.match_indices(mark).map(|(at, _)| at).collect();
        let mut requests = Self {
            messages: places(MESSAGE),
            customers: places(CUSTOMER),
            signature: template.find(SIGNATURE).unwrap_or_default(),
            signatures: Vec::with_capacity(count),
            template: template.into_bytes(),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
        let mut scratch = requests.template.clone();
        let body_at = scratch.len() - body.len();
        for number in 0..count {
            requests.number(&mut scratch, number);
            let tag = hmac::sign(&key, &scratch[body_at..]);
            requests.signatures.push(hex(tag.as_ref()));
        }
        requests
    }

    /// All of them, each once.
    pub fn once(self: &Arc<Self>) -> Stream {
        Stream { requests: Arc::clone(self), next: Arc::default(), wraps: false }
    }

    /// All of them again and again, for those who store nothing.
    pub fn over_and_over(self: &Arc<Self>) -> Stream {
        Stream { wraps: true, ..self.once() }
    }

    fn number(&self, request: &mut [u8], number: usize) {
        let message = format!("{number:0width$}", width = MESSAGE.len());
        let customer = format!("{:0width$}", number % CUSTOMERS, width = CUSTOMER.len());
        write_at(request, &self.messages, message.as_bytes());
        write_at(request, &self.customers, customer.as_bytes());
    }
}

impl Stream {
    /// A request for this hook, to be filled again and again.
    pub fn blank(&self, hook: Uuid) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.requests.template);
        text.replace(HOOK, &hook.to_string()).into_bytes()
    }

    /// Makes the blank the next request; false when there is none left.
    pub fn fill(&self, request: &mut [u8]) -> bool {
        let mut number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.wraps {
            number %= self.requests.signatures.len().max(1);
        }
        let Some(signature) = self.requests.signatures.get(number) else { return false };
        self.requests.number(request, number);
        write_at(request, &[self.requests.signature], signature);
        true
    }
}

fn write_at(bytes: &mut [u8], places: &[usize], text: &[u8]) {
    for at in places {
        bytes[*at..*at + text.len()].copy_from_slice(text);
    }
}

fn hex(bytes: &[u8]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'0'; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// The body of one webhook.
pub fn sample() -> String {
    body("sample", "one").replace(MESSAGE, "0000000001").replace(CUSTOMER, "0000001")
}

/// One text message as Meta sends it.
fn body(run: &str, phase: &str) -> String {
    let with = |text: &str| {
        let message = json!({
            "from": format!("1555{CUSTOMER}"),
            "id": format!("wamid.{run}.{phase}.{MESSAGE}"),
            "timestamp": (crate::seed::now().0 / 1_000).to_string(),
            "type": "text",
            "text": { "body": text },
        });
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550009999", "phone_number_id": "1000" },
            "contacts": [{
                "profile": { "name": format!("Customer {CUSTOMER}") },
                "wa_id": format!("1555{CUSTOMER}"),
            }],
            "messages": [message],
        });
        let change = json!({ "field": "messages", "value": value });
        let entry = json!({ "id": "2000", "changes": [change] });
        json!({ "object": "whatsapp_business_account", "entry": [entry] }).to_string()
    };
    let words = format!("Where is my order {MESSAGE}? ");
    let left = BODY_BYTES.saturating_sub(with(&words).len());
    let filler = "I have been waiting for it since last week. ".repeat(left / 44 + 1);
    with(&format!("{words}{}", &filler[..left]))
}
