//! Every process setting says beside itself what it means.

use crate::{
    none,
    tree::{File, files},
};

fn check(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let key = |line: &str| {
        let name = line.split_once('=')?.0.trim();
        (!name.is_empty() && !line.starts_with(['#', '['])).then(|| name.to_owned())
    };
    lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| Some((at, key(line)?)))
        .filter(|(at, _)| {
            *at == 0
                || lines[at - 1].trim_start_matches('#').trim().is_empty()
                || !lines[at - 1].starts_with('#')
        })
        .map(|(at, name)| format!("{}:{}: {name} has no comment above it", file.path, at + 1))
        .collect()
}

#[test]
fn every_setting_is_explained() {
    let files = files();
    let file = files.iter().find(|file| file.path == "baton.default.toml").unwrap();
    none(check(file));
}

#[test]
fn a_setting_without_words_is_seen() {
    let text = "# The section.\n[a]\nb = 1\n# What c means.\nc = 2\nd = 3\n";
    let found = check(&File::of("x.toml", text));
    assert_eq!(found.len(), 2, "{found:?}");
}
