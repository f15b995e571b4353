//! How the application proves itself: one secret after another, or a certificate.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::support::*;

const GOOD: &str = r#"{"token_type":"Bearer","expires_in":600,"access_token":"t"}"#;

fn refused(code: u32) -> String {
    json!({ "error": "invalid_client", "error_codes": [code] }).to_string()
}

fn pem(label: &str, bytes: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(bytes))
}

/// Not a whole certificate: what matters of one is its bytes and the public key in them.
fn certificate(key: &TestKey) -> Vec<u8> {
    [b"certificate of ", key.public(), b" and its signature"].concat()
}

fn form(seen: &Seen) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{}", seen.body)).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap()
}

#[tokio::test]
async fn where_the_first_secret_is_refused_the_second_is_used_from_then_on() {
    for code in [7_000_215, 7_000_222] {
        let vendor = Vendor::start().await;
        let mut settings = settings(&vendor.base);
        settings.insert("client_secret_next".to_owned(), json!("the~next~one"));
        let clock = clock();
        let desk = desk_with(&settings, &clock, None);
        vendor.on(TOKEN, &[(401, &refused(code)), (200, GOOD)]);
        vendor.on(POST, &[(200, r#"{"messageId":"1"}"#)]);
        assert_eq!(desk.send(&says(&*desk, "hi")).await.name(), "accepted");
        clock.advance_ms(700_000);
        assert_eq!(desk.send(&says(&*desk, "hi")).await.name(), "accepted");
        let used: Vec<String> = vendor
            .seen(TOKEN)
            .iter()
            .map(|s| field(&form(s), "client_secret").to_owned())
            .collect();
        assert_eq!(used, ["fake~for~tests", "the~next~one", "the~next~one"]);
    }
}

#[tokio::test]
async fn both_refused_names_both_and_never_shows_one() {
    let vendor = Vendor::start().await;
    let mut settings = settings(&vendor.base);
    settings.insert("client_secret_next".to_owned(), json!("the~next~one"));
    let desk = desk_with(&settings, &clock(), None);
    vendor.on(TOKEN, &[(401, &refused(7_000_222)), (401, &refused(7_000_215))]);
    let outcome = desk.send(&says(&*desk, "hi")).await;
    let text = format!("{:?}", outcome.fault().unwrap());
    assert!(text.contains("expired") && text.contains("client_secret_next: "), "{text}");
    assert!(!text.contains("fake~for~tests") && !text.contains("the~next~one"));
}

#[tokio::test]
async fn a_fault_that_is_not_the_credentials_tries_no_other() {
    let vendor = Vendor::start().await;
    let mut settings = settings(&vendor.base);
    settings.insert("client_secret_next".to_owned(), json!("the~next~one"));
    let desk = desk_with(&settings, &clock(), None);
    vendor.on(TOKEN, &[(400, r#"{"error":"unauthorized_client","error_codes":[700016]}"#)]);
    desk.send(&says(&*desk, "hi")).await;
    assert_eq!(vendor.seen(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_refused_secret_is_a_warning_while_another_works() {
    let vendor = Vendor::start().await;
    let mut settings = settings(&vendor.base);
    settings.insert("client_secret_next".to_owned(), json!("the~next~one"));
    vendor.on(TOKEN, &[(200, GOOD), (401, &refused(7_000_215)), (200, GOOD)]);
    let checked = desk_with(&settings, &clock(), None).check().await;
    assert_eq!(checked.checks[0].fault, None);
    assert!(checked.warnings[0].starts_with("client_secret_next is refused"));
}

#[tokio::test]
async fn a_certificate_signs_an_assertion_that_entra_can_verify() {
    let (vendor, key) = (Vendor::start().await, published_key());
    let der = certificate(key);
    let mut settings = settings(&vendor.base);
    settings.remove("client_secret");
    settings.insert("certificate".to_owned(), json!(pem("CERTIFICATE", &der)));
    // A form may have made one line of it.
    let one_line = pem("PRIVATE KEY", &as_secret(key)).replace('\n', " ");
    settings.insert("certificate_key".to_owned(), json!(one_line));
    let clock = clock();
    let desk = desk_with(&settings, &clock, None);
    vendor.on(POST, &[(200, r#"{"messageId":"1"}"#)]);
    vendor.on(TOKEN, &[(200, GOOD)]);
    desk.send(&says(&*desk, "hi")).await;
    clock.advance_ms(700_000);
    desk.send(&says(&*desk, "hi")).await;

    let forms: Vec<_> = vendor.seen(TOKEN).iter().map(form).collect();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(field(&forms[0], "client_assertion_type"), kind);
    assert!(forms[0].iter().all(|(name, _)| name != "client_secret"));
    let assertion = field(&forms[0], "client_assertion");
    let parts: Vec<&str> = assertion.split('.').collect();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
    assert_eq!(read(parts[0]), header);
    let claims = read(parts[1]);
    let audience = format!("{}/login/{TENANT}/oauth2/v2.0/token", vendor.base);
    assert_eq!(
        (&claims["aud"], &claims["iss"], &claims["sub"]),
        (&json!(audience), &json!(CLIENT), &json!(CLIENT))
    );
    let now = NOW.0 / 1_000;
    assert!(claims["nbf"].as_i64().unwrap() <= now && claims["exp"].as_i64().unwrap() <= now + 600);
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public())
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    let second = field(&forms[1], "client_assertion");
    let second = read(second.split('.').nth(1).unwrap());
    assert_ne!(second["jti"], claims["jti"]);
}

#[tokio::test]
async fn a_key_that_does_not_belong_to_its_certificate_is_refused() {
    let mut settings = settings("http://127.0.0.1:1");
    settings
        .insert("certificate".to_owned(), json!(pem("CERTIFICATE", &certificate(foreign_key()))));
    let secret = pem("PRIVATE KEY", &as_secret(published_key()));
    for (key, words) in [
        (secret, "does not belong"),
        (pem("ENCRYPTED PRIVATE KEY", b"x"), "passphrase"),
        (pem("EC PRIVATE KEY", b"x"), "RSA key"),
    ] {
        settings.insert("certificate_key".to_owned(), json!(key));
        let http = reqwest::Client::builder().build().unwrap();
        let downloads = baton_files::Client::new(true).unwrap();
        let deps = baton_desks::Deps {
            http,
            downloads,
            clock: clock(),
            keep: None,
            files: None,
            development: true,
        };
        let fault = baton_desks::build("dynamics365", &settings, &deps).err().unwrap();
        assert_eq!(fault.key, "certificate_key");
        assert!(fault.text.contains(words), "{fault}");
    }
}
