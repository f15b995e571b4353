//! Documentation points at what is there: links, paths, and names in the code.

use crate::{
    none, rust,
    tree::{File, files},
};

/// Where paths in documents may begin; others are somebody else's.
const TOPS: &[&str] =
    &["crates/", "docs/", "web/", "scripts/", "migrations/", "demo/", "scenarios/", ".config/"];

fn check(files: &[File]) -> Vec<String> {
    let documents = files.iter().filter(|file| file.path.ends_with(".md"));
    let mut complaints = Vec::new();
    for file in documents {
        for (at, line) in prose(&file.text) {
            let dead = links(line).into_iter().filter(|to| !link_leads(files, file, to));
            let gone = spans(line).into_iter().filter(|span| !span_leads(files, span));
            for what in dead.chain(gone) {
                complaints.push(format!("{}:{at}: {what} leads nowhere", file.path));
            }
        }
    }
    complaints
}

/// The lines outside code blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            lines.push((at + 1, line));
        }
    }
    lines
}

/// The targets of `[…](target)` and of pictures.
fn links(line: &str) -> Vec<&str> {
    let markdown = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let html = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    markdown.chain(html).collect()
}

/// What stands between back quotes.
fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

fn link_leads(files: &[File], from: &File, to: &str) -> bool {
    if to.contains("://") || to.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = to.split_once('#').unwrap_or((to, ""));
    let path = if path.is_empty() { from.path.clone() } else { join(&from.path, path) };
    let Some(file) = files.iter().find(|file| file.path == path) else {
        return anchor.is_empty() && is_folder(files, &path);
    };
    anchor.is_empty() || file.text.lines().any(|line| slug(line).as_deref() == Some(anchor))
}

/// A relative path from a file's folder.
fn join(from: &str, to: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_folder(files: &[File], path: &str) -> bool {
    let inside = format!("{}/", path.trim_end_matches('/'));
    files.iter().any(|file| file.path.starts_with(&inside))
}

/// The anchor of a heading, as code hosts make it.
fn slug(line: &str) -> Option<String> {
    let heading = line.trim_start_matches('#');
    if heading.len() == line.len() {
        return None;
    }
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

/// A path below one of our folders exists; `some/file.rs::name` is defined in a file that ends
/// so.
fn span_leads(files: &[File], span: &str) -> bool {
    if let Some((path, name)) = span.split_once(".rs::") {
        let ending = format!("/{path}.rs");
        let ends = |file: &&File| format!("/{}", file.path).ends_with(&ending);
        return files.iter().filter(ends).any(|file| defines(&file.text, name));
    }
    let path = span.trim_end_matches('/');
    let ours = TOPS.iter().any(|top| span.starts_with(top));
    let pattern = path.contains(['<', '*', '{', ' ', '…', 'N']) || path.contains("/dist");
    !ours || pattern || is_folder(files, path) || files.iter().any(|file| file.path == path)
}

fn defines(text: &str, name: &str) -> bool {
    let code = rust::read(text).code;
    let name = name.trim_end_matches("()");
    ["fn", "struct", "enum", "trait", "const", "static", "type", "mod", "macro_rules!"]
        .iter()
        .any(|kind| rust::has_word(&code, &format!("{kind} {name}")))
}

#[test]
fn documents_lead_somewhere() {
    none(check(&files()));
}

#[test]
fn dead_links_are_seen() {
    let code = File::of("crates/a/src/step/b.rs", "pub(super) fn here() {}\nconst MAX_N: u8 = 1;");
    let target = File::of("docs/guides/x.md", "# A title, long\n");
    let page = |text: &str| File::of("docs/page.md", text);
    let count = |text: &str| {
        let files =
            [File::of(&code.path, &code.text), File::of(&target.path, &target.text), page(text)];
        check(&files).len()
    };
    for good in [
        "[x](guides/x.md)",
        "[x](guides/x.md#a-title-long)",
        "[x](../crates/a)",
        "[x](https://a.example)",
        "`crates/a/src/` `step/b.rs::here` `b.rs::MAX_N` `docs/decisions/NNNN-title.md`",
        "```\n[x](nowhere.md)\n```",
    ] {
        assert_eq!(count(good), 0, "{good}");
    }
    for bad in [
        "[x](guides/y.md)",
        "[x](guides/x.md#another)",
        "`crates/b/src/c.rs`",
        "`step/b.rs::gone`",
        "`step/c.rs::here`",
    ] {
        assert_eq!(count(bad), 1, "{bad}");
    }
}
