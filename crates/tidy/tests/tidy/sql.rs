//! SQL and its driver live in the store alone.

use crate::{
    none, rust,
    tree::{File, files},
};

/// Beginnings of statements, with what must follow somewhere.
const STATEMENTS: &[(&str, &str)] = &[
    ("select ", " from "),
    ("insert into ", ""),
    ("update ", " set "),
    ("delete from ", ""),
    ("create table ", ""),
    ("create index ", ""),
    ("alter table ", ""),
    ("drop table ", ""),
];

fn statement(text: &str) -> bool {
    let text = text.trim_start().to_lowercase();
    STATEMENTS.iter().any(|(begin, then)| text.starts_with(begin) && text.contains(then))
}

fn check(files: &[File]) -> Vec<String> {
    let elsewhere = |file: &&File| file.is_product() && !file.path.starts_with("crates/store/");
    let of = |file: &File| {
        let source = rust::product(&file.text);
        let mut complaints: Vec<String> = source
            .strings
            .iter()
            .filter(|(_, text)| statement(text))
            .map(|(line, _)| format!("{}:{line}: SQL belongs to crates/store", file.path))
            .collect();
        if rust::has_word(&source.code, "sqlx") {
            complaints.push(format!("{}: sqlx belongs to crates/store", file.path));
        }
        complaints
    };
    files.iter().filter(elsewhere).flat_map(of).collect()
}

#[test]
fn sql_stays_in_the_store() {
    none(check(&files()));
}

#[test]
fn sql_elsewhere_is_seen() {
    let bad = "fn a() { run(\"select a from b\"); run(\"DELETE FROM b\"); sqlx::query(\"\"); }";
    assert_eq!(check(&[File::of("crates/relay/src/a.rs", bad)]).len(), 3);
    assert!(check(&[File::of("crates/store/src/a.rs", bad)]).is_empty());
    let words = "fn a() { say(\"select a desk; update it\"); } // select a from b";
    assert!(check(&[File::of("crates/relay/src/a.rs", words)]).is_empty());
}
