//! What lies just inside a cap is accepted; what lies just outside is refused.

use std::cell::RefCell;

use jurat_model::{Bytes, Limits};
use jurat_trust::{Blame, Caps, Digest, Fetch, FetchError, Policy, SafePath, VerifyError, verify};

use crate::fixture::{METADATA, Repository, policy, release, repository, target};

fn with(caps: Caps) -> Result<(), VerifyError> {
    repository().verify(&Policy { caps, ..policy() }).map(drop)
}

fn bytes(count: usize) -> Bytes {
    Bytes::new(count as u64)
}

#[test]
fn metadata_is_as_long_as_its_cap_at_most() {
    let length = repository().0[METADATA].len();
    assert!(with(Caps { metadata: bytes(length), ..Caps::DEFAULT }).is_ok());
    let error = with(Caps { metadata: bytes(length - 1), ..Caps::DEFAULT });
    assert!(matches!(error, Err(VerifyError::TooLong { .. })));
}

#[test]
fn a_manifest_is_as_long_as_its_cap_at_most() {
    let length = release().manifest().to_bytes().len();
    assert!(with(Caps { manifest: bytes(length), ..Caps::DEFAULT }).is_ok());
    let error = with(Caps { manifest: bytes(length - 1), ..Caps::DEFAULT }).unwrap_err();
    assert!(matches!(error, VerifyError::OverCap { .. }));
    assert_eq!(error.blame(), Blame::Settings);
}

#[test]
fn a_file_and_all_files_are_as_long_as_their_caps_at_most() {
    let release = release();
    let lengths = || release.files().map(|(_, bytes)| bytes.len());
    let (longest, all) = (lengths().max().unwrap(), lengths().sum::<usize>());
    assert!(with(Caps { file: bytes(longest), release: bytes(all), ..Caps::DEFAULT }).is_ok());
    let file = with(Caps { file: bytes(longest - 1), ..Caps::DEFAULT });
    assert!(matches!(file, Err(VerifyError::OverCap { .. })));
    let together = with(Caps { release: bytes(all - 1), ..Caps::DEFAULT });
    assert!(matches!(together, Err(VerifyError::ReleaseOverCap { .. })));
}

/// A source that stops at the cap, and writes down what it was asked for.
struct Honest(Repository, RefCell<Vec<(String, u64)>>);

impl Fetch for Honest {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.1.borrow_mut().push((file.to_string(), cap.get()));
        match self.0.get(file, cap)? {
            bytes if bytes.len() > cap.to_usize() => Err(FetchError::TooLong),
            bytes => Ok(bytes),
        }
    }
}

#[test]
fn a_source_is_asked_for_no_more_than_was_signed() {
    let source = Honest(repository(), RefCell::default());
    verify(&source, &policy(), &target()).unwrap();
    let asked = source.1.into_inner();
    assert_eq!(asked[0], (METADATA.to_owned(), Caps::DEFAULT.metadata.get()));
    let manifest = release().manifest().to_bytes();
    assert_eq!(asked[1], (target().location(&Digest::of(&manifest)).to_string(), manifest.len() as u64));
    for (file, cap) in &asked[1..] {
        assert_eq!(repository().0[file].len() as u64, *cap);
    }
    let mut endless = repository();
    endless.0.get_mut(&asked[3].0).unwrap().push(0);
    let error = verify(&Honest(endless, RefCell::default()), &policy(), &target());
    assert!(matches!(error, Err(VerifyError::TooLong { file, .. }) if file.as_str() == asked[3].0));
}

/// A source that is down.
struct Broken;

impl Fetch for Broken {
    fn get(&self, _: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::Failed("the line is dead".into()))
    }
}

#[test]
fn a_source_that_fails_is_not_one_that_has_nothing() {
    let error = verify(&Broken, &policy(), &target()).unwrap_err();
    assert_eq!(error.blame(), Blame::Transport);
    assert_eq!(crate::fixture::words(&error), "`metadata/targets.json` could not be read: the line is dead");
}

#[test]
fn limits_of_a_release_can_only_lower_those_of_the_host() {
    let verified = repository().verify(&policy()).unwrap();
    let mut components = verified.components();
    let lowered = components.next().unwrap().limits.within(&Limits::DEFAULT);
    assert_eq!(lowered, Limits { memory: Bytes::mebi(2), table_elements: 9, ..Limits::DEFAULT });
    let strict = Limits { memory: Bytes::mebi(1), ..Limits::DEFAULT };
    assert_eq!(components.next().unwrap().limits.within(&strict), strict);
}
