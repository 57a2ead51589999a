//! The scanner accepts nothing that `serde_json` refuses, and its spans lie in the text.
#![no_main]

use jurat_engine::json::{Paths, Scratch, scan};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut paths = Paths::default();
    paths.add(["a"]);
    paths.add(["a", "b"]);
    if let Ok(scanned) = scan(bytes, &paths, &mut Scratch::default()) {
        assert!(serde_json::from_str::<Value>(scanned.text).is_ok());
        for span in scanned.spans {
            assert!(span.is_none() || span.of(scanned.text).is_some());
        }
    }
});
