//! How much a proof tries: tests that run small among all others, and at full size with `cargo xtask proof`.

use std::env;

/// The variable of the environment that says so. Servers that are tested do not get it.
pub const SIZE: &str = "JURAT_PROOF";

/// How much is tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// A few seconds of it.
    Small,
    /// All of it.
    Full,
}

impl Size {
    /// What this run is to try.
    ///
    /// # Panics
    /// When the variable has another value than `full`.
    #[must_use]
    pub fn of_this_run() -> Self {
        match env::var_os(SIZE) {
            None => Self::Small,
            Some(value) if value == "full" => Self::Full,
            Some(value) => panic!("{SIZE} is {value:?}: set it to `full`, or not at all"),
        }
    }

    /// One of two values.
    #[must_use]
    pub fn pick<T>(self, small: T, full: T) -> T {
        match self {
            Self::Small => small,
            Self::Full => full,
        }
    }
}
