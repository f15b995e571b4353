use baton_core::{
    campaign::{
        Campaign, CampaignState, CampaignTemplate, Recipient, RecipientMark, RecipientState,
        RecipientTurn, Replies, SkipReason,
    },
    cost::{Cost, Price},
    fault::{Fault, FaultClass},
    ids::*,
    message::{AuthorKind, MessageStatus},
    template::Values,
};
use baton_store::{Commit, CommitError};

use crate::world::*;

crate::both!(
    a_campaign_and_its_list_read_as_they_were_written,
    a_list_that_is_not_read_to_its_end_is_found,
    a_turn_is_taken_once_and_with_its_message,
    nobody_has_a_turn_while_a_campaign_does_not_run,
    cancelling_lets_nobody_wait,
    progress_follows_the_messages,
);

fn campaign(w: &World) -> Campaign {
    Campaign {
        id: CampaignId(uuid()),
        workspace: w.workspace,
        inbox: w.inbox,
        name: "Spring".to_owned(),
        template: CampaignTemplate {
            name: "offer".to_owned(),
            language: "en".to_owned(),
            values: Values::from([("1".to_owned(), "you".to_owned())]),
        },
        replies: Replies::Desk { topic: Some("sales".to_owned()) },
        pace_per_minute: 60,
        state: CampaignState::Running,
        why: None,
        created_at: NOW,
        ended_at: None,
    }
}

fn recipient(w: &World, campaign: &Campaign, place: i64) -> Recipient {
    Recipient {
        campaign: campaign.id,
        place,
        workspace: w.workspace,
        point: Some(w.phone(format!("1555010{place:04}"))),
        given: format!("+1 555 010 {place:04}"),
        name: Some("Ada".to_owned()),
        values: Values::from([("1".to_owned(), "Ada".to_owned())]),
        state: RecipientState::Waiting,
        why: None,
        session: None,
        message: None,
        delivery: None,
        marked_at: None,
    }
}

async fn begun(w: &World, people: i64) -> (Campaign, Vec<Recipient>) {
    let campaign = campaign(w);
    assert!(w.store.campaign_put(campaign.clone()).await.unwrap());
    let list: Vec<Recipient> = (1..=people).map(|n| recipient(w, &campaign, n)).collect();
    w.store.recipients_put(list.clone()).await.unwrap();
    (campaign, list)
}

/// A message to somebody on the list, in a conversation of their own.
fn turn(w: &World, recipient: &Recipient) -> Commit {
    let mut commit = w.first_contact(&recipient.point.as_ref().unwrap().value);
    let session = commit.effects.sessions[0].clone();
    let mut said = message(&session, 1, AuthorKind::System, "Our offer");
    said.status = MessageStatus::Pending;
    let sent = delivery(&session, 1, &said);
    commit.effects.recipients.push(RecipientMark {
        campaign: recipient.campaign,
        place: recipient.place,
        turn: RecipientTurn::Queued { session: session.id, message: said.id, delivery: sent.id },
    });
    commit.effects.messages = vec![said];
    commit.effects.deliveries = vec![sent];
    commit
}

async fn waiting(w: &World, campaign: &Campaign) -> Vec<i64> {
    let list = w.store.recipients_waiting(campaign.id, 100).await.unwrap();
    list.into_iter().map(|recipient| recipient.place).collect()
}

async fn a_campaign_and_its_list_read_as_they_were_written(w: World) {
    let (campaign, list) = begun(&w, 3).await;
    let read = w.store.campaign_get(w.workspace, campaign.id).await.unwrap();
    assert_eq!(read, Some(campaign.clone()));
    assert_eq!(w.store.campaign_get(WorkspaceId(uuid()), campaign.id).await.unwrap(), None);
    let one = std::slice::from_ref(&campaign);
    assert_eq!(w.store.campaign_list(w.workspace, 10).await.unwrap(), one);
    assert_eq!(w.store.campaigns_running(10).await.unwrap(), one);
    assert_eq!(w.store.recipients_waiting(campaign.id, 2).await.unwrap(), list[..2]);
    let theirs = Campaign { workspace: WorkspaceId(uuid()), ..campaign.clone() };
    assert!(!w.store.campaign_put(theirs).await.unwrap());
    assert_eq!(w.store.campaigns_running(10).await.unwrap(), one, "it stays as it is");
    let mut other = list[0].clone();
    other.given = "another".to_owned();
    w.store.recipients_put(vec![other]).await.unwrap();
    assert_eq!(w.store.recipients_waiting(campaign.id, 9).await.unwrap(), list, "written once");
}

async fn a_list_that_is_not_read_to_its_end_is_found(w: World) {
    let loading = Campaign { state: CampaignState::Loading, ..campaign(&w) };
    w.store.campaign_put(loading.clone()).await.unwrap();
    begun(&w, 1).await;
    let found = async |before| w.store.campaigns_loading(before, 10).await.unwrap();
    assert_eq!(found(NOW).await, []);
    assert_eq!(found(NOW.plus_ms(1)).await, [loading]);
}

async fn a_turn_is_taken_once_and_with_its_message(w: World) {
    let (campaign, list) = begun(&w, 2).await;
    let first = turn(&w, &list[0]);
    w.store.commit(first.clone()).await.unwrap();
    assert_eq!(waiting(&w, &campaign).await, [2]);
    let page = w.store.recipients_page(campaign.id, None, 0, 10).await.unwrap();
    assert_eq!(page[0].recipient.delivery, Some(first.effects.deliveries[0].id));
    assert_eq!(page[0].recipient.message, Some(first.effects.messages[0].id));
    assert_eq!((page[0].status.as_str(), page[1].status.as_str()), ("queued", "waiting"));

    // Somebody else gives the same person another turn.
    let mut again = turn(&w, &list[0]);
    let id = again.effects.conversation.id;
    assert!(matches!(w.store.commit(again.clone()).await, Err(CommitError::Conflict)));
    again.effects.recipients.clear();
    assert!(w.store.state_load(id, &Default::default()).await.unwrap().is_none());

    // The same one twice in a batch: one wins.
    let (a, b) = (turn(&w, &list[1]), turn(&w, &list[1]));
    let (a, b) = tokio::join!(w.store.commit(a), w.store.commit(b));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert!(waiting(&w, &campaign).await.is_empty());
}

async fn nobody_has_a_turn_while_a_campaign_does_not_run(w: World) {
    use CampaignState::{Done, Paused, Running};
    let (campaign, list) = begun(&w, 1).await;
    let why = Some("the template is paused".to_owned());
    assert!(w.store.campaign_move(campaign.id, (Running, Paused), why.clone(), NOW).await.unwrap());
    assert!(!w.store.campaign_move(campaign.id, (Running, Done), None, NOW).await.unwrap());
    let refused = w.store.commit(turn(&w, &list[0])).await;
    assert!(matches!(refused, Err(CommitError::Conflict)));
    let paused = w.store.campaign_get(w.workspace, campaign.id).await.unwrap().unwrap();
    assert_eq!((paused.state, paused.why, paused.ended_at), (Paused, why, None));
    assert!(w.store.campaigns_running(9).await.unwrap().is_empty());
    assert!(w.store.campaign_move(campaign.id, (Paused, Running), None, NOW).await.unwrap());
    w.store.commit(turn(&w, &list[0])).await.unwrap();
}

async fn cancelling_lets_nobody_wait(w: World) {
    use CampaignState::{Cancelled, Running};
    let (campaign, list) = begun(&w, 3).await;
    w.store.commit(turn(&w, &list[0])).await.unwrap();
    w.store.recipient_skip(campaign.id, 1, "never".to_owned(), NOW).await.unwrap();
    w.store.recipient_skip(campaign.id, 2, "invalid_values: 1".to_owned(), NOW).await.unwrap();
    assert!(w.store.campaign_move(campaign.id, (Running, Cancelled), None, NOW).await.unwrap());
    let page = w.store.recipients_page(campaign.id, None, 0, 10).await.unwrap();
    let told: Vec<(&str, Option<&str>)> =
        page.iter().map(|v| (v.status.as_str(), v.recipient.why.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("queued", None),
            ("skipped", Some("invalid_values: 1")),
            ("skipped", Some(SkipReason::Cancelled.name()))
        ]
    );
    let ended = w.store.campaign_get(w.workspace, campaign.id).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.ended_at), (Cancelled, Some(NOW)));
}

async fn progress_follows_the_messages(w: World) {
    let (campaign, list) = begun(&w, 6).await;
    let statuses = [
        MessageStatus::Read,
        MessageStatus::Delivered,
        MessageStatus::Failed,
        MessageStatus::MayHaveBeenSent,
        MessageStatus::Cancelled,
    ];
    for (recipient, status) in list.iter().zip(statuses) {
        let mut commit = turn(&w, recipient);
        let said = &mut commit.effects.messages[0];
        said.status = status;
        let billable = matches!(status, MessageStatus::Read | MessageStatus::Delivered);
        said.cost = billable.then(|| Cost {
            category: "marketing".to_owned(),
            billable,
            kind: None,
            segments: None,
            price: Some(Price { micros: 25_000, currency: "USD".to_owned() }),
        });
        said.fault = (status == MessageStatus::Failed)
            .then(|| Fault::new(FaultClass::NotReachable, "cannot be reached"));
        w.store.commit(commit).await.unwrap();
    }
    let progress = w.store.campaign_progress(campaign.id).await.unwrap();
    let counts: Vec<(&str, u64)> =
        progress.counts.iter().map(|(status, count)| (status.as_str(), *count)).collect();
    let one_each = ["delivered", "failed", "read", "skipped", "unknown", "waiting"];
    assert_eq!(counts, one_each.map(|status| (status, 1)));
    assert_eq!(progress.billable, 2);
    assert_eq!(progress.prices, [Price { micros: 50_000, currency: "USD".to_owned() }]);
    let failed = w.store.recipients_page(campaign.id, Some("failed"), 0, 10).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].recipient.place, 3);
    assert_eq!(failed[0].fault.as_ref().unwrap().rep, "cannot be reached");
    assert!(w.store.recipients_page(campaign.id, Some("failed"), 3, 10).await.unwrap().is_empty());
}
