//! Campaigns: one template to many people; made, listed, watched, paused, resumed and ended.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use baton_core::{
    campaign::{self, CampaignState, CampaignTemplate, MAX_PACE_PER_MINUTE, Recipient, Replies},
    ids::{CampaignId, InboxId},
    phone,
    template::Values,
    time::Timestamp,
};
use baton_store::{Progress, RecipientView, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{LIMIT_DEFAULT, LIMIT_MAX, rows, templates};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    input::{Body, Id, Query},
    people::{self, Person, Reader},
};

/// The largest list of people, in bytes.
pub(super) const LIST_MAX_BYTES: usize = 24 * 1024 * 1024;
/// People looked at, and written in one transaction, at a time.
const CHUNK: usize = 500;
/// How long an answer waits for a list to be written, in real time.
const WRITE_PATIENCE: Duration = Duration::from_secs(4);
/// The longest name of a campaign.
const NAME_MAX_CHARS: usize = 80;
/// The pace when nobody says, in messages a minute.
const PACE_DEFAULT: u32 = 600;
/// Words for how far somebody's message has come.
const STATUSES: &[&str] =
    &["waiting", "queued", "sent", "delivered", "read", "failed", "unknown", "skipped"];

/// One template on its way to many people.
#[derive(Serialize, ToSchema)]
pub struct Campaign {
    id: String,
    name: String,
    inbox_id: String,
    template: TemplateName,
    /// Who gets the answers.
    replies: RepliesTo,
    /// How many go out in a minute at most.
    pace_per_minute: u32,
    /// `loading`, `running`, `paused`, `done` or `cancelled`.
    state: String,
    /// Why it was paused or cancelled by itself.
    #[schema(required)]
    why: Option<String>,
    created_at: String,
    #[schema(required)]
    ended_at: Option<String>,
}

/// Which template.
#[derive(Serialize, ToSchema)]
pub struct TemplateName {
    name: String,
    language: String,
}

/// Who gets the answers: the AI, or a desk at once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct RepliesTo {
    /// `ai` or `desk`.
    to: String,
    /// The topic by which the desk's route is picked.
    #[serde(default)]
    topic: Option<String>,
}

/// The workspace's campaigns, newest first.
#[derive(Serialize, ToSchema)]
pub struct Campaigns {
    campaigns: Vec<Campaign>,
}

/// A campaign and how far it has come.
#[derive(Serialize, ToSchema)]
pub struct CampaignView {
    #[serde(flatten)]
    campaign: Campaign,
    /// How many people there are of each status.
    counts: BTreeMap<String, u64>,
    /// How many people are on the list.
    total: u64,
    /// Messages that the vendor charges for, as far as it has said.
    billable: u64,
    /// What they cost, by currency, as far as the vendor named prices.
    prices: Vec<CampaignPrice>,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
pub struct CampaignPrice {
    /// Millionths of the currency's unit.
    micros: i64,
    /// ISO 4217.
    currency: String,
}

/// A new campaign.
#[derive(Deserialize, ToSchema)]
pub struct NewCampaign {
    /// The caller's own id for it, a UUID: sent once more, as after a lost answer, it makes no
    /// second campaign.
    #[serde(default)]
    id: Option<String>,
    name: String,
    inbox_id: String,
    /// The template's name.
    template: String,
    /// Its language.
    language: String,
    /// Values that are the same for everybody; a person's own go before them.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Values,
    /// Who gets the answers; the AI where nobody says.
    #[serde(default)]
    replies: Option<RepliesTo>,
    /// How many go out in a minute at most; 600 where nobody says.
    #[serde(default)]
    pace_per_minute: Option<u32>,
    /// Whether it begins at once; otherwise it waits for `resume`.
    #[serde(default)]
    start: bool,
    /// The country of numbers without a country code (ISO 3166-1); that of the inbox's own
    /// number where nobody says.
    #[serde(default)]
    region: Option<String>,
    /// The people, at most 100,000.
    #[serde(default)]
    recipients: Vec<Person>,
    /// Or else a table with a head line: `to`, `name` and one column for each value.
    #[serde(default)]
    csv: Option<String>,
}

/// One person on the list and what became of their message.
#[derive(Serialize, ToSchema)]
pub struct CampaignRecipient {
    /// The place on the list, from 1.
    place: i64,
    /// The number as it was given.
    to: String,
    #[schema(required)]
    name: Option<String>,
    /// `waiting`, `queued`, `sent`, `delivered`, `read`, `failed`, `unknown` or `skipped`.
    status: String,
    /// Why they got nothing, or why it did not arrive.
    #[schema(required)]
    why: Option<String>,
    /// The session that their message stands in.
    #[schema(required)]
    session_id: Option<String>,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub struct CampaignRecipients {
    recipients: Vec<CampaignRecipient>,
    /// What to give as `after` for the next page; none at the end.
    #[schema(required)]
    next: Option<i64>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// Only those with this status.
    status: Option<String>,
    /// `next` of the page before.
    after: Option<i64>,
    /// How many, at most 200.
    limit: Option<usize>,
}

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    let large =
        OpenApiRouter::new().routes(routes!(create)).layer(DefaultBodyLimit::max(LIST_MAX_BYTES));
    OpenApiRouter::new()
        .merge(large)
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(recipients))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
}

/// Makes a campaign. Every number and every value is looked at before anything is sent; who
/// cannot be reached stands on the list as skipped, with the reason. While a long list is being
/// read the campaign is `loading`. Where there is one of the given id already, that one is
/// answered with 200.
#[utoipa::path(post, path = "/api/campaigns", tag = "campaigns", request_body = NewCampaign,
    responses((status = 201, body = CampaignView), (status = 200, body = CampaignView),
        (status = "4XX", body = ErrorBody)))]
async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewCampaign>,
) -> Result<(StatusCode, Json<CampaignView>), ApiError> {
    let _one_of_few = app.lists.try_acquire().map_err(|_| ApiError::overloaded())?;
    let (start, given, workspace) = (new.start, own_id(&new)?, caller.workspace);
    if let Some(id) = given
        && app.store().campaign_get(workspace, id).await?.is_some()
    {
        return Ok((StatusCode::OK, view(&app, workspace, id).await?));
    }
    let (mut reader, mut first) = reader(&app, &caller, new).await?;
    let id = reader.campaign.id;
    let rest = first.split_off(first.len().min(CHUNK));
    let list = reader.read_first(first)?;
    if !app.store().campaign_put(reader.campaign.clone()).await? {
        // The same call came twice at once; or the id is another workspace's.
        let known = app.store().campaign_get(workspace, id).await?;
        known.ok_or_else(|| ApiError::refused("id", "it is taken; make another UUID"))?;
        return Ok((StatusCode::OK, view(&app, workspace, id).await?));
    }
    // Also when the caller goes away in the middle of it.
    let hub = Arc::clone(&app);
    let written = tokio::spawn(async move { write(&hub, reader, list, rest, start).await });
    // A long list goes on being read behind the answer; the campaign is loading until then.
    if let Ok(written) = tokio::time::timeout(WRITE_PATIENCE, written).await {
        written.map_err(|_| ApiError::internal())??;
    }
    app.hub.campaigns_look();
    Ok((StatusCode::CREATED, view(&app, workspace, id).await?))
}

/// The id that the caller made.
fn own_id(new: &NewCampaign) -> Result<Option<CampaignId>, ApiError> {
    let read = |id: &String| {
        CampaignId::read(id).ok_or_else(|| ApiError::refused("id", "not a UUID; leave it out"))
    };
    new.id.as_ref().map(read).transpose()
}

/// The campaign that is asked for, ready to look at the people on its list.
pub(super) async fn reader(
    app: &App,
    caller: &Caller,
    new: NewCampaign,
) -> Result<(Reader, Vec<Person>), ApiError> {
    let (inbox, own) = inbox(app, caller, &new.inbox_id)?;
    let found = app.store().template_find(inbox, &new.template, &new.language).await?;
    let template = templates::sendable(found)?;
    let campaign = campaign(app, caller, inbox, &new)?;
    let region = new.region.or_else(|| phone::region(own?.trim_start_matches('+')));
    let people = people::given(new.recipients, new.csv)?;
    Ok((Reader::new(campaign, template, region), people))
}

/// The inbox, if it is the caller's and has phone numbers, and its own number.
fn inbox(app: &App, caller: &Caller, id: &str) -> Result<(InboxId, Option<String>), ApiError> {
    let sources = app.hub.sources(caller.workspace);
    let source = sources.into_iter().find(|s| !s.desk && s.id.to_string() == id);
    let source = source.ok_or_else(|| ApiError::refused("inbox_id", "no inbox has this id"))?;
    match source.channel {
        Some(channel) if channel.writes_to_phones() => Ok((InboxId(source.id), source.address)),
        _ => Err(ApiError::refused("inbox_id", "its channel does not reach phone numbers")),
    }
}

fn campaign(
    app: &App,
    caller: &Caller,
    inbox: InboxId,
    new: &NewCampaign,
) -> Result<campaign::Campaign, ApiError> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        let why = format!("enter a name of at most {NAME_MAX_CHARS} characters");
        return Err(ApiError::refused("name", &why));
    }
    let pace = new.pace_per_minute.unwrap_or(PACE_DEFAULT);
    if !(1..=MAX_PACE_PER_MINUTE).contains(&pace) {
        let why = format!("enter a number from 1 to {MAX_PACE_PER_MINUTE}");
        return Err(ApiError::refused("pace_per_minute", &why));
    }
    let replies = match &new.replies {
        None => Replies::Ai,
        Some(replies) if replies.to == "ai" => Replies::Ai,
        Some(replies) if replies.to == "desk" => Replies::Desk { topic: replies.topic.clone() },
        Some(_) => return Err(ApiError::refused("replies", "write ai or desk")),
    };
    Ok(campaign::Campaign {
        id: own_id(new)?.unwrap_or_else(|| CampaignId(app.hub.new_id())),
        workspace: caller.workspace,
        inbox,
        name: name.to_owned(),
        template: CampaignTemplate {
            name: new.template.clone(),
            language: new.language.clone(),
            values: new.values.clone(),
        },
        replies,
        pace_per_minute: pace,
        state: CampaignState::Loading,
        why: None,
        created_at: app.hub.clock().now(),
        ended_at: None,
    })
}

/// Reads and writes the list, part by part, and lets the campaign begin.
async fn write(
    app: &App,
    mut reader: Reader,
    mut list: Vec<Recipient>,
    mut people: Vec<Person>,
    start: bool,
) -> Result<(), StoreError> {
    let id = reader.campaign.id;
    loop {
        app.store().recipients_put(list).await?;
        if people.is_empty() {
            break;
        }
        let rest = people.split_off(people.len().min(CHUNK));
        list = reader.read(std::mem::replace(&mut people, rest));
    }
    let next = if start { CampaignState::Running } else { CampaignState::Paused };
    let now = app.hub.clock().now();
    app.store().campaign_move(id, (CampaignState::Loading, next), None, now).await?;
    app.hub.campaigns_look();
    Ok(())
}

/// The workspace's campaigns, newest first.
#[utoipa::path(get, path = "/api/campaigns", tag = "campaigns",
    responses((status = 200, body = Campaigns), (status = "4XX", body = ErrorBody)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Campaigns>, ApiError> {
    let found = app.store().campaign_list(caller.workspace, LIMIT_MAX).await?;
    Ok(Json(Campaigns { campaigns: found.into_iter().map(Campaign::from).collect() }))
}

/// A campaign and how far it has come.
#[utoipa::path(get, path = "/api/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = ErrorBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<CampaignView>, ApiError> {
    view(&app, caller.workspace, CampaignId(id)).await
}

async fn view(
    app: &App,
    workspace: baton_core::ids::WorkspaceId,
    id: CampaignId,
) -> Result<Json<CampaignView>, ApiError> {
    let found = app.store().campaign_get(workspace, id).await?;
    let campaign = found.ok_or_else(ApiError::not_found)?;
    let Progress { counts, billable, prices } = app.store().campaign_progress(id).await?;
    let price = |price: baton_core::cost::Price| CampaignPrice {
        micros: price.micros,
        currency: price.currency,
    };
    Ok(Json(CampaignView {
        campaign: campaign.into(),
        total: counts.values().sum(),
        counts,
        billable,
        prices: prices.into_iter().map(price).collect(),
    }))
}

/// A campaign's list, in order.
#[utoipa::path(get, path = "/api/campaigns/{id}/recipients", tag = "campaigns",
    params(("id" = String, Path), PageQuery),
    responses((status = 200, body = CampaignRecipients), (status = "4XX", body = ErrorBody)))]
async fn recipients(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<PageQuery>,
) -> Result<Json<CampaignRecipients>, ApiError> {
    let id = CampaignId(id);
    let known = app.store().campaign_get(caller.workspace, id).await?;
    known.ok_or_else(ApiError::not_found)?;
    let status = query.status.as_deref();
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(ApiError::bad_request(format!("status: one of {}", STATUSES.join(", "))));
    }
    let limit = rows(query.limit, LIMIT_DEFAULT);
    let after = query.after.unwrap_or(0);
    let mut found = app.store().recipients_page(id, status, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.recipient.place);
    let recipients = found.into_iter().map(CampaignRecipient::from).collect();
    Ok(Json(CampaignRecipients { recipients, next }))
}

/// Stops giving turns. What is in the outbox already goes out.
#[utoipa::path(post, path = "/api/campaigns/{id}/pause", tag = "campaigns",
    params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = ErrorBody)))]
async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<CampaignView>, ApiError> {
    change(&app, &caller, CampaignId(id), CampaignState::Paused).await
}

/// Goes on with whoever still waits.
#[utoipa::path(post, path = "/api/campaigns/{id}/resume", tag = "campaigns",
    params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = ErrorBody)))]
async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<CampaignView>, ApiError> {
    change(&app, &caller, CampaignId(id), CampaignState::Running).await
}

/// Ends it for good: whoever still waits gets nothing.
#[utoipa::path(post, path = "/api/campaigns/{id}/cancel", tag = "campaigns",
    params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = ErrorBody)))]
async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<CampaignView>, ApiError> {
    change(&app, &caller, CampaignId(id), CampaignState::Cancelled).await
}

async fn change(
    app: &App,
    caller: &Caller,
    id: CampaignId,
    next: CampaignState,
) -> Result<Json<CampaignView>, ApiError> {
    let found = app.store().campaign_get(caller.workspace, id).await?;
    let state = found.ok_or_else(ApiError::not_found)?.state;
    let now: Timestamp = app.hub.clock().now();
    let may = state == next
        || (state.may_become(next)
            && app.store().campaign_move(id, (state, next), None, now).await?);
    if !may {
        let text = format!("the campaign is {} and cannot become {}", state.name(), next.name());
        return Err(ApiError::new(StatusCode::CONFLICT, "wrong_state", text));
    }
    app.hub.campaigns_look();
    view(app, caller.workspace, id).await
}

impl From<campaign::Campaign> for Campaign {
    fn from(campaign: campaign::Campaign) -> Self {
        let replies = match campaign.replies {
            Replies::Ai => RepliesTo { to: "ai".to_owned(), topic: None },
            Replies::Desk { topic } => RepliesTo { to: "desk".to_owned(), topic },
        };
        let template = campaign.template;
        Self {
            id: campaign.id.to_string(),
            name: campaign.name,
            inbox_id: campaign.inbox.to_string(),
            template: TemplateName { name: template.name, language: template.language },
            replies,
            pace_per_minute: campaign.pace_per_minute,
            state: campaign.state.name().to_owned(),
            why: campaign.why,
            created_at: campaign.created_at.rfc3339(),
            ended_at: campaign.ended_at.map(Timestamp::rfc3339),
        }
    }
}

impl From<RecipientView> for CampaignRecipient {
    fn from(view: RecipientView) -> Self {
        let recipient = view.recipient;
        Self {
            place: recipient.place,
            to: recipient.given,
            name: recipient.name,
            status: view.status,
            why: recipient.why.or_else(|| view.fault.map(|fault| fault.rep)),
            session_id: recipient.session.map(|id| id.to_string()),
        }
    }
}
