//! The client of files. It has small buffers: a connection reads [`BUFFER_BYTES`] at a time, where
//! the one of all other calls, which cannot be told, reads some 400 KiB and holds that twice while
//! the disk is slower than the network.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::Stream;
use http_body_util::{BodyExt as _, Empty, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, Uri,
    body::{Body as _, Incoming},
    header::{AUTHORIZATION, HeaderValue, USER_AGENT},
    http::uri::Scheme,
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::{
        legacy::{
            Client as Connections,
            connect::{Connect, HttpConnector, proxy::Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt as _;
use url::Url;

use crate::{
    PIECE_BYTES,
    listen::{Answer, Line},
};

/// What a connection keeps for reading or for writing. It reads up to twice as much at once.
const BUFFER_BYTES: usize = PIECE_BYTES / 2;
/// An address that does not answer is given up after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections to one host that are kept for the next file.
const IDLE_CONNECTIONS: usize = 4;

/// The bytes of a request.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The connection broke off, could not be made or took too long.
#[derive(Debug)]
pub(crate) struct Lost;

/// Fetches and puts files.
#[derive(Clone, Debug)]
pub struct Client {
    direct: Connections<HttpsConnector<HttpConnector>, Body>,
    connector: HttpsConnector<HttpConnector>,
    tls: ClientConfig,
    /// Those that the environment names, as for all other calls. Plain http, which only a bucket
    /// of one's own network has, goes past them.
    proxies: Option<Arc<Matcher>>,
}

/// The certificates of the machine cannot be used. Fits after "failed to".
#[derive(Debug, thiserror::Error)]
#[error("make the client of files: {0}")]
pub struct ClientError(#[from] rustls::Error);

impl Client {
    /// Makes one. In development no proxy is asked, because simulators live on loopback.
    ///
    /// # Errors
    /// The certificates of the machine cannot be used.
    pub fn new(development: bool) -> Result<Self, ClientError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls.clone());
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let proxies = (!development).then(|| Arc::new(Matcher::from_env()));
        Ok(Self { direct: connections(connector.clone()), connector, tls, proxies })
    }

    /// Asks for a file, and returns once its bytes begin to come.
    pub(crate) async fn get(
        &self,
        url: &Url,
        authorization: Option<&str>,
        until: Instant,
    ) -> Result<Response<Incoming>, Lost> {
        let mut request = Request::get(url.as_str());
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(authorization).map_err(|_| Lost)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        self.send(request, nothing(), until).await
    }

    /// Makes one call, which must have ended before then.
    pub(crate) async fn send(
        &self,
        request: hyper::http::request::Builder,
        body: Body,
        until: Instant,
    ) -> Result<Response<Incoming>, Lost> {
        let name = concat!("baton/", env!("CARGO_PKG_VERSION"));
        let request = request.header(USER_AGENT, name).body(body).map_err(|_| Lost)?;
        let sending = match self.proxy(request.uri()) {
            None => self.direct.request(request),
            Some(proxy) => connections(self.through(&proxy)).request(request),
        };
        timeout_at(until, sending).await.map_err(|_| Lost)?.map_err(|_| Lost)
    }

    /// Asks for what comes over hours, piece by piece, on a connection of its own that keeps next
    /// to no memory. The patience is the caller's. `headers` are names in lower case and values.
    ///
    /// # Errors
    /// No connection could be made, or it broke before the answer began.
    pub async fn listen(&self, url: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
        let name = concat!("baton/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::get(url).header(USER_AGENT, name);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).map_err(io::Error::other)?;
        let uri = request.uri().clone();
        let proxy = self.proxy(&uri);
        let line: Box<dyn Line> = match proxy {
            None => Box::new(TokioIo::new(connect(self.connector.clone(), uri).await?)),
            Some(proxy) => Box::new(TokioIo::new(connect(self.through(&proxy), uri).await?)),
        };
        Answer::to(&request, line).await
    }

    /// The proxy that the environment names for an address.
    fn proxy(&self, uri: &Uri) -> Option<Intercept> {
        let proxies = self.proxies.as_ref().filter(|_| uri.scheme() == Some(&Scheme::HTTPS));
        proxies.and_then(|proxies| proxies.intercept(uri))
    }

    /// A tunnel through a proxy, used once.
    fn through(&self, proxy: &Intercept) -> HttpsConnector<Tunnel<HttpsConnector<HttpConnector>>> {
        let tunnel = Tunnel::new(proxy.uri().clone(), self.connector.clone());
        let tunnel = match proxy.basic_auth() {
            Some(auth) => tunnel.with_auth(auth.clone()),
            None => tunnel,
        };
        let https = HttpsConnectorBuilder::new().with_tls_config(self.tls.clone());
        https.https_or_http().enable_http1().wrap_connector(tunnel)
    }
}

/// Makes one connection; the one who makes it bounds how long that may take.
async fn connect<C>(connector: C, uri: Uri) -> io::Result<C::Response>
where
    C: tower::Service<Uri>,
    C::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    connector.oneshot(uri).await.map_err(io::Error::other)
}

fn connections<C: Connect + Clone>(connector: C) -> Connections<C, Body> {
    Connections::builder(TokioExecutor::new())
        .http1_max_buf_size(BUFFER_BYTES)
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .build(connector)
}

/// The end of a call that may last this long, by the machine's clock: it is the network's patience.
pub(crate) fn within(span: Duration) -> Instant {
    Instant::now() + span
}

/// A request without a body.
pub(crate) fn nothing() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// How many bytes an answer announces.
pub(crate) fn length(response: &Response<Incoming>) -> Option<u64> {
    response.body().size_hint().exact()
}

/// The bytes of an answer as they come; the last item is the loss, where they do not all come.
pub(crate) fn pieces(
    response: Response<Incoming>,
    until: Instant,
) -> impl Stream<Item = Result<Bytes, Lost>> + Send {
    let mut body = response.into_body();
    async_stream::stream! {
        loop {
            match timeout_at(until, body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    // Trailers say nothing that anybody here reads.
                    if let Ok(piece) = frame.into_data() {
                        yield Ok(piece);
                    }
                }
                Ok(None) => break,
                Ok(Some(Err(_))) | Err(_) => {
                    yield Err(Lost);
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn heard(stream: &mut TcpStream) -> String {
        let mut bytes = [0; 4_096];
        let count = stream.read(&mut bytes).await.unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    /// The sizes of the pieces in which a file comes.
    async fn fetched(client: &Client, url: &str) -> Vec<usize> {
        let until = Instant::now() + Duration::from_secs(20);
        let response = client.get(&Url::parse(url).unwrap(), None, until).await.unwrap();
        pieces(response, until).map(|piece| piece.unwrap().len()).collect().await
    }

    #[tokio::test]
    async fn pieces_are_small_however_fast_they_come() {
        const SIZE: usize = 8 * 1_024 * 1_024;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let vendor = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            heard(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![7; SIZE]).await.unwrap();
        });
        let sizes = fetched(&Client::new(true).unwrap(), &url).await;
        vendor.await.unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), SIZE);
        assert!(sizes.iter().all(|size| *size <= PIECE_BYTES), "{:?}", sizes.iter().max());
    }

    #[tokio::test]
    async fn a_proxy_of_the_environment_is_tunnelled_through() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://who:secret@{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            heard(&mut stream).await
        });
        let proxies = Matcher::builder().all(proxy).build();
        let client = Client { proxies: Some(Arc::new(proxies)), ..Client::new(true).unwrap() };
        let url = Url::parse("https://media.sample.example/file").unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        assert!(client.get(&url, Some("Bearer token"), until).await.is_err());
        let connect = asked.await.unwrap();
        assert!(connect.starts_with("CONNECT media.sample.example:443 "), "{connect}");
        assert!(connect.contains("Basic d2hvOnNlY3JldA=="), "{connect}");
        assert!(!connect.contains("token"), "{connect}");
    }
}
