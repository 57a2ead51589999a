//! What the end-to-end tests of Jurat share.
//!
//! [`guest`] finds components, [`load`] puts them into a sandbox the way a host does, and [`rows`] judges rows of whole numbers
//! and tells in one word for each what came of it. [`program`] runs the command line, in a directory that is a [`site`], with a
//! repository that [`forge`] can make say what nobody would sign. [`publisher`] keeps a repository that a [`cdn`] serves, for hosts
//! of which some are [`mortal`].
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "support for tests: whatever fails here is a failed test"
)]

pub mod cdn;
pub mod forge;
pub mod guest;
pub mod load;
pub mod mortal;
pub mod program;
pub mod publisher;
pub mod random;
pub mod results;
pub mod rows;
pub mod site;
