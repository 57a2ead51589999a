//! Any field map file is read or refused.

use jurat_engine::field_map::FieldMap;

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// When a field map is refused for no reason.
pub fn check(bytes: &[u8]) -> Answer {
    let map = FieldMap::parse(bytes);
    if let Err(error) = &map {
        assert!(!error.to_string().is_empty());
    }
    Answer::of(&map)
}
