//! Gives the people on campaigns' lists their turns: paced, a few at a time, each committed with
//! their message, so that a crash neither doubles nor loses anybody.

use std::{sync::Arc, time::Duration};

use baton_core::{
    campaign::{Campaign, CampaignState, Invite, Recipient, SkipReason},
    channel::Pace,
    contact::Identity,
    delivery::Payload,
    fault::{Fault, FaultClass, Outcome},
    ids::{DeliveryId, InboxId},
    step::Input,
    template::Template,
    time::{MINUTE_MS, SECOND_MS, Timestamp},
};
use baton_store::StoreError;
use tokio::task::JoinSet;

use crate::{
    apply::{ApplyError, Whose, With},
    hub::Hub,
    pace::Lane,
};

/// Without any hint, campaigns are looked at this often, in real time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause after the store failed, in real time.
const AFTER_ERROR: Duration = Duration::from_secs(1);
/// The most campaigns that send at the same time.
const MAX_RUNNING: usize = 100;
/// The most turns of one campaign in one look.
const BATCH: usize = 64;
/// Turns that are committed at the same time.
const AT_ONCE: usize = 16;
/// A list is read to its end long before this, or never: whoever read it is gone.
const LOADING_MS: i64 = 10 * MINUTE_MS;
/// What became of such a campaign.
const INTERRUPTED: &str = "its list was not read to the end, because Baton was stopped meanwhile; \
    nobody was written to; make the campaign again";
/// A campaign waits while its inbox is slowed down by more than this.
const PATIENCE_MS: i64 = SECOND_MS;

/// Gives turns until the hub stops.
pub(crate) async fn run(hub: Arc<Hub>) {
    while !hub.is_stopping() {
        let mut next = None;
        if hub.is_ready() {
            match look(&hub).await {
                Ok(at) => next = at,
                Err(error) => {
                    tracing::error!(%error, "campaigns not read");
                    tokio::time::sleep(AFTER_ERROR).await;
                }
            }
        }
        let timer = async {
            match next {
                Some(at) => hub.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => {}
            () = hub.wakes.campaigns.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = hub.stopped() => {}
        }
    }
}

/// Looks at every campaign once; says when the next turn is free.
async fn look(hub: &Arc<Hub>) -> Result<Option<Timestamp>, StoreError> {
    let mut next: Option<Timestamp> = None;
    let stale = hub.clock.now().plus_ms(-LOADING_MS);
    for campaign in hub.store.campaigns_loading(stale, MAX_RUNNING).await? {
        let end = (CampaignState::Loading, CampaignState::Cancelled);
        hub.campaign_end(&campaign, end, "campaign_interrupted", INTERRUPTED.to_owned()).await?;
    }
    for campaign in hub.store.campaigns_running(MAX_RUNNING).await? {
        if hub.is_stopping() {
            return Ok(None);
        }
        let at = turns(hub, &Arc::new(campaign)).await?;
        next = [next, at].into_iter().flatten().min();
    }
    Ok(next)
}

/// Gives as many turns of a campaign as its pace allows now.
async fn turns(hub: &Arc<Hub>, campaign: &Arc<Campaign>) -> Result<Option<Timestamp>, StoreError> {
    let Some(paces) = Paced::of(hub, campaign) else { return Ok(None) };
    let now = hub.clock.now();
    let free_at = paces.free_at(hub, now);
    if free_at > now {
        return Ok(Some(free_at));
    }
    let template = &campaign.template;
    let found = hub.store.template_find(campaign.inbox, &template.name, &template.language).await?;
    let refusal = match &found {
        None => Some("the vendor has no template of this name and language any more".to_owned()),
        Some(template) => template.refusal(),
    };
    let (Some(template), None) = (found, &refusal) else {
        hub.campaign_pause(campaign, refusal.unwrap_or_default()).await?;
        return Ok(None);
    };
    let list = hub.store.recipients_waiting(campaign.id, BATCH).await?;
    if list.is_empty() {
        let done = (CampaignState::Running, CampaignState::Done);
        hub.store.campaign_move(campaign.id, done, None, now).await?;
        return Ok(None);
    }
    give(hub, campaign, &Arc::new(template), list, &paces).await;
    Ok(Some(paces.free_at(hub, hub.clock.now())))
}

async fn give(
    hub: &Arc<Hub>,
    campaign: &Arc<Campaign>,
    template: &Arc<Template>,
    list: Vec<Recipient>,
    paces: &Paced,
) {
    let mut running = JoinSet::new();
    for recipient in list {
        let now = hub.clock.now();
        if hub.is_stopping() || paces.free_at(hub, now) > now {
            break;
        }
        paces.take(hub, now);
        if running.len() >= AT_ONCE {
            running.join_next().await;
        }
        let (hub, campaign, template) =
            (Arc::clone(hub), Arc::clone(campaign), Arc::clone(template));
        running.spawn(async move {
            let place = recipient.place;
            if let Err(error) = hub.turn_of(&campaign, &template, recipient).await {
                tracing::warn!(campaign = %campaign.id, place, %error, "turn not given yet");
            }
        });
    }
    while running.join_next().await.is_some() {}
}

/// What slows a campaign down: its own pace, and what its inbox can bear beside everything else.
struct Paced {
    own: (Lane, Pace),
    shared: (Lane, Pace),
    inbox: (Lane, Option<Pace>),
}

impl Paced {
    /// None when the inbox does not run.
    fn of(hub: &Hub, campaign: &Campaign) -> Option<Self> {
        let channel = hub.registry().channel(campaign.inbox)?;
        let inbox = channel.policy().inbox_pace;
        // Half of the inbox's pace, so that answers to customers find room beside it.
        let half = inbox.map_or(1, |pace| pace.refill_ms.saturating_mul(2).max(1));
        let is_failing = hub.health.why(campaign.inbox.0).is_some();
        let shared_ms = if is_failing { MINUTE_MS } else { half };
        let per_minute = i64::from(campaign.pace_per_minute.max(1));
        let own_ms = (MINUTE_MS + per_minute - 1) / per_minute;
        let a_second_of = |refill_ms: i64| Pace {
            burst: u32::try_from(SECOND_MS / refill_ms.max(1)).unwrap_or(1).max(1),
            refill_ms: refill_ms.max(1),
        };
        Some(Self {
            own: (Lane::Campaign(campaign.id.0), a_second_of(own_ms)),
            shared: (Lane::Campaign(campaign.inbox.0), a_second_of(shared_ms)),
            inbox: (Lane::Source(campaign.inbox.0), inbox),
        })
    }

    fn free_at(&self, hub: &Hub, now: Timestamp) -> Timestamp {
        let of = |(lane, pace): (Lane, Pace)| hub.paces.free_at(lane, Some(pace), now);
        let free_at = of(self.own).max(of(self.shared));
        let inbox = hub.paces.free_at(self.inbox.0, self.inbox.1, now);
        if inbox.since_ms(now) > PATIENCE_MS { free_at.max(inbox) } else { free_at }
    }

    fn take(&self, hub: &Hub, now: Timestamp) {
        for (lane, pace) in [self.own, self.shared] {
            hub.paces.take(lane, Some(pace), now);
        }
    }
}

impl Hub {
    /// A campaign began or goes on: looked at now.
    pub fn campaigns_look(&self) {
        self.wakes.campaigns.notify_one();
    }

    async fn turn_of(
        &self,
        campaign: &Campaign,
        template: &Template,
        recipient: Recipient,
    ) -> Result<(), ApplyError> {
        let values = campaign.template.values_for(&recipient.values);
        let filled = match template.compile(&values) {
            Ok(filled) => filled,
            // They fitted when the list was made.
            Err(faults) => {
                let first = faults.first().map(|f| format!(": {} {}", f.key, f.text));
                let why = format!(
                    "the template was changed and does not fit the list any more{}",
                    first.unwrap_or_default()
                );
                return Ok(self.campaign_pause(campaign, why).await?);
            }
        };
        let (id, place, now) = (campaign.id, recipient.place, self.clock.now());
        let Some(point) = recipient.point else {
            let why = SkipReason::InvalidNumber.name().to_owned();
            return Ok(self.store.recipient_skip(id, place, why, now).await?);
        };
        let to = Identity { points: vec![point], name: recipient.name };
        let whose = Whose::Of {
            workspace: campaign.workspace,
            inbox: campaign.inbox,
            identity: Identity { name: None, ..to.clone() },
        };
        let input = Input::Invite(Invite {
            campaign: id,
            name: campaign.name.clone(),
            place,
            to,
            template: filled,
            replies: campaign.replies.clone(),
        });
        match self.apply(&whose, &With::default(), &input).await {
            // The campaign does not run any more, or this one had their turn.
            Ok(_) | Err(ApplyError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Pauses a campaign that cannot go on, and says why.
    async fn campaign_pause(&self, campaign: &Campaign, why: String) -> Result<(), StoreError> {
        let pause = (CampaignState::Running, CampaignState::Paused);
        self.campaign_end(campaign, pause, "campaign_paused", why).await
    }

    /// Ends a campaign's sending for now or for good, and tells operators why.
    async fn campaign_end(
        &self,
        campaign: &Campaign,
        (from, to): (CampaignState, CampaignState),
        code: &str,
        why: String,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !self.store.campaign_move(campaign.id, (from, to), Some(why.clone()), now).await? {
            return Ok(());
        }
        let text = format!("the campaign {} is {}: {why}", campaign.name, to.name());
        self.notify_operator(campaign.workspace, code, text).await
    }

    /// What an attempt says about templates: the vendor's are read again, and a campaign whose
    /// messages cannot arrive is paused.
    pub(crate) async fn template_learns(&self, inbox: InboxId, payload: &Payload, fault: &Fault) {
        if fault.class == FaultClass::TemplateProblem {
            self.templates_soon(inbox);
        }
        let Payload::Template { campaign: Some(id), .. } = payload else { return };
        let for_all = matches!(
            fault.class,
            FaultClass::TemplateProblem | FaultClass::Payment | FaultClass::AccountRestricted
        );
        if !for_all {
            return;
        }
        let running = self.store.campaigns_running(MAX_RUNNING).await.unwrap_or_default();
        let Some(campaign) = running.into_iter().find(|campaign| campaign.id == *id) else {
            return;
        };
        if let Err(error) = self.campaign_pause(&campaign, fault.operator.clone()).await {
            tracing::error!(campaign = %id, %error, "campaign not paused");
        }
    }

    /// The same for what a vendor reports later.
    pub(crate) async fn template_reported(
        &self,
        inbox: InboxId,
        delivery: DeliveryId,
        fault: Option<&Fault>,
    ) -> Result<(), StoreError> {
        let Some(fault) = fault else { return Ok(()) };
        let Some(delivery) = self.store.delivery_get(delivery).await? else { return Ok(()) };
        self.template_learns(inbox, &delivery.payload, fault).await;
        Ok(())
    }
}

/// The fault of an attempt that was certainly not sent.
pub(crate) fn refused(outcome: &Outcome) -> Option<&Fault> {
    match outcome {
        Outcome::Rejected { fault } => Some(fault),
        Outcome::Accepted(_) | Outcome::Retry { .. } | Outcome::Unknown { .. } => None,
    }
}
