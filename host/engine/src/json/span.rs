//! The span of a value in its text.

/// The span of a value in its text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Span {
    /// The offset of its first byte.
    pub start: u32,
    /// The offset behind its last byte.
    pub end: u32,
}

impl Span {
    /// The span of an absent value.
    pub const NONE: Self = Self { start: 0, end: 0 };

    /// Whether the value is absent.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.end == 0
    }

    /// The value as it is written in `text`; none if it is absent.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        if self.is_none() { None } else { text.get(self.start as usize..self.end as usize) }
    }
}
