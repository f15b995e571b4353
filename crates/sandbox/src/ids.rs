//! Deterministic ids: the same seed gives the same accounts and the same vendor ids.

use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of well-spread numbers from a seed (SplitMix64). Not secret, and not meant to be.
pub struct Ids {
    state: AtomicU64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Ids {
    /// A stream for one `purpose` of a seed; different purposes do not repeat each other.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let salt = purpose.bytes().fold(seed, |salt, byte| mix(salt ^ u64::from(byte)));
        Self { state: AtomicU64::new(salt) }
    }

    /// The next number.
    pub fn next_u64(&self) -> u64 {
        mix(self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// `count` decimal digits, the first not zero.
    pub fn digits(&self, count: usize) -> String {
        let first = char::from(b'1' + (self.next_u64() % 9) as u8);
        std::iter::once(first)
            .chain((1..count).map(|_| char::from(b'0' + (self.next_u64() % 10) as u8)))
            .collect()
    }

    /// `count` lowercase hexadecimal digits.
    pub fn hex(&self, count: usize) -> String {
        let words = count.div_ceil(16);
        let text: String = (0..words).map(|_| format!("{:016x}", self.next_u64())).collect();
        text.chars().take(count).collect()
    }

    /// `count` letters and digits, as in vendor tokens.
    pub fn alphanumeric(&self, count: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..count).map(|_| char::from(ALPHABET[(self.next_u64() % 62) as usize])).collect()
    }

    /// A version 4 GUID in lowercase.
    pub fn guid(&self) -> String {
        let (high, low) = (self.next_u64(), self.next_u64());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_purposes_differ() {
        let (first, again, other) = (Ids::new(7, "a"), Ids::new(7, "a"), Ids::new(7, "b"));
        let id = first.guid();
        assert_eq!(id, again.guid());
        assert_ne!(id, other.guid());
        assert_ne!(id, first.guid());
        assert_eq!(id.len(), 36);
        assert_eq!(first.digits(15).len(), 15);
        assert_eq!(first.hex(32).len(), 32);
    }
}
