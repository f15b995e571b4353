//! HTTPS for clients that speak nothing else: an authority made for this run, and a certificate of it for loopback.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for the handshake, in real time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that have shaken hands and wait to be served.
const MAX_WAITING: usize = 128;

/// A certificate for loopback, and the authority that vouches for it.
pub struct Tls {
    /// What clients are told to trust.
    pub authority_pem: String,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// A new authority; its key is forgotten at once.
    pub fn generate() -> io::Result<Self> {
        let (authority_pem, issuer) = authority().map_err(io::Error::other)?;
        let mut leaf = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))
            .map_err(io::Error::other)?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = leaf.signed_by(&key, &issuer).map_err(io::Error::other)?;
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .map_err(io::Error::other)?;
        Ok(Self { authority_pem, config: Arc::new(config) })
    }

    /// Shakes hands with whoever connects; a slow client keeps nobody else waiting.
    pub fn accept(
        &self,
        listener: TcpListener,
    ) -> mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)> {
        let (shaken, connections) = mpsc::channel(MAX_WAITING);
        let acceptor = TlsAcceptor::from(self.config.clone());
        tokio::spawn(async move {
            let mut listener = listener;
            loop {
                tokio::select! {
                    () = shaken.closed() => break,
                    (stream, addr) = axum::serve::Listener::accept(&mut listener) => {
                        let (acceptor, shaken) = (acceptor.clone(), shaken.clone());
                        tokio::spawn(async move {
                            let _best_effort = stream.set_nodelay(true);
                            let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
                            if let Ok(Ok(stream)) = stream {
                                let _stopped = shaken.send((stream, addr)).await;
                            }
                        });
                    }
                }
            }
        });
        connections
    }
}

fn authority() -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Sandbox authority, for tests only");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((pem(certificate.der()), Issuer::new(params, key)))
}

/// A certificate as text, in lines of 64 characters (RFC 7468).
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}
