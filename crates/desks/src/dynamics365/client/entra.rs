//! Tokens and signing keys from Entra.

use std::sync::{PoisonError, atomic::Ordering};

use baton_core::{
    fault::{Fault, FaultClass},
    time::{DAY_MS, SECOND_MS},
};

use super::{
    super::{
        config::Config,
        credential::{Claim, Credential},
        policy::{self, Failure, Reply},
        token::Fetched,
        verify::Keys,
        wire,
    },
    Client, exchange, read,
};

impl Client {
    /// Fetches the tenant's signing keys, unless that was done just now.
    pub async fn refresh_keys(&self) -> Result<(), Fault> {
        let _one_at_a_time = self.refreshing.lock().await;
        let now = self.clock.now();
        let (fetched_at, tried_at) = {
            let keys = self.keys();
            (keys.fetched_at, keys.tried_at)
        };
        let pause_ms =
            if fetched_at == tried_at { policy::KEYS_FRESH_MS } else { policy::KEYS_PAUSE_MS };
        if tried_at.is_some_and(|at| now.since_ms(at) < pause_ms) {
            return match fetched_at {
                Some(_) => Ok(()),
                None => Err(Fault::new(
                    FaultClass::VendorDown,
                    "fetch the tenant's signing keys: they could not be had just now; check login_url",
                )),
            };
        }
        self.write_keys(|keys| keys.tried_at = Some(now));
        let set = self.fetch_keys().await;
        let set = set.map_err(|failure| failure.doing("fetch the tenant's signing keys").fault)?;
        self.write_keys(|keys| keys.replace(&set, now));
        Ok(())
    }

    fn write_keys(&self, change: impl FnOnce(&mut Keys)) {
        change(&mut self.keys.write().unwrap_or_else(PoisonError::into_inner));
    }

    async fn fetch_keys(&self) -> Result<wire::KeySet, Failure> {
        let Config { login_url, tenant_id, .. } = &self.config;
        let url = format!("{login_url}/{tenant_id}/v2.0/.well-known/openid-configuration");
        let reply = self.get_from_entra(&url).await?;
        let metadata: wire::Metadata = read(&reply, "OpenID metadata")?;
        if !metadata.jwks_uri.starts_with(&format!("{login_url}/")) {
            return Err(Failure::refused(
                FaultClass::Auth,
                "Entra's metadata names keys at another host; correct login_url",
            ));
        }
        let reply = self.get_from_entra(&metadata.jwks_uri).await?;
        read(&reply, "signing keys")
    }

    async fn get_from_entra(&self, url: &str) -> Result<Reply, Failure> {
        let reply = exchange(self.http.get(url), policy::ANSWER_MAX_BYTES).await?;
        if reply.succeeded() { Ok(reply) } else { Err(policy::entra_failure(&reply)) }
    }

    /// A token for the scope. Where Entra refuses one credential the next is tried, and the one
    /// that worked is begun with from then on: secrets change without a gap.
    pub(super) async fn fetch_token(&self, scope: &str) -> Result<Fetched, Failure> {
        let credentials = &self.config.credentials;
        let first = self.credential.load(Ordering::Relaxed);
        let in_turn = credentials.iter().enumerate().cycle().skip(first).take(credentials.len());
        let mut refused: Option<Failure> = None;
        for (index, credential) in in_turn {
            match self.sign_in(credential, scope).await {
                Ok(fetched) => {
                    if index != first {
                        let key = credential.key();
                        tracing::warn!(key, "an earlier credential is refused; this one is used");
                    }
                    self.credential.store(index, Ordering::Relaxed);
                    self.warn_of_the_end();
                    return Ok(fetched);
                }
                Err(Refusal { failure, by_credential: true }) => {
                    let earlier = refused.map(|failure| failure.fault);
                    refused = Some(also(earlier, credential.key(), failure));
                }
                Err(Refusal { failure, by_credential: false }) => return Err(failure),
            }
        }
        Err(refused.unwrap_or_else(|| Failure::refused(FaultClass::Auth, "no credential is set")))
    }

    /// With every token, for those who watch the log: the check says it as well.
    fn warn_of_the_end(&self) {
        let left_ms = self.config.credential_ends.map(|ends| ends.since_ms(self.clock.now()));
        if let Some(left_ms) = left_ms.filter(|left| *left < policy::CREDENTIAL_WARN_MS) {
            let days = left_ms.div_euclid(DAY_MS);
            tracing::warn!(days, "the desk's credential ends soon; see client_secret_expires_on");
        }
    }

    /// Asks Entra for a token with one credential.
    pub(super) async fn sign_in(
        &self,
        credential: &Credential,
        scope: &str,
    ) -> Result<Fetched, Refusal> {
        let Config { login_url, tenant_id, client_id, .. } = &self.config;
        let url = format!("{login_url}/{tenant_id}/oauth2/v2.0/token");
        let proof = self.proof(credential)?;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("scope", scope),
        ];
        form.extend(proof.iter().map(|(name, value)| (*name, value.as_str())));
        let request = self.http.post(url).form(&form);
        let reply = exchange(request, policy::ANSWER_MAX_BYTES).await?;
        if !reply.succeeded() {
            let by_credential = policy::refuses_credential(&reply);
            return Err(Refusal { failure: policy::entra_failure(&reply), by_credential });
        }
        let token: wire::Token = read(&reply, "a token")?;
        let lifetime_ms = token.expires_in.clamp(0, 86_400) * SECOND_MS;
        Ok(Fetched { text: token.access_token, lifetime_ms })
    }

    /// The fields by which the application proves itself.
    fn proof(&self, credential: &Credential) -> Result<Vec<(&'static str, String)>, Failure> {
        let certificate = match credential {
            Credential::Secret { value, .. } => {
                return Ok(vec![("client_secret", value.reveal().to_owned())]);
            }
            Credential::Certificate(certificate) => certificate,
        };
        let Config { login_url, tenant_id, client_id, .. } = &self.config;
        let assertion = certificate.assertion(&Claim {
            audience: &format!("{login_url}/{tenant_id}/oauth2/v2.0/token"),
            client_id,
            count: self.assertions.fetch_add(1, Ordering::Relaxed),
            now: self.clock.now(),
        });
        let assertion = assertion.ok_or_else(|| {
            Failure::refused(FaultClass::Auth, "the certificate's key cannot sign; set another one")
        })?;
        Ok(vec![
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
            ),
            ("client_assertion", assertion),
        ])
    }
}

/// Why there is no token.
pub(super) struct Refusal {
    pub failure: Failure,
    /// Entra refuses this credential; another one may be right.
    pub by_credential: bool,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, by_credential: false }
    }
}

/// The refusals of several credentials in one text, each with the name of its setting.
fn also(earlier: Option<Fault>, key: &str, mut failure: Failure) -> Failure {
    if let Some(earlier) = earlier {
        failure.fault.operator = format!("{}; {key}: {}", earlier.operator, failure.fault.operator);
        failure.fault.rep.clone_from(&failure.fault.operator);
    }
    failure
}
