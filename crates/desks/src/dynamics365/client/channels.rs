//! The organisation's messaging channels.

use baton_core::time::Timestamp;

use super::{
    super::{place, policy, policy::Failure, wire},
    Client, read,
};

/// The channels as last listed.
#[derive(Default)]
pub struct Channels {
    rows: Vec<wire::ChannelRow>,
    listed_at: Option<Timestamp>,
}

impl Client {
    /// The channel that a place means: none, and any word that is no id, is the desk's own.
    pub(super) async fn channel_of(&self, place: Option<&str>) -> Result<String, Failure> {
        if let Some(own) = &self.config.channel_id
            && place::named(place).is_none_or(|id| id == *own)
        {
            return Ok(own.clone());
        }
        Ok(self.channel_row(place).await?.id.to_ascii_lowercase())
    }

    /// The row of that channel. A place that the kept list does not know is looked for in a fresh
    /// one.
    pub(super) async fn channel_row(
        &self,
        place: Option<&str>,
    ) -> Result<wire::ChannelRow, Failure> {
        let wanted = place::named(place).or_else(|| self.config.channel_id.clone());
        let pick = |rows: &[wire::ChannelRow]| match wanted.as_deref() {
            Some(id) => place::pick(rows, id).cloned(),
            None => place::only(rows, &self.config).cloned(),
        };
        let mut kept = self.channels.lock().await;
        let now = self.clock.now();
        let fresh = kept.listed_at.is_some_and(|at| now.since_ms(at) < policy::CHANNELS_FRESH_MS);
        if fresh && let Ok(row) = pick(&kept.rows) {
            return Ok(row);
        }
        *kept = Channels { rows: self.list_channels().await?, listed_at: Some(now) };
        pick(&kept.rows)
    }

    /// All custom channels, of whatever kind.
    pub(super) async fn list_channels(&self) -> Result<Vec<wire::ChannelRow>, Failure> {
        let select = "msdyn_occustommessagingchannelid,msdyn_name,msdyn_occustomchannelid,\
                      msdyn_appid,msdyn_tenantid,msdyn_webhookurl,_msdyn_liveworkstreamid_value";
        let request = self
            .dataverse("msdyn_occustommessagingchannels")
            .query(&[("$select", select), ("$top", &policy::CHANNELS_MAX.to_string())]);
        let reply = self.call_dataverse(request).await?;
        let rows: wire::Rows<wire::ChannelRow> = read(&reply, "messaging channels")?;
        Ok(rows.value)
    }
}
