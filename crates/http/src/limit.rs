//! Counting tries within a span of time, in bounded memory.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use baton_core::time::{SECOND_MS, Timestamp};

/// At most so many tries per key and span.
pub(crate) struct Tries {
    most: u32,
    span_ms: i64,
    max_keys: usize,
    keys: Mutex<HashMap<String, Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    tries: u32,
    ends_at: Timestamp,
}

impl Tries {
    pub(crate) fn new(most: u32, span_ms: i64, max_keys: usize) -> Self {
        Self { most, span_ms, max_keys, keys: Mutex::new(HashMap::new()) }
    }

    /// Counts a try before it is made, so that many at once cannot slip through. When there
    /// were too many already: the seconds until the next one counts again.
    pub(crate) fn count(&self, key: &str, now: Timestamp) -> Result<(), u64> {
        let mut keys = self.lock();
        make_room(&mut keys, self.max_keys, now);
        let fresh = Count { tries: 0, ends_at: now.plus_ms(self.span_ms) };
        let count = keys.entry(key.to_owned()).or_insert(fresh);
        // A clock that was set back must not lock anybody out for longer than the span.
        if count.ends_at <= now || count.ends_at.since_ms(now) > self.span_ms {
            *count = fresh;
        }
        if count.tries >= self.most {
            let left_ms = count.ends_at.since_ms(now).max(SECOND_MS);
            return Err(left_ms.unsigned_abs().div_ceil(SECOND_MS.unsigned_abs()));
        }
        count.tries += 1;
        Ok(())
    }

    /// Takes one try back, because it succeeded. The failed ones stay: whoever has one account
    /// must not guess at others between two sign-ins of their own.
    pub(crate) fn give_back(&self, key: &str) {
        if let Some(count) = self.lock().get_mut(key) {
            count.tries = count.tries.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Count>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(keys: &mut HashMap<String, Count>, max_keys: usize, now: Timestamp) {
    if keys.len() < max_keys {
        return;
    }
    keys.retain(|_, count| count.ends_at > now);
    if keys.len() >= max_keys {
        let oldest = keys.iter().min_by_key(|(_, count)| count.ends_at).map(|(key, _)| key.clone());
        oldest.and_then(|key| keys.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_tries_are_refused_until_the_span_ends() {
        let tries = Tries::new(2, 60_000, 10);
        assert_eq!(tries.count("a", Timestamp(0)), Ok(()));
        assert_eq!(tries.count("a", Timestamp(0)), Ok(()));
        assert_eq!(tries.count("a", Timestamp(1_500)), Err(59));
        assert_eq!(tries.count("b", Timestamp(1_500)), Ok(()), "another key is free");
        assert_eq!(tries.count("a", Timestamp(60_000)), Ok(()));
    }

    #[test]
    fn success_gives_back_and_a_clock_set_back_frees() {
        let tries = Tries::new(1, 60_000, 10);
        assert_eq!(tries.count("a", Timestamp(1_000_000)), Ok(()));
        assert!(tries.count("a", Timestamp(1_000_000)).is_err());
        assert_eq!(tries.count("a", Timestamp(0)), Ok(()));
        assert!(tries.count("a", Timestamp(0)).is_err());
        tries.give_back("a");
        assert_eq!(tries.count("a", Timestamp(0)), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let tries = Tries::new(1, 60_000, 3);
        for n in 0..100 {
            assert_eq!(tries.count(&n.to_string(), Timestamp(n)), Ok(()));
        }
        assert!(tries.lock().len() <= 3);
    }
}
