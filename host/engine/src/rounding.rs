//! How a decimal that has too many places is rounded, if a field map says so.

/// The most places after the point that a decimal may have.
pub const MAX_PLACES: u8 = 28;

/// How a decimal that has too many places is rounded. One with no more than these places stays as it is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Rounding {
    /// The places after the point that a rounded value has, at most [`MAX_PLACES`].
    pub places: u8,
    /// The direction.
    pub mode: RoundingMode,
}

/// In which direction a value is rounded. The names are those of `java.math.RoundingMode` and of Python's `decimal`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RoundingMode {
    /// To the nearest; a value in the middle, to the one with an even last digit.
    HalfEven,
    /// To the nearest; a value in the middle, away from zero.
    HalfUp,
    /// To the nearest; a value in the middle, towards zero.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards positive infinity.
    Ceiling,
    /// Towards negative infinity.
    Floor,
}

/// What is cut off a decimal, in units of its last digit that stays; more than nothing and less than one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remainder {
    /// Less than one half.
    BelowHalf,
    /// One half.
    Half,
    /// More than one half.
    AboveHalf,
}

impl RoundingMode {
    /// All modes.
    pub const ALL: [Self; 7] =
        [Self::HalfEven, Self::HalfUp, Self::HalfDown, Self::Up, Self::Down, Self::Ceiling, Self::Floor];

    /// The name in field maps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HalfEven => "half_even",
            Self::HalfUp => "half_up",
            Self::HalfDown => "half_down",
            Self::Up => "up",
            Self::Down => "down",
            Self::Ceiling => "ceiling",
            Self::Floor => "floor",
        }
    }

    /// Whether a magnitude goes up by one when the remainder is cut off.
    #[must_use]
    pub fn goes_up(self, is_negative: bool, is_odd: bool, remainder: Remainder) -> bool {
        match self {
            Self::HalfEven => remainder == Remainder::AboveHalf || (remainder == Remainder::Half && is_odd),
            Self::HalfUp => remainder != Remainder::BelowHalf,
            Self::HalfDown => remainder == Remainder::AboveHalf,
            Self::Up => true,
            Self::Down => false,
            Self::Ceiling => !is_negative,
            Self::Floor => is_negative,
        }
    }
}
