//! One step of a path.

/// The greatest index of an element that a path may name.
pub const MAX_INDEX: u32 = 999_999;

/// One step of a path.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Segment {
    Key(Box<str>),
    Element(u32),
}
