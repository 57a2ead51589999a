//! A signed repository on a server, and hosts that live with it: what they refuse, what they go on serving, and what they say.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

use jurat_tests::{cdn, publisher};

mod attacks;
mod compiling;
mod contention;
mod host;
mod kills;
mod life;
mod one_line;
mod pins;
mod proofs;
mod revocation;
mod tenants;
