//! Exact decimals: those of the crate `rust_decimal`, but for how they are read.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::RoundingStrategy;

mod exact;

/// An exact decimal of up to 96 bits without its point, which 28 digits always fit, and up to 28 places behind it.
///
/// It computes like [`rust_decimal::Decimal`], and becomes one and comes from one with `into`. It is a type of its own because of how it is
/// read: from a text and from JSON exactly or not at all, never rounded, and never by way of a float. Inside of [`Json`](crate::Json) it is
/// read from a number; see there.
///
/// Two decimals are equal if their values are: `1.50` and `1.5`. Amounts are best computed with the `checked_` functions; the operators
/// panic where a result does not fit.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Decimal(rust_decimal::Decimal);

/// A text is not a decimal number, or has more digits or places than a [`Decimal`] can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseDecimalError;

type Inner = rust_decimal::Decimal;

/// Functions that a decimal has from the one inside.
macro_rules! same {
    ($($(#[$doc:meta])* $name:ident(self $(, $more:ident: $type:ty)*) -> $result:ty;)*) => {
        $($(#[$doc])* #[must_use] #[inline] pub fn $name(self $(, $more: $type)*) -> $result { self.0.$name($($more),*).into() })*
    };
}

/// Functions of two decimals, of which the result may not fit.
macro_rules! checked {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[must_use] #[inline] pub fn $name(self, other: Self) -> Option<Self> { self.0.$name(other.0).map(Self) })*
    };
}

/// Functions of two decimals.
macro_rules! both {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])* #[must_use] #[inline] pub fn $name(self, other: Self) -> Self { Self(self.0.$name(other.0)) })*
    };
}

impl Decimal {
    /// The least decimal.
    pub const MIN: Self = Self(Inner::MIN);
    /// The greatest decimal.
    pub const MAX: Self = Self(Inner::MAX);
    /// 0.
    pub const ZERO: Self = Self(Inner::ZERO);
    /// 1.
    pub const ONE: Self = Self(Inner::ONE);
    /// -1.
    pub const NEGATIVE_ONE: Self = Self(Inner::NEGATIVE_ONE);
    /// 2.
    pub const TWO: Self = Self(Inner::TWO);
    /// 10.
    pub const TEN: Self = Self(Inner::TEN);
    /// 100.
    pub const ONE_HUNDRED: Self = Self(Inner::ONE_HUNDRED);
    /// 1000.
    pub const ONE_THOUSAND: Self = Self(Inner::ONE_THOUSAND);
    /// The most places behind the point.
    pub const MAX_SCALE: u32 = Inner::MAX_SCALE;

    /// The decimal that is `units` divided by ten `scale` times: `new(150, 2)` is 1.50.
    ///
    /// # Panics
    /// When there are more than 28 places.
    #[must_use]
    pub fn new(units: i64, scale: u32) -> Self {
        Self(Inner::new(units, scale))
    }

    /// The same for units of up to 96 bits; none for more, or for more than 28 places.
    #[must_use]
    pub fn try_from_i128_with_scale(units: i128, scale: u32) -> Option<Self> {
        Inner::try_from_i128_with_scale(units, scale).ok().map(Self)
    }

    /// The same for units of up to 96 bits.
    ///
    /// # Panics
    /// When there are more bits, or more than 28 places.
    #[must_use]
    pub fn from_i128_with_scale(units: i128, scale: u32) -> Self {
        Self(Inner::from_i128_with_scale(units, scale))
    }

    /// A decimal of its 96 bits, its sign and its places, of which there are at most 28.
    #[must_use]
    pub const fn from_parts(low: u32, middle: u32, high: u32, is_negative: bool, scale: u32) -> Self {
        Self(Inner::from_parts(low, middle, high, is_negative, scale))
    }

    same! {
        /// The places behind the point.
        scale(self) -> u32;
        /// The digits without the point, with the sign.
        mantissa(self) -> i128;
        /// Whether it is 0 or -0.
        is_zero(self) -> bool;
        /// Whether nothing but zeroes is behind the point.
        is_integer(self) -> bool;
        /// Whether it has the sign; so has -0.
        is_sign_negative(self) -> bool;
        /// Whether it does not have the sign.
        is_sign_positive(self) -> bool;
        /// Without its sign.
        abs(self) -> Self;
        /// Without what is behind the point.
        trunc(self) -> Self;
        /// Only what is behind the point, with the sign.
        fract(self) -> Self;
        /// The next integer down.
        floor(self) -> Self;
        /// The next integer up.
        ceil(self) -> Self;
        /// Without zeroes at the end.
        normalize(self) -> Self;
        /// The nearest integer; from the middle, the even one.
        round(self) -> Self;
        /// With at most so many places; from the middle, to the even digit.
        round_dp(self, places: u32) -> Self;
        /// With at most so many places, by a strategy.
        round_dp_with_strategy(self, places: u32, strategy: RoundingStrategy) -> Self;
        /// With at most so many places, without the others.
        trunc_with_scale(self, places: u32) -> Self;
    }

    checked! {
        /// The sum; none where it does not fit.
        checked_add;
        /// The difference; none where it does not fit.
        checked_sub;
        /// The product; none where it does not fit.
        checked_mul;
        /// The quotient; none where it does not fit, or where the divisor is 0.
        checked_div;
        /// The remainder; none where the divisor is 0.
        checked_rem;
    }

    both! {
        /// The sum, or the end of the range.
        saturating_add;
        /// The difference, or the end of the range.
        saturating_sub;
        /// The product, or the end of the range.
        saturating_mul;
    }

    /// With so many significant digits, from the middle to the even digit; none where that does not fit.
    #[must_use]
    pub fn round_sf(self, digits: u32) -> Option<Self> {
        self.0.round_sf(digits).map(Self)
    }

    /// Gives it so many places, rounding where it has more; fewer where the digits do not fit otherwise.
    pub fn rescale(&mut self, places: u32) {
        self.0.rescale(places);
    }

    /// Reads a number with or without an exponent, exactly: the same as `parse`.
    ///
    /// # Errors
    /// When the text is not a number, or does not fit.
    pub fn from_scientific(text: &str) -> Result<Self, ParseDecimalError> {
        text.parse()
    }

    /// Reads a number, exactly: the same as `parse`.
    ///
    /// # Errors
    /// When the text is not a number, or does not fit.
    pub fn from_str_exact(text: &str) -> Result<Self, ParseDecimalError> {
        text.parse()
    }
}

impl From<Inner> for Decimal {
    fn from(inner: Inner) -> Self {
        Self(inner)
    }
}

impl From<Decimal> for Inner {
    fn from(decimal: Decimal) -> Self {
        decimal.0
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {
        $(
            impl From<$integer> for Decimal {
                fn from(value: $integer) -> Self {
                    Self(value.into())
                }
            }

            impl TryFrom<Decimal> for $integer {
                type Error = rust_decimal::Error;

                /// What is behind the point is left out.
                fn try_from(value: Decimal) -> Result<Self, Self::Error> {
                    value.0.try_into()
                }
            }
        )*
    };
}

integers!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

/// The operators, for values and references.
macro_rules! operators {
    ($($trait:ident $function:ident $assign:ident $assign_function:ident)*) => {
        $(
            impl $trait for Decimal {
                type Output = Self;

                #[inline]
                fn $function(self, other: Self) -> Self {
                    Self(self.0.$function(other.0))
                }
            }

            impl $trait<&Decimal> for Decimal {
                type Output = Decimal;

                #[inline]
                fn $function(self, other: &Decimal) -> Decimal {
                    self.$function(*other)
                }
            }

            impl $trait<Decimal> for &Decimal {
                type Output = Decimal;

                #[inline]
                fn $function(self, other: Decimal) -> Decimal {
                    (*self).$function(other)
                }
            }

            impl $trait for &Decimal {
                type Output = Decimal;

                #[inline]
                fn $function(self, other: &Decimal) -> Decimal {
                    (*self).$function(*other)
                }
            }

            impl $assign for Decimal {
                #[inline]
                fn $assign_function(&mut self, other: Self) {
                    *self = (*self).$function(other);
                }
            }
        )*
    };
}

operators! {
    Add add AddAssign add_assign
    Sub sub SubAssign sub_assign
    Mul mul MulAssign mul_assign
    Div div DivAssign div_assign
    Rem rem RemAssign rem_assign
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Decimal {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a Self> for Decimal {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.copied().sum()
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads a number as JSON writes it, such as `-1.50` or `15e-1`: exactly, with all its places.
    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        exact::read(text)
            .and_then(|(units, scale)| Self::try_from_i128_with_scale(units, scale))
            .ok_or(ParseDecimalError)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not a decimal number of at most 28 places, and of at most 96 bits without its point")
    }
}

impl std::error::Error for ParseDecimalError {}

#[cfg(test)]
mod tests;
