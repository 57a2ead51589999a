//! What the end-to-end tests of Jurat share.
//!
//! [`program`] runs the command line, in a directory that is a [`site`], with a repository in which [`forge`] can sign what no
//! publisher would sign. [`publisher`] keeps a repository that a [`cdn`] serves, for hosts of which some are [`mortal`]. What tests of single
//! crates need too is in `jurat-test-kit`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "support for tests: whatever fails here is a failed test"
)]

pub mod cdn;
pub mod forge;
pub mod mortal;
pub mod program;
pub mod publisher;
pub mod results;
pub mod site;

pub use jurat_test_kit::{guest, load, random, rows, skip};
