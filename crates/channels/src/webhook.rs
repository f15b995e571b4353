//! The address to which a vendor delivers, as a setting: signatures are made over it, and it
//! carries our word for a delivery to the vendor and back.

use baton_core::{config::ConfigFault, ids::DeliveryId};

/// The parameter of [`Webhook::for_delivery`].
pub(crate) const DELIVERY: &str = "delivery";

/// The address at which a vendor reaches an inbox.
pub(crate) struct Webhook {
    /// Scheme and host as the vendor may have signed them: as written, and with and without the
    /// usual port.
    pub origins: Vec<String>,
    /// From the first slash on, without a query.
    pub path: String,
    /// What comes before a fragment. Fragments hold a vendor's overrides and are not sent.
    before: String,
    fragment: String,
}

impl Webhook {
    /// Reads the setting `webhook_url`.
    pub(crate) fn read(text: &str, development: bool) -> Result<Self, ConfigFault> {
        const KEY: &str = "webhook_url";
        let refuse = |why: &str| ConfigFault::new(KEY, why);
        let (before, fragment) = text.find('#').map_or((text, ""), |at| text.split_at(at));
        let whole = before.split_once('?').map_or(before, |(address, _)| address);
        let (scheme, rest) = whole
            .split_once("://")
            .ok_or_else(|| refuse("not an address; write it as https://host/hooks/…"))?;
        let port = match scheme {
            "https" => "443",
            "http" if development => "80",
            _ => return Err(refuse("must begin with https://")),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return Err(refuse("the host is not valid; write it as https://host/hooks/…"));
        }
        if path.len() < 2 {
            return Err(refuse("the path is missing; copy the whole hook address of the inbox"));
        }
        let host = match authority.rsplit_once(':') {
            Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let mut origins = vec![format!("{scheme}://{authority}")];
        for other in [format!("{scheme}://{host}"), format!("{scheme}://{host}:{port}")] {
            if !origins.contains(&other) {
                origins.push(other);
            }
        }
        let (before, fragment) = (before.to_owned(), fragment.to_owned());
        Ok(Self { origins, path: path.to_owned(), before, fragment })
    }

    /// The address to which reports about a delivery go. It comes back with every report, which
    /// settles an attempt whose answer was lost.
    pub(crate) fn for_delivery(&self, delivery: DeliveryId) -> String {
        let joint = if self.before.contains('?') { '&' } else { '?' };
        format!("{}{joint}{DELIVERY}={delivery}{}", self.before, self.fragment)
    }

    /// Whether a vendor has the same address, whatever overrides stand behind it.
    pub(crate) fn is(&self, theirs: &str) -> bool {
        theirs.split('#').next() == Some(&*self.before)
    }
}

/// Our word in an address that [`Webhook::for_delivery`] made.
pub(crate) fn delivery_in(address: &str) -> Option<&str> {
    let query = address.split('#').next()?.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(DELIVERY)?.strip_prefix('='))
}
