//! JSON text, read once: validated, and the values at planned paths found on the way.
//!
//! A record is judged from its own text. [`scan`] goes over it once, accepts exactly what RFC 8259 accepts (and less: objects
//! may not repeat a key, no number exceeds a 64-bit float, nothing is nested deeper than [`MAX_DEPTH`]), and notes where the
//! values at the given [`Paths`] lie.
//! No tree is built, and nothing is allocated once the buffers of [`Scratch`] have grown to the size of the records.
//! Only the schema check reads a record once more, as a tree that lies flat.
//!
//! [`Splitter`] finds the records of a file: an array, or objects one after the other. Before that, [`ForeignFormat`] tells texts that are
//! not JSON at all.

mod error;
mod foreign;
mod keys;
mod limits;
mod members;
mod number;
mod paths;
mod scan;
mod span;
mod split;
mod string;
mod tree;

pub use error::{JsonError, JsonProblem, Position, Syntax};
pub(crate) use foreign::Beginning;
pub use foreign::ForeignFormat;
pub use limits::{DEFAULT_MAX_RECORD, MAX_DEPTH};
pub use members::{Member, Members};
pub(crate) use number::{Divisor, Number, ShortNumber};
pub use paths::{PathStep, Paths};
pub use scan::{Scanned, Scratch, scan};
pub use span::Span;
pub use split::{Entry, Mismatched, Records, Splitter, Step, value_end};
pub(crate) use string::unescape_into;
pub use string::{raw_text, unescape};
pub(crate) use tree::{Branch, Kind, Shape, Tree, TreeError, TreeScratch};
