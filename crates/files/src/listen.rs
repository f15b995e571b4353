//! An answer that comes piece by piece over hours, while thousands of others do the same. A
//! connection of the other calls keeps some 25 KiB for itself as long as it lasts; this one keeps
//! nothing while nothing comes.

use std::{future::poll_fn, io, mem, pin::Pin};

use httparse::{EMPTY_HEADER, Status, parse_chunk_size, parse_headers};
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1_024;
/// The most bytes of an answer's head, and of whatever else is no data.
const HEAD_MAX_BYTES: usize = 32 * 1_024;
/// The most lines of a head.
const HEAD_LINES: usize = 96;

/// A connection, whatever it goes through.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Line for T {}

/// An answer whose body still comes.
pub struct Answer {
    /// What it is.
    pub status: StatusCode,
    /// The lines of its head.
    pub headers: HeaderMap,
    /// What comes.
    pub body: Listening,
}

/// A body that comes piece by piece.
pub struct Listening {
    line: Box<dyn Line>,
    next: Next,
    /// What was read and not given yet.
    bytes: Vec<u8>,
}

/// What comes next of a body.
#[derive(Clone, Copy)]
enum Next {
    /// So many bytes, and then nothing.
    Counted(u64),
    /// Bytes until the connection ends.
    Uncounted,
    /// A chunk's size (RFC 9112, 7.1).
    Size,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The end of the line behind a chunk.
    LineEnd,
    /// The lines behind the last chunk.
    Trailers,
}

impl Answer {
    /// Asks, and returns once the head of the answer is there.
    pub(crate) async fn to(request: &Request<()>, mut line: Box<dyn Line>) -> io::Result<Self> {
        line.write_all(&written(request)).await?;
        line.flush().await?;
        let mut bytes = Vec::new();
        loop {
            let Some((length, status, headers)) = head(&bytes)? else {
                bounded(&bytes)?;
                if !read(line.as_mut(), &mut bytes).await? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            };
            bytes.drain(..length);
            // "103 Early Hints" and its like are followed by the answer itself.
            if !status.is_informational() {
                let next = Next::of(status, &headers)?;
                return Ok(Self { status, headers, body: Listening { line, next, bytes } });
            }
        }
    }
}

impl Listening {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The connection broke, or what came is no body.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(data) = self.take()? {
                return Ok(Some(data));
            }
            if let Next::Counted(0) = self.next {
                return Ok(None);
            }
            if !read(self.line.as_mut(), &mut self.bytes).await? {
                return match self.next {
                    Next::Uncounted => Ok(None),
                    _ => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Data out of what was read; none where more must be read.
    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let (skip, next) = match self.next {
                Next::Uncounted => return Ok(self.give(u64::MAX)),
                Next::Counted(left) => {
                    let data = self.give(left);
                    self.next = Next::Counted(left - length(data.as_ref()));
                    return Ok(data);
                }
                Next::Chunk(left) => {
                    let data = self.give(left);
                    let left = left - length(data.as_ref());
                    self.next = if left == 0 { Next::LineEnd } else { Next::Chunk(left) };
                    return Ok(data);
                }
                Next::Size => match parse_chunk_size(&self.bytes) {
                    Ok(Status::Complete((skip, _))) if skip <= 2 => {
                        return Err(broken("a chunk has no size"));
                    }
                    Ok(Status::Complete((skip, 0))) => (skip, Next::Trailers),
                    Ok(Status::Complete((skip, size))) => (skip, Next::Chunk(size)),
                    Ok(Status::Partial) => return bounded(&self.bytes).map(|()| None),
                    Err(_) => return Err(broken("a chunk's size is no number")),
                },
                Next::LineEnd => match self.bytes.as_slice() {
                    [b'\r', b'\n', ..] => (2, Next::Size),
                    [] | [b'\r'] => return Ok(None),
                    _ => return Err(broken("a chunk is longer than its size")),
                },
                Next::Trailers => match parse_headers(&self.bytes, &mut [EMPTY_HEADER; HEAD_LINES])
                {
                    Ok(Status::Complete((skip, _))) => (skip, Next::Counted(0)),
                    Ok(Status::Partial) => return bounded(&self.bytes).map(|()| None),
                    Err(error) => return Err(io::Error::other(error)),
                },
            };
            self.bytes.drain(..skip);
            self.next = next;
        }
    }

    /// At most so many bytes of those that were read; none where there are none. What is given
    /// away takes its memory along.
    fn give(&mut self, most: u64) -> Option<Vec<u8>> {
        let count = usize::try_from(most).unwrap_or(usize::MAX).min(self.bytes.len());
        let rest = self.bytes.split_off(count);
        Some(mem::replace(&mut self.bytes, rest)).filter(|data| !data.is_empty())
    }
}

fn length(data: Option<&Vec<u8>>) -> u64 {
    data.map_or(0, |data| data.len() as u64)
}

impl Next {
    /// How the body is told from what is behind it (RFC 9112, 6.3).
    fn of(status: StatusCode, headers: &HeaderMap) -> io::Result<Self> {
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(Self::Counted(0));
        }
        if let Some(coding) = headers.get(TRANSFER_ENCODING) {
            let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            return if chunked {
                Ok(Self::Size)
            } else {
                Err(broken("the answer comes in a coding that nobody asked for"))
            };
        }
        let Some(length) = headers.get(CONTENT_LENGTH) else { return Ok(Self::Uncounted) };
        let length = length.to_str().ok().and_then(|length| length.parse().ok());
        length.map(Self::Counted).ok_or_else(|| broken("the answer's length is no number"))
    }
}

/// Adds what comes next; false at the end. Memory is taken only once something is there.
async fn read(line: &mut dyn Line, to: &mut Vec<u8>) -> io::Result<bool> {
    let count = poll_fn(|cx| {
        let mut space = [mem::MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        Pin::new(&mut *line).poll_read(cx, &mut buffer).map_ok(|()| {
            to.extend_from_slice(buffer.filled());
            buffer.filled().len()
        })
    });
    Ok(count.await? > 0)
}

/// The request as it is sent. Names and values have been checked by their types.
fn written(request: &Request<()>) -> Vec<u8> {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut bytes = format!("GET {path} HTTP/1.1\r\n").into_bytes();
    let host = HeaderValue::from_str(&host(uri)).ok();
    let host = host.iter().map(|host| (&HOST, host));
    for (name, value) in host.chain(request.headers()) {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn host(uri: &Uri) -> String {
    match (uri.host(), uri.port_u16()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}

/// A head: its length, its status and its lines; none while it is not whole.
fn head(bytes: &[u8]) -> io::Result<Option<(usize, StatusCode, HeaderMap)>> {
    let mut lines = [EMPTY_HEADER; HEAD_LINES];
    let mut head = httparse::Response::new(&mut lines);
    let Status::Complete(length) = head.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let status = StatusCode::from_u16(head.code.unwrap_or_default()).map_err(io::Error::other)?;
    let mut headers = HeaderMap::new();
    for line in head.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(io::Error::other)?;
        let value = HeaderValue::from_bytes(line.value).map_err(io::Error::other)?;
        headers.append(name, value);
    }
    Ok(Some((length, status, headers)))
}

fn bounded(bytes: &[u8]) -> io::Result<()> {
    let within = bytes.len() <= HEAD_MAX_BYTES;
    if within { Ok(()) } else { Err(broken("a part of the answer that is no data is too long")) }
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests;
