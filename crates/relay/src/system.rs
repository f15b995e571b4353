//! The real clock and the real source of ids.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand;
use baton_core::{
    ids::Ids,
    time::{BoxFuture, Clock, Timestamp},
};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Milliseconds since 1970 by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(machine_ms())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let left = at.since_ms(self.now());
            if left > 0 {
                tokio::time::sleep(Duration::from_millis(left.unsigned_abs())).await;
            }
        })
    }
}

/// Time-ordered random ids (UUID version 7).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        let mut random = [0_u8; 10];
        // The system's random source does not fail once the process runs.
        let _ = rand::fill(&mut random);
        Uuid::from_bytes(v7(machine_ms().unsigned_abs(), random))
    }
}

/// RFC 9562: 48 bits of milliseconds, then version, variant and randomness.
fn v7(ms: u64, random: [u8; 10]) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = (bytes[6] & 0x0F) | 0x70;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_ordered_by_time() {
        let early = Uuid::from_bytes(v7(1, [255; 10]));
        let late = Uuid::from_bytes(v7(2, [0; 10]));
        assert_eq!(early.get_version_num(), 7);
        assert!(early < late);
        assert_ne!(SystemIds.uuid(), SystemIds.uuid());
    }
}
