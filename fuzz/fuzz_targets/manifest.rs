//! Any manifest is read or refused, and what is read is written the same.
#![no_main]

use jurat_trust::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::parse(bytes) else { return };
    let again = Manifest::parse(&manifest.to_bytes()).expect("what was written can be read");
    assert_eq!(again, manifest);
});
