//! A vendor is one folder with a fixed set of names, and nobody else knows its name.

use std::collections::BTreeSet;

use crate::{
    Allow, none, rust, settle,
    tree::{File, files},
};

/// Where vendors' folders are.
const SIDES: &[&str] = &["crates/channels/src/", "crates/desks/src/"];
const ENGINES: &str = "crates/engines/src/";
const FIXED: &[&str] = &[
    "mod.rs",
    "config.rs",
    "wire.rs",
    "parse.rs",
    "render.rs",
    "policy.rs",
    "client.rs",
    "README.md",
];
/// The only files of a vendor that may talk to the network, with the folder of the first;
/// `mod.rs` delegates to them.
const TALK: &[&str] = &["client.rs", "listen.rs", "token.rs", "mod.rs"];

/// The crates that see vendors as trait objects only.
const BLIND: &[&str] =
    &["crates/core/src/", "crates/relay/src/", "crates/store/src/", "crates/http/src/"];
/// Vendors and their products, in lower case, whether we have a folder for them or not.
const NAMES: &[&str] = &[
    "whatsapp",
    "meta",
    "graph",
    "dynamics",
    "dynamics365",
    "dataverse",
    "microsoft",
    "entra",
    "twilio",
    "salesforce",
    "openai",
    "telnyx",
    "vonage",
];

const ALLOWED: &[Allow] = &[
    Allow {
        path: "crates/core/src/inbox.rs",
        what: "whatsapp",
        why: "ChannelKind names what the customer experiences, whoever the vendor is",
    },
    Allow {
        path: "crates/core/src/settings.rs",
        what: "whatsapp",
        why: "how long a silent session stays open differs by what the customer experiences",
    },
    Allow {
        path: "crates/core/src/contact.rs",
        what: "whatsapp",
        why: "a WhatsApp user id is a kind of address, at whichever vendor",
    },
    Allow {
        path: "crates/http/src/api/words.rs",
        what: "whatsapp",
        why: "the API's names of ChannelKind",
    },
    Allow {
        path: "crates/store/src/schema.rs",
        what: "meta",
        why: "the table of stored values, no vendor",
    },
    Allow {
        path: "crates/store/src/workspace.rs",
        what: "meta",
        why: "the table of stored values, no vendor",
    },
    Allow {
        path: "crates/store/src/lib.rs",
        what: "meta",
        why: "the table of stored values, no vendor",
    },
];

fn folders(files: &[File]) -> BTreeSet<String> {
    let folder = |path: &str| {
        let side = SIDES.iter().find(|side| path.starts_with(**side))?;
        let (name, _) = path[side.len()..].split_once('/')?;
        Some(format!("{side}{name}/"))
    };
    files.iter().filter_map(|file| folder(&file.path)).collect()
}

fn file_sets(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for folder in folders(files) {
        let has = |name: &str| files.iter().any(|file| file.path == format!("{folder}{name}"));
        for name in FIXED.iter().filter(|name| !has(name)) {
            complaints.push(format!("{folder} lacks {name}"));
        }
        // A vendor that we listen to has no webhooks, and the other way round.
        if !has("verify.rs") && !has("listen.rs") {
            complaints.push(format!("{folder} lacks verify.rs, or listen.rs where it listens"));
        }
        let fixtures = format!("{folder}fixtures/");
        if !files.iter().any(|file| file.path.starts_with(&fixtures)) {
            complaints.push(format!("{folder} lacks fixtures/"));
        }
    }
    complaints.extend(engine_folders(files));
    complaints
}

/// Where an engine is implemented.
fn engines(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| {
        file.path.starts_with(ENGINES)
            && rust::has_word(&rust::product(&file.text).code, "Engine for")
    })
}

/// An engine's folder is the one whose `mod.rs` implements the trait. One that talks to somebody
/// keeps its settings and the other's JSON apart, as every vendor does.
fn engine_folders(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in engines(files) {
        let below = &file.path[ENGINES.len()..];
        let Some(folder) =
            file.path.strip_suffix("mod.rs").filter(|_| below.matches('/').count() == 1)
        else {
            let text = "an engine is implemented in the mod.rs of its own folder";
            complaints.push(format!("{}: {text}", file.path));
            continue;
        };
        let has = |name: &str| files.iter().any(|file| file.path == format!("{folder}{name}"));
        let lacks = |name: &&&str| has("client.rs") && !has(name);
        let wanted = ["config.rs", "wire.rs", "README.md"];
        complaints.extend(wanted.iter().filter(lacks).map(|name| format!("{folder} lacks {name}")));
    }
    complaints
}

fn talkers(files: &[File]) -> Vec<String> {
    let mut folders: Vec<String> = folders(files).into_iter().collect();
    folders.extend(engines(files).filter_map(|f| f.path.strip_suffix("mod.rs").map(str::to_owned)));
    let in_folder =
        |file: &&File| folders.iter().any(|folder| file.path.starts_with(folder.as_str()));
    let silent = |file: &&File| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        file.is_product() && !TALK.contains(&name) && !file.path.contains("/client/")
    };
    let talks = |file: &&File| {
        let code = rust::product(&file.text).code;
        code.contains(".await") || rust::has_word(&code, "reqwest")
    };
    let complain = |file: &File| format!("{}: only client.rs and listen.rs do I/O", file.path);
    files.iter().filter(in_folder).filter(silent).filter(talks).map(complain).collect()
}

/// Vendors' names in code that must not know any. Comments may name a source.
fn names(files: &[File]) -> Vec<(String, String, String)> {
    let blind = |file: &&File| {
        file.is_product() && BLIND.iter().any(|folder| file.path.starts_with(folder))
    };
    files.iter().filter(blind).flat_map(named_in).collect()
}

fn named_in(file: &File) -> Vec<(String, String, String)> {
    let source = rust::product(&file.text);
    let strings = source.strings.iter().map(|(line, text)| (*line, text.clone()));
    // `{meta:…}` in a macro's pattern is a word of Rust's.
    let code = source.code.replace(":meta", "");
    let lines = code.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned()));
    let mut found: Vec<(String, String, String)> = Vec::new();
    for (line, text) in lines.chain(strings) {
        let words = words(&text);
        for name in NAMES.iter().filter(|name| words.iter().any(|word| word == **name)) {
            let text = format!(":{line}: names the vendor {name}");
            found.push((file.path.clone(), (*name).to_owned(), text));
        }
    }
    found
}

/// The words of a text in lower case; `WhatsappUser` and `whatsapp_user` are two each, and
/// `metadata` is one.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        let begins = c.is_uppercase() && !before.is_uppercase();
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A new vendor's name is one that nobody else may know.
fn unguarded(files: &[File]) -> Vec<String> {
    let name = |folder: &String| {
        words(folder.trim_end_matches('/').rsplit('/').next()?).into_iter().next()
    };
    let missing = |name: &String| !NAMES.contains(&name.as_str());
    let complain = |name: String| format!("add {name} to the names in tidy's vendors.rs");
    folders(files).iter().filter_map(name).filter(missing).map(complain).collect()
}

#[test]
fn every_vendor_has_its_files() {
    let files = files();
    none(file_sets(&files));
    none(unguarded(&files));
}

#[test]
fn only_clients_talk() {
    none(talkers(&files()));
}

#[test]
fn nobody_else_knows_a_vendor() {
    let mut found = names(&files());
    found.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
    none(settle(found, ALLOWED));
}

#[test]
fn a_missing_file_is_seen() {
    let mut files: Vec<File> = FIXED
        .iter()
        .chain(&["verify.rs", "fixtures/a.json"])
        .map(|name| File::of(&format!("crates/channels/src/acme/{name}"), ""))
        .collect();
    assert!(file_sets(&files).is_empty());
    for at in 0..files.len() {
        let gone = files.remove(at);
        assert_eq!(file_sets(&files).len(), 1, "{}", gone.path);
        files.insert(at, gone);
    }
    let engine = "impl Engine for Acme {}";
    assert!(engine_folders(&[File::of("crates/engines/src/acme/mod.rs", engine)]).is_empty());
    assert_eq!(engine_folders(&[File::of("crates/engines/src/acme.rs", engine)]).len(), 1);
    let talks = File::of("crates/engines/src/acme/client.rs", "");
    let bare = [File::of("crates/engines/src/acme/mod.rs", engine), talks];
    assert_eq!(engine_folders(&bare).len(), 3);
}

#[test]
fn a_vendor_without_a_guarded_name_is_seen() {
    assert_eq!(unguarded(&[File::of("crates/desks/src/acme_desk/mod.rs", "")]).len(), 1);
}

#[test]
fn a_talking_parser_is_seen() {
    let bad = File::of("crates/desks/src/acme/parse.rs", "async fn a() { b().await; }");
    let good = File::of("crates/desks/src/acme/client.rs", "async fn a() { b().await; }");
    assert_eq!(talkers(&[bad, good]).len(), 1);
    let engine = File::of("crates/engines/src/acme/mod.rs", "impl Engine for Acme {}");
    let bad = File::of("crates/engines/src/acme/wire.rs", "use reqwest::Client;");
    assert_eq!(talkers(&[engine, bad]).len(), 1);
}

#[test]
fn a_vendors_name_is_seen() {
    for bad in ["struct TwilioThing;", "let a = \"dynamics365_chat_id\";", "use whatsapp_cloud;"] {
        assert!(!names(&[File::of("crates/relay/src/a.rs", bad)]).is_empty(), "{bad}");
    }
    for good in ["// Meta says so", "let metadata = paragraph();", "let a = \"metadata\";"] {
        assert!(names(&[File::of("crates/relay/src/a.rs", good)]).is_empty(), "{good}");
    }
}
