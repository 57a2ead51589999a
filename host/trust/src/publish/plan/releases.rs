//! The files of releases that are newly listed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jurat_model::Bytes;

use crate::digest::Digest;
use crate::fetch::Fetch;
use crate::manifest::Manifest;
use crate::metadata::TargetsMetadata;
use crate::name::{SafePath, TargetPath};
use crate::policy::Caps;
use crate::publish::error::{PlanError, ReadError};
use crate::publish::published::get_exactly;
use crate::publish::repository::Staged;
use crate::publish::upload::{Stability, Upload};

/// The files that hosts will fetch for the first time: files of releases, then manifests.
pub(super) fn files(
    source: &impl Fetch,
    staged: &Staged,
    published: Option<&TargetsMetadata>,
) -> Result<Vec<Upload>, PlanError> {
    let listed = staged.payload.as_targets().map(TargetsMetadata::releases);
    let is_new = |path: &TargetPath, sha256: &Digest| {
        published.and_then(|published| published.target(path)).is_none_or(|target| target.sha256() != sha256)
    };
    let (mut blobs, mut manifests) = (BTreeMap::new(), Vec::new());
    for (path, target) in listed.into_iter().flatten().filter(|(path, target)| is_new(path, target.sha256())) {
        let failed = |cause: ReadError| PlanError::ReleaseFile { release: path.clone(), cause: cause.into() };
        let file = path.location(target.sha256());
        let bytes = get_exactly(source, &file, Caps::DEFAULT.manifest, target.sha256()).map_err(failed)?;
        let manifest = Manifest::parse(&bytes)
            .map_err(|cause| PlanError::Manifest { release: path.clone(), cause: cause.into() })?;
        for entry in manifest.files() {
            let blob = SafePath::of_blob(&entry.sha256);
            if let Entry::Vacant(vacant) = blobs.entry(blob) {
                let length = Bytes::new(entry.length);
                let bytes = get_exactly(source, vacant.key(), length, &entry.sha256).map_err(failed)?;
                vacant.insert(bytes);
            }
        }
        manifests.push((file, bytes));
    }
    let files = blobs.into_iter().chain(manifests);
    Ok(files.map(|(path, bytes)| Upload { path, bytes: bytes.into(), stability: Stability::Immutable }).collect())
}
