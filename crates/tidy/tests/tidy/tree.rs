//! The files of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that are made, not written.
const MADE: &[&str] =
    &[".git", "target", "node_modules", "dist", "data", "output", ".venv", "test-results"];

/// One text file.
pub struct File {
    /// From the root of the repository, with forward slashes.
    pub path: String,
    pub text: String,
}

impl File {
    /// A made-up one, for the tests of the checks.
    pub fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Product code: what lies below a crate's `src`, its tests aside.
    pub fn is_product(&self) -> bool {
        let below_src = self.path.starts_with("crates/") && self.path.contains("/src/");
        let test = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        below_src && self.is_rust() && !test
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every text file that somebody wrote.
pub fn files() -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !MADE.contains(&name.as_str()) {
                walk(root, &path, found);
            }
        } else if let Ok(bytes) = fs::read(&path) {
            // A picture is a file as well, without a word in it.
            let text = String::from_utf8(bytes).unwrap_or_default();
            let path = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.push(File { path, text });
        }
    }
}

#[test]
fn the_tree_is_the_repository() {
    let files = files();
    for known in ["Cargo.toml", "crates/core/src/step/mod.rs", "crates/tidy/tests/tidy/tree.rs"] {
        assert!(files.iter().any(|file| file.path == known), "{known}");
    }
    assert!(!files.iter().any(|file| file.path.starts_with("target/")));
}

#[test]
fn tests_are_no_product() {
    assert!(File::of("crates/core/src/step/turn.rs", "").is_product());
    for path in ["crates/core/src/step/tests.rs", "crates/store/tests/store.rs", "web/desk/a.ts"] {
        assert!(!File::of(path, "").is_product(), "{path}");
    }
}
