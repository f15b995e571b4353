//! The files that articles show, read in pieces.

use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource},
};
use futures::stream;
use tokio::{fs::File, io::AsyncReadExt};

use super::Index;

/// How much is read at once.
const PIECE_BYTES: usize = 16 * 1024;

impl Index {
    /// Begins to read a file that an article shows.
    ///
    /// # Errors
    /// No article shows it any more, or it cannot be read.
    pub async fn read_file(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let name = media.vendor_id.as_str();
        let path = self.file(name).ok_or_else(|| gone(name))?;
        let file = File::open(path).await.map_err(|_| gone(name))?;
        let length = file.metadata().await.map(|found| found.len()).ok();
        let pieces = stream::try_unfold(file, |mut file| async move {
            let mut piece = vec![0; PIECE_BYTES];
            let count = file.read(&mut piece).await.map_err(|_| gone("the file"))?;
            piece.truncate(count);
            Ok((count > 0).then(|| (piece.into(), file)))
        });
        Ok(FileStream { mime_type: None, length, chunks: Box::pin(pieces) })
    }
}

fn gone(name: &str) -> Fault {
    let text = format!("read {name} in the knowledge folder: it is not there or cannot be read");
    Fault::new(FaultClass::MediaProblem, text)
}
