//! Whatever bytes come in: an answer, and the same one for what was written as for what was read.

use jurat_model::Bytes;
use jurat_trust::{
    Envelope, Manifest, PublicKey, Role, RootMetadata, SafePath, SecretKey, SnapshotMetadata, TargetPath,
    TargetsMetadata, TimestampMetadata,
};
use proptest::prelude::*;

use crate::publisher::{Publisher, acme, built};

fn documents() -> Vec<Vec<u8>> {
    let publisher = Publisher::new();
    let roles = [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets, acme()];
    let mut documents: Vec<_> = roles.iter().map(|role| publisher.payload(role).1).collect();
    documents.push(publisher.files.0["metadata/timestamp.json"].clone());
    documents.push(built("1.0.0").manifest().to_bytes());
    documents
}

/// Bytes that are nearly one of our documents.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0..4_usize, prop::collection::vec(any::<u8>(), 0..4));
    let words = prop::sample::select(vec![
        "\"\"",
        "0",
        "-1",
        "1e9",
        "null",
        "[]",
        "{}",
        "..",
        "/",
        "\\u0000",
        "9007199254740993",
    ]);
    (prop::sample::select(documents()), prop::collection::vec(edit, 0..4), any::<prop::sample::Index>(), words)
        .prop_map(|(mut bytes, edits, colon, word)| {
            for (at, removed, inserted) in edits {
                let at = at.index(bytes.len() + 1);
                let end = bytes.len().min(at + removed);
                drop(bytes.splice(at..end, inserted));
            }
            // A value becomes another value, so that the result is often JSON still.
            let colons: Vec<_> =
                bytes.iter().enumerate().filter(|(_, byte)| **byte == b':').map(|(at, _)| at).collect();
            if !colons.is_empty() && colon.index(4) > 0 {
                let start = colons[colon.index(colons.len())] + 1;
                let end = bytes[start..]
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']'))
                    .map_or(start, |at| start + at);
                drop(bytes.splice(start..end, word.bytes()));
            }
            bytes
        })
}

fn check(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(Manifest::parse(&manifest.to_bytes()).as_ref(), Ok(&manifest));
    }
    if let Ok(metadata) = RootMetadata::parse(bytes) {
        assert_eq!(RootMetadata::parse(&metadata.to_bytes()).as_ref(), Ok(&metadata));
    }
    if let Ok(metadata) = TimestampMetadata::parse(bytes) {
        assert_eq!(TimestampMetadata::parse(&metadata.to_bytes()).as_ref(), Ok(&metadata));
    }
    if let Ok(metadata) = SnapshotMetadata::parse(bytes) {
        assert_eq!(SnapshotMetadata::parse(&metadata.to_bytes()).as_ref(), Ok(&metadata));
    }
    if let Ok(metadata) = TargetsMetadata::parse(bytes) {
        assert_eq!(TargetsMetadata::parse(&metadata.to_bytes()).as_ref(), Ok(&metadata));
    }
    if let Ok(envelope) = Envelope::parse(bytes, Bytes::mebi(1)) {
        assert_eq!(Envelope::parse(&envelope.to_bytes(), Bytes::mebi(1)).as_ref(), Ok(&envelope));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_read_is_written_and_read_back(bytes in nearly()) {
        check(&bytes);
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,80}|(-----BEGIN (PRIVATE|PUBLIC) KEY-----\n[A-Za-z0-9+/=]{0,100}\n-----END (PRIVATE|PUBLIC) KEY-----)") {
        drop((PublicKey::from_pem(&text), SecretKey::from_pem(&text)));
        if let Ok(path) = text.parse::<SafePath>() {
            let joined = std::path::Path::new("/base").join(path.as_str());
            prop_assert!(joined.starts_with("/base") && joined != std::path::Path::new("/base"));
        }
    }

    #[test]
    fn a_path_that_is_safe_stays_below(text in "[a.:/\\\\]{0,10}") {
        if let Ok(path) = text.parse::<SafePath>() {
            let parts: Vec<_> = std::path::Path::new(path.as_str()).components().collect();
            prop_assert!(!parts.is_empty());
            prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))));
        }
        if let Ok(target) = format!("{text}.json").parse::<TargetPath>() {
            prop_assert_eq!(target.as_path().as_str(), format!("{text}.json"));
        }
    }
}
