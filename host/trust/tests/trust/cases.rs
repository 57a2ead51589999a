//! Strict reading, case by case: `tests/cases/NAME.json` is accepted, and `NAME.cases` lists changes and what is said of them.
//!
//! A case is a title, `- old`, `+ new`, and `= what is said` (`= accepted` if nothing is); cases are separated by empty lines.

use jurat_model::Bytes;
use jurat_trust::{Envelope, Manifest, RootMetadata, SnapshotMetadata, TargetsMetadata, TimestampMetadata};

use crate::fixture::words;

fn check(document: &str, cases: &str, read: fn(&[u8]) -> Result<(), String>) {
    let document = document.trim_end();
    assert_eq!(read(document.as_bytes()), Ok(()), "the document itself");
    let mut wrong = Vec::new();
    for case in cases.split("\n\n") {
        let line = |mark: &str| case.lines().find_map(|line| line.strip_prefix(mark));
        let title = case.lines().next().unwrap();
        let (Some(old), Some(new), Some(expected)) = (line("- "), line("+ ").or(line("+")), line("= ")) else {
            panic!("`{title}` is no case");
        };
        assert!(document.contains(old), "`{title}` changes what is not there: {old}");
        let found = read(document.replacen(old, new, 1).as_bytes()).err().unwrap_or("accepted".to_owned());
        if found != expected {
            wrong.push(format!("{title}\n  expected: {expected}\n  found:    {found}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn manifests_are_read_strictly() {
    let read = |bytes: &[u8]| Manifest::parse(bytes).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/manifest.json"), include_str!("../cases/manifest.cases"), read);
}

#[test]
fn roots_are_read_strictly() {
    let read = |bytes: &[u8]| RootMetadata::parse(bytes).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/root.json"), include_str!("../cases/root.cases"), read);
}

#[test]
fn timestamps_are_read_strictly() {
    let read = |bytes: &[u8]| TimestampMetadata::parse(bytes).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/timestamp.json"), include_str!("../cases/timestamp.cases"), read);
}

#[test]
fn snapshots_are_read_strictly() {
    let read = |bytes: &[u8]| SnapshotMetadata::parse(bytes).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/snapshot.json"), include_str!("../cases/snapshot.cases"), read);
}

#[test]
fn targets_are_read_strictly() {
    let read = |bytes: &[u8]| TargetsMetadata::parse(bytes).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/targets.json"), include_str!("../cases/targets.cases"), read);
    check(include_str!("../cases/delegations.json"), include_str!("../cases/delegations.cases"), read);
}

#[test]
fn envelopes_are_read_strictly() {
    let read = |bytes: &[u8]| Envelope::parse(bytes, Bytes::kibi(1)).map(drop).map_err(|error| words(&error));
    check(include_str!("../cases/envelope.json"), include_str!("../cases/envelope.cases"), read);
}
