//! The bytes of media: taken in pieces, counted, hashed, looked at, and kept in a folder.
//!
//! Whatever a sender or a vendor claims about a file (its type, its length, its name) is
//! believed only where the bytes agree. No file is ever whole in memory.

mod bucket;
mod client;
mod download;
mod folder;
mod kind;
mod link;
mod listen;
mod name;
mod taking;

use std::{path::PathBuf, pin::Pin};

use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, StoredFile},
    ids::{FileId, WorkspaceId},
};
use bytes::Bytes;
use futures::Stream;

pub use bucket::BucketConfig;
pub use client::{Client, ClientError};
pub use download::Download;
pub use kind::{served, sniff};
pub use link::Links;
pub use listen::{Answer, Listening};
pub use name::safe_name;

use bucket::Bucket;
use folder::Folder;
use taking::Taken;

/// The most bytes of one piece, on the way in and out.
pub const PIECE_BYTES: usize = 32 * 1_024;

/// Where files are kept.
#[derive(Clone, Debug)]
pub enum FilesConfig {
    /// In this folder; made when it is missing.
    Folder(PathBuf),
    /// In a bucket; the folder only holds what is still coming.
    Bucket(PathBuf, Box<BucketConfig>),
}

/// Why a kept file cannot be given. Each text fits after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It is not there.
    #[error("find the file")]
    Missing,
    /// The place does not answer.
    #[error("reach the place of files: {0}")]
    Place(String),
}

/// What is known of a file before its bytes come.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    /// Under which id it is kept; one of the same id is replaced.
    pub id: FileId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// Its name as the sender gave it.
    pub sent_name: Option<&'a str>,
    /// What it is to people, such as "image": its name where the sender gave none.
    pub word: &'a str,
    /// Its type as the vendor said.
    pub claimed_type: Option<&'a str>,
    /// SHA-256 of the bytes as the vendor said, base64.
    pub sha256: Option<&'a str>,
    /// The most bytes that are taken.
    pub max_bytes: u64,
}

/// The bytes of a kept file, in pieces.
pub struct FileBody {
    /// How many bytes.
    pub length: u64,
    /// The pieces.
    pub pieces: Pieces,
}

/// Bytes in pieces of at most [`PIECE_BYTES`].
pub type Pieces = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// The place of all files.
pub struct Files {
    folder: Folder,
    bucket: Option<Bucket>,
}

impl Files {
    /// Opens the place.
    ///
    /// # Errors
    /// The folder cannot be made or written to, or the bucket's address is not valid.
    pub async fn open(config: FilesConfig) -> Result<Self, FilesError> {
        let (path, bucket) = match config {
            FilesConfig::Folder(path) => (path, None),
            FilesConfig::Bucket(path, bucket) => (path, Some(Bucket::open(*bucket)?)),
        };
        let folder = Folder::open(path).await.map_err(|e| FilesError::Place(e.to_string()))?;
        Ok(Self { folder, bucket })
    }

    /// Takes a file in: counts, hashes and looks at the bytes while they come, and keeps them
    /// only when everything agrees.
    ///
    /// # Errors
    /// Of class `MediaProblem` where another try would end the same way; the text names the
    /// rule. Any other class is worth another try.
    pub async fn put(&self, new: &NewFile<'_>, from: FileStream) -> Result<StoredFile, Fault> {
        let mut draft = self.folder.begin(new.id).await.map_err(|e| unkept(&e))?;
        let taken = match taking::take(new, from, &mut draft).await {
            Ok(taken) => taken,
            Err(fault) => {
                draft.discard().await;
                return Err(fault);
            }
        };
        let kept = match &self.bucket {
            None => draft.keep(new.workspace, new.id).await,
            Some(bucket) => {
                let put = match draft.whole().await {
                    Ok(file) => bucket.put(new.workspace, new.id, file).await,
                    Err(error) => Err(error),
                };
                draft.discard().await;
                put
            }
        };
        kept.map_err(|e| unkept(&e))?;
        Ok(stored(new, taken))
    }

    /// The bytes of a kept file.
    ///
    /// # Errors
    /// It is not there, or the place does not answer.
    pub async fn get(&self, workspace: WorkspaceId, id: FileId) -> Result<FileBody, FilesError> {
        match &self.bucket {
            None => self.folder.get(workspace, id).await,
            Some(bucket) => bucket.get(workspace, id).await,
        }
    }

    /// Deletes a file; one that is not there is deleted already.
    ///
    /// # Errors
    /// The place does not answer.
    pub async fn delete(&self, workspace: WorkspaceId, id: FileId) -> Result<(), FilesError> {
        match &self.bucket {
            None => self.folder.delete(workspace, id).await,
            Some(bucket) => bucket.delete(workspace, id).await,
        }
    }
}

fn stored(new: &NewFile<'_>, taken: Taken) -> StoredFile {
    let name = safe_name(new.sent_name.unwrap_or(new.word), &taken.mime_type);
    StoredFile {
        id: new.id,
        size_bytes: taken.size_bytes,
        mime_type: taken.mime_type,
        name,
        sha256: taken.sha256,
    }
}

/// Our own place has trouble: it passes when an operator acts.
fn unkept(error: &std::io::Error) -> Fault {
    let text = format!("keep the file: {error}; check the place of files and its disk");
    Fault::new(FaultClass::Unknown, text).for_rep("The file could not be kept.")
}

#[cfg(test)]
mod tests;
