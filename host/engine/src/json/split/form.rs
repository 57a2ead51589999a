//! How to read what follows in a file.

/// How to read what follows in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Nothing of the file is known.
    Unknown {
        is_first: bool,
    },
    /// One record after the other, on as many lines as they take.
    Stream,
    /// Before an element, or before the end of an array without elements.
    Array {
        is_first: bool,
    },
    /// Behind an array that ended on this line.
    AfterArray {
        line: u64,
    },
    Done,
}
