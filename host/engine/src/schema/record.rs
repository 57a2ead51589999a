//! Records as the library sees them: the values of a [`Tree`].

use std::borrow::Cow;
use std::convert::Infallible;

use jsonschema::JsonType;
use jsonschema::json::{self, NodeIdentity, cmp};
use jsonschema_value::LazyInstance;
use serde_json::Value;

use super::equality::are_unique;
use crate::json::{Branch, Children, Number, Shape, Tree};

/// The representation, which only has a name.
#[derive(Debug)]
pub(super) enum Record {}

impl json::Json for Record {
    type Node<'a> = Branch<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = Option<Infallible>;

    // A look-up visits the members of the object, too.
    const KEYS_PER_LOOKUP: usize = 4;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(_: &mut Self::StringBuffer, string: &str, f: impl FnOnce(Branch<'_>) -> T) -> T {
        Tree::with_text(string, f)
    }
}

impl<'a> json::Node<'a, Record> for Branch<'a> {
    type Object = Self;
    type Array = Self;
    type Number = serde_json::Number;

    #[inline]
    fn as_object(&self) -> Option<Self> {
        self.is_object().then_some(*self)
    }

    #[inline]
    fn as_array(&self) -> Option<Self> {
        self.is_array().then_some(*self)
    }

    #[inline]
    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    #[inline]
    fn as_number(&self) -> Option<serde_json::Number> {
        match self.shape() {
            Shape::Number(number) => written(number),
            _ => None,
        }
    }

    #[inline]
    fn as_boolean(&self) -> Option<bool> {
        match self.shape() {
            Shape::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    #[inline]
    fn is_null(&self) -> bool {
        self.json_type() == JsonType::Null
    }

    #[inline]
    fn is_number(&self) -> bool {
        self.json_type() == JsonType::Number
    }

    #[inline]
    fn json_type(&self) -> JsonType {
        match self.shape() {
            Shape::Null => JsonType::Null,
            Shape::Boolean(_) => JsonType::Boolean,
            Shape::Number(_) => JsonType::Number,
            Shape::Text(_) => JsonType::String,
            Shape::Array => JsonType::Array,
            Shape::Object => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self.shape(), expected) {
            (Shape::Null, Value::Null) => true,
            (Shape::Boolean(found), Value::Bool(expected)) => found == *expected,
            (Shape::Number(found), Value::Number(expected)) => {
                written(found).is_some_and(|found| cmp::equal_numbers(&found, expected))
            }
            (Shape::Text(found), Value::String(expected)) => found == expected,
            (Shape::Array, Value::Array(expected)) => {
                self.count() == expected.len()
                    && self.children().zip(expected).all(|((_, found), expected)| found.equals_value(expected))
            }
            (Shape::Object, Value::Object(expected)) => {
                let same = |(name, expected): (&String, &Value)| {
                    self.member(name).is_some_and(|found| found.equals_value(expected))
                };
                self.count() == expected.len() && expected.iter().all(same)
            }
            _ => false,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(value(*self))
    }

    /// The error does not contain any value of the record, so that none is made: alternatives could ask for it a thousand
    /// times.
    fn lazy_value(&self) -> LazyInstance<'a> {
        LazyInstance::Ready(Cow::Owned(Value::Null))
    }

    /// Not given: it serves to notice subschemas that apply themselves to the same value again, which are refused when a
    /// schema is compiled, and to remember results, without which all costs are counted.
    fn identity(&self) -> Option<NodeIdentity> {
        None
    }
}

impl<'a> json::Object<'a, Record> for Branch<'a> {
    type Node = Self;
    type MemberName = &'a str;
    type MembersIter = Children<'a>;

    #[inline]
    fn len(&self) -> usize {
        self.count()
    }

    #[inline]
    fn get(&self, key: &Box<str>) -> Option<Self> {
        self.member(key)
    }

    #[inline]
    fn members(&self) -> Children<'a> {
        self.children()
    }
}

impl<'a> json::Array<'a, Record> for Branch<'a> {
    type Node = Self;
    type ElementsIter = Items<'a>;

    #[inline]
    fn len(&self) -> usize {
        self.count()
    }

    #[inline]
    fn elements(&self) -> Items<'a> {
        Items(self.children())
    }

    fn is_unique(&self) -> bool {
        are_unique(*self)
    }
}

/// The items of an array.
#[derive(Debug)]
pub(super) struct Items<'a>(Children<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Branch<'a>;

    #[inline]
    fn next(&mut self) -> Option<Branch<'a>> {
        self.0.next().map(|(_, item)| item)
    }
}

/// The same number for the library. No float of a tree is infinite, so there always is one.
#[inline]
fn written(number: Number) -> Option<serde_json::Number> {
    match number {
        Number::Unsigned(number) => Some(number.into()),
        Number::Negative(number) => Some(number.into()),
        Number::Float(number) => serde_json::Number::from_f64(number),
    }
}

fn value(branch: Branch<'_>) -> Value {
    match branch.shape() {
        Shape::Null => Value::Null,
        Shape::Boolean(boolean) => Value::Bool(boolean),
        Shape::Number(number) => written(number).map_or(Value::Null, Value::Number),
        Shape::Text(text) => Value::String(text.to_owned()),
        Shape::Array => branch.children().map(|(_, item)| value(item)).collect(),
        Shape::Object => branch.children().map(|(name, member)| (name, value(member))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jsonschema_value::conformance;

    use super::*;
    use crate::json::TreeScratch;

    #[test]
    fn records_are_what_the_library_relies_on() {
        let text = conformance::document().to_string();
        let mut scratch = TreeScratch::default();
        scratch.read(&text).unwrap();
        let tree = scratch.tree(&text);
        conformance::assert_conformance::<Record>(&tree.root().unwrap());
    }
}
