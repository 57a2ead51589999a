//! What the author of a schema should know although the schema can be used.

use thiserror::Error;

use super::limits::STEPS_PER_BYTE;
use crate::excerpt::Excerpt;

/// What becomes of `format` in a schema.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Formats {
    /// The release does not say. Formats are not checked, and `release build` lists them.
    #[default]
    Unstated,
    /// They are checked.
    Asserted,
    /// They are not checked, on purpose.
    Ignored,
}

/// Something that the author of a schema should know although the schema can be used. Positions are RFC 6901 pointers into the file.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SchemaWarning {
    /// A keyword that no draft has: it checks nothing.
    #[error("{file}: `{at}`: `{keyword}` is not a keyword and checks nothing{}", advice(*.nearest))]
    UnknownKeyword {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The keyword.
        keyword: Excerpt,
        /// The keyword that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A keyword of another draft: it checks nothing.
    #[error("{file}: `{at}`: `{keyword}` has no effect in {draft}")]
    NoEffect {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The keyword.
        keyword: Excerpt,
        /// The draft of the file.
        draft: &'static str,
    },
    /// A keyword that only says more of another one, which is not there.
    #[error("{file}: `{at}`: `{keyword}` checks nothing without {needed}")]
    Alone {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The keyword.
        keyword: &'static str,
        /// The other one.
        needed: &'static str,
    },
    /// A keyword beside `$ref` in draft-07, where it checks nothing.
    #[error("{file}: `{at}`: `{keyword}` checks nothing beside `$ref` in draft-07: put both into an `allOf`")]
    BesideReference {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The keyword.
        keyword: Excerpt,
    },
    /// A format about which the release does not say whether it is to be checked.
    #[error(
        "{file}: `{at}`: the format `{format}` is not checked: say `assert` or `ignore` under `schema_formats` in the business configuration"
    )]
    UncheckedFormat {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The format.
        format: Excerpt,
    },
    /// A format that should be checked, and cannot be.
    #[error("{file}: `{at}`: the format `{format}` is not known and not checked{}", advice(*.nearest))]
    UnknownFormat {
        /// The file.
        file: Excerpt,
        /// The position.
        at: Excerpt,
        /// The format.
        format: Excerpt,
        /// The format that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A record may need more work than is done for one.
    #[error(
        "{file}: a record could need up to {steps} steps for each of its bytes, and {STEPS_PER_BYTE} are done: such a record is an error (`too_costly`)"
    )]
    Costly {
        /// The file.
        file: Excerpt,
        /// The most steps that a byte of a record can need.
        steps: u64,
    },
}

fn advice(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
