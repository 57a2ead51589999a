//! The records of a file, one after the other.
//!
//! | The file begins with | It is read as |
//! |---|---|
//! | `[` | an array of records |
//! | `{`, and the value does not end on its first line | one object, or several one after the other, over as many lines as they take |
//! | anything else | one record on each line; blank lines are skipped |
//!
//! A first line that is cut off does not turn the lines behind it into a part of it: if the next line begins with a `{` that
//! cannot continue the first, the file is read line by line.
//!
//! Records are only found here, not checked. A byte order mark at the beginning of the file is skipped. A broken line spoils only
//! itself. A broken element of an array spoils only itself as long as its brackets and strings show where it ends. Otherwise
//! everything from there on is one last error.

mod brackets;
mod bytes;
mod entry;
mod first_line;
mod records;
mod splitter;

pub use brackets::{Mismatched, value_end};
pub use entry::{Entry, Step};
pub use records::Records;
pub use splitter::Splitter;

#[cfg(test)]
mod tests;
