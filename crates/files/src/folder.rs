//! Files in a folder: one folder a workspace, one file an id. No sender's word is in a path.

use std::{
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use baton_core::ids::{FileId, WorkspaceId};
use bytes::Bytes;
use futures::stream;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter},
};

use crate::{FileBody, FilesError, PIECE_BYTES, Pieces};

/// Where files stand until they are whole.
const INCOMING: &str = "incoming";
/// What has not grown for so long was left by a process that is gone.
const LEFT_AFTER: Duration = Duration::from_secs(3_600);

pub(crate) struct Folder {
    root: PathBuf,
    count: AtomicU64,
}

impl Folder {
    /// Makes the folder, and clears away what an earlier process left half done.
    pub async fn open(root: PathBuf) -> io::Result<Self> {
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming).await?;
        let mut left = fs::read_dir(&incoming).await?;
        while let Some(entry) = left.next_entry().await? {
            // Another process may be writing the younger ones.
            let age = entry.metadata().await?.modified()?.elapsed().unwrap_or_default();
            if age > LEFT_AFTER {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(Self { root, count: AtomicU64::new(0) })
    }

    /// A place for a file that is coming.
    pub async fn begin(&self, id: FileId) -> io::Result<Incoming> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(INCOMING).join(format!("{id}-{}-{number}", process::id()));
        let mut file = File::create(&path).await?;
        file.set_max_buf_size(PIECE_BYTES);
        // Some vendors send a file in pieces of a few bytes, each of which would be a call to the disk.
        let file = BufWriter::with_capacity(PIECE_BYTES, file);
        Ok(Incoming { root: self.root.clone(), path, file })
    }

    pub async fn get(&self, workspace: WorkspaceId, id: FileId) -> Result<FileBody, FilesError> {
        let mut file = File::open(place(&self.root, workspace, id)).await.map_err(error)?;
        file.set_max_buf_size(PIECE_BYTES);
        let length = file.metadata().await.map_err(error)?.len();
        Ok(FileBody { length, pieces: pieces(file) })
    }

    pub async fn delete(&self, workspace: WorkspaceId, id: FileId) -> Result<(), FilesError> {
        match fs::remove_file(place(&self.root, workspace, id)).await {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(error),
        }
    }
}

fn place(root: &Path, workspace: WorkspaceId, id: FileId) -> PathBuf {
    root.join(workspace.to_string()).join(id.to_string())
}

fn error(error: io::Error) -> FilesError {
    if error.kind() == io::ErrorKind::NotFound {
        return FilesError::Missing;
    }
    FilesError::Place(error.to_string())
}

fn pieces(file: File) -> Pieces {
    Box::pin(stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    }))
}

/// A file that is coming.
pub(crate) struct Incoming {
    root: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
}

impl Incoming {
    pub async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece).await
    }

    /// It is whole: flushed to the disk, then put in its place in one move.
    pub async fn keep(mut self, workspace: WorkspaceId, id: FileId) -> io::Result<()> {
        let kept = self.settle(workspace, id).await;
        if kept.is_err() {
            self.discard().await;
        }
        kept
    }

    async fn settle(&mut self, workspace: WorkspaceId, id: FileId) -> io::Result<()> {
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        let place = place(&self.root, workspace, id);
        let folder = self.root.join(workspace.to_string());
        fs::create_dir_all(&folder).await?;
        fs::rename(&self.path, place).await?;
        File::open(folder).await?.sync_all().await
    }

    /// Everything that came, to be read again.
    pub async fn whole(&mut self) -> io::Result<FileBody> {
        self.file.flush().await?;
        let mut file = File::open(&self.path).await?;
        file.set_max_buf_size(PIECE_BYTES);
        let length = file.metadata().await?.len();
        Ok(FileBody { length, pieces: pieces(file) })
    }

    /// It is not wanted.
    pub async fn discard(self) {
        if let Err(error) = fs::remove_file(&self.path).await {
            tracing::warn!(%error, "half a file stays until the next start");
        }
    }
}
