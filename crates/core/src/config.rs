//! How a vendor's settings are described, so that forms and files come from one place.

use serde_json::{Map, Value};

/// The key under which a vendor asks for the address of the inbox's own hook, because its
/// signatures are made over it. Left out, whoever makes the inbox fills it in.
pub const HOOK_URL: &str = "webhook_url";

/// One setting of a vendor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its key.
    pub key: &'static str,
    /// Its name on screen.
    pub label: &'static str,
    /// What to paste there and where to find it.
    pub help: &'static str,
    /// Kept encrypted, never shown again.
    pub secret: bool,
    /// Cannot be left out.
    pub required: bool,
}

/// Why settings are refused: which key, and the fix.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {text}")]
pub struct ConfigFault {
    /// The key.
    pub key: String,
    /// What is wrong and what to do.
    pub text: String,
}

impl ConfigFault {
    /// A fault of one key.
    pub fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}

/// Checks the keys of a settings object against the fields: none unknown, none missing.
///
/// # Errors
/// Names the first key that is wrong and the fix.
pub fn check_keys(fields: &[Field], settings: &Map<String, Value>) -> Result<(), ConfigFault> {
    for key in settings.keys() {
        if !fields.iter().any(|field| field.key == key) {
            let known: Vec<&str> = fields.iter().map(|field| field.key).collect();
            return Err(ConfigFault::new(
                key,
                format!("unknown setting; known are {}", known.join(", ")),
            ));
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        let given = settings.get(field.key).is_some_and(|v| v.as_str() != Some(""));
        if !given {
            return Err(ConfigFault::new(field.key, format!("missing: {}", field.help)));
        }
    }
    Ok(())
}

/// Reads a base URL: https with a host and nothing after it. Plain http and loopback hosts
/// pass only where `development` is set.
///
/// # Errors
/// Names what is wrong and the fix.
pub fn base_url(key: &str, text: &str, development: bool) -> Result<String, ConfigFault> {
    let refuse = |why: &str| Err(ConfigFault::new(key, why.to_owned()));
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        None => return refuse("not an address; write it as https://host"),
    };
    let allowed = scheme == "https" || (development && scheme == "http");
    if !allowed {
        return refuse("only https is accepted here; plain http needs development mode");
    }
    let host = rest.trim_end_matches('/');
    let (authority, path) = host.split_once('/').map_or((host, ""), |(a, p)| (a, p));
    if authority.is_empty() || authority.contains(['@', '?', '#', ' ']) {
        return refuse("the host is not valid; write it as https://host");
    }
    if !path.is_empty() && !development {
        return refuse("leave out everything after the host");
    }
    if !development && is_local(authority) {
        return refuse("a loopback or local host needs development mode");
    }
    Ok(format!("{scheme}://{host}"))
}

fn is_local(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| match ip {
            std::net::IpAddr::V4(ip) => {
                ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
            }
            std::net::IpAddr::V6(ip) => ip.is_loopback() || ip.is_unspecified(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_hosts() {
        assert_eq!(
            base_url("k", "https://contoso.crm.dynamics.com/", false).unwrap(),
            "https://contoso.crm.dynamics.com"
        );
        for bad in [
            "contoso",
            "http://x.com",
            "https://x.com/path",
            "https://127.0.0.1",
            "https://u@x.com",
        ] {
            assert!(base_url("k", bad, false).is_err(), "{bad}");
        }
        assert!(base_url("k", "http://127.0.0.1:9/graph", true).is_ok());
    }
}
