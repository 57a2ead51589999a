//! Proofs that take minutes: `cargo xtask proof` runs them at full size, and `cargo test` runs a few seconds of each.
//!
//! They print what they measure and assert nothing about time, because machines differ. They assert that every answer is right and
//! that none is lost.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod hostile_batch;
mod http;
mod latencies;
mod leftovers;
mod loans;
mod neighbours;
mod publications;
mod run;
mod samples;
mod scene;
mod soak;
