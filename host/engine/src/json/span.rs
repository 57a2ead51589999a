//! The span of a value in its text.

/// The span of a value in its text.
///
/// A text has at most 1 GiB, so the highest bit of an offset is free. It says that the span is that of an obstacle; see
/// [`Span::obstacle_of`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Span {
    /// The offset of its first byte.
    pub start: u32,
    /// The offset behind its last byte.
    pub end: u32,
}

/// The bit of an obstacle.
const OBSTACLE: u32 = 1 << 31;

impl Span {
    /// The span of an absent value.
    pub const NONE: Self = Self { start: 0, end: 0 };

    /// The span of a value that is not what a path has to go through: a list, a text or a number where it expects an object, or an object
    /// where it expects a list. It takes the place of the value behind it, which is not there.
    #[must_use]
    pub(super) fn obstacle(self) -> Self {
        Self { start: self.start | OBSTACLE, end: self.end }
    }

    /// The value that is in the way of the path, as it is written in `text`; none if nothing is.
    #[must_use]
    pub fn obstacle_of(self, text: &str) -> Option<&str> {
        if self.is_obstacle() { text.get((self.start & !OBSTACLE) as usize..self.end as usize) } else { None }
    }

    /// Whether a value is in the way of the path.
    #[must_use]
    pub fn is_obstacle(self) -> bool {
        self.start & OBSTACLE != 0
    }

    /// How many bytes the value takes in its text.
    #[must_use]
    pub fn bytes(self) -> u32 {
        if self.is_obstacle() { 0 } else { self.end.saturating_sub(self.start) }
    }

    /// Whether the value is absent, and nothing is in its way.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.end == 0
    }

    /// The value as it is written in `text`; none if it is absent.
    #[must_use]
    pub fn of(self, text: &str) -> Option<&str> {
        // Nothing begins behind the end of a text, so an obstacle gives none.
        if self.is_none() { None } else { text.get(self.start as usize..self.end as usize) }
    }
}
