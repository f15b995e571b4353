//! The load: connections that each send a request, wait for its answer, and send the next.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use uuid::Uuid;

use super::requests::Stream;
use crate::hub::RunError;

/// The largest answer.
const ANSWER_MAX_BYTES: usize = 4_096;

/// Who is asked.
pub struct Target {
    /// The name in errors.
    pub name: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// The hook's id.
    pub hook: Uuid,
}

/// How much is asked.
pub struct Load {
    /// Connections at the same time.
    pub connections: u64,
    /// How long.
    pub span: Duration,
}

/// What came back.
pub struct Measured {
    /// How long it took until the last answer.
    pub took: Duration,
    /// From each request to its answer, in microseconds, sorted.
    answers_us: Vec<u32>,
}

impl Measured {
    /// How many were answered with 200.
    pub fn answered(&self) -> u64 {
        u64::try_from(self.answers_us.len()).unwrap_or(u64::MAX)
    }

    /// The rate.
    pub fn per_s(&self) -> f64 {
        super::float(self.answered()) / self.took.as_secs_f64()
    }

    /// So many of a hundred were answered within this time.
    pub fn percentile_ms(&self, of_100: usize) -> f64 {
        let last = self.answers_us.len().saturating_sub(1);
        let at = (self.answers_us.len() * of_100 / 100).min(last);
        self.answers_us.get(at).map_or(0.0, |us| f64::from(*us) / 1_000.0)
    }
}

impl Load {
    /// Asks.
    ///
    /// # Errors
    /// A connection broke, or an answer was anything but 200: the figures would mean nothing.
    pub async fn run(&self, target: &Target, stream: Stream) -> Result<Measured, RunError> {
        let started = Instant::now();
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            let (address, hook, stream) = (target.address, target.hook, stream.clone());
            connections.spawn(connection(address, hook, stream, started + self.span));
        }
        let mut answers_us = Vec::new();
        for ended in connections.join_all().await {
            answers_us.extend(ended.map_err(RunError::io(format!("measure {}", target.name)))?);
        }
        let took = started.elapsed();
        answers_us.sort_unstable();
        Ok(Measured { took, answers_us })
    }
}

async fn connection(
    address: SocketAddr,
    hook: Uuid,
    stream: Stream,
    until: Instant,
) -> io::Result<Vec<u32>> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let mut request = stream.blank(hook);
    let mut answer = vec![0; ANSWER_MAX_BYTES];
    let mut answers_us = Vec::new();
    loop {
        let sent = Instant::now();
        if sent >= until || !stream.fill(&mut request) {
            return Ok(answers_us);
        }
        socket.write_all(&request).await?;
        read(&mut socket, &mut answer).await?;
        answers_us.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

/// Reads one whole answer of status 200.
async fn read(socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let count = socket.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
        }
        filled += count;
        if let Some(length) = length(&buffer[..filled])? {
            if filled >= length {
                return Ok(());
            }
            if length > buffer.len() {
                return Err(io::Error::other("an answer is too long"));
            }
        }
    }
}

/// How long the whole answer is, once its head is there.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..head]).map_err(io::Error::other)?;
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if !status.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(format!("the answer was {status:?}")));
    }
    let body = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .ok_or_else(|| io::Error::other("an answer has no length"))?;
    Ok(Some(head + 4 + body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_where_their_length_says() {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        assert_eq!(length(ok).unwrap(), Some(ok.len()));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        assert!(length(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").is_err());
    }
}
