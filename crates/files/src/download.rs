//! Files from vendors: redirects are followed by hand, credentials are shown to the vendor's own
//! addresses only, and nothing is fetched from inside our own network.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use baton_core::{
    fault::{Fault, FaultClass},
    file::FileStream,
    secret::Secret,
};
use reqwest::{
    RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_TYPE, LOCATION},
};

use crate::taking::too_large;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;
/// How long a file may take in all.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// How files are fetched.
pub struct Download<'a> {
    /// The client, which follows no redirects.
    pub http: &'a reqwest::Client,
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
        let pass = |request: RequestBuilder, _: &Url| match credentials.take() {
            Some((user, password)) => Ok(request.basic_auth(user, Some(password.reveal()))),
            None => Ok(request),
        };
        self.follow(address, pass).await
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
        let pass = |request: RequestBuilder, url: &Url| {
            let host = url.host_str().unwrap_or_default();
            match hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
                true => Ok(request.bearer_auth(token.reveal())),
                false => Err(bad("its address lies on a host that is not the vendor's")),
            }
        };
        self.follow(address, pass).await
    }

    /// The same where `pass` says for each address whether it may be asked and what it is shown.
    ///
    /// # Errors
    /// A fault of class `MediaProblem` is final.
    pub async fn follow(
        &self,
        address: &str,
        mut pass: impl FnMut(RequestBuilder, &Url) -> Result<RequestBuilder, Fault> + Send,
    ) -> Result<FileStream, Fault> {
        let mut url = Url::parse(address).map_err(|_| bad("its address is not valid"))?;
        for _ in 0..=MAX_REDIRECTS {
            let request = pass(self.http.get(url.clone()).timeout(DOWNLOAD_TIMEOUT), &url)?;
            self.guard(&url).await?;
            let response = request.send().await.map_err(|_| lost())?;
            if !response.status().is_redirection() {
                return self.read(response);
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

    fn read(&self, mut response: Response) -> Result<FileStream, Fault> {
        refused(response.status())?;
        let (length, most) = (response.content_length(), self.max_bytes);
        if length.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mime_type = kind.map(str::to_owned);
        let chunks = async_stream::stream! {
            let mut got = 0_u64;
            loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => {
                        got = got.saturating_add(chunk.len() as u64);
                        if got > most {
                            yield Err(too_large(most));
                            break;
                        }
                        yield Ok(chunk);
                    }
                    Ok(None) => break,
                    Err(_) => {
                        yield Err(lost());
                        break;
                    }
                }
            }
        };
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
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let download = Download { http: &http, max_bytes: 1, development: false };
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
