//! Reading the folder, within limits.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The most articles in a folder.
const MAX_FILES: usize = 5_000;
/// The most bytes of one article.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// The most bytes of all articles together.
const MAX_TOTAL_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of a file that an article shows; most channels take less.
const MAX_SHOWN_BYTES: u64 = 16 * 1024 * 1024;
/// The deepest nesting of folders.
const MAX_DEPTH: usize = 16;

/// Why a knowledge folder cannot be used.
#[derive(Debug)]
pub struct LoadFault {
    path: PathBuf,
    why: String,
}

impl std::fmt::Display for LoadFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "read the knowledge at {}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for LoadFault {}

impl LoadFault {
    fn new(path: &Path, why: impl Into<String>) -> Self {
        Self { path: path.to_owned(), why: why.into() }
    }

    fn io(path: &Path, error: &io::Error) -> Self {
        Self::new(path, format!("{error}; check the path and its permissions"))
    }
}

/// One article as it stands.
#[derive(Debug)]
pub struct File {
    /// Relative path with forward slashes.
    pub source: String,
    /// Its Markdown.
    pub text: String,
}

/// All Markdown files under the folder, sorted by path.
pub fn read_folder(folder: &Path) -> Result<Vec<File>, LoadFault> {
    let mut paths = Vec::new();
    collect(folder, 0, &mut paths)?;
    paths.sort();
    let mut total = 0u64;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let text = read_file(&path)?;
        total += text.len() as u64;
        if total > MAX_TOTAL_BYTES {
            let limit = MAX_TOTAL_BYTES / (1024 * 1024);
            return Err(LoadFault::new(
                folder,
                format!("more than {limit} MiB of articles; split it"),
            ));
        }
        let relative = path.strip_prefix(folder).unwrap_or(&path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        files.push(File { source: parts.join("/"), text });
    }
    Ok(files)
}

/// The file that an article shows, relative to the folder: one of the folder's own.
pub fn shown(
    folder: &Path,
    article: &str,
    address: Option<&str>,
) -> Result<Option<String>, LoadFault> {
    let is_local = |address: &&str| !address.contains("://") && !address.starts_with(['/', '#']);
    let Some(address) = address.filter(is_local) else { return Ok(None) };
    let mut parts: Vec<&str> = article.split('/').collect();
    parts.pop();
    for part in address.split('/').filter(|part| *part != ".") {
        if part == ".." && parts.pop().is_none() || part.contains('\\') {
            let why = format!("it shows {address}, which is outside the folder");
            return Err(LoadFault::new(&folder.join(article), why));
        }
        if part != ".." {
            parts.push(part);
        }
    }
    let source = parts.join("/");
    let path = folder.join(&source);
    let found = fs::symlink_metadata(&path).map_err(|error| LoadFault::io(&path, &error))?;
    if !found.is_file() || found.len() > MAX_SHOWN_BYTES {
        let limit = MAX_SHOWN_BYTES / (1024 * 1024);
        return Err(LoadFault::new(&path, format!("not a file of at most {limit} MiB")));
    }
    Ok(Some(source))
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), LoadFault> {
    if depth > MAX_DEPTH {
        return Err(LoadFault::new(folder, format!("nested deeper than {MAX_DEPTH} folders")));
    }
    let entries = fs::read_dir(folder).map_err(|error| LoadFault::io(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| LoadFault::io(folder, &error))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // The type of the entry itself: a link is neither a folder nor a file here.
        let kind = entry.file_type().map_err(|error| LoadFault::io(&path, &error))?;
        if kind.is_dir() {
            collect(&path, depth + 1, paths)?;
        } else if kind.is_file() && is_markdown(&path) {
            paths.push(path);
        }
        if paths.len() > MAX_FILES {
            return Err(LoadFault::new(
                folder,
                format!("more than {MAX_FILES} articles; split it"),
            ));
        }
    }
    Ok(())
}

fn is_markdown(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    matches!(extension.as_deref(), Some("md" | "markdown"))
}

fn read_file(path: &Path) -> Result<String, LoadFault> {
    let size = fs::metadata(path).map_err(|error| LoadFault::io(path, &error))?.len();
    if size > MAX_FILE_BYTES {
        return Err(LoadFault::new(path, "larger than 1 MiB; split the article"));
    }
    let bytes = fs::read(path).map_err(|error| LoadFault::io(path, &error))?;
    String::from_utf8(bytes).map_err(|_| LoadFault::new(path, "not UTF-8; save it as UTF-8"))
}
