//! Reads the values of keywords, and refuses those of the wrong shape.

use std::collections::HashSet;

use crate::json::{Branch, Number};
use crate::schema::limits::MAX_NUMBER_BYTES;
use crate::schema::problem::Problem;

pub(super) fn object<'d>(
    value: Branch<'d>,
    at: &str,
) -> Result<impl Iterator<Item = (&'d str, Branch<'d>)> + use<'d>, Problem> {
    if value.is_object() { Ok(value.children()) } else { Err(Problem::shape(at, "an object")) }
}

pub(super) fn text<'d>(value: Branch<'d>, at: &str) -> Result<&'d str, Problem> {
    value.text().ok_or_else(|| Problem::shape(at, "a text"))
}

/// A number as it is written.
pub(super) fn number_token(value: Branch<'_>, at: &str) -> Result<Box<str>, Problem> {
    check_numbers(value, at)?;
    value.number_token().map(Box::from).ok_or_else(|| Problem::shape(at, "a number"))
}

/// Refuses long numbers in a value: each is read again for each value that it is compared with.
pub(super) fn check_numbers(value: Branch<'_>, at: &str) -> Result<(), Problem> {
    if value.number_token().is_some_and(|token| token.len() > MAX_NUMBER_BYTES) {
        return Err(Problem::shape(at, "without numbers of more than 100 characters"));
    }
    value.children().try_for_each(|(_, child)| check_numbers(child, at))
}

/// A whole number that is not negative.
pub(super) fn whole(value: Branch<'_>, at: &str) -> Result<u64, Problem> {
    let count = value.number_token().and_then(|token| Number::of(token).as_count());
    count.ok_or_else(|| Problem::shape(at, "a whole number of at least 0"))
}

/// The names in a list. Refuses anything but different texts.
pub(super) fn names<'d>(value: Branch<'d>, at: &str) -> Result<Vec<&'d str>, Problem> {
    let refused = || Problem::shape(at, "a list of different texts");
    if !value.is_array() {
        return Err(refused());
    }
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(value.count());
    for (_, name) in value.children() {
        let name = name.text().ok_or_else(refused)?;
        if !seen.insert(name) {
            return Err(refused());
        }
        names.push(name);
    }
    Ok(names)
}
