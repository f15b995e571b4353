//! Whatever is counted is described, so that those who run the hub can read it.

use crate::{
    none,
    tree::{File, files},
};

const MACROS: &[&str] = &["counter!(", "gauge!(", "histogram!("];

/// The names given to the macros, with whether each is a description.
fn names(text: &str) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    for macro_ in MACROS {
        for (at, _) in text.match_indices(macro_) {
            let rest = text[at + macro_.len()..].trim_start().strip_prefix('"');
            let Some((name, _)) = rest.and_then(|rest| rest.split_once('"')) else { continue };
            names.push((name.to_owned(), text[..at].ends_with("describe_")));
        }
    }
    names
}

fn check(files: &[File]) -> Vec<String> {
    let all: Vec<(&str, (String, bool))> = files
        .iter()
        .filter(|file| file.is_product())
        .flat_map(|file| names(&file.text).into_iter().map(|name| (file.path.as_str(), name)))
        .collect();
    let has = |name: &str, described: bool| {
        all.iter().any(|(_, known)| known.0 == name && known.1 == described)
    };
    let complaint = |(path, (name, described)): &(&str, (String, bool))| {
        let missing = if *described { "is never counted" } else { "has no description" };
        (!has(name, !described)).then(|| format!("{path}: the metric {name} {missing}"))
    };
    all.iter().filter_map(complaint).collect()
}

#[test]
fn every_metric_is_described() {
    none(check(&files()));
}

#[test]
fn a_metric_without_its_other_half_is_seen() {
    let of = |text: &str| check(&[File::of("crates/relay/src/a.rs", text)]).len();
    assert_eq!(of("metrics::counter!(\"a\").increment(1)"), 1);
    assert_eq!(of("describe_gauge!(\n    \"a\", \"Words.\")"), 1);
    assert_eq!(of("describe_counter!(\"a\", \"Words.\"); counter!(\n\"a\", \"k\" => v)"), 0);
}
