//! What is accepted, what is refused, and what is derived.

use std::sync::OnceLock;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::{super::key_set, *};

/// A key made in this test run; it opens nothing.
fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        key_set::pem("PRIVATE KEY", pair.serialized_der())
    })
}

fn read(change: &[(&str, Value)]) -> Result<Config, ConfigFault> {
    let mut settings = json!({
        "instance_url": "https://contoso.my.salesforce.com/",
        "scrt_url": "https://contoso.my.salesforce-scrt.com",
        "organization_id": "00D000000000062EAA",
        "deployment": "Baton_Client",
        "auth_key_id": " baton-1 ",
        "private_key": private_key(),
    });
    for (key, value) in change {
        settings[*key] = value.clone();
    }
    Config::read(settings.as_object().unwrap(), false)
}

/// What is said of one wrong setting.
fn refused(key: &str, value: &str) -> String {
    let fault = read(&[(key, json!(value))]).unwrap_err();
    assert_eq!(fault.key, key, "{fault}");
    fault.text
}

#[test]
fn six_settings_are_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(config.instance_url, "https://contoso.my.salesforce.com");
    assert_eq!(config.organization_id, "00D000000000062");
    assert_eq!((config.issuer.as_str(), config.auth_key_id.as_str()), ("baton", "baton-1"));
    assert_eq!(config.file_bytes, 5_242_880);
    assert!(config.crm.is_none() && config.audience.is_none());
    assert!(!config.relays_greetings && !config.relays_bots);
}

#[test]
fn an_organization_id_has_15_or_18_characters() {
    assert!(read(&[("organization_id", json!("00D000000000062"))]).is_ok());
    assert!(refused("organization_id", "00D00000000006").contains("has 14 characters"));
    assert!(refused("organization_id", "00D000000000062EA").contains("has 17 characters"));
    assert!(refused("organization_id", "001000000000062").contains("begins with 00D"));
}

#[test]
fn a_page_of_salesforce_is_told_from_the_organisations_address() {
    let instance = |url: &str| refused("instance_url", url);
    for url in ["https://contoso.lightning.force.com/lightning/page", "contoso.lightning.force.com"]
    {
        assert!(instance(url).contains("https://contoso.my.salesforce.com"), "{url}");
    }
    let sandbox = instance("https://contoso--dev.sandbox.lightning.force.com/x");
    assert!(sandbox.contains("https://contoso--dev.sandbox.my.salesforce.com"), "{sandbox}");
    assert!(instance("https://contoso.my.salesforce-setup.com").contains("Setup"));
    assert!(instance("https://contoso.my.salesforce-scrt.com").contains("messaging"));
    assert!(instance("https://login.salesforce.com").contains("My Domain"));
    let deep = read(&[("instance_url", json!("https://Contoso.my.salesforce.com/setup/x?y"))]);
    assert_eq!(deep.unwrap().instance_url, "https://contoso.my.salesforce.com");
    let scrt = refused("scrt_url", "https://contoso.my.salesforce.com");
    assert!(scrt.contains("https://contoso.my.salesforce-scrt.com"), "{scrt}");
    assert!(refused("scrt_url", "http://contoso.my.salesforce-scrt.com").contains("https"));
}

#[test]
fn a_key_is_read_however_it_was_folded() {
    let key = private_key();
    let inner = |text: &str| text.replace('\n', " ");
    for text in [
        format!("\n\n  {key}  \n"),
        key.replace('\n', "\r\n"),
        key.replace('\n', "\\n"),
        inner(key),
        key.lines().map(|line| format!("   {line}\n")).collect(),
    ] {
        assert!(read(&[("private_key", json!(text))]).is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_private_rsa_key_is_named() {
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let pem = |label: &str| key_set::pem(label, curve.serialized_der());
    for (text, word) in [
        (pem("PRIVATE KEY"), "RSA only"),
        (pem("EC PRIVATE KEY"), "EC key"),
        (pem("ENCRYPTED PRIVATE KEY"), "passphrase"),
        (pem("CERTIFICATE"), "certificate"),
        (pem("PUBLIC KEY"), "public key"),
        (pem("OPENSSH PRIVATE KEY"), "OpenSSH"),
        ("{\"kty\":\"RSA\"}".to_owned(), "not the JWK"),
        ("hello".to_owned(), "BEGIN PRIVATE KEY"),
        (private_key().replace("-----END PRIVATE KEY-----", ""), "END line"),
    ] {
        let told = refused("private_key", &text);
        assert!(told.contains(word), "{word}: {told}");
        assert!(!told.contains("MII"), "{told}");
    }
}

#[test]
fn attributes_take_only_what_there_is() {
    let ours = refused("routing_attributes", r#"{"OpencxSessionId":"x"}"#);
    assert!(ours.contains("already"), "{ours}");
    let word = refused("routing_attributes", r#"{"Topic":"{mood}"}"#);
    assert!(word.contains("{mood}") && word.contains("{sentiment}"), "{word}");
    assert!(refused("routing_attributes", r#"{"a b":"x"}"#).contains("no name"));
    assert!(refused("routing_attributes", "x").contains("JSON object"));
    let config = read(&[("routing_attributes", json!({ "phone": "{phone}" }))]).unwrap();
    assert_eq!(config.routing_attributes, [("phone".to_owned(), "{phone}".to_owned())]);
}

#[test]
fn small_settings_name_their_fix() {
    assert!(refused("deployment", "Baton Client").contains("API name"));
    assert!(refused("relay_greetings", "maybe").contains("yes or no"));
    assert!(refused("file_bytes", "0").contains("whole number"));
    assert!(refused("file_hosts", "https://x").contains("host names"));
    assert!(refused("declared_attributes", "Name:x").contains("Name:255"));
    let fault = read(&[("tenant", json!("x"))]).unwrap_err();
    assert!(fault.text.contains("unknown setting"));
}
