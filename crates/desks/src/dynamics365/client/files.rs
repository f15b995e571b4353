//! Reps' files.

use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource},
};
use baton_files::Download;
use reqwest::Url;

use super::{super::policy, Client};

impl Client {
    /// Begins to fetch a rep's file. The pages do not say whether its address wants a token: it
    /// is asked without one first, and with one only where the address is this organisation's.
    pub async fn fetch(&self, media: &MediaSource) -> Result<FileStream, Fault> {
        let (client, development) = (&self.downloads, self.config.development);
        let download = Download { client, max_bytes: media.max_bytes, development };
        let address = media.vendor_id.as_str();
        let open = |url: &Url| self.known_host(url).map(|()| None);
        let fault = match download.follow(address, open).await {
            Err(fault) if fault.class == FaultClass::Auth => fault,
            done => return done,
        };
        let Some(token) = self.token_for(address).await? else { return Err(fault) };
        let mut token = Some(token);
        let open = |url: &Url| {
            self.known_host(url)?;
            Ok(token.take().map(|token| format!("Bearer {token}")))
        };
        download.follow(address, open).await
    }

    /// Files come from Microsoft, from this organisation and from hosts that the settings name.
    fn known_host(&self, url: &Url) -> Result<(), Fault> {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let microsoft = policy::FILE_HOSTS.iter().any(|end| host.ends_with(end));
        let named = self.config.file_hosts.contains(&host);
        let messaging = self.config.messaging.as_ref().map(|api| &api.url);
        let mut own = std::iter::once(&self.config.environment_url).chain(messaging);
        if microsoft || named || own.any(|own| same_host(own, url)) {
            return Ok(());
        }
        let text = format!(
            "fetch the rep's file: {host} is not Microsoft's; name it in file_hosts if it is right"
        );
        Err(Fault::new(FaultClass::MediaProblem, text)
            .for_rep("The file comes from an address that is not known here."))
    }

    /// The token that an address of this organisation may see.
    async fn token_for(&self, address: &str) -> Result<Option<String>, Fault> {
        let Ok(url) = Url::parse(address) else { return Ok(None) };
        let now = self.clock.now();
        let got = if same_host(&self.config.environment_url, &url) {
            let scope = self.config.dataverse_scope();
            self.dataverse_token.get(now, self.fetch_token(&scope)).await
        } else if let Some(api) = self.config.messaging.as_ref().filter(|a| same_host(&a.url, &url))
        {
            self.messaging_token.get(now, self.fetch_token(&api.scope)).await
        } else {
            return Ok(None);
        };
        got.map(|token| Some(token.text.clone())).map_err(|f| f.doing("fetch the rep's file").fault)
    }
}

fn same_host(own: &str, url: &Url) -> bool {
    Url::parse(own).is_ok_and(|own| own.host_str() == url.host_str())
}
