//! What is accepted, and that nothing else is.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod accepted;
mod caps;
mod cases;
mod fixture;
mod history;
mod key_files;
mod keys;
mod mutations;
mod parsers;
mod publisher;
mod publishing;
mod rollback;
mod roots;
mod signatures;
mod state;
mod tenants;
