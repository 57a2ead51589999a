//! YAML, in the one dialect that all our files have: the only crate that names the YAML library.
//!
//! Files come from people who may make mistakes and, inside of a release, from people whom nobody has to trust. So `yes` is a
//! text and not a boolean, a key that stands twice is an error, and the size of what is built in memory is bounded whatever
//! aliases the text has.
#![forbid(unsafe_code)]

mod node;
mod parse;
mod problem;
mod reader;

pub use node::{Entry, Node, Origin, Value};
pub use parse::{MAX_ALIASES, MAX_BYTES, MAX_DEPTH, MAX_NODES, from_yaml};
pub use problem::{Place, Problem, Problems};
pub use reader::{Field, Reader, Section, Source};
