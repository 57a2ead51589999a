//! Reads the keywords that say something about a value alone.

use super::value::{check_numbers, names, number_token, text, whole};
use super::{LOOKUP, NUMBER, Open, Reader, SEARCH};
use crate::json::{Branch, Number, ShortNumber};
use crate::schema::problem::Problem;
use crate::schema::program::{Assertion, Bound, Constant, Constants, Limit, Looked, Own, Types};

const DIVISOR: &str = "a number above 0 whose digits, without the point, are less than 2^64";

impl<'d> Reader<'_, 'd> {
    /// Reads such a keyword; none if it is another.
    pub(super) fn assertion(
        &mut self,
        open: &mut Open<'d>,
        keyword: &'d str,
        value: Branch<'d>,
        at: &str,
    ) -> Result<Option<Assertion>, Problem> {
        let assertion = match keyword {
            "type" => Assertion::Type(types(value, at)?),
            "enum" if !value.is_array() => return Err(Problem::shape(at, "a list")),
            "enum" => {
                check_numbers(value, at)?;
                Assertion::Enum(Constants::of(value))
            }
            "const" => {
                check_numbers(value, at)?;
                Assertion::Const(Constant::of(value))
            }
            "minimum" => Assertion::Bound(Bound::Minimum, limit(value, at)?),
            "maximum" => Assertion::Bound(Bound::Maximum, limit(value, at)?),
            "exclusiveMinimum" => Assertion::Bound(Bound::ExclusiveMinimum, limit(value, at)?),
            "exclusiveMaximum" => Assertion::Bound(Bound::ExclusiveMaximum, limit(value, at)?),
            "multipleOf" => {
                let token = number_token(value, at)?;
                let divisor = Number::of(&token).as_divisor();
                Assertion::MultipleOf(divisor.ok_or_else(|| Problem::shape(at, DIVISOR))?, token)
            }
            "minLength" => Assertion::MinLength(whole(value, at)?),
            "maxLength" => Assertion::MaxLength(whole(value, at)?),
            "minItems" => Assertion::MinItems(whole(value, at)?),
            "maxItems" => Assertion::MaxItems(whole(value, at)?),
            "minProperties" => Assertion::MinProperties(whole(value, at)?),
            "maxProperties" => Assertion::MaxProperties(whole(value, at)?),
            "uniqueItems" => match value.boolean().ok_or_else(|| Problem::shape(at, "a boolean"))? {
                true => Assertion::UniqueItems,
                false => return Ok(None),
            },
            "pattern" => Assertion::Pattern(self.pattern(text(value, at)?, at)?),
            "format" => match self.format(open, text(value, at)?, at) {
                Some(format) => Assertion::Format(format),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        charge(&assertion, &mut open.edges.own);
        Ok(Some(assertion))
    }
}

/// Adds what an assertion costs, beyond what each keyword does.
fn charge(assertion: &Assertion, own: &mut Own) {
    match assertion {
        Assertion::Const(constant) => {
            own.value += constant.size();
            own.text += 1;
            own.number += 1;
            own.compared += u64::from(constant.is_nested());
        }
        Assertion::Enum(constants) => {
            let Looked { sorted, others, compared } = constants.cost();
            own.value += LOOKUP + NUMBER + SEARCH * u64::from(sorted.ilog2()) + others;
            own.text += 1;
            own.number += 2;
            own.compared += compared;
        }
        Assertion::Bound(..) => {
            own.number += 1;
            own.value += NUMBER;
        }
        Assertion::MultipleOf(..) => {
            // Long numbers, and those with exponents, are divided several times.
            own.number += 8;
            own.value += 2 * NUMBER;
        }
        Assertion::Type(_) => own.number += 1,
        Assertion::MinLength(_) | Assertion::MaxLength(_) => own.text += 1,
        Assertion::Pattern(pattern) => own.text += pattern.steps,
        Assertion::Format(format) => own.text += format.steps(),
        Assertion::UniqueItems => own.hashed += 1,
        // What these look up is added where their names are read.
        Assertion::DependentRequired(_) => {}
        Assertion::Never
        | Assertion::MinItems(_)
        | Assertion::MaxItems(_)
        | Assertion::MinProperties(_)
        | Assertion::MaxProperties(_) => {}
    }
}

/// A limit of numbers.
fn limit(value: Branch<'_>, at: &str) -> Result<Limit, Problem> {
    let token = number_token(value, at)?;
    Ok(Limit { short: ShortNumber::of(&token), token })
}

fn types(value: Branch<'_>, at: &str) -> Result<Types, Problem> {
    const EXPECTED: &str = "the name of a type, or a list of them";
    let mut types = Types::default();
    if value.is_array() {
        for name in names(value, at).map_err(|_| Problem::shape(at, EXPECTED))? {
            if !types.add(name) {
                return Err(Problem::shape(at, EXPECTED));
            }
        }
        if value.count() == 0 {
            return Err(Problem::shape(at, EXPECTED));
        }
    } else if !value.text().is_some_and(|name| types.add(name)) {
        return Err(Problem::shape(at, EXPECTED));
    }
    Ok(types)
}
