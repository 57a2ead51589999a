//! Any payload of metadata is read or refused, by the reader of one role at most, and what is read is written and read back the same.

use std::fmt::Debug;

use jurat_trust::{RootMetadata, SnapshotMetadata, TargetsMetadata, TimestampMetadata};

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// When a payload is not read back as it is written, or has two roles.
pub fn check(bytes: &[u8]) -> Answer {
    let readings = [
        reads(bytes, RootMetadata::parse, RootMetadata::to_bytes),
        reads(bytes, TimestampMetadata::parse, TimestampMetadata::to_bytes),
        reads(bytes, SnapshotMetadata::parse, SnapshotMetadata::to_bytes),
        reads(bytes, TargetsMetadata::parse, TargetsMetadata::to_bytes),
    ];
    let read = readings.iter().filter(|&&answer| answer == Answer::Read).count();
    assert!(read <= 1, "a payload has one role");
    readings.into_iter().fold(Answer::Refused, Answer::or)
}

/// Reads it as one role.
pub(crate) fn reads<T: Debug + PartialEq, E: Debug + PartialEq + ToString>(
    bytes: &[u8],
    parse: fn(&[u8]) -> Result<T, E>,
    write: fn(&T) -> Vec<u8>,
) -> Answer {
    let parsed = parse(bytes);
    match &parsed {
        Ok(document) => {
            let written = write(document);
            let again = parse(&written).expect("what was written can be read");
            assert_eq!(&again, document);
            assert_eq!(write(&again), written, "it is written in one way");
        }
        Err(error) => {
            let words = error.to_string();
            assert!(!words.is_empty() && !words.contains(char::is_control), "a reason that can be shown: {words:?}");
        }
    }
    Answer::of(&parsed)
}
