//! Reps' files.

use baton_core::{
    fault::{Fault, FaultClass},
    file::{FileStream, MediaSource},
    handoff::Handoff,
};
use baton_files::Download;
use reqwest::Url;

use super::{super::policy, Client};

impl Client {
    /// Begins to fetch a rep's file. Its address is a public one of content delivery, so that no
    /// token is shown to it.
    pub async fn fetch(&self, _: &Handoff, media: &MediaSource) -> Result<FileStream, Fault> {
        let (client, development) = (&self.downloads, self.config.development);
        let download = Download { client, max_bytes: media.max_bytes, development };
        let open = |url: &Url| self.known_host(url).map(|()| None);
        download.follow(media.vendor_id.as_str(), open).await
    }

    /// Files come from Salesforce, from this organisation and from hosts that the settings name.
    pub(super) fn known_host(&self, url: &Url) -> Result<(), Fault> {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let theirs = policy::FILE_HOSTS.iter().any(|end| host.ends_with(end));
        let named = self.config.file_hosts.contains(&host);
        let own = [&self.config.instance_url, &self.config.scrt_url];
        let is_own =
            |own: &&String| Url::parse(own).is_ok_and(|own| own.host_str() == url.host_str());
        if theirs || named || own.iter().any(is_own) {
            return Ok(());
        }
        let text = format!(
            "fetch the rep's file: {host} is not Salesforce's; name it in file_hosts if it is right"
        );
        Err(Fault::new(FaultClass::MediaProblem, text)
            .for_rep("The file comes from an address that is not known here."))
    }
}
