//! Names: texts that have been checked once.

use thiserror::Error;

use crate::quote::Quoted;

/// A text that cannot be used as a name.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{} is not a {what}: {rule}", Quoted(.found))]
pub struct NameError {
    pub(super) found: String,
    pub(super) what: &'static str,
    pub(super) rule: &'static str,
}

/// Declares a name: a text that has been checked.
macro_rules! name {
    ($(#[$docs:meta])* $name:ident, $what:literal, $is_valid:expr, $rule:literal) => {
        $(#[$docs])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub(super) String); // INVARIANT: what `from_str` accepts.

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { found: text.to_owned(), what: $what, rule: $rule })
                }
            }
        }
    };
}
pub(super) use name;

/// The longest name of a repository, a release or a version, in bytes.
const NAME_LENGTH: usize = 64;

/// Whether a text is at most 64 of `a-z`, `0-9`, `.`, `_`, `-` and what else is allowed, a letter or digit first.
pub(super) fn is_name(text: &str, is_also_allowed: fn(u8) -> bool) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || is_also_allowed(byte);
    text.len() <= NAME_LENGTH
        && text.bytes().next().is_some_and(|byte| is_alphanumeric(byte) && byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| is_alphanumeric(byte) || matches!(byte, b'.' | b'_' | b'-'))
}
