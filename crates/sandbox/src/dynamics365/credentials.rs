//! What an app registration signs in with: secrets and certificates, several of each at once.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials" and "Microsoft Entra
//! authentication and authorization error codes", checked 2026-11-21.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::certificate::Certificate;
use super::entra::Refusal;
use super::{Account, iso};

/// Secrets, and certificates, of one app registration.
const MAX_EACH: usize = 20;
/// Characters of the longest client assertion that is read.
const MAX_ASSERTION: usize = 16_384;
/// `client_assertion_type` of a signed token.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A secret; its value is shown once, its id always.
#[derive(Clone, Debug)]
pub struct Secret {
    pub id: String,
    pub value: String,
    /// Never if absent.
    pub expires_ms: Option<i64>,
}

/// What the app registration has.
pub struct Credentials {
    pub secrets: Vec<Secret>,
    pub certificates: Vec<Certificate>,
}

impl Credentials {
    pub fn new(account: &Account) -> Self {
        let id = crate::Ids::new(0, &account.client_secret).guid();
        let first = Secret { id, value: account.client_secret.clone(), expires_ms: None };
        Self { secrets: vec![first], certificates: Vec::new() }
    }

    /// False if there are too many.
    pub fn add_secret(&mut self, secret: Secret) -> bool {
        if self.secrets.len() < MAX_EACH {
            self.secrets.push(secret);
            return true;
        }
        false
    }

    /// False if there are too many.
    pub fn add_certificate(&mut self, certificate: Certificate) -> bool {
        if self.certificates.len() < MAX_EACH {
            self.certificates.push(certificate);
            return true;
        }
        false
    }

    /// Whether a secret's value is one of the app's and has not expired; any secret that fits will do.
    pub fn check_secret(&self, app: &str, value: &str, now_ms: i64) -> Result<(), Refusal> {
        let fitting: Vec<&Secret> =
            self.secrets.iter().filter(|secret| secret.value == value).collect();
        if fitting.is_empty() {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID, for a secret added to app '{app}'."
            );
            return Err(Refusal::new(7_000_215, 401, "invalid_client", text));
        }
        let is_valid =
            |secret: &&Secret| secret.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms);
        if fitting.iter().any(is_valid) {
            return Ok(());
        }
        Err(expired_secret(app))
    }

    /// Whether a client assertion is signed with one of the app's certificates and says what it must.
    pub fn check_assertion(
        &self,
        app: &str,
        assertion: &str,
        audiences: &[String],
        now_ms: i64,
    ) -> Result<(), Refusal> {
        let malformed = || {
            let text = "JWT token is invalid or malformed.";
            Refusal::new(50_027, 400, "invalid_request", text)
        };
        let token = Assertion::parse(assertion).ok_or_else(malformed)?;
        let key = self.certificates.iter().find(|one| token.names(one));
        let key = key.ok_or_else(|| bad_signature("The key was not found.", &token.key_id()))?;
        if !(key.not_before_ms..key.not_after_ms).contains(&now_ms) {
            return Err(bad_signature("The key used is expired.", &token.key_id()));
        }
        if !token.is_signed_with(key) {
            return Err(bad_signature(
                "The key was found, but use of the key to verify the signature failed.",
                &token.key_id(),
            ));
        }
        token.check_claims(app, audiences, now_ms)
    }
}

/// AADSTS7000222.
pub fn expired_secret(app: &str) -> Refusal {
    let text = format!(
        "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys for \
         your app: https://aka.ms/NewClientSecret."
    );
    Refusal::new(7_000_222, 401, "invalid_client", text)
}

/// A parsed client assertion.
struct Assertion<'a> {
    signed: &'a str,
    header: Value,
    claims: Value,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_ASSERTION {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { signed, header: json(header)?, claims: json(claims)?, signature })
    }

    /// Whether the header's thumbprint, of either kind, is this certificate's.
    fn names(&self, certificate: &Certificate) -> bool {
        let is = |name: &str, held: &str| {
            self.header[name].as_str().is_some_and(|text| text.trim_end_matches('=') == held)
        };
        is("x5t#S256", &certificate.x5t_s256) || is("x5t", &certificate.x5t)
    }

    fn key_id(&self) -> String {
        let named = ["x5t#S256", "x5t", "kid"].into_iter();
        named.filter_map(|name| self.header[name].as_str()).next().unwrap_or_default().to_owned()
    }

    fn is_signed_with(&self, certificate: &Certificate) -> bool {
        let algorithm = match self.header["alg"].as_str() {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &certificate.public_key)
            .verify(self.signed.as_bytes(), &self.signature)
            .is_ok()
    }

    fn check_claims(&self, app: &str, audiences: &[String], now_ms: i64) -> Result<(), Refusal> {
        let refuse = |number, text: String| Err(Refusal::new(number, 401, "invalid_client", text));
        let text = |name: &str| self.claims[name].as_str().unwrap_or_default();
        let audience = text("aud");
        if !audiences.iter().any(|known| known.eq_ignore_ascii_case(audience)) {
            let text = format!(
                "Client assertion audience claim does not match Realm issuer. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials. The audience was '{audience}'."
            );
            return refuse(700_023, text);
        }
        if [text("iss"), text("sub")].iter().any(|claim| !claim.eq_ignore_ascii_case(app)) {
            let text = "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.";
            return refuse(700_021, text.to_owned());
        }
        if text("jti").is_empty() {
            let text = "The client assertion lacks the claim 'jti'.";
            return Err(Refusal::new(50_027, 400, "invalid_request", text));
        }
        // A numeric date may have a fraction (RFC 7519, 2), and MSAL's have one.
        let second = |name: &str| self.claims[name].as_f64().map(|date| date as i64);
        let (now_s, expires_s) = (now_ms / 1_000, second("exp").unwrap_or(0));
        let starts_s = second("nbf").unwrap_or(0);
        // A difference of five minutes between clocks is tolerated.
        if now_s >= expires_s + 300 || now_s + 300 < starts_s {
            let instant = |at_s: i64| iso::seconds(at_s.saturating_mul(1_000));
            let text = format!(
                "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
                 time of assertion {}.",
                instant(now_s),
                instant(starts_s),
                instant(expires_s)
            );
            return refuse(700_024, text);
        }
        Ok(())
    }
}

fn bad_signature(reason: &str, key: &str) -> Refusal {
    let text = format!(
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - \
         {reason}, Thumbprint of key used by client: '{key}']"
    );
    Refusal::new(700_027, 401, "invalid_client", text)
}

/// Under which names the token endpoint of a tenant may be addressed in an assertion.
pub fn assertion_audiences(base_url: &str, headers: &HeaderMap, tenant: &str) -> Vec<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origins = [base_url.to_owned(), format!("http://{host}"), format!("https://{host}")];
    let ours = origins.iter().map(|origin| format!("{origin}/entra/{tenant}"));
    let real = std::iter::once(format!("https://login.microsoftonline.com/{tenant}"));
    ours.chain(real)
        .flat_map(|realm| {
            [
                format!("{realm}/oauth2/v2.0/token"),
                format!("{realm}/oauth2/token"),
                format!("{realm}/v2.0"),
            ]
        })
        .collect()
}
