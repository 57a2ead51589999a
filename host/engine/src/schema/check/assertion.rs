//! Checks that look at a value alone, and apply no other subschema.

use crate::json::{Branch, Number, ShortNumber};
use crate::schema::equality::are_unique;
use crate::schema::mistake::Report;
use crate::schema::place::Place;
use crate::schema::program::{Assertion, Bound, Limit};
use crate::schema::steps::count;
use crate::schema::words;

pub(super) fn holds<R: Report>(assertion: &Assertion, value: Branch<'_>, place: &Place<'_>, report: &mut R) -> bool {
    let holds = is_met(assertion, value);
    if !holds {
        report.add(|| words::unmet(place, value, assertion));
    }
    holds
}

fn is_met(assertion: &Assertion, value: Branch<'_>) -> bool {
    match assertion {
        Assertion::Never => false,
        Assertion::Type(types) => types.contains(value),
        Assertion::Const(expected) => expected.equals(value),
        Assertion::Enum(constants) => constants.contain(value),
        Assertion::Bound(bound, limit) => value.number_token().is_none_or(|token| is_within(*bound, limit, token)),
        Assertion::MultipleOf(divisor, _) => {
            let exactly = |token| Number::of(token).is_multiple_of(divisor);
            let is_multiple = |token| ShortNumber::plain(token)?.is_multiple_of(divisor);
            value.number_token().is_none_or(|token| is_multiple(token).unwrap_or_else(|| exactly(token)))
        }
        Assertion::MinLength(min) => value.text().is_none_or(|text| characters(text) >= *min),
        Assertion::MaxLength(max) => value.text().is_none_or(|text| characters(text) <= *max),
        Assertion::Pattern(pattern) => value.text().is_none_or(|text| pattern.matches(text)),
        Assertion::Format(format) => value.text().is_none_or(|text| format.matches(text)),
        Assertion::MinItems(min) => !value.is_array() || count(value.count()) >= *min,
        Assertion::MaxItems(max) => !value.is_array() || count(value.count()) <= *max,
        Assertion::UniqueItems => !value.is_array() || are_unique(value),
        Assertion::MinProperties(min) => !value.is_object() || count(value.count()) >= *min,
        Assertion::MaxProperties(max) => !value.is_object() || count(value.count()) <= *max,
        Assertion::DependentRequired(dependent) => {
            let mut present = dependent.members.iter().filter(|(name, _)| value.member(name).is_some());
            present.all(|(_, needed)| needed.iter().all(|needed| value.member(needed).is_some()))
        }
    }
}

fn is_within(bound: Bound, limit: &Limit, token: &str) -> bool {
    let order = match limit.short.zip(ShortNumber::plain(token)) {
        Some((limit, found)) => found.compare(limit),
        None => Number::of(token).cmp(&Number::of(&limit.token)),
    };
    match bound {
        Bound::Minimum => order.is_ge(),
        Bound::Maximum => order.is_le(),
        Bound::ExclusiveMinimum => order.is_gt(),
        Bound::ExclusiveMaximum => order.is_lt(),
    }
}

fn characters(text: &str) -> u64 {
    count(text.chars().count())
}
