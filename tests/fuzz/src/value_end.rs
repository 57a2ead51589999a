//! The end of a value that may be anything, as the server looks for it in a request: where JSON has it, if the value is JSON.

use jurat_engine::json::{Mismatched, value_end};
use serde_json::value::RawValue;

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// When the end is not where it must be.
pub fn check(bytes: &[u8]) -> Answer {
    let all = [Mismatched::Closes, Mismatched::EndsArray, Mismatched::IsIgnored];
    let [closes, ends, ignored] = all.map(|mismatched| value_end(bytes, mismatched));
    for end in [closes, ends, ignored].into_iter().flatten() {
        assert!(matches!(bytes.get(end - 1), Some(b'}' | b']')), "a value ends with a bracket");
    }
    // What is inside of others ends with them, or later.
    assert!(ignored.is_none_or(|end| closes.is_some_and(|first| first <= end)));
    if matches!(bytes.first(), Some(b'{' | b'[')) {
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
        if let Some(Ok(_)) = values.next() {
            assert_eq!([closes, ends, ignored], [Some(values.byte_offset()); 3]);
        }
    }
    Answer::of(&closes.ok_or(()))
}
