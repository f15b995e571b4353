//! One template on its way to many people: the list, whose turn it is, and how far everybody's
//! message has come.

use std::collections::BTreeMap;

use baton_core::{
    campaign::{Campaign, CampaignState, Recipient, RecipientState, SkipReason},
    cost::{Cost, Price},
    fault::Fault,
    ids::{CampaignId, WorkspaceId},
    message::MessageStatus,
    time::Timestamp,
};
use serde_json::Value;

use crate::{
    Store,
    database::{Arg, limit},
    dialect::Dialect,
    error::StoreError,
    table::{Noun, Row, Rows, decode, parse},
    transaction::Tx,
};

/// Kinds of price that one campaign's total tells apart.
const COSTS_MAX: usize = 1_000;

/// How far somebody's turn has come, from the list's own word and their message's.
const STATUS: &str = "case when r.\"state\" <> 'queued' then r.\"state\" \
    when m.\"status\" is null or m.\"status\" in ('pending', 'held') then 'queued' \
    when m.\"status\" = 'may_have_been_sent' then 'unknown' \
    when m.\"status\" = 'cancelled' then 'skipped' else m.\"status\" end";

/// Somebody on a list with what became of their message.
#[derive(Clone, PartialEq, Debug)]
pub struct RecipientView {
    /// Who, and whether they had their turn.
    pub recipient: Recipient,
    /// `waiting`, `queued`, `sent`, `delivered`, `read`, `failed`, `unknown` or `skipped`.
    pub status: String,
    /// What is known of their message.
    pub message: Option<MessageStatus>,
    /// Why it did not arrive.
    pub fault: Option<Fault>,
    /// What it cost, as far as the vendor said.
    pub cost: Option<Cost>,
}

/// How far a campaign has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// How many people there are of each status of [`RecipientView`].
    pub counts: BTreeMap<String, u64>,
    /// Messages that the vendor charges for, as far as it has said.
    pub billable: u64,
    /// What they cost in sum, by currency, as far as the vendor named a price.
    pub prices: Vec<Price>,
}

impl Store {
    /// Writes a new campaign; false when there is one of this id already, which stays as it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaign_put(&self, campaign: Campaign) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let rows = Rows::of([&campaign], tx.partitions)?;
                let make =
                    |dialect| format!("{} returning \"id\"", Campaign::TABLE.insert(dialect));
                Ok(!tx.rows("campaign.put", make, rows).await?.is_empty())
            })
        })
        .await
    }

    /// Writes a part of a campaign's list. What stands at a place already stays.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recipients_put(&self, recipients: Vec<Recipient>) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let rows = Rows::of(&recipients, tx.partitions)?;
                let make = |dialect: Dialect| {
                    format!("{} returning \"campaign\"", Recipient::TABLE.insert(dialect))
                };
                tx.rows("recipient.put", make, rows).await.map(|_| ())
            })
        })
        .await
    }

    /// One campaign.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaign_get(
        &self,
        workspace: WorkspaceId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StoreError> {
        let args = [workspace.to_string().into(), id.to_string().into()];
        let rest = "where t.\"workspace\" = $1 and t.\"id\" = $2";
        self.database().select_one("campaign.get", rest, &args).await
    }

    /// A workspace's campaigns, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaign_list(
        &self,
        workspace: WorkspaceId,
        max: usize,
    ) -> Result<Vec<Campaign>, StoreError> {
        let rest = "where t.\"workspace\" = $1 \
                    order by t.\"created_at\" desc, t.\"id\" desc limit $2";
        let args = [workspace.to_string().into(), limit(max)];
        self.database().select("campaign.list", rest, &args).await
    }

    /// Every campaign that sends.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaigns_running(&self, max: usize) -> Result<Vec<Campaign>, StoreError> {
        let rest = "where t.\"state\" = 'running' order by t.\"id\" limit $1";
        self.database().select("campaign.running", rest, &[limit(max)]).await
    }

    /// Campaigns made before a moment whose lists are not read to their ends.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaigns_loading(
        &self,
        before: Timestamp,
        max: usize,
    ) -> Result<Vec<Campaign>, StoreError> {
        let rest = "where t.\"state\" = 'loading' and t.\"created_at\" < $1 \
                    order by t.\"id\" limit $2";
        self.database().select("campaign.loading", rest, &[before.0.into(), limit(max)]).await
    }

    /// Moves a campaign from one state to another; false when it was in another one. Whoever
    /// still waits on the list of a cancelled one gets nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaign_move(
        &self,
        id: CampaignId,
        (from, to): (CampaignState, CampaignState),
        why: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| Box::pin(move_on(tx, id, from, to, why, at))).await
    }

    /// The next people on a campaign's list.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recipients_waiting(
        &self,
        campaign: CampaignId,
        max: usize,
    ) -> Result<Vec<Recipient>, StoreError> {
        let rest = "where t.\"campaign\" = $1 and t.\"state\" = 'waiting' \
                    order by t.\"place\" limit $2";
        let args = [campaign.to_string().into(), limit(max)];
        self.database().select("recipient.waiting", rest, &args).await
    }

    /// Somebody who waits gets nothing, because their values do not fit the template.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recipient_skip(
        &self,
        campaign: CampaignId,
        place: i64,
        why: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [campaign.to_string().into(), place.into(), why.into(), at.0.into()];
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "update \"recipient\" set \"state\" = 'skipped', \"why\" = $3, \
                           \"marked_at\" = $4 where \"campaign\" = $1 and \"place\" = $2 \
                           and \"state\" = 'waiting'";
                tx.write("recipient.skip", |_| sql.to_owned(), &args).await.map(|_| ())
            })
        })
        .await
    }

    /// A part of a campaign's list in order, or of those with one status.
    ///
    /// # Errors
    /// The database failed.
    pub async fn recipients_page(
        &self,
        campaign: CampaignId,
        status: Option<&str>,
        after: i64,
        max: usize,
    ) -> Result<Vec<RecipientView>, StoreError> {
        let make = |dialect: Dialect| {
            let object = dialect.text(&dialect.object(&[
                ("recipient", Recipient::TABLE.object(dialect, "r")),
                ("status", STATUS.to_owned()),
                ("message", "m.\"status\"".to_owned()),
                ("fault", "m.\"fault\"".to_owned()),
                ("cost", "m.\"cost\"".to_owned()),
            ]));
            format!(
                "select {object} from \"recipient\" r left join \"message\" m \
                 on m.\"id\" = r.\"message\" where r.\"campaign\" = $1 and r.\"place\" > $2 \
                 and ($3 = '' or {STATUS} = $3) order by r.\"place\" limit $4"
            )
        };
        let args = [
            campaign.to_string().into(),
            after.into(),
            status.unwrap_or_default().into(),
            limit(max),
        ];
        let texts = self.database().read("recipient.page", make, &args).await?;
        texts.iter().map(|text| view(parse("recipient", text)?)).collect()
    }

    /// How far a campaign has come, as everybody's message says now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn campaign_progress(&self, campaign: CampaignId) -> Result<Progress, StoreError> {
        let make = |dialect: Dialect| {
            let object = dialect.text(&dialect.object(&[
                ("status", "u.\"status\"".to_owned()),
                ("cost", "u.\"cost\"".to_owned()),
                ("count", "count(*)".to_owned()),
            ]));
            format!(
                "select {object} from (select {STATUS} as \"status\", m.\"cost\" as \"cost\" \
                 from \"recipient\" r left join \"message\" m on m.\"id\" = r.\"message\" \
                 where r.\"campaign\" = $1) u group by u.\"status\", u.\"cost\" limit $2"
            )
        };
        let args: [Arg; 2] = [campaign.to_string().into(), limit(COSTS_MAX)];
        let mut progress = Progress::default();
        for text in self.database().read("campaign.progress", make, &args).await? {
            progress.add(&parse("recipient", &text)?);
        }
        Ok(progress)
    }
}

impl Progress {
    fn add(&mut self, row: &Row) {
        let count = row["count"].as_u64().unwrap_or(0);
        let status = row["status"].as_str().unwrap_or_default().to_owned();
        *self.counts.entry(status).or_default() += count;
        let Some(cost) = inner::<Cost>(row.get("cost")) else { return };
        if cost.billable {
            self.billable += count;
        }
        let Some(price) = cost.price else { return };
        let micros = price.micros.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX));
        match self.prices.iter_mut().find(|sum| sum.currency == price.currency) {
            Some(sum) => sum.micros = sum.micros.saturating_add(micros),
            None => self.prices.push(Price { micros, ..price }),
        }
    }
}

/// A value that is kept as JSON text.
fn inner<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Option<T> {
    serde_json::from_str(value?.as_str()?).ok()
}

fn view(mut row: Row) -> Result<RecipientView, StoreError> {
    let Some(Value::Object(recipient)) = row.remove("recipient") else {
        return Err(StoreError::unreadable("recipient", serde::de::Error::custom("no row")));
    };
    let message = row.get("message").cloned().unwrap_or_default();
    Ok(RecipientView {
        recipient: decode(recipient)?,
        status: row["status"].as_str().unwrap_or_default().to_owned(),
        message: serde_json::from_value(message).ok(),
        fault: inner(row.get("fault")),
        cost: inner(row.get("cost")),
    })
}

async fn move_on(
    tx: &mut Tx,
    id: CampaignId,
    from: CampaignState,
    to: CampaignState,
    why: Option<String>,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let ends = matches!(to, CampaignState::Done | CampaignState::Cancelled);
    let sql = "update \"campaign\" set \"state\" = $3, \"why\" = nullif($4, ''), \
               \"ended_at\" = case when $5 = 1 then $6 else \"ended_at\" end \
               where \"id\" = $1 and \"state\" = $2";
    let args: [Arg; 6] = [
        id.to_string().into(),
        from.name().into(),
        to.name().into(),
        why.unwrap_or_default().into(),
        i64::from(ends).into(),
        at.0.into(),
    ];
    let moved = tx.write("campaign.move", |_| sql.to_owned(), &args).await? > 0;
    if moved && to == CampaignState::Cancelled {
        let sql = "update \"recipient\" set \"state\" = 'skipped', \"why\" = $2, \
                   \"marked_at\" = $3 where \"campaign\" = $1 and \"state\" = 'waiting'";
        let args: [Arg; 3] =
            [id.to_string().into(), SkipReason::Cancelled.name().into(), at.0.into()];
        tx.write("campaign.skip", |_| sql.to_owned(), &args).await?;
    }
    Ok(moved)
}

/// The name in tables.
pub(crate) fn state_name(state: RecipientState) -> &'static str {
    match state {
        RecipientState::Waiting => "waiting",
        RecipientState::Queued => "queued",
        RecipientState::Skipped => "skipped",
    }
}
