//! YAML, in the one dialect that all our files have: the only crate that names the YAML library.
//!
//! Files come from people who may make mistakes and, inside of a release, from people whom nobody has to trust. So `yes` is a
//! text and not a boolean, a key that stands twice is an error, and the size of what is built in memory is bounded whatever
//! aliases the text has.
//!
//! ```
//! use std::num::NonZeroU32;
//!
//! use jurat_yaml::Reader;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limits = Reader::read("limits.yaml", "memory: 64\nname: loan\n", |section| {
//!     let memory = section.take("memory").required().positive::<NonZeroU32>();
//!     let name = section.take("name").text();
//!     Some((memory?.get(), name?))
//! })?;
//! assert_eq!(limits, (64, "loan".to_owned()));
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! A text has at most 1 MiB, 64 levels, 50,000 nodes and 1,000 aliases. A text that is not YAML gives one problem; a text that is gives all
//! of them, each with its line and column.
#![forbid(unsafe_code)]

mod node;
mod parse;
mod problem;
mod reader;

pub use node::{Entry, Node, Origin, Value};
pub use parse::{MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, from_yaml};
pub use problem::{Place, Problem, Problems};
pub use reader::{Field, Reader, Section, Source};
