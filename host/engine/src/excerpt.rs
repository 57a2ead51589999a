//! Foreign text in messages, bounded.

pub use jurat_model::{Excerpt, nearest};

/// The longest value of a record in a result, in bytes.
pub(crate) const MAX_VALUE: usize = 256;

/// The beginning of a token, at most [`MAX_VALUE`] bytes, cut between two characters.
#[must_use]
pub(crate) fn shortened(token: &str) -> &str {
    token.get(..token.floor_char_boundary(MAX_VALUE)).unwrap_or(token)
}

/// `, did you mean ...?`, or nothing.
pub(crate) fn advice(nearest: Option<&Excerpt>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}
