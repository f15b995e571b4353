//! An answer that comes piece by piece over hours, while thousands of others do the same. A
//! connection of the other calls keeps some 25 KiB for itself as long as it lasts; this one keeps
//! nothing while nothing comes.

mod chunks;

use std::{future::poll_fn, io, mem::MaybeUninit, pin::Pin};

use hyper::{
    Request, Uri,
    header::{CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use chunks::Chunks;

/// Bytes that are read at once.
const READ_BYTES: usize = 4 * 1_024;
/// The most bytes of an answer's head.
const HEAD_MAX_BYTES: usize = 32 * 1_024;

/// A connection, whatever it goes through.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Line for T {}

/// An answer whose body still comes.
pub struct Listening {
    /// The status.
    pub status: u16,
    /// A few lines of the head, by name in lower case.
    head: Vec<(String, String)>,
    line: Box<dyn Line>,
    body: Body,
    /// What came together with the head.
    early: Vec<u8>,
}

/// How the end of a body is told.
enum Body {
    Chunks(Chunks),
    Bytes(u64),
    UntilClosed,
}

impl Listening {
    /// Asks, and returns once the head of the answer is there.
    pub(crate) async fn begin(mut line: Box<dyn Line>, request: &Request<()>) -> io::Result<Self> {
        line.write_all(&written(request)).await?;
        line.flush().await?;
        let mut bytes = Vec::new();
        loop {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                if bytes.len() > HEAD_MAX_BYTES || !read(line.as_mut(), &mut bytes).await? {
                    return Err(broken("the head of the answer is not whole"));
                }
                continue;
            };
            let early = bytes.split_off(end + 4);
            let (status, head) = head(&bytes)?;
            // "103 Early Hints" and its like are followed by the answer itself.
            if !(100..200).contains(&status) {
                let body = Body::of(&head)?;
                return Ok(Self { status, head, line, body, early });
            }
            bytes = early;
        }
    }

    /// A line of the head, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// From now on only the body is of interest.
    #[must_use]
    pub fn without_head(mut self) -> Self {
        self.head = Vec::new();
        self
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The connection broke, or what came is no body.
    pub async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut bytes = std::mem::take(&mut self.early);
            if bytes.is_empty() && !self.body.is_over() {
                if !read(self.line.as_mut(), &mut bytes).await? {
                    return self.body.closed().map(|()| None);
                }
            }
            let data = self.body.take(bytes)?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
            if self.body.is_over() {
                return Ok(None);
            }
        }
    }
}

impl Body {
    fn of(head: &[(String, String)]) -> io::Result<Self> {
        let named = |name: &HeaderName| {
            head.iter().find(|(own, _)| own == name.as_str()).map(|(_, value)| value.as_str())
        };
        if named(&TRANSFER_ENCODING).is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Ok(Self::Chunks(Chunks::default()));
        }
        match named(&CONTENT_LENGTH) {
            Some(length) => length.parse().map(Self::Bytes).map_err(io::Error::other),
            None => Ok(Self::UntilClosed),
        }
    }

    /// What of these bytes is the body's.
    fn take(&mut self, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Chunks(chunks) => chunks.take(&bytes),
            Self::UntilClosed => Ok(bytes),
            Self::Bytes(left) => {
                bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= bytes.len() as u64;
                Ok(bytes)
            }
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Chunks(chunks) => chunks.is_over(),
            Self::Bytes(left) => *left == 0,
            Self::UntilClosed => false,
        }
    }

    /// The connection was closed.
    fn closed(&self) -> io::Result<()> {
        match self {
            Self::UntilClosed => Ok(()),
            Self::Chunks(_) | Self::Bytes(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Adds what comes next; false at the end. Memory is taken only once something is there.
async fn read(line: &mut dyn Line, to: &mut Vec<u8>) -> io::Result<bool> {
    let count = poll_fn(|cx| {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
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
    let host = host(uri);
    let host = HeaderValue::from_str(&host).ok().map(|host| (HOST, host));
    let own = request.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
    for (name, value) in host.into_iter().chain(own) {
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

/// The status and the lines of a head.
fn head(bytes: &[u8]) -> io::Result<(u16, Vec<(String, String)>)> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|first| {
        let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
        status.parse().ok().filter(|status| (100..600).contains(status))
    });
    let status = status.ok_or_else(|| broken("the answer is not HTTP/1.1"))?;
    let line = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Ok((status, lines.filter_map(line).collect()))
}

fn broken(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests;
