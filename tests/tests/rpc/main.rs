//! The program as a server, used and abused as clients do: real processes, real sockets, and whatever comes over them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

use jurat_tests::{connection, coordination_service, server};

mod access;
mod broken_records;
mod callers;
mod cases;
mod certificates;
mod compatibility;
mod conformance;
mod coordination;
mod docs;
mod files;
mod garbage;
mod greedy;
mod leaving;
mod listening;
mod logging;
mod migrating;
mod pinning;
mod python;
mod reloading;
mod remote;
mod requests;
mod sites;
mod slow_readers;
mod stopping;
mod stress;
mod system_calls;
mod tenants;
