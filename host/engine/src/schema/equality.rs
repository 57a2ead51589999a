//! Equality of values, and whether an array has equal items, in linear time.
//!
//! The hash has a random key and includes the shape of a value, so that no record can make its items collide.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use crate::json::{Branch, Shape};

/// Whether no two items of an array are equal.
pub(super) fn are_unique(array: Branch<'_>) -> bool {
    let mut items = array.children().map(|(_, item)| Json(item));
    match array.count() {
        0 | 1 => true,
        2 => items.next() != items.next(),
        count => {
            let mut seen = HashSet::with_capacity(count);
            items.all(|item| seen.insert(item))
        }
    }
}

/// A value under the equality of JSON Schema: `1` is `1.0`, and the order of members means nothing.
struct Json<'a>(Branch<'a>);

impl PartialEq for Json<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.0, other.0);
        match (left.shape(), right.shape()) {
            (Shape::Array, Shape::Array) => {
                left.count() == right.count()
                    && left.children().zip(right.children()).all(|((_, left), (_, right))| Json(left) == Json(right))
            }
            (Shape::Object, Shape::Object) => {
                left.count() == right.count()
                    && left
                        .children()
                        .all(|(name, left)| right.member(name).is_some_and(|right| Json(left) == Json(right)))
            }
            (left, right) => left == right,
        }
    }
}

impl Eq for Json<'_> {}

impl Hash for Json<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let shape = self.0.shape();
        std::mem::discriminant(&shape).hash(state);
        match shape {
            Shape::Null => {}
            Shape::Boolean(value) => value.hash(state),
            Shape::Number(number) => number.hash(state),
            Shape::Text(text) => text.hash(state),
            Shape::Array => {
                self.0.count().hash(state);
                self.0.children().for_each(|(_, item)| Json(item).hash(state));
            }
            Shape::Object => {
                self.0.count().hash(state);
                let mut members: Vec<_> = self.0.children().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                for (name, member) in members {
                    name.hash(state);
                    Json(member).hash(state);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use super::*;
    use crate::json::TreeScratch;

    fn unique(items: &Value) -> bool {
        let text = items.to_string();
        let mut scratch = TreeScratch::default();
        scratch.read(&text).unwrap();
        are_unique(scratch.tree(&text).root().unwrap())
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

    /// All nested lists with `brackets` brackets below each.
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
