//! The scanner accepts nothing that `serde_json` refuses, and its spans lie in the text.

use jurat_engine::json::PathStep::{Element, Key};
use jurat_engine::json::{Paths, Scratch, scan};
use serde_json::Value;

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// When a text is accepted that is not JSON, or a span lies outside of it.
pub fn check(bytes: &[u8]) -> Answer {
    let mut paths = Paths::default();
    paths.add(["a"]);
    paths.add(["a", "b"]);
    paths.add([Key("a"), Element(0), Key("b")]);
    paths.add([Key("a"), Element(2)]);
    let mut scratch = Scratch::default();
    let scanned = scan(bytes, &paths, &mut scratch);
    let answer = Answer::of(&scanned);
    if let Ok(scanned) = scanned {
        assert!(serde_json::from_str::<Value>(scanned.text).is_ok());
        for span in scanned.spans {
            let (value, obstacle) = (span.of(scanned.text), span.obstacle_of(scanned.text));
            assert_eq!(value.is_some() || obstacle.is_some(), !span.is_none());
            assert!(value.is_none() || obstacle.is_none());
        }
    }
    answer
}
