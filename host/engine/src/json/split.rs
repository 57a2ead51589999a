//! The records of a file, one after the other.
//!
//! | The file begins with | It is read as |
//! |---|---|
//! | `[` | an array of records, or several one after the other |
//! | anything else | one record after the other, each on as many lines as it takes; several may be on one line |
//!
//! A record that is cut off does not turn the lines behind it into a part of it: it ends where a line begins with a `{` that cannot
//! continue it, and is indented no deeper than it is. What does not begin with `{` is a broken record up to the end of its line.
//!
//! Records are only found here, not checked. A byte order mark at the beginning of the file is skipped; elsewhere it breaks the record
//! behind it. A broken element of an array spoils only itself as long as its brackets and strings show where it ends. Otherwise
//! everything from there on is one last error.

mod brackets;
mod bytes;
mod entry;
mod extent;
mod form;
mod records;
mod splitter;

pub use brackets::{Mismatched, value_end};
pub use entry::{Entry, Step};
pub use records::Records;
pub use splitter::Splitter;

#[cfg(test)]
mod tests;
