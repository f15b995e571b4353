//! Words that have no place in the product's files.

use crate::{
    none,
    rust::has_word,
    tree::{File, files},
};

/// Written by tools, or not ours.
const NOT_OURS: &[&str] = &["Cargo.lock", "LICENSE", "crates/tidy/tests/tidy/words.rs"];

/// Beginnings of paths of the machine that something was written on.
const MACHINE_PATHS: &[&str] = &[concat!("/", "work/"), concat!("/", "root/"), "/home/"];
/// Hosts of package registries: a mirror may stand in for each of them.
const REGISTRY_HOSTS: &[&str] =
    &["crates.io", "npmjs.org", "npmjs.com", "pypi.org", "pythonhosted.org", "proxy.golang.org"];
/// Work that was put off belongs into an issue.
const PUT_OFF: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];
const UNWRITTEN: &[&str] = &["todo!(", "unimplemented!("];

fn check(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !NOT_OURS.contains(&file.path.as_str())) {
        for (at, line) in file.text.lines().enumerate() {
            for word in found(line) {
                complaints.push(format!("{}:{}: {word} has no place here", file.path, at + 1));
            }
        }
    }
    complaints
}

fn found(line: &str) -> Vec<&'static str> {
    let own_path = |path: &&&str| {
        line.match_indices(**path).any(|(at, _)| {
            !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-*}".contains(c))
        })
    };
    let within = |word: &&&str| line.contains(**word);
    let alone = |word: &&&str| has_word(line, word);
    let paths = MACHINE_PATHS.iter().filter(own_path);
    let hosts = REGISTRY_HOSTS.iter().filter(within);
    let put_off = PUT_OFF.iter().filter(alone);
    let unwritten = UNWRITTEN.iter().filter(within);
    paths.chain(hosts).chain(put_off).chain(unwritten).copied().collect()
}

#[test]
fn no_word_is_out_of_place() {
    none(check(&files()));
}

#[test]
fn words_out_of_place_are_seen() {
    for line in [
        concat!("see /", "work/main"),
        concat!("\"/", "root/.cache\""),
        "https://static.crates.io/x",
        "// TODO later",
        "todo!()",
    ] {
        assert_eq!(check(&[File::of("a.rs", line)]).len(), 1, "{line}");
    }
    for line in ["GET /api/work/1", "https://a.example/home/x", "todos los días", "mastodon"] {
        assert!(check(&[File::of("a.rs", line)]).is_empty(), "{line}");
    }
}
