//! JSON that is the same for many records.

use std::cell::OnceCell;

use serde_json::value::RawValue;

/// The JSON of every row of a chunk for which all rules, or some, say PASS and nothing else; none where it cannot be copied
/// as it is.
#[derive(Default)]
pub(super) struct Passes {
    pub(super) all: OnceCell<Option<Box<RawValue>>>,
    /// The same for each rule at the top of the list, with those below it.
    pub(super) tops: OnceCell<Vec<OnceCell<Option<Box<RawValue>>>>>,
}
