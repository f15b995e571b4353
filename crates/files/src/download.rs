//! Files from vendors: redirects are followed by hand, credentials are shown to the vendor's own
//! addresses only, and nothing is fetched from inside our own network.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use baton_core::{
    fault::{Fault, FaultClass},
    file::FileStream,
    secret::Secret,
};
use futures::StreamExt as _;
use hyper::{
    Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, LOCATION},
};
use tokio::time::Instant;
use url::Url;

use crate::{Client, client, taking::too_large};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;
/// How long a file may take in all.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// How files are fetched.
pub struct Download<'a> {
    /// The client.
    pub client: &'a Client,
    /// The most bytes of one file.
    pub max_bytes: u64,
    /// Plain http and addresses of our own network are accepted.
    pub development: bool,
}

impl Download<'_> {
    /// Begins to fetch. The credentials are shown to the first address only.
    ///
    /// # Errors
    /// A fault of class `MediaProblem` is final.
    pub async fn open(
        &self,
        address: &str,
        credentials: Option<(&str, &Secret)>,
    ) -> Result<FileStream, Fault> {
        let mut credentials = credentials;
        let basic = |(user, password): (&str, &Secret)| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal())))
        };
        self.follow(address, |_| Ok(credentials.take().map(basic))).await
    }

    /// The same from hosts that are all to see a token; every other host is refused.
    ///
    /// # Errors
    /// A fault of class `MediaProblem` is final.
    pub async fn open_from(
        &self,
        hosts: &[String],
        address: &str,
        token: &Secret,
    ) -> Result<FileStream, Fault> {
        let pass = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            match hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
                true => Ok(Some(format!("Bearer {}", token.reveal()))),
                false => Err(bad("its address lies on a host that is not the vendor's")),
            }
        };
        self.follow(address, pass).await
    }

    /// The same where `pass` says for each address whether it may be asked, and with which
    /// `Authorization`.
    ///
    /// # Errors
    /// A fault of class `MediaProblem` is final.
    pub async fn follow(
        &self,
        address: &str,
        mut pass: impl FnMut(&Url) -> Result<Option<String>, Fault> + Send,
    ) -> Result<FileStream, Fault> {
        let until = client::within(DOWNLOAD_TIMEOUT);
        let mut url = Url::parse(address).map_err(|_| bad("its address is not valid"))?;
        for _ in 0..=MAX_REDIRECTS {
            let authorization = pass(&url)?;
            self.guard(&url).await?;
            let asked = self.client.get(&url, authorization.as_deref(), until).await;
            let response = asked.map_err(|_| lost())?;
            if !response.status().is_redirection() {
                return self.read(response, until);
            }
            let next = response.headers().get(LOCATION).and_then(|next| next.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url = next.ok_or_else(|| bad("it is redirected to no valid address"))?;
        }
        Err(bad("it is redirected too often"))
    }

    /// Refuses addresses inside our own network. A name that cannot be resolved here is left to
    /// the call: a proxy may know it.
    async fn guard(&self, url: &Url) -> Result<(), Fault> {
        if self.development {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != "https" || host.is_empty() {
            return Err(bad("its address is not https"));
        }
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let resolved = match literal {
            Some(address) => vec![address],
            None => {
                let port = url.port_or_known_default().unwrap_or(443);
                let found = tokio::net::lookup_host((host, port)).await;
                found.map(|found| found.map(|at| at.ip()).collect()).unwrap_or_default()
            }
        };
        match resolved.iter().all(|address| is_public(*address)) {
            true => Ok(()),
            false => Err(bad("its address lies inside our own network")),
        }
    }

    fn read(&self, response: Response<Incoming>, until: Instant) -> Result<FileStream, Fault> {
        refused(response.status())?;
        let (length, most) = (client::length(&response), self.max_bytes);
        if length.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mime_type = kind.map(str::to_owned);
        let mut left = most;
        let chunks = client::pieces(response, until).map(move |piece| {
            let piece = piece.map_err(|_| lost())?;
            left = left.checked_sub(piece.len() as u64).ok_or_else(|| too_large(most))?;
            Ok(piece)
        });
        Ok(FileStream { mime_type, length, chunks: Box::pin(chunks) })
    }
}

fn refused(status: StatusCode) -> Result<(), Fault> {
    let code = status.as_u16();
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(bad("the vendor does not have it any more"))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Fault::new(
            FaultClass::Auth,
            format!("fetch the file: the vendor refuses the credentials (HTTP status {code})"),
        )),
        _ => Err(Fault::new(
            FaultClass::VendorDown,
            format!("fetch the file: the vendor answers with HTTP status {code}"),
        )),
    }
}

fn bad(why: &str) -> Fault {
    Fault::new(FaultClass::MediaProblem, format!("fetch the file: {why}"))
        .for_rep("The file could not be fetched; it has to be sent again.")
}

fn lost() -> Fault {
    Fault::new(FaultClass::VendorDown, "fetch the file: the connection was lost")
}

/// Whether an address lies on the public internet (IANA special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let special = match v4.octets() {
        [0, ..] | [192, 0, 0, _] | [240..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [198, second, ..] => matches!(second, 18 | 19),
        _ => false,
    };
    !(special
        || v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation())
}

/// Only 2000::/3 is given out, less documentation.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    first & 0xe000 == 0x2000 && (first, second) != (0x2001, 0xdb8)
}

/// IPv4 in IPv6: mapped, translated (64:ff9b::/96), 6to4.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => v6.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_network_is_told_from_the_internet() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn nothing_is_fetched_from_inside() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Client::new(true).unwrap();
        let download = Download { client: &client, max_bytes: 1, development: false };
        for address in [
            "https://127.0.0.1/a",
            "https://localhost/a",
            "https://[::1]/a",
            "https://2130706433/a",
            "https://169.254.169.254/latest",
            "http://media.sample.example/a",
            "file:///etc/passwd",
            "nonsense",
        ] {
            let fault = runtime.block_on(download.open(address, None)).err().unwrap();
            assert_eq!(fault.class, FaultClass::MediaProblem, "{address}: {}", fault.operator);
        }
    }
}
