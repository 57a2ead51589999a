//! Jurat as a whole, attacked.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod sandbox;
