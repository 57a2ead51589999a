//! `uniqueItems` in linear time.
//!
//! The library's own hashes nested lists alike however they nest, and with a fixed key where objects are concerned: a record
//! of a megabyte can make it compare each of its fifty thousand items with all others. Here the hash is keyed and takes the
//! shape of a value in.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Number, Value};

/// The keyword, switched on or off.
struct UniqueItems(bool);

/// Makes the keyword, in the form that the library asks for.
pub(super) fn keyword<'s>(
    _: &'s Map<String, Value>,
    value: &'s Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'s>> {
    Ok(Box::new(UniqueItems(value == &Value::Bool(true))))
}

impl<'i> Keyword<'i> for UniqueItems {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) { Ok(()) } else { Err(ValidationError::custom("")) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let Self(on) = self;
        match instance {
            Value::Array(items) if *on => are_unique(items),
            _ => true,
        }
    }
}

fn are_unique(items: &[Value]) -> bool {
    match items {
        [] | [_] => true,
        [left, right] => Json(left) != Json(right),
        _ => {
            let mut seen = HashSet::with_capacity(items.len());
            items.iter().all(|item| seen.insert(Json(item)))
        }
    }
}

/// A value under the equality of JSON Schema: `1` is `1.0`, and the order of members means nothing.
struct Json<'a>(&'a Value);

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Value::Number(left), Value::Number(right)) => Quantity::of(left) == Quantity::of(right),
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| Json(left) == Json(right))
            }
            (Value::Object(left), Value::Object(right)) => {
                let same =
                    |(name, left): (&String, &Value)| right.get(name).is_some_and(|right| Json(left) == Json(right));
                left.len() == right.len() && left.iter().all(same)
            }
            (left, right) => left == right,
        }
    }
}

impl Eq for Json<'_> {}

impl Hash for Json<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Value::Null => {}
            Value::Bool(value) => value.hash(state),
            Value::Number(number) => Quantity::of(number).hash(state),
            Value::String(text) => text.hash(state),
            Value::Array(items) => {
                items.len().hash(state);
                items.iter().for_each(|item| Json(item).hash(state));
            }
            Value::Object(members) => {
                members.len().hash(state);
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                for (name, member) in members {
                    name.hash(state);
                    Json(member).hash(state);
                }
            }
        }
    }
}

/// A number in the one form that all its spellings share.
#[derive(Eq, Hash, PartialEq)]
enum Quantity {
    Whole(i128),
    Broken(u64),
}

impl Quantity {
    fn of(number: &Number) -> Self {
        if let Some(whole) = number.as_i128() {
            return Self::Whole(whole);
        }
        let float = number.as_f64().unwrap_or(f64::NAN);
        if float.fract() == 0.0 && float.abs() < 1e38 {
            #[expect(clippy::cast_possible_truncation, reason = "the number is whole and in range")]
            return Self::Whole(float as i128);
        }
        Self::Broken(float.to_bits())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    fn unique(items: &Value) -> bool {
        are_unique(items.as_array().unwrap())
    }

    #[test]
    fn equal_items_are_found_however_they_are_spelt() {
        for items in [
            json!([1, 1.0, 2]),
            json!([0, -0.0, 2]),
            json!([1, 1]),
            json!([{"a": 1, "b": [2]}, 3, {"b": [2.0], "a": 1}]),
            json!([[], [[]], []]),
            json!([9_007_199_254_740_993_i64, 1, 9_007_199_254_740_993_i64]),
            json!([u64::MAX, u64::MAX, 1]),
            json!([1e300, 1, 1e300]),
        ] {
            assert!(!unique(&items), "{items}");
        }
    }

    #[test]
    fn different_items_are_told_apart() {
        for items in [
            json!([]),
            json!([1, true, "1", null, [1], {"1": 1}]),
            json!([[[], []], [[[]]], [[]], []]),
            json!([{"a": 1}, {"b": 1}, {"a": 1, "b": 1}]),
            json!([9_007_199_254_740_992_i64, 9_007_199_254_740_993_i64, 9_007_199_254_740_994_f64]),
            json!([0.1, 0.2, 0.3, 1e-300]),
        ] {
            assert!(unique(&items), "{items}");
        }
    }

    /// All nested lists with so many brackets below each.
    fn nestings(brackets: usize) -> Vec<Value> {
        let mut known = vec![vec![json!([])]];
        for total in 1..=brackets {
            let mut made = Vec::new();
            for first in 0..total {
                for head in &known[first] {
                    for tail in &known[total - 1 - first] {
                        let mut items = vec![head.clone()];
                        items.extend(tail.as_array().unwrap().iter().cloned());
                        made.push(Value::Array(items));
                    }
                }
            }
            known.push(made);
        }
        known.concat()
    }

    #[test]
    fn items_that_differ_only_in_nesting_cost_no_more_than_others() {
        let items = Value::Array(nestings(9));
        let start = Instant::now();
        assert!(unique(&items));
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(items.as_array().unwrap().len(), 6_918);
    }
}
