//! The HTTP API, used and abused as clients do: real processes, real sockets, and whatever comes over them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod access;
mod busy;
mod calls;
mod garbage;
mod hostile;
mod hosts;
mod http2;
mod leaving;
mod leftovers;
mod loans;
mod logging;
mod operators;
mod origins;
mod outside;
mod oversize;
mod predecessor;
mod problems;
mod rates;
mod releases;
mod remote;
mod slow_clients;
mod small;
mod starting;
mod stopping;
mod streams;
mod wire;
