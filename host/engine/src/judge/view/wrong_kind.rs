//! Why a value cannot be read, in words.

use jurat_model::Input;

use super::row::Row;
use crate::convert::Problem;
use crate::excerpt::shortened;
use crate::extract::ColumnId;

/// The sentence about an input whose value is not of its kind, or whose path leads through a value that it cannot go through.
pub(super) fn wrong_kind(row: &Row<'_>, input: &Input, column: ColumnId) -> String {
    if let Some(obstacle) = row.obstacle(column) {
        let pointer = row.pointer(column).unwrap_or_default();
        let (found, expected) = match obstacle.as_bytes().first() {
            Some(b'[') => ("a list", "an object"),
            Some(b'{') => ("an object", "a list"),
            Some(b'"') => ("a text", "an object or a list"),
            Some(b't' | b'f') => ("a boolean", "an object or a list"),
            _ => ("a number", "an object or a list"),
        };
        let obstacle = shortened(obstacle);
        return format!("`{input}` cannot be read: on the way to `{pointer}` is {found}, not {expected}: {obstacle}");
    }
    let token = row.whole_token(column).unwrap_or_default();
    let problem = Problem::of(input.kind, token, row.rounding(column));
    format!("`{input}` is {}: {problem}", shortened(token))
}
