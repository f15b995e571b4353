//! The far ends of a file's way: a vendor and a bucket, and somebody with a link. They live in the
//! process that is measured, and so take no memory themselves: the same piece is sent again and
//! again, and what comes is let go.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::super::parts;
use crate::hub::RunError;

/// The vendor's id of the file.
pub const MEDIA_ID: &str = "1234567890";

/// One piece of the file: the beginning of a PDF, and then nothing of note.
static PIECE: [u8; 64 * 1024] = {
    let mut piece = [b' '; 64 * 1024];
    let head = *b"%PDF-1.7\n";
    let mut at = 0;
    while at < head.len() {
        piece[at] = head[at];
        at += 1;
    }
    piece
};

/// A vendor and a bucket at one address; the file has so many pieces of 64 KiB.
///
/// # Errors
/// There is no free port.
pub async fn outside(pieces: u64) -> Result<SocketAddr, RunError> {
    let listener = parts::listen().await?;
    let address = listener.local_addr().map_err(RunError::io("read the address listened on"))?;
    let size = pieces * PIECE.len() as u64;
    let info = json!({
        "url": format!("http://{address}/file"), "mime_type": "application/pdf",
        "file_size": size, "id": MEDIA_ID, "messaging_product": "whatsapp",
    });
    let info: Arc<str> = info.to_string().into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever asks notices when an answer breaks off.
            tokio::spawn(answer(stream, Arc::clone(&info), pieces));
        }
    });
    Ok(address)
}

/// Answers one request and closes the connection.
async fn answer(mut stream: TcpStream, info: Arc<str>, pieces: u64) -> io::Result<()> {
    let (head, body) = head(&mut stream).await?;
    if head.starts_with("PUT ") {
        let length = header(&head, "content-length").unwrap_or(0);
        swallow(&mut stream, length.saturating_sub(body)).await?;
        say(&mut stream, "text/plain", 0).await?;
    } else if head.split(' ').nth(1).is_some_and(|path| path.contains(MEDIA_ID)) {
        say(&mut stream, "application/json", info.len() as u64).await?;
        stream.write_all(info.as_bytes()).await?;
    } else {
        say(&mut stream, "application/pdf", pieces * PIECE.len() as u64).await?;
        for _ in 0..pieces {
            stream.write_all(&PIECE).await?;
        }
    }
    stream.shutdown().await
}

/// Fetches a file by its link, and lets it go.
pub async fn fetch(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /file HTTP/1.1\r\nhost: baton\r\nconnection: close\r\n\r\n").await?;
    let (head, _) = head(&mut stream).await?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(ErrorKind::InvalidData.into());
    }
    swallow(&mut stream, u64::MAX).await
}

/// The head of a request or an answer, and how many bytes of its body came with it.
async fn head(stream: &mut TcpStream) -> io::Result<(String, u64)> {
    let (mut came, mut bytes) = (0, [0; 8_192]);
    loop {
        let count = stream.read(&mut bytes[came..]).await?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        came += count;
        if let Some(end) = bytes[..came].windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            return Ok((head, (came - end - 4) as u64));
        }
    }
}

fn header(head: &str, name: &str) -> Option<u64> {
    let value = |line: &str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().parse().ok())?
    };
    head.lines().find_map(value)
}

async fn say(stream: &mut TcpStream, kind: &str, length: u64) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await
}

/// Reads so many bytes, or to the end.
async fn swallow(stream: &mut TcpStream, mut left: u64) -> io::Result<()> {
    let mut bytes = [0; 8_192];
    while left > 0 {
        match stream.read(&mut bytes).await? {
            0 => break,
            count => left = left.saturating_sub(count as u64),
        }
    }
    Ok(())
}
