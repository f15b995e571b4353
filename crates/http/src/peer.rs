//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{extract::ConnectInfo, http::HeaderMap, http::request::Parts};

/// The address of the other end; none where requests do not come over a network (tests).
pub(crate) fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())
}

/// The address of who asks: what a trusted proxy says, otherwise the peer's own. What anybody
/// else writes into the header is ignored.
pub(crate) fn source(parts: &Parts, trusted_proxies: &[IpAddr]) -> String {
    let Some(peer) = peer(parts) else { return "unknown".to_owned() };
    if !trusted_proxies.contains(&peer) {
        return peer.to_string();
    }
    forwarded(&parts.headers, trusted_proxies).unwrap_or(peer).to_string()
}

/// The nearest address that is not one of our proxies.
fn forwarded(headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<IpAddr> = lines
        .flat_map(|line| line.split(','))
        .filter_map(|hop| hop.trim().parse::<IpAddr>().ok())
        .map(|ip| ip.to_canonical())
        .collect();
    hops.into_iter().rev().find(|hop| !trusted_proxies.contains(hop))
}

/// Whether the request was made on this machine itself, and not brought in by a proxy on it.
pub(crate) fn is_local(parts: &Parts) -> bool {
    let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    peer(parts).is_some_and(|ip| ip.is_loopback())
        && !forwarded.iter().any(|name| parts.headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn request(peer: &str, forwarded_for: &str) -> Parts {
        let request = Request::builder().header("x-forwarded-for", forwarded_for);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        parts
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        assert_eq!(source(&request("203.0.113.9", "1.2.3.4"), &proxies), "203.0.113.9");
        assert_eq!(source(&request("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2"), &proxies), "1.2.3.4");
        assert_eq!(source(&request("10.0.0.1", "rubbish"), &proxies), "10.0.0.1");
    }

    #[test]
    fn a_local_proxy_is_not_local() {
        assert!(!is_local(&request("127.0.0.1", "1.2.3.4")));
        let mut direct = request("::ffff:127.0.0.1", "");
        direct.headers.clear();
        assert!(is_local(&direct));
        direct.extensions.clear();
        assert!(!is_local(&direct), "an unknown peer is not local");
    }
}
