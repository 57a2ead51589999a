//! The path of a value in a configuration.

use std::fmt;

use crate::Excerpt;

/// The keys that lead to a value in a configuration.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyPath(String);

impl KeyPath {
    /// The path to a key below this one. Keys that a dotted path could not hold are quoted, long ones cut.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        Self(match (plain && key.len() <= 64, self.0.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.0),
            (false, _) => format!("{}[\"{}\"]", self.0, Excerpt::of(key)),
        })
    }

    /// The path to an entry of the list at this one.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
