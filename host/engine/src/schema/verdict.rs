//! The verdict of the schema rule on a record.

use super::mistake::Mistakes;

/// The verdict of the schema rule on a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaVerdict {
    /// The record follows its schema.
    Pass,
    /// It does not.
    Fail(Mistakes),
    /// It names no schema.
    NoSchema {
        /// Where it should, as an RFC 6901 pointer into the record.
        pointer: &'static str,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The record could not be checked, which must not look like a record that follows its schema.
    Unchecked {
        /// Why, in words of bounded length.
        reason: String,
        /// `unknown_schema`, `too_deep`, `number_too_long` or `too_costly`.
        code: &'static str,
    },
}

impl SchemaVerdict {
    pub(super) fn too_costly() -> Self {
        let reason = "the record could not be checked: its schema costs too much for each byte of it".to_owned();
        Self::Unchecked { reason, code: "too_costly" }
    }
}
