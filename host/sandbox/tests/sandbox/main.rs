//! The sandbox through its public interface: hostile rules in, faults and verdicts out.
//!
//! The hostile rules are in `tests/guests`. Those in Rust must be built first: `cargo xtask guests`. A test that does not find its
//! guest fails and says so.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod attacks;
mod child;
mod chunking;
mod compile_together;
mod compiled_cache;
mod compiler;
mod contract;
mod deadline;
mod descriptions;
mod features;
mod fuel;
mod halving;
mod host_fuel;
mod neighbours;
mod pauses;
mod refusals;
mod sealed;
mod shape_caps;
mod shared_code;
