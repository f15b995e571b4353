//! Time limits on sending: the 24-hour window, the pair rate and the throughput of a number.

/// Facts: the window is 24 hours from the customer's last message (Cloud API "Send messages", checked 2026-11-20).
pub const WINDOW_MS: i64 = 24 * 3_600_000;

/// A bucket of permissions that refills with time.
#[derive(Clone, Debug)]
pub struct Bucket {
    capacity: i64,
    /// Milliseconds for one permission, in thousandths, so that 80 per second divides evenly.
    refill_us: i64,
    /// When the bucket would be full, in Unix microseconds.
    full_at_us: i64,
    /// Refused callers were told to wait until then.
    refused_until_us: i64,
}

/// What a bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    /// Refused for the first time since there was room.
    Refused,
    /// Refused again before there could be room: the caller does not pace itself.
    RefusedAgain,
}

impl Bucket {
    /// One message per 6 s to one user, with up to 45 borrowed at once (Cloud API "About the platform", checked 2026-11-20).
    pub fn pair() -> Self {
        Self::new(45, 6_000_000)
    }

    /// `per_s` messages per second.
    pub fn throughput(per_s: i64) -> Self {
        Self::new(per_s.max(1), 1_000_000 / per_s.max(1))
    }

    fn new(capacity: i64, refill_us: i64) -> Self {
        Self { capacity, refill_us, full_at_us: 0, refused_until_us: 0 }
    }

    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    /// Takes one permission at `now_ms`.
    pub fn take(&mut self, now_ms: i64) -> Verdict {
        let now_us = now_ms.saturating_mul(1_000);
        let full_at_us = self.full_at_us.max(now_us) + self.refill_us;
        let room_at_us = full_at_us - self.capacity * self.refill_us;
        if room_at_us <= now_us {
            self.full_at_us = full_at_us;
            return Verdict::Go;
        }
        let again = now_us < self.refused_until_us;
        self.refused_until_us = room_at_us;
        if again { Verdict::RefusedAgain } else { Verdict::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_five_at_once_then_one_in_six_seconds() {
        let mut bucket = Bucket::pair();
        assert!((0..45).all(|_| bucket.take(1_000) == Verdict::Go));
        assert_eq!(bucket.take(1_000), Verdict::Refused);
        assert_eq!(bucket.take(2_000), Verdict::RefusedAgain);
        assert_eq!(bucket.take(7_000), Verdict::Go);
        assert_eq!(bucket.take(7_000), Verdict::Refused);
        assert_eq!(bucket.take(13_000), Verdict::Go);
    }
}
