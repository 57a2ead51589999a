//! Reading YAML in the one dialect of all our files. The only crate that names the YAML library.
//!
//! Files may contain mistakes, and those of a release are untrusted. So `yes` is a text and not a boolean, a duplicate key is
//! an error, and the size in memory is bounded whatever aliases the text has.
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
//! A text has at most 1 MiB, 64 levels, 50,000 nodes and 1,000 aliases. Reading stops at the first YAML error; otherwise it finds
//! all problems, each with its line and column.
#![forbid(unsafe_code)]

mod node;
mod parse;
mod problem;
mod reader;

pub use node::{Entry, Node, SourcePosition, Value};
pub use parse::{MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, from_yaml};
pub use problem::{LineColumn, Problem, Problems};
pub use reader::{Field, Reader, Section, Source};
