//! Jurat as a whole, attacked.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod batches;
