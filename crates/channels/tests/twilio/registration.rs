//! How a number is registered with US carriers, in the answers of Twilio's pages "Usa2p",
//! "BrandRegistrations", "Services" and its "PhoneNumbers" (checked 2026-11-20).

use baton_core::registration::{Light, Registration};
use serde_json::{Value, json};

use crate::support::{SENDER, SERVICE, channel_with, http, server};

async fn told(answers: &[Value]) -> (Registration, Vec<String>) {
    let answers = answers.iter().map(|answer| http(200, "", &answer.to_string())).collect();
    let (url, task) = server(answers).await;
    let channel = channel_with(&[("messaging_url", &url)]);
    let told = channel.registration().await.unwrap().unwrap();
    (told, task.await.unwrap())
}

fn services() -> Value {
    json!({"services": [{"sid": SERVICE, "friendly_name": "Care"}], "meta": {"next_page_url": null}})
}

/// Here the capabilities are a list of words, unlike in a number's own page.
fn numbers() -> Value {
    json!({"phone_numbers": [{
        "sid": "PN0123456789abcdef0123456789abcdef", "service_sid": SERVICE,
        "phone_number": SENDER, "country_code": "US", "capabilities": ["SMS", "MMS", "Voice"],
    }]})
}

fn campaign(status: &str) -> Value {
    json!({"compliance": [{
        "sid": "QE0123456789abcdef0123456789abcdef", "campaign_status": status, "errors": [],
        "brand_registration_sid": "BN0123456789abcdef0123456789abcdef",
    }]})
}

fn brand(status: &str) -> Value {
    json!({"status": status, "failure_reason": null, "brand_type": "STANDARD"})
}

#[tokio::test]
async fn a_number_is_found_in_its_service_and_its_campaign_is_told() {
    let (told, requests) =
        told(&[services(), numbers(), campaign("VERIFIED"), brand("APPROVED")]).await;
    assert_eq!((told.light, told.next_step), (Light::Green, None));
    let asked = |at: usize| requests[at].split(' ').nth(1).unwrap().split('?').next().unwrap();
    assert_eq!(asked(1), format!("/v1/Services/{SERVICE}/PhoneNumbers"));
    assert_eq!(asked(2), format!("/v1/Services/{SERVICE}/Compliance/Usa2p"));
}

#[tokio::test]
async fn a_campaign_in_review_waits_for_somebody_else_and_a_number_without_one_for_us() {
    let (review, _) =
        told(&[services(), numbers(), campaign("IN_PROGRESS"), brand("APPROVED")]).await;
    assert_eq!(review.light, Light::Amber);
    let (none, _) = told(&[services(), numbers(), json!({"compliance": []})]).await;
    assert_eq!(none.light, Light::Red);
    assert!(none.next_step.is_some());
}
