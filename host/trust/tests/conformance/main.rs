//! The scenarios of `tuf-conformance`, the suite that clients of TUF are tried with.
//!
//! The suite itself is not in a package index, and serves an envelope that we do not read. So its scenarios are written again for
//! ours; `scenarios.md`, beside this file, says which scenario became which case, and which became none.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod basic;
mod delegations;
mod downloads;
mod expiry;
mod rollback;
mod rotations;
mod signatures;
mod workshop;
