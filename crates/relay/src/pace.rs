//! How fast a vendor lets us send: token buckets, and pauses that a vendor asked for.
//!
//! Kept in memory by the node that owns the conversations. After a restart a bucket is full,
//! so at most one burst more goes out; the vendor's own 429 then sets a pause.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use baton_core::{channel::Pace, ids::ConversationId, time::Timestamp};
use uuid::Uuid;

/// More buckets than this are not kept: those that are full again are forgotten first.
const MAX_BUCKETS: usize = 100_000;

/// What is paced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Lane {
    /// One customer of one inbox.
    Pair(ConversationId),
    /// A whole inbox or desk.
    Source(Uuid),
    /// One campaign, or all campaigns of one inbox.
    Campaign(Uuid),
}

#[derive(Debug, Default)]
pub(crate) struct Paces {
    lanes: Mutex<HashMap<Lane, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// The theoretical moment at which the bucket is full again.
    full_at: Timestamp,
    /// Nothing goes before this, whatever the bucket says.
    paused_until: Timestamp,
}

impl Paces {
    /// The first moment at which one more may go.
    pub(crate) fn free_at(&self, lane: Lane, pace: Option<Pace>, now: Timestamp) -> Timestamp {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = lanes.get(&lane) else { return now };
        let by_pace = pace.map_or(now, |pace| {
            bucket.full_at.plus_ms(-pace.refill_ms * i64::from(pace.burst.max(1) - 1))
        });
        by_pace.max(bucket.paused_until).max(now)
    }

    /// One goes now.
    pub(crate) fn take(&self, lane: Lane, pace: Option<Pace>, now: Timestamp) {
        let Some(pace) = pace else { return };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        forget_full(&mut lanes, now);
        let bucket = lanes.entry(lane).or_insert(Bucket { full_at: now, paused_until: now });
        bucket.full_at = bucket.full_at.max(now).plus_ms(pace.refill_ms);
    }

    /// The vendor asked for a pause.
    pub(crate) fn pause(&self, lane: Lane, until: Timestamp) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = lanes.entry(lane).or_insert(Bucket { full_at: until, paused_until: until });
        bucket.paused_until = bucket.paused_until.max(until);
    }
}

fn forget_full(lanes: &mut HashMap<Lane, Bucket>, now: Timestamp) {
    if lanes.len() >= MAX_BUCKETS {
        lanes.retain(|_, bucket| bucket.full_at > now || bucket.paused_until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_then_one_per_interval() {
        let paces = Paces::default();
        let pace = Some(Pace { burst: 3, refill_ms: 6_000 });
        let lane = Lane::Source(Uuid::nil());
        let start = Timestamp(1_000_000);
        for _ in 0..3 {
            assert_eq!(paces.free_at(lane, pace, start), start);
            paces.take(lane, pace, start);
        }
        let next = paces.free_at(lane, pace, start);
        assert_eq!(next, start.plus_ms(6_000));
        paces.take(lane, pace, next);
        assert_eq!(paces.free_at(lane, pace, next), next.plus_ms(6_000));
        let rested = next.plus_ms(60_000);
        assert_eq!(paces.free_at(lane, pace, rested), rested);
    }

    #[test]
    fn a_pause_holds_whatever_the_bucket_says() {
        let paces = Paces::default();
        let lane = Lane::Source(Uuid::nil());
        paces.pause(lane, Timestamp(500));
        assert_eq!(paces.free_at(lane, None, Timestamp(100)), Timestamp(500));
        assert_eq!(paces.free_at(lane, None, Timestamp(600)), Timestamp(600));
    }
}
