//! Time comes from the injected clock; the machine's own is read in few places, each for a
//! reason.

use crate::{
    Allow, none, rust, settle,
    tree::{File, files},
};

const CLOCKS: &[&str] =
    &["Instant::now", "SystemTime::now", "Timestamp::now()", "Zoned::now", "Utc::now"];

const ALLOWED: &[Allow] = &[
    Allow {
        path: "crates/relay/src/system.rs",
        what: "SystemTime::now",
        why: "the real clock itself",
    },
    Allow {
        path: "crates/store/src/lease.rs",
        what: "SystemTime::now",
        why: "leases run in real time, never on the business clock",
    },
    Allow {
        path: "crates/store/src/writer.rs",
        what: "Instant::now",
        why: "how long a unit has waited for the writer",
    },
    Allow {
        path: "crates/relay/src/deliver.rs",
        what: "Instant::now",
        why: "an attempt that was not posted within real seconds is abandoned",
    },
    Allow {
        path: "crates/files/src/client.rs",
        what: "Instant::now",
        why: "how long the network may take for a file",
    },
    Allow {
        path: "crates/http/src/hooks.rs",
        what: "Instant::now",
        why: "how long an answer took",
    },
    Allow {
        path: "crates/http/src/observe.rs",
        what: "Instant::now",
        why: "how long an answer took",
    },
    Allow {
        path: "crates/http/src/api/feed.rs",
        what: "Instant::now",
        why: "connections live in real time",
    },
    Allow {
        path: "crates/baton/src/bench/",
        what: "Instant::now",
        why: "a benchmark measures the machine's time",
    },
    Allow {
        path: "crates/baton/src/rehearse/",
        what: "Instant::now",
        why: "waits in real time until nothing moves before it moves the virtual clock",
    },
    Allow {
        path: "crates/sandbox/src/clock.rs",
        what: "Instant::now",
        why: "the virtual clock runs along with the real one",
    },
    Allow {
        path: "crates/sandbox/src/clock.rs",
        what: "SystemTime::now",
        why: "the virtual clock begins at the real moment",
    },
];

fn check(files: &[File]) -> Vec<(String, String, String)> {
    let of = |file: &File| {
        let code = rust::product(&file.text).code;
        let used = |clock: &&&str| {
            code.match_indices(**clock)
                .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        CLOCKS
            .iter()
            .filter(used)
            .map(|clock| {
                let text = format!(": reads the machine's time ({clock}); use the injected clock");
                (file.path.clone(), (*clock).to_owned(), text)
            })
            .collect::<Vec<_>>()
    };
    files.iter().filter(|file| file.is_product()).flat_map(of).collect()
}

#[test]
fn time_is_injected() {
    none(settle(check(&files()), ALLOWED));
}

#[test]
fn a_second_clock_is_seen() {
    let bad = "fn a() { let _ = std::time::Instant::now(); }";
    assert_eq!(check(&[File::of("crates/core/src/a.rs", bad)]).len(), 1);
    let tested = "#[cfg(test)]\nmod tests {\n fn a() { Instant::now(); }\n}\n";
    assert!(check(&[File::of("crates/core/src/a.rs", tested)]).is_empty());
}
