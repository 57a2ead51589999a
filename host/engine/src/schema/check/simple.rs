//! Checks that look at a value alone, and apply no other subschema.

use crate::json::{Branch, Number};
use crate::schema::equality::are_unique;
use crate::schema::mistake::{Report, mistake};
use crate::schema::place::Place;
use crate::schema::program::{Bound, Check};
use crate::schema::steps::count;
use crate::schema::words;

/// Whether a check holds. Checks that apply subschemas do.
pub(super) fn holds<R: Report>(check: &Check, value: Branch<'_>, place: &Place<'_>, report: &mut R) -> bool {
    let holds = is_met(check, value);
    if !holds {
        report.add(|| match check {
            Check::DependentRequired(dependent) => words::dependent(place, value, dependent),
            _ => {
                let (keyword, expected, words) = words::of(check);
                mistake(place, value, keyword, expected, &words)
            }
        });
    }
    holds
}

fn is_met(check: &Check, value: Branch<'_>) -> bool {
    match check {
        Check::Never => false,
        Check::Type(types) => types.contains(value),
        Check::Const(expected) => expected.equals(value),
        Check::Enum(constants) => constants.contain(value),
        Check::Bound(bound, limit) => value.number_token().is_none_or(|token| is_within(*bound, limit, token)),
        Check::MultipleOf(divisor, _) => {
            value.number_token().is_none_or(|token| Number::of(token).is_multiple_of(divisor))
        }
        Check::MinLength(min) => value.text().is_none_or(|text| characters(text) >= *min),
        Check::MaxLength(max) => value.text().is_none_or(|text| characters(text) <= *max),
        Check::Pattern(pattern) => value.text().is_none_or(|text| pattern.matches(text)),
        Check::Format(format) => value.text().is_none_or(|text| format.matches(text)),
        Check::MinItems(min) => !value.is_array() || count(value.count()) >= *min,
        Check::MaxItems(max) => !value.is_array() || count(value.count()) <= *max,
        Check::UniqueItems => !value.is_array() || are_unique(value),
        Check::MinProperties(min) => !value.is_object() || count(value.count()) >= *min,
        Check::MaxProperties(max) => !value.is_object() || count(value.count()) <= *max,
        Check::DependentRequired(dependent) => {
            let mut present = dependent.members.iter().filter(|(name, _)| value.member(name).is_some());
            present.all(|(_, needed)| needed.iter().all(|needed| value.member(needed).is_some()))
        }
        Check::Apply(_)
        | Check::Members(_)
        | Check::Items(_)
        | Check::Contains(_)
        | Check::DependentSchema(..)
        | Check::AnyOf(_)
        | Check::OneOf(_)
        | Check::Not(_)
        | Check::If(_)
        | Check::UnevaluatedMembers(_)
        | Check::UnevaluatedItems(_) => true,
    }
}

fn is_within(bound: Bound, limit: &str, token: &str) -> bool {
    let order = Number::of(token).cmp(&Number::of(limit));
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
