//! The identity of a record: its id, its schema, its entity type.

use std::borrow::Cow;

use super::error::MAX_ID_FIELDS;
use crate::extract::Tokens;
use crate::json::unescape;
use crate::release::{ENTITY_TYPE, FIRST_ID, SCHEMA};

/// The longest id that results carry, in bytes.
const ID_BYTES: usize = 256;
/// The id of a record that has none.
const UNKNOWN: &str = "unknown";

/// The id of a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Id {
    text: String,
    is_whole: bool,
    /// The id fields that the record has a value for, one bit for each; none if it cannot be read.
    fields: Option<u32>,
}

// One bit for each field.
const _: () = assert!(MAX_ID_FIELDS <= u32::BITS as usize);

/// A member that must be a text is another kind of value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct NotText;

/// A text that a record says of itself; none if it is absent or `null`.
type Named<'a> = Result<Option<Cow<'a, str>>, NotText>;

impl Id {
    /// The id of a record that cannot be read.
    pub(super) fn unknown() -> Self {
        Self { text: UNKNOWN.to_owned(), is_whole: false, fields: None }
    }

    /// The values of the id fields with these indices, joined with `-`. A field that is absent, an array or an object is left out.
    pub(super) fn of(tokens: &Tokens<'_>, fields: impl Iterator<Item = usize>) -> Self {
        let values = fields.filter_map(|field| Some((field, value(tokens, field)?)));
        let mut found = 0;
        let mut id: Option<Self> = None;
        for (field, value) in values {
            found |= bit(field);
            let id = match &mut id {
                None => {
                    let text = String::with_capacity(value.len().min(ID_BYTES));
                    id.insert(Self { text, is_whole: true, fields: None })
                }
                Some(id) => {
                    id.push("-");
                    id
                }
            };
            id.push(&value);
        }
        Self { fields: Some(found), ..id.unwrap_or_else(Self::unknown) }
    }

    /// The id fields that the record has a value for, as their [`bit`]s; none if it cannot be read.
    pub(super) fn fields(&self) -> Option<u32> {
        self.fields
    }

    /// The id under which related entities may be given; none if the record has no id, or if the id was cut, because another
    /// record may share the rest.
    pub(super) fn key(&self) -> Option<&str> {
        self.is_whole.then_some(&*self.text)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn push(&mut self, text: &str) {
        let fitting = text.floor_char_boundary(ID_BYTES.saturating_sub(self.text.len()));
        self.is_whole &= fitting == text.len();
        self.text.push_str(text.get(..fitting).unwrap_or_default());
    }
}

/// The bit of the id field with the given index.
pub(super) fn bit(field: usize) -> u32 {
    u32::try_from(field).ok().and_then(|field| 1_u32.checked_shl(field)).unwrap_or(0)
}

/// The value of the id field with the given index; none if it is absent, an array or an object.
pub(super) fn value<'a>(tokens: &Tokens<'a>, field: usize) -> Option<Cow<'a, str>> {
    match tokens.capture(FIRST_ID + field)? {
        "null" => None,
        token if token.starts_with(['{', '[']) => None,
        token => Some(unescape(token).unwrap_or(Cow::Borrowed(token))),
    }
}

/// The URL of the record's schema.
pub(super) fn schema<'a>(tokens: &Tokens<'a>) -> Named<'a> {
    text(tokens, SCHEMA)
}

/// The entity type that the record says it has.
pub(super) fn entity_type<'a>(tokens: &Tokens<'a>) -> Named<'a> {
    text(tokens, ENTITY_TYPE)
}

fn text<'a>(tokens: &Tokens<'a>, capture: usize) -> Named<'a> {
    match tokens.capture(capture) {
        None | Some("null") => Ok(None),
        Some(token) => unescape(token).map(Some).ok_or(NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Scratch;
    use crate::release::first_look;

    fn id(record: &str) -> Id {
        let fields = ["id".to_owned(), "part.no".to_owned()];
        let plan = first_look(&fields).unwrap();
        let mut scratch = Scratch::default();
        Id::of(&plan.scan(record.as_bytes(), &mut scratch).unwrap(), 0..fields.len())
    }

    #[test]
    fn an_id_is_made_of_the_fields_that_are_there() {
        for (record, expected) in [
            (r#"{"id":"a","part":{"no":7}}"#, "a-7"),
            (r#"{"id":"a"}"#, "a"),
            (r#"{"id":null,"part":{"no":1.50}}"#, "1.50"),
            (r#"{"id":{},"part":{"no":true}}"#, "true"),
            (r#"{"id":"","part":{"no":"\u0041"}}"#, "-A"),
            (r#"{"id":"unknown"}"#, "unknown"),
        ] {
            assert_eq!(id(record).key(), Some(expected), "{record}");
        }
    }

    #[test]
    fn an_id_that_is_missing_or_cut_is_not_a_key() {
        for record in ["{}", r#"{"id":[1],"part":"x"}"#] {
            assert_eq!((id(record).key(), id(record).text()), (None, "unknown"));
        }
        for (length, is_key) in [(128, true), (129, false), (100_000, false)] {
            let id = id(&format!(r#"{{"id":"{}"}}"#, "é".repeat(length)));
            assert_eq!(id.key().is_some(), is_key, "{length}");
            assert_eq!(id.text(), "é".repeat(128));
            assert!(id.text.capacity() <= ID_BYTES);
        }
    }
}
