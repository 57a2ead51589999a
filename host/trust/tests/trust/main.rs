//! What is accepted, and that nothing else is.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod attacks;
mod caps;
mod cases;
mod fixture;
mod keys;
mod mutations;
mod parsers;
mod publishing;
