//! `baton bench streams` at a small size, for what it counts: its times are this machine's alone.

use std::process::Command;

use serde_json::Value;

const CONVERSATIONS: u64 = 48;

#[test]
fn a_killed_hub_hears_all_again_and_buys_no_token() {
    let measured = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["bench", "streams", "--json", "--conversations", &CONVERSATIONS.to_string()])
        .env("BATON_WORKERS__LEASE_MS", "1000")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&measured.stderr);
    assert!(measured.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&measured.stdout).unwrap();
    let resumed = &report["resumed"];
    assert_eq!(resumed["streams"], CONVERSATIONS, "{report}");
    assert_eq!(resumed["open_again"], CONVERSATIONS, "{report}");
    assert_eq!(resumed["tokens_bought"], 0, "{report}");
    let relayed = &report["relayed"];
    assert_eq!(relayed["replies"], 2 * CONVERSATIONS, "{report}");
    assert_eq!(relayed["calls"], 2 * CONVERSATIONS, "{report}");
    // One with the rep's words, one with what came of the call, and a few for leases and places.
    let units = relayed["units_per_reply"].as_f64().unwrap();
    assert!((2.0..3.0).contains(&units), "{report}");
}
