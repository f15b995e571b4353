//! Twilio's own libraries and ours check each other's signatures.
//!
//! `scripts/sdk` installs them and runs this test; without it, nobody is asked.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use aws_lc_rs::{digest, hmac};
use baton_core::inbound::{RawRequest, Received};
use serde_json::{Value, json};

use crate::support::{TOKEN, channel_with, encode, fixtures, pairs, post, sign};

/// What both sides sign: an address, its query, and a form or a JSON body.
struct Case {
    name: String,
    webhook: String,
    query: String,
    form: Vec<(String, String)>,
    json: Option<String>,
    sha256: bool,
}

impl Case {
    fn url(&self) -> String {
        let joint = if self.query.is_empty() { "" } else { "?" };
        format!("{}{joint}{}", self.webhook, self.query)
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        self.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn ours(&self) -> String {
        let algorithm = match self.sha256 {
            true => hmac::HMAC_SHA256,
            false => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        sign(algorithm, TOKEN, &self.url(), &self.pairs())
    }

    fn request(&self, signature: &str) -> RawRequest {
        let settings = ("x-twilio-webhooks-signature-settings", "key=WK1,algorithm=HMAC_SHA256");
        let mut headers = vec![("x-twilio-signature", signature)];
        headers.extend(self.sha256.then_some(settings));
        let body = self.json.clone().unwrap_or_else(|| encode(&self.pairs()));
        let mut request = post(&self.query, &headers, &body);
        if self.json.is_some() {
            request.headers[0].1 = "application/json".to_owned();
        }
        request
    }

    fn we_accept(&self, signature: &str) -> bool {
        let key = format!("WK1={TOKEN}");
        let channel = channel_with(&[("webhook_url", &self.webhook), ("shared_keys", &key)]);
        matches!(channel.receive(&self.request(signature)), Received::Store { .. })
    }
}

fn cases() -> Vec<Case> {
    let webhook = "https://baton.sample.example/hooks/7";
    let mut cases = Vec::new();
    for file in ["sms", "whatsapp", "sms_statuses", "whatsapp_statuses"] {
        for (name, form) in fixtures(file) {
            let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let form: Vec<_> = pairs(&form).into_iter().map(own).collect();
            for (webhook, query, sha256) in [
                (webhook, "", false),
                (webhook, "delivery=0190f5c3-7d3c-7c44-9a54-6b1f0c6d0a01", false),
                ("https://baton.sample.example:8443/hooks/7", "a=1&b=%20", false),
                ("http://baton.sample.example:80/hooks/7", "", false),
                (webhook, "", true),
            ] {
                let (webhook, query) = (webhook.to_owned(), query.to_owned());
                let (name, form) = (format!("{file}/{name}"), form.clone());
                cases.push(Case { name, webhook, query, form, json: None, sha256 });
            }
        }
    }
    let body = r#"{"Body":"hé","MessageSid":"SM1"}"#;
    let hash = digest::digest(&digest::SHA256, body.as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    cases.push(Case {
        name: "json".to_owned(),
        webhook: webhook.to_owned(),
        query: format!("bodySHA256={hash}"),
        form: Vec::new(),
        json: Some(body.to_owned()),
        sha256: false,
    });
    cases
}

/// Hands all cases to a library; its verdict on our signature and its own one, for each.
fn ask(program: &str, script: &str, cases: &[&Case]) -> Vec<(bool, String)> {
    let lines = cases.iter().map(|case| {
        json!({
            "token": TOKEN, "url": case.url(), "signature": case.ours(),
            "form": case.form.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "json": case.json, "sha256": case.sha256,
        })
    });
    let input = Value::Array(lines.collect()).to_string();
    let mut child = Command::new(program)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {script}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_official_libraries_agree_with_us() {
    let Some(folder) = std::env::var_os("BATON_TWILIO_SDK") else { return };
    let folder = folder.to_str().unwrap();
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/twilio/sdk");
    let cases = cases();
    // The Node library knows no shared keys yet.
    let sha1: Vec<&Case> = cases.iter().filter(|case| !case.sha256).collect();
    let all: Vec<&Case> = cases.iter().collect();
    // Node finds a library beside the script that asks for it.
    let node = format!("{folder}/check.js");
    std::fs::copy(format!("{here}/check.js"), &node).unwrap();
    for (program, script, cases) in [
        (format!("{folder}/venv/bin/python"), format!("{here}/check.py"), all),
        ("node".to_owned(), node, sha1),
    ] {
        let answers = ask(&program, &script, &cases);
        assert_eq!(answers.len(), cases.len());
        for (case, (accepted, signature)) in cases.iter().zip(answers) {
            assert!(accepted, "{program} refuses ours: {} at {}", case.name, case.url());
            assert!(case.we_accept(&signature), "we refuse {program}: {}", case.name);
            assert!(!case.we_accept(&signature.replace(&signature[..4], "AAAA")));
        }
    }
}
