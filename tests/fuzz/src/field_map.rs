//! Any field map file is read or refused.

use jurat_engine::field_map::FieldMap;

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// When a field map is refused for no reason, or a path is written so that it is another when it is read again.
pub fn check(bytes: &[u8]) -> Answer {
    let map = FieldMap::parse(bytes);
    for (_, field) in map.iter().flat_map(FieldMap::fields) {
        assert_eq!(field.path.to_string().parse().as_ref(), Ok(&field.path));
    }
    if let Err(error) = &map {
        assert!(!error.to_string().is_empty());
    }
    Answer::of(&map)
}
