//! Connections that a simulator can cut without an answer, as a lost network would.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::{future, io};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;

use crate::Tls;

/// Accepts connections that can be cut.
pub enum Listener {
    Plain(TcpListener),
    /// What has shaken hands, at this address.
    Tls(mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>, SocketAddr),
}

impl Listener {
    /// HTTPS where `tls` is given, otherwise HTTP.
    pub fn new(listener: TcpListener, tls: Option<&Tls>) -> io::Result<Self> {
        let addr = listener.local_addr()?;
        Ok(match tls {
            Some(tls) => Self::Tls(tls.accept(listener), addr),
            None => Self::Plain(listener),
        })
    }
}

impl axum::serve::Listener for Listener {
    type Io = Severable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self {
            Self::Plain(listener) => {
                let (stream, addr) = axum::serve::Listener::accept(listener).await;
                // Answers are small; waiting to fill a segment would only add 40 ms to each.
                let _best_effort = stream.set_nodelay(true);
                (Severable { stream: Stream::Plain(stream), cut: Cut::default() }, addr)
            }
            Self::Tls(shaken, _) => match shaken.recv().await {
                Some((stream, addr)) => {
                    let stream = Stream::Tls(Box::new(stream));
                    (Severable { stream, cut: Cut::default() }, addr)
                }
                None => future::pending().await,
            },
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        match self {
            Self::Plain(listener) => listener.local_addr(),
            Self::Tls(_, addr) => Ok(*addr),
        }
    }
}

/// The handle with which a request's own connection is cut.
#[derive(Clone, Default)]
pub struct Cut(Arc<CutState>);

#[derive(Default)]
struct CutState {
    cut: AtomicBool,
    reader: AtomicWaker,
}

impl Cut {
    /// Cuts the connection; never returns, because the server then drops the request.
    pub async fn cut(&self) -> std::convert::Infallible {
        self.0.cut.store(true, Ordering::Release);
        self.0.reader.wake();
        future::pending().await
    }
}

impl Connected<IncomingStream<'_, Listener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().cut.clone()
    }
}

/// A stream whose reader fails once it is cut.
pub struct Severable {
    stream: Stream,
    cut: Cut,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Calls the same method of whichever stream it is.
macro_rules! on_stream {
    ($self:expr, $method:ident($($argument:expr),*)) => {
        match &mut $self.stream {
            Stream::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Stream::Tls(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.0.reader.register(cx.waker());
        if self.cut.0.cut.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        on_stream!(self, poll_read(cx, buf))
    }
}

impl AsyncWrite for Severable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, poll_shutdown(cx))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on_stream!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
