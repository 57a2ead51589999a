//! Values as their record writes them.

use crate::excerpt::shortened;
use crate::json::Span;

/// A field of a result.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenView<'a> {
    /// The logical name of the field, as the rule's input has it.
    pub name: &'a str,
    /// Its JSON pointer; none if the field map does not say.
    pub pointer: Option<&'a str>,
    /// The token, quotes included, shortened to 256 bytes; none if the field is absent.
    pub value: Option<&'a str>,
}

impl<'a> TokenView<'a> {
    /// The field at `span` of `text`.
    #[must_use]
    pub fn new(name: &'a str, pointer: Option<&'a str>, text: &'a str, span: Span) -> Self {
        Self { name, pointer, value: span.of(text).map(shortened) }
    }
}
