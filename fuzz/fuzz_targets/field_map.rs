//! Any field map file is read or refused.
#![no_main]

use jurat_engine::field_map::FieldMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = FieldMap::parse(bytes) {
        assert!(!error.to_string().is_empty());
    }
});
