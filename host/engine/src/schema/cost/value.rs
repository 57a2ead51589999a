//! The cost of one value of a record.

use crate::schema::program::Own;

/// What one value at some depth of a record can cost at most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::schema) struct Cost {
    /// Subschemas that it meets.
    pub(in crate::schema) evaluations: u64,
    /// Steps for the value itself.
    pub(in crate::schema) value: u64,
    /// Steps beyond that if it is an object.
    pub(in crate::schema) object: u64,
    /// Steps for each byte of its text and of its name.
    pub(in crate::schema) text: u64,
    /// Steps for each byte of it, if it is a number.
    pub(in crate::schema) number: u64,
    /// Times that it is hashed, with everything inside it.
    pub(in crate::schema) hashed: u64,
}

/// Where counting stops: far above all that a schema within [`MAX_EVALUATIONS`](crate::schema::MAX_EVALUATIONS) can come to.
pub(super) const MANY: u64 = 1 << 40;

impl Cost {
    pub(super) fn own(own: &Own) -> Self {
        let Own { value, object, text, number, hashed, compared, child: _, name: _ } = *own;
        let hashed = hashed + compared;
        Self { evaluations: 1, value, object, text, number, hashed }
    }

    /// The cost of passing a member or item, and of the names that patterns are tried on.
    pub(super) fn child(own: &Own) -> Self {
        Self { value: own.child, text: own.name, ..Self::default() }
    }

    pub(super) fn each(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let combine = |left, right| combine(left, right).min(MANY);
        Self {
            evaluations: combine(self.evaluations, other.evaluations),
            value: combine(self.value, other.value),
            object: combine(self.object, other.object),
            text: combine(self.text, other.text),
            number: combine(self.number, other.number),
            hashed: combine(self.hashed, other.hashed),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        self.each(other, u64::saturating_add)
    }

    pub(super) fn times(self, count: u64) -> Self {
        self.each(Self::default(), |cost, _| cost.saturating_mul(count))
    }

    pub(in crate::schema) fn max(self, other: Self) -> Self {
        self.each(other, u64::max)
    }
}
