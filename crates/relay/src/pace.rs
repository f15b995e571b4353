//! How fast a vendor lets us send: token buckets, and pauses that a vendor asked for. Who finds a
//! bucket empty gets a place in the line and comes back then, so that nobody asks again in vain
//! and nobody who comes later goes first.
//!
//! Kept in memory by the node that owns the conversations. After a restart a bucket is full,
//! so at most one burst more goes out; the vendor's own 429 then sets a pause.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use baton_core::{
    channel::Pace,
    ids::{ConversationId, DeliveryId},
    time::{MINUTE_MS, Timestamp},
};
use uuid::Uuid;

/// More buckets than this are not kept: those that are full again are forgotten first.
const MAX_BUCKETS: usize = 100_000;
/// More places in lines than this are not kept: those that nobody came for are forgotten first.
const MAX_PLACES: usize = 100_000;
/// Who does not come this long after their place in the line was reached gets a new one.
const PLACE_KEPT_MS: i64 = MINUTE_MS;

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
    places: Mutex<HashMap<DeliveryId, Place>>,
}

/// Somebody who found a bucket empty.
#[derive(Clone, Copy, Debug)]
struct Place {
    lane: Lane,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// The theoretical moment at which the bucket is full again.
    full_at: Timestamp,
    /// Nothing goes before this, whatever the bucket says.
    paused_until: Timestamp,
    /// The last place in the line.
    line_until: Timestamp,
    /// The last place in the line of those who wait for no campaign.
    urgent_until: Timestamp,
}

impl Bucket {
    fn full(at: Timestamp) -> Self {
        Self { full_at: at, paused_until: at, line_until: at, urgent_until: at }
    }

    fn free_at(&self, pace: Option<Pace>, now: Timestamp) -> Timestamp {
        let by_pace = pace.map_or(now, |pace| {
            self.full_at.plus_ms(-pace.refill_ms * i64::from(pace.burst.max(1) - 1))
        });
        by_pace.max(self.paused_until).max(now)
    }

    fn take(&mut self, pace: Pace, now: Timestamp) {
        self.full_at = self.full_at.max(now).plus_ms(pace.refill_ms);
    }
}

impl Paces {
    /// The first moment at which one more may go, behind those that wait.
    pub(crate) fn free_at(&self, lane: Lane, pace: Option<Pace>, now: Timestamp) -> Timestamp {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.get(&lane).map_or(now, |bucket| {
            bucket.free_at(pace, now).max(bucket.line_until).max(bucket.urgent_until)
        })
    }

    /// Lets a delivery go now, and counts it; or says when it may, which is not before those that
    /// wait already. What is urgent waits only for what is urgent too.
    pub(crate) fn claim(
        &self,
        lane: Lane,
        pace: Option<Pace>,
        (who, urgent): (DeliveryId, bool),
        now: Timestamp,
    ) -> Timestamp {
        let Some(pace) = pace else { return self.free_at(lane, None, now) };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        forget_full(&mut lanes, now);
        let bucket = lanes.entry(lane).or_insert(Bucket::full(now));
        let waited = places.remove(&who).is_some_and(|place| place.lane == lane);
        let free_at = bucket.free_at(Some(pace), now);
        let line =
            if urgent { bucket.urgent_until } else { bucket.line_until.max(bucket.urgent_until) };
        if free_at <= now && (waited || line <= now) {
            bucket.take(pace, now);
            return now;
        }
        let at = if line > now { free_at.max(line.plus_ms(pace.refill_ms)) } else { free_at };
        *if urgent { &mut bucket.urgent_until } else { &mut bucket.line_until } = at;
        if places.len() >= MAX_PLACES {
            places.retain(|_, place| place.at.plus_ms(PLACE_KEPT_MS) > now);
        }
        places.insert(who, Place { lane, at });
        at
    }

    /// What was let go did not go.
    pub(crate) fn give_back(&self, lane: Lane, pace: Pace) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = lanes.get_mut(&lane) {
            bucket.full_at = bucket.full_at.plus_ms(-pace.refill_ms);
        }
    }

    /// One goes now.
    pub(crate) fn take(&self, lane: Lane, pace: Option<Pace>, now: Timestamp) {
        let Some(pace) = pace else { return };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        forget_full(&mut lanes, now);
        lanes.entry(lane).or_insert(Bucket::full(now)).take(pace, now);
    }

    /// The vendor asked for a pause. After it the bucket is empty, and the line begins anew:
    /// those who wait come one after the other.
    pub(crate) fn pause(&self, lane: Lane, pace: Option<Pace>, until: Timestamp) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = lanes.entry(lane).or_insert(Bucket::full(until));
        bucket.paused_until = bucket.paused_until.max(until);
        bucket.line_until = bucket.paused_until;
        bucket.urgent_until = bucket.paused_until;
        if let Some(pace) = pace {
            bucket.line_until = bucket.paused_until.plus_ms(-pace.refill_ms);
            bucket.urgent_until = bucket.line_until;
            let empty =
                bucket.paused_until.plus_ms(pace.refill_ms * i64::from(pace.burst.max(1) - 1));
            bucket.full_at = bucket.full_at.max(empty);
        }
        places.retain(|_, place| place.lane != lane);
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
        paces.pause(lane, None, Timestamp(500));
        assert_eq!(paces.free_at(lane, None, Timestamp(100)), Timestamp(500));
        assert_eq!(paces.free_at(lane, None, Timestamp(600)), Timestamp(600));
    }

    /// Everybody asks at once, and again when told to; the moments at which each goes.
    fn through(paces: &Paces, pace: Pace, people: u128, start: Timestamp) -> (Vec<i64>, usize) {
        let mut asking: Vec<_> =
            (0..people).map(|n| (start, DeliveryId(Uuid::from_u128(n)))).collect();
        let (mut went, mut asked) = (Vec::new(), 0);
        while !asking.is_empty() {
            asking.sort_unstable_by_key(|(at, id)| (*at, id.0));
            let (now, who) = asking.remove(0);
            asked += 1;
            match paces.claim(Lane::Source(Uuid::nil()), Some(pace), (who, true), now) {
                at if at <= now => went.push(now.0),
                at => asking.push((at, who)),
            }
        }
        (went, asked)
    }

    #[test]
    fn a_crowd_goes_at_the_ceiling_and_asks_twice_at_most() {
        let (paces, pace) = (Paces::default(), Pace::per_second(80));
        let (went, asked) = through(&paces, pace, 1_000, Timestamp(5_000));
        let second =
            |from: &i64| went.iter().filter(|at| (*from..*from + 1_000).contains(at)).count();
        assert_eq!(went.iter().map(second).max(), Some(80), "in any second");
        let took_ms = went[999] - went[0];
        assert!(took_ms <= 1_000 * 13, "{took_ms}");
        assert!(asked <= 2_000, "{asked}");
    }

    #[test]
    fn whoever_comes_later_waits_behind_the_line_and_a_pause_empties_the_bucket() {
        let (paces, pace) = (Paces::default(), Pace { burst: 1, refill_ms: 100 });
        let lane = Lane::Source(Uuid::nil());
        let claim = |who: u128, now: i64| {
            paces
                .claim(lane, Some(pace), (DeliveryId(Uuid::from_u128(who)), true), Timestamp(now))
                .0
        };
        assert_eq!([claim(1, 0), claim(2, 0), claim(3, 0)], [0, 100, 200]);
        assert_eq!(claim(4, 150), 300, "the free place is the second one's");
        assert_eq!(claim(2, 150), 150);
        paces.give_back(lane, pace);
        paces.pause(lane, Some(pace), Timestamp(1_000));
        assert_eq!([claim(3, 200), claim(4, 300)], [1_000, 1_100]);
        assert_eq!(claim(3, 1_000), 1_000);
    }

    #[test]
    fn a_customers_answer_goes_before_the_line_of_a_campaign() {
        let (paces, pace) = (Paces::default(), Pace { burst: 1, refill_ms: 100 });
        let claim = |who: u128, urgent: bool, now: i64| {
            let who = (DeliveryId(Uuid::from_u128(who)), urgent);
            paces.claim(Lane::Source(Uuid::nil()), Some(pace), who, Timestamp(now)).0
        };
        let campaign: Vec<i64> = (0..50).map(|who| claim(who, false, 0)).collect();
        assert_eq!((campaign[0], campaign[1], campaign[49]), (0, 100, 4_900));
        assert_eq!(claim(100, true, 50), 100, "the next free place, not the fiftieth");
        assert_eq!(claim(101, true, 50), 200, "behind who is urgent too");
        assert_eq!(claim(100, true, 100), 100);
        assert_eq!(claim(1, false, 100), 5_000, "whose place is gone goes to the end");
    }
}
