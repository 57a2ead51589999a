//! What is wrong with a record.

use serde::Serialize;

use super::place::Place;
use crate::excerpt::{Excerpt, shortened};
use crate::json::{Branch, Shape};

/// One thing that is wrong with a record.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Mistake {
    /// Where, as an RFC 6901 pointer into the record of at most 1,024 bytes; of a longer one, that of the nearest ancestor.
    pub pointer: String,
    /// The keyword of the schema; `false` for a schema that nothing follows, `schema` if the place is unknown.
    pub keyword: &'static str,
    /// What the schema has there, as JSON, at most 256 bytes; none where it is a subschema other than `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The value there, as JSON, at most 256 bytes; none for an array or object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong, in words of bounded length: "is above `5`".
    pub message: String,
}

/// The mistakes of a record, as many as are wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mistakes {
    /// In the order in which they were found.
    pub list: Vec<Mistake>,
    /// Further ones, which are only counted.
    pub more: u32,
}

impl Mistake {
    /// The mistake that it would cost too much to find.
    pub(super) fn unknown() -> Self {
        Self {
            pointer: String::new(),
            keyword: "schema",
            expected: None,
            value: None,
            message: "does not follow its schema; the record is too large for this schema to tell where".to_owned(),
        }
    }

    /// That there may be further mistakes.
    pub(super) fn further() -> Self {
        Self {
            message: "the record is too large for this schema to tell all that is wrong".to_owned(),
            ..Self::unknown()
        }
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.pointer.len() + optional(&self.expected) + optional(&self.value) + self.message.len()
    }
}

/// Where mistakes are told.
pub(super) trait Report {
    /// Whether all mistakes are wanted, and not only whether there is one.
    const WANTS_ALL: bool;

    /// Takes a mistake.
    fn add(&mut self, mistake: impl FnOnce() -> Mistake);

    /// Takes over what is wrong with an alternative.
    fn append(&mut self, other: Mistakes, number: usize);

    /// Whether further mistakes are only counted.
    fn is_full(&self) -> bool;
}

/// Only whether there is a mistake.
pub(super) struct Silent;

impl Report for Silent {
    const WANTS_ALL: bool = false;

    fn add(&mut self, _: impl FnOnce() -> Mistake) {}

    fn append(&mut self, _: Mistakes, _: usize) {}

    fn is_full(&self) -> bool {
        true
    }
}

/// All mistakes, of which so many are kept.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) mistakes: Mistakes,
    most: usize,
}

impl Collected {
    pub(super) fn new(most: usize) -> Self {
        Self { mistakes: Mistakes::default(), most }
    }
}

impl Report for Collected {
    const WANTS_ALL: bool = true;

    fn add(&mut self, mistake: impl FnOnce() -> Mistake) {
        if self.mistakes.list.len() < self.most {
            self.mistakes.list.push(mistake());
        } else {
            self.mistakes.more = self.mistakes.more.saturating_add(1);
        }
    }

    fn is_full(&self) -> bool {
        self.mistakes.list.len() >= self.most
    }

    fn append(&mut self, other: Mistakes, number: usize) {
        self.mistakes.more = self.mistakes.more.saturating_add(other.more);
        for mistake in other.list {
            self.add(|| Mistake { message: format!("for alternative {number}: {}", mistake.message), ..mistake });
        }
    }
}

/// Makes a mistake of a value.
pub(super) fn mistake(
    place: &Place<'_>,
    value: Branch<'_>,
    keyword: &'static str,
    expected: Option<String>,
    words: &str,
) -> Mistake {
    let value = token(value);
    let message = value.as_ref().map_or_else(|| words.to_owned(), |value| format!("{} {words}", Excerpt::of(value)));
    Mistake { pointer: place.pointer(), keyword, expected, value, message }
}

/// A value as JSON, shortened; none for an array or object.
fn token(value: Branch<'_>) -> Option<String> {
    Some(match value.shape() {
        Shape::Null => "null".to_owned(),
        Shape::Boolean(boolean) => boolean.to_string(),
        Shape::Number(_) => shortened(value.number_token()?).to_owned(),
        // The quotes and escapes may add some.
        Shape::Text(text) => shortened(&serde_json::Value::from(shortened(text)).to_string()).to_owned(),
        Shape::Array | Shape::Object => return None,
    })
}
