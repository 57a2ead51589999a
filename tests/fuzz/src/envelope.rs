//! Any envelope is read or refused, and no signature holds that its key has not made.

use std::sync::LazyLock;

use jurat_model::Bytes;
use jurat_trust::metadata::RootMetadata;
use jurat_trust::{Anchor, Envelope, KeySet, PublicKey, TopRole};

use crate::Answer;

/// Keys with which nothing was ever signed: that of a test in RFC 8032, section 7.1.
static NOBODY: LazyLock<KeySet> = LazyLock::new(|| {
    let key = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
        0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];
    let key = PublicKey::from_bytes(&key).expect("a key");
    KeySet::new(1, [key]).expect("a set of one key")
});

const CAP: Bytes = Bytes::mebi(1);

/// Checks these bytes.
///
/// # Panics
/// When an envelope is not read back as it is written, has the signature of a key that has not signed, or becomes an anchor without its own keys'
/// signatures.
pub fn check(bytes: &[u8]) -> Answer {
    let envelope = Envelope::parse(bytes, CAP);
    if let Ok(envelope) = &envelope {
        let written = envelope.to_bytes();
        let again = Envelope::parse(&written, Bytes::mebi(2)).expect("what was written can be read");
        assert_eq!(&again, envelope);
        assert_eq!(again.to_bytes(), written, "it is written in one way");
        assert!(envelope.verify(&NOBODY).is_err(), "nobody has signed it");
    }
    if let Ok(anchor) = Anchor::parse(bytes, None) {
        let envelope = envelope.as_ref().expect("an anchor is an envelope");
        let signed = envelope.verify(anchor.root().keys(TopRole::Root)).expect("an anchor is signed by its own keys");
        assert_eq!(RootMetadata::parse(signed.as_slice()).as_ref(), Ok(anchor.root()));
    }
    Answer::of(&envelope)
}
