//! What tests of several crates share.
//!
//! [`guest`] finds components, [`load`] puts them into a sandbox the way a host does, and [`rows`] judges rows of whole numbers and
//! tells in one word for each what came of it. [`random`] has numbers that are the same in every run, and [`skip`] says what a test
//! could not try.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "support for tests: whatever fails here is a failed test"
)]

pub mod guest;
pub mod load;
pub mod random;
pub mod rows;
pub mod skip;
