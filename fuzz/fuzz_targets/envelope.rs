//! Any envelope is read or refused, and nothing is signed by nobody.
#![no_main]

use jurat_model::Bytes;
use jurat_trust::{Envelope, Targets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Targets::parse(bytes);
    let Ok(envelope) = Envelope::parse(bytes, Bytes::mebi(1)) else { return };
    let again = Envelope::parse(&envelope.to_bytes(), Bytes::mebi(2)).expect("what was written can be read");
    assert_eq!(again.to_bytes(), envelope.to_bytes());
});
