//! The publisher's side.

use jurat_trust::publish::{BuildError, BuiltRelease, DraftFile, Layout, PublishError, Stability};
use jurat_trust::{
    Digest, Envelope, FileKind, ManifestError, MetadataVersion, Policy, SuccessionError, Targets, VerifyError,
};

use crate::fixture::{METADATA, draft, policy, release, secret, target, targets, words};

fn envelope(targets: &Targets, people: &[u8]) -> Envelope {
    let mut envelope = Envelope::unsigned(targets.to_bytes());
    people.iter().for_each(|&person| envelope.sign(&secret(person)).unwrap());
    envelope
}

#[test]
fn the_same_draft_makes_the_same_bytes_in_any_order() {
    let mut shuffled = draft("1.4.0");
    shuffled.files.reverse();
    shuffled.components.reverse();
    let shuffled = BuiltRelease::build(shuffled).unwrap();
    assert_eq!(shuffled.manifest().to_bytes(), release().manifest().to_bytes());
}

#[test]
fn metadata_comes_last_and_everything_else_never_changes() {
    let release = release();
    let listed = targets().with_release(&target(), release.manifest());
    let layout = Layout::new(&release, &target(), &envelope(&listed, &[1, 2]), None, &policy()).unwrap();
    let (last, others) = layout.uploads().split_last().unwrap();
    assert_eq!((last.path.as_str(), last.stability), (METADATA, Stability::Mutable));
    assert!(others.iter().all(|upload| upload.stability == Stability::Immutable));
    assert!(others.iter().all(|upload| upload.path.as_str().contains(&Digest::of(&upload.bytes).to_string())));
    let (manifest, blobs) = others.split_last().unwrap();
    assert!(manifest.path.as_str().starts_with("targets/t/acme/prod/"));
    assert!(blobs.iter().all(|upload| upload.path.as_str().starts_with("blobs/sha256/")));
}

#[test]
fn a_file_that_is_there_twice_is_uploaded_once() {
    let mut twice = draft("1.4.0");
    let copy = DraftFile { path: "schemas/copy.json".parse().unwrap(), ..twice.files[2].clone() };
    twice.files.push(copy);
    let twice = BuiltRelease::build(twice).unwrap();
    let listed = targets().with_release(&target(), twice.manifest());
    let layout = Layout::new(&twice, &target(), &envelope(&listed, &[1, 2]), None, &policy()).unwrap();
    assert_eq!(layout.uploads().len(), twice.files().count() - 1 + 2);
    let verified = layout.verify(&policy(), &target()).unwrap();
    assert_eq!(verified.files(FileKind::Schema).count(), 2);
}

#[test]
fn what_hosts_would_refuse_is_not_published() {
    let release = release();
    let listed = targets().with_release(&target(), release.manifest());
    let publish = |envelope: &Envelope, policy: &Policy| {
        Layout::new(&release, &target(), envelope, None, policy).err().map(|error| words(&error))
    };
    let refused = publish(&envelope(&listed, &[1]), &policy()).unwrap();
    assert!(
        refused.starts_with("hosts would refuse the release: `metadata/targets.json` is not signed as it must be"),
        "{refused}"
    );
    let late = Policy { now: listed.expires(), ..policy() };
    assert!(publish(&envelope(&listed, &[1, 2]), &late).unwrap().contains("expired at 2026-12-01T00:00:00Z"));
    assert_eq!(publish(&envelope(&listed, &[1, 2]), &policy()), None);
    // The envelope lists another build than the one at hand.
    let other = BuiltRelease::build(draft("1.5.0")).unwrap();
    let error = Layout::new(&other, &target(), &envelope(&listed, &[1, 2]), None, &policy());
    assert!(matches!(error, Err(PublishError::Verify(VerifyError::Missing { .. }))));
}

#[test]
fn new_metadata_replaces_old_of_a_lower_version_only() {
    let release = release();
    let old = targets().with_release(&target(), release.manifest()).with_revoked(Digest::of(b"bad"));
    let publish = |new: &Targets| match Layout::new(&release, &target(), &envelope(new, &[1, 2]), Some(&old), &policy())
    {
        Err(PublishError::Succession(error)) => Err(error),
        other => Ok(other.unwrap()),
    };
    assert!(matches!(publish(&old), Err(SuccessionError::Version { .. })));
    let next = old.successor("2026-12-24T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(next.version().get(), 8);
    assert!(publish(&next).is_ok());
    let version = MetadataVersion::new(8).unwrap();
    let forgetful =
        Targets::new(old.repository().clone(), version, old.expires()).with_release(&target(), release.manifest());
    assert!(matches!(publish(&forgetful), Err(SuccessionError::Unrevoked { .. })));
    let moved = Targets::new("acme-test".parse().unwrap(), version, old.expires());
    assert!(matches!(moved.check_replaces(&old), Err(SuccessionError::Repository { .. })));
    let last = MetadataVersion::new((1 << 53) - 1).unwrap();
    assert_eq!((last.next(), MetadataVersion::new(0), MetadataVersion::new(1 << 53)), (None, None, None));
}

#[test]
fn releases_are_listed_beside_each_other() {
    let release = release();
    let staging = "t/acme/staging/loan-rules.json".parse().unwrap();
    let both = targets().with_release(&target(), release.manifest()).with_release(&staging, release.manifest());
    let listed: Vec<_> = both.releases().map(|(path, release)| (path, release.release_version().unwrap())).collect();
    let version = release.manifest().version().clone();
    assert_eq!(listed, [(target(), version.clone()), (staging.clone(), version)]);
    assert_eq!(both.without(&staging).releases().count(), 1);
}

#[test]
fn parts_that_do_not_fit_together_make_no_release() {
    let build = |change: fn(&mut jurat_trust::publish::Draft)| {
        let mut changed = draft("1.4.0");
        change(&mut changed);
        BuiltRelease::build(changed).err()
    };
    assert!(matches!(build(|draft| draft.files[4].bytes.clear()), Some(BuildError::EmptyFile { .. })));
    let error = |change| match build(change) {
        Some(BuildError::Manifest(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(error(|draft| drop(draft.files.remove(0))), ManifestError::BusinessConfigs { found: 0 }));
    assert!(matches!(
        error(|draft| draft.files[1].kind = FileKind::BusinessConfig),
        ManifestError::BusinessConfigs { found: 2 }
    ));
    assert!(matches!(error(|draft| draft.files.push(draft.files[1].clone())), ManifestError::RepeatedPath { .. }));
    assert!(matches!(error(|draft| drop(draft.files.remove(3))), ManifestError::MissingComponent { .. }));
    assert!(matches!(error(|draft| draft.files[3].kind = FileKind::Schema), ManifestError::MissingComponent { .. }));
    assert!(matches!(error(|draft| drop(draft.components.pop())), ManifestError::UndescribedComponent { .. }));
    assert!(matches!(
        error(|draft| draft.components.push(draft.components[0].clone())),
        ManifestError::RepeatedComponent { .. }
    ));
    assert!(matches!(error(|draft| draft.components[0].rules.clear()), ManifestError::NoRules { .. }));
    assert!(matches!(
        error(|draft| draft.builtin[0].id = "rule_003_v1".to_owned()),
        ManifestError::RepeatedRule { .. }
    ));
    assert!(matches!(error(|draft| draft.builtin.push(draft.builtin[0].clone())), ManifestError::RepeatedRule { .. }));
    // What can be written down, but would not be read.
    assert!(matches!(error(|draft| draft.builtin[0].id = String::new()), ManifestError::Format(_)));
    let no_memory =
        |draft: &mut jurat_trust::publish::Draft| draft.components[0].limits.memory = Some(jurat_model::Bytes::new(0));
    assert!(matches!(error(no_memory), ManifestError::Format(_)));
}
