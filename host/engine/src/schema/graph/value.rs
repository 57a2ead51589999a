//! Reads the values of keywords, and refuses those of the wrong shape.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::schema::limits::MAX_DEPTH;
use crate::schema::problem::Problem;

/// Refuses what must not occur anywhere in a file, also where no known keyword leads.
pub(super) fn shape(value: &Value, depth: usize, root: bool) -> Result<(), Problem> {
    if depth > MAX_DEPTH {
        return Err(Problem::TooDeep);
    }
    match value {
        Value::Object(members) => {
            if !root && members.get("$id").is_some_and(Value::is_string) {
                return Err(Problem::NestedId);
            }
            members.values().try_for_each(|member| shape(member, depth + 1, false))
        }
        Value::Array(items) => items.iter().try_for_each(|item| shape(item, depth + 1, false)),
        _ => Ok(()),
    }
}

pub(super) fn object<'s>(value: &'s Value, at: &str) -> Result<&'s Map<String, Value>, Problem> {
    value.as_object().ok_or_else(|| Problem::shape(at, "an object"))
}

/// The number of names in a list. Refuses anything but different texts, before the library compares them.
pub(super) fn names(value: &Value, at: &str) -> Result<usize, Problem> {
    let refused = || Problem::shape(at, "a list of different texts");
    let mut seen = HashSet::new();
    for name in value.as_array().ok_or_else(refused)? {
        if !seen.insert(name.as_str().ok_or_else(refused)?) {
            return Err(refused());
        }
    }
    Ok(seen.len())
}

/// The cost of comparing a value with this one, or with each of these.
pub(super) fn size(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 4 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => 4 + members.values().map(|member| 8 + size(member)).sum::<u64>(),
        _ => 4,
    }
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The RFC 6901 pointer to a member or item. It stops growing when it is too long to be read.
pub(super) fn below(pointer: &str, name: &str) -> String {
    if pointer.len() > 256 {
        return pointer.to_owned();
    }
    let name: String = name.chars().take(64).collect();
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
