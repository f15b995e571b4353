//! The built program as a whole, against the simulated vendors. Everything here is on loopback
//! and on ports that the system chose.

#![allow(clippy::unwrap_used, clippy::expect_used)]

// Crash points and broken invariants are compiled into debug builds only.
#[cfg(debug_assertions)]
mod crash;

#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "../../src/seed.rs"]
mod seed;
mod streams;
