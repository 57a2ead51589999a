//! The verdicts on one record.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::vectors::report::BriefVerdict;

/// The verdicts on one record, or why there are none.
pub(in crate::vectors) type Row = Result<Judged, String>;

/// The verdicts on one record.
#[derive(Debug)]
pub(in crate::vectors) struct Judged {
    /// The id under which related entities can be given; none if there is no such id.
    pub(super) id: Option<String>,
    /// The verdict of each rule, at any level of the hierarchy.
    pub(in crate::vectors) rules: BTreeMap<Arc<str>, Kept>,
}

/// The part of a rule's result that is kept: a result may be long, so the whole is only compared, by its hash.
#[derive(Debug)]
pub(in crate::vectors) struct Kept {
    pub(in crate::vectors) verdict: BriefVerdict,
    /// Equal for results that are equal, times left out.
    pub(super) fingerprint: u64,
    pub(super) is_indeterminate: bool,
}
