//! What was said of one record.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::vectors::report::Said;

/// What was said of one record, or why nothing was.
pub(in crate::vectors) type Row = Result<Judged, String>;

/// What was said of one record.
#[derive(Debug)]
pub(in crate::vectors) struct Judged {
    /// The id under which related entities can be given; none if there is no such id.
    pub(super) id: Option<String>,
    /// What each rule said, wherever it stands in the hierarchy.
    pub(in crate::vectors) rules: BTreeMap<Arc<str>, Kept>,
}

/// What is kept of a rule's result. A rule may say much; what it said as a whole is only compared.
#[derive(Debug)]
pub(in crate::vectors) struct Kept {
    pub(in crate::vectors) said: Said,
    /// Equal for results that are equal, times left out.
    pub(super) print: u64,
    pub(super) is_indeterminate: bool,
}
