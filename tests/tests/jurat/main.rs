//! Jurat as a whole, attacked.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod sandbox;
