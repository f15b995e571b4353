//! Holding the partitions. Real time only: a virtual clock never touches a lease.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::{handoff, hub::Hub, settle};

/// Takes the leases at the start, if they are free.
pub(crate) async fn hold(hub: &Arc<Hub>) {
    renew(hub).await;
}

/// Renews three times within a lease's life.
pub(crate) async fn keep(hub: Arc<Hub>) {
    let every = Duration::from_millis(hub.config.lease_ms.unsigned_abs() / 3);
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => renew(&hub).await,
            () = hub.stopped() => return,
        }
    }
}

async fn renew(hub: &Arc<Hub>) {
    let held = hub.leased.load(Ordering::Acquire);
    // Taking renews what is held, and takes what others let go.
    let terms = hub.store.lease_take(hub.config.lease_ms).await;
    let holds = match terms {
        Ok(terms) => !terms.by_partition.is_empty(),
        Err(error) => {
            tracing::warn!(%error, "leases not renewed");
            false
        }
    };
    if holds != held {
        tracing::info!(holds, "leases changed");
        hub.leased.store(holds, Ordering::Release);
    }
    if holds && !held {
        taken_over(hub).await;
    }
}

/// What an earlier holder left under way is unknown now, and its handoffs are compared anew.
async fn taken_over(hub: &Arc<Hub>) {
    settle::settle_interrupted(hub).await;
    handoff::compare_all(hub).await;
    hub.wake_all();
}
