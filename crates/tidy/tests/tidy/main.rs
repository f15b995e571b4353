//! The rules of the repository that no compiler keeps. Each check is a function from files to
//! complaints, and beside it stands a test that shows the check can fail.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clock;
mod docs;
mod metrics;
mod rust;
mod settings;
mod size;
mod sql;
mod tree;
mod vendors;
mod words;

/// Fails with every complaint, one a line.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// An exception from a rule, with its reason.
struct Allow {
    /// The file, from the root of the repository; or the beginning of several files' paths.
    path: &'static str,
    /// What may stand there.
    what: &'static str,
    /// Why; written down for whoever reads the list.
    why: &'static str,
}

/// Takes away what is allowed, and complains of exceptions that nothing needs any more.
fn settle(found: Vec<(String, String, String)>, allowed: &[Allow]) -> Vec<String> {
    let fits =
        |allow: &Allow, path: &str, what: &str| path.starts_with(allow.path) && allow.what == what;
    let stale = allowed
        .iter()
        .filter(|allow| !found.iter().any(|(path, what, _)| fits(allow, path, what)))
        .map(|allow| {
            format!(
                "{}: the exception for {} ({}) is not needed any more",
                allow.path, allow.what, allow.why
            )
        });
    let broken = found
        .iter()
        .filter(|(path, what, _)| !allowed.iter().any(|allow| fits(allow, path, what)))
        .map(|(path, _, text)| format!("{path}{text}"));
    broken.chain(stale).collect()
}

#[test]
fn exceptions_are_used_or_reported() {
    let allowed = [Allow { path: "a.rs", what: "x", why: "a reason" }];
    let found = |path: &str| vec![(path.to_owned(), "x".to_owned(), ": x".to_owned())];
    assert!(settle(found("a.rs"), &allowed).is_empty());
    assert_eq!(settle(found("b.rs"), &allowed).len(), 2);
}
