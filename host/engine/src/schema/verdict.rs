//! The verdict of the schema rule on a record.

/// The verdict of the schema rule on a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaVerdict {
    /// The record follows its schema.
    Pass,
    /// It does not, or it names none.
    Fail {
        /// Where, as an RFC 6901 pointer into the record, of at most 1,024 bytes.
        pointer: String,
        /// What is wrong there, in words of bounded length. They quote names of members, but no value of the record.
        reason: String,
        /// The keyword of the schema that it breaks; `no_schema` if the record names none; `schema` if the position is unknown.
        code: &'static str,
    },
    /// The rule could not judge the record.
    Norun {
        /// Why, in words of bounded length.
        reason: String,
        /// `unknown_schema`, `too_deep`, `number_too_large` or `too_costly`.
        code: &'static str,
    },
}
