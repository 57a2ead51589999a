//! The publisher's side.

mod by_hand;
mod changes;
mod copies;
mod crashes;
mod desk;
mod flows;
mod online;
mod signatures;

use jurat_trust::publish::{BuildError, BuiltRelease, DraftFile, Stability};
use jurat_trust::{Digest, FileKind, ManifestError};

use crate::fixture::{draft, release};

#[test]
fn the_same_draft_makes_the_same_bytes_in_any_order() {
    let mut shuffled = draft("1.4.0");
    shuffled.files.reverse();
    shuffled.components.reverse();
    let shuffled = BuiltRelease::build(shuffled).unwrap();
    assert_eq!(shuffled.manifest().to_bytes(), release().manifest().to_bytes());
}

#[test]
fn the_files_of_a_release_are_named_by_their_content() {
    let uploads = release().uploads(&desk::loans());
    assert!(uploads.iter().all(|upload| upload.stability == Stability::Immutable));
    assert!(uploads.iter().all(|upload| upload.path.as_str().contains(&Digest::of(&upload.bytes).to_string())));
    let (manifest, blobs) = uploads.split_last().unwrap();
    assert!(manifest.path.as_str().starts_with("targets/t/acme/prod/"));
    assert!(blobs.iter().all(|upload| upload.path.as_str().starts_with("blobs/sha256/")));
    assert_eq!(blobs.len(), release().files().count());
}

#[test]
fn a_file_that_is_there_twice_is_uploaded_once() {
    let mut twice = draft("1.4.0");
    let copy = DraftFile { path: "schemas/copy.json".parse().unwrap(), ..twice.files[2].clone() };
    twice.files.push(copy);
    let twice = BuiltRelease::build(twice).unwrap();
    assert_eq!(twice.uploads(&desk::loans()).len(), twice.files().count() - 1 + 1);
}

#[test]
fn parts_that_do_not_fit_together_make_no_release() {
    let build = |change: fn(&mut jurat_trust::publish::ReleaseDraft)| {
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
    let no_memory = |draft: &mut jurat_trust::publish::ReleaseDraft| {
        draft.components[0].limits.memory = Some(jurat_model::Bytes::new(0))
    };
    assert!(matches!(error(no_memory), ManifestError::Format(_)));
}
