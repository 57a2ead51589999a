//! Reads the keywords that say something about a value alone.

use super::value::{check_numbers, names, number_token, size, text, whole};
use super::{Open, Reader};
use crate::json::{Branch, Number};
use crate::schema::problem::Problem;
use crate::schema::program::{Assertion, Bound, Constant, Constants, Own, Types};
use crate::schema::steps::count;

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
            "minimum" => Assertion::Bound(Bound::Minimum, number_token(value, at)?),
            "maximum" => Assertion::Bound(Bound::Maximum, number_token(value, at)?),
            "exclusiveMinimum" => Assertion::Bound(Bound::ExclusiveMinimum, number_token(value, at)?),
            "exclusiveMaximum" => Assertion::Bound(Bound::ExclusiveMaximum, number_token(value, at)?),
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
        charge(&assertion, value, &mut open.edges.own);
        Ok(Some(assertion))
    }
}

/// Adds what an assertion costs, beyond what each keyword does. `value` is that of its keyword.
fn charge(assertion: &Assertion, value: Branch<'_>, own: &mut Own) {
    let is_nested = |value: Branch<'_>| value.is_array() || value.is_object();
    let nested = match assertion {
        Assertion::Enum(_) => value.children().filter(|(_, item)| is_nested(*item)).count(),
        _ => usize::from(is_nested(value)),
    };
    match assertion {
        Assertion::Const(_) | Assertion::Enum(_) => {
            own.value += size(value);
            own.text += 1;
            own.number += 1;
            own.compared += count(nested);
        }
        Assertion::Bound(..) => {
            own.number += 1;
            own.value += 32;
        }
        Assertion::MultipleOf(..) => {
            own.number += 4;
            own.value += 256;
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
