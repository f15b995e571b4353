//! Receive and store: nothing is acknowledged before it is committed.

use std::sync::Arc;

use baton_core::{
    ids::{DeskId, InboundId, InboxId, WorkspaceId},
    inbound::{Answer, RawEvent, RawRequest, Received, Source},
};
use baton_store::{NewInbound, StoreError};
use uuid::Uuid;

use crate::{
    broken, crash,
    hub::Hub,
    registry::{LiveDesk, LiveInbox, Registry},
};

pub(crate) async fn receive(hub: &Hub, hook: Uuid, request: &RawRequest) -> Answer {
    let registry = hub.registry();
    let (source, workspace, received) = if let Some(inbox) = registry.inboxes.get(&InboxId(hook)) {
        (Source::Inbox(inbox.row.id), inbox.row.workspace, at_inbox(inbox, request))
    } else if let Some(desk) = registry.desks.get(&DeskId(hook)) {
        let received = at_desk(hub, &registry, desk, request).await;
        (Source::Desk(desk.row.id), desk.row.workspace, received)
    } else {
        return Answer::status(404);
    };
    match received {
        Received::Answer(answer) => answer,
        Received::StaleKeys => Answer::status(401),
        Received::Store { events, answer } => store(hub, source, workspace, events, answer).await,
    }
}

fn at_inbox(inbox: &LiveInbox, request: &RawRequest) -> Received {
    match &inbox.channel {
        Ok(channel) => channel.receive(request),
        Err(_) => closed(),
    }
}

async fn at_desk(
    hub: &Hub,
    registry: &Registry,
    live: &LiveDesk,
    request: &RawRequest,
) -> Received {
    let Some(desk) = registry.desk(live.row.id) else { return closed() };
    let received = desk.receive(request, hub.clock.now());
    if received != Received::StaleKeys {
        return received;
    }
    let fresh = Arc::clone(&desk);
    if let Err(fault) = fresh.refresh_keys().await {
        tracing::warn!(desk = %live.row.id, fault = %fault.operator, "signing keys not fetched");
        return Received::Answer(Answer::status(503));
    }
    desk.receive(request, hub.clock.now())
}

/// The source is configured wrongly: the vendor keeps the event and tries again.
fn closed() -> Received {
    Received::Answer(Answer::status(503))
}

async fn store(
    hub: &Hub,
    source: Source,
    workspace: WorkspaceId,
    events: Vec<RawEvent>,
    answer: Answer,
) -> Answer {
    if events.is_empty() {
        return answer;
    }
    let rows = rows(hub, source, workspace, events);
    if broken::writes_late(&hub.store, &rows) {
        return answer;
    }
    match stored(hub, hub.store.inbound_put(rows)).await {
        Ok(_) => {
            hub.health.heard(source.id(), hub.clock.now());
            answer
        }
        Err(StoreError::Overloaded) => {
            metrics::counter!("baton_inbound_refused_total").increment(1);
            Answer::status(503)
        }
        Err(error) => {
            tracing::error!(%error, "event not stored, vendor asked to send it again");
            Answer::status(503)
        }
    }
}

/// Events as they are stored, received now.
pub(crate) fn rows(
    hub: &Hub,
    source: Source,
    workspace: WorkspaceId,
    events: Vec<RawEvent>,
) -> Vec<NewInbound> {
    let received_at = hub.clock.now();
    let row = |event: RawEvent| NewInbound {
        id: InboundId::new(hub.ids.as_ref()),
        workspace,
        source,
        vendor_event_id: event.vendor_event_id,
        source_key: event.source_key,
        body: event.body,
        received_at,
    };
    events.into_iter().map(row).collect()
}

/// Stores what was heard or read without the vendor's waiting for an answer; how many were new.
pub(crate) async fn heard(hub: &Hub, rows: Vec<NewInbound>) -> Result<usize, StoreError> {
    stored(hub, hub.store.inbound_heard(rows)).await
}

/// So many events were new.
pub(crate) fn count(new: usize) {
    metrics::counter!("baton_inbound_total").increment(new as u64);
}

async fn stored(
    hub: &Hub,
    storing: impl Future<Output = Result<usize, StoreError>>,
) -> Result<usize, StoreError> {
    crash::point("before", "inbound");
    let new = storing.await?;
    crash::point("after", "inbound");
    count(new);
    hub.wakes.inbound.notify_one();
    Ok(new)
}
