//! A publisher with all keys. The repository is in a directory, and also in memory for measuring without a disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat_model::Bytes;
use jurat_trust::publish::{BuiltRelease, Clock, Mode, Repository, Upload};
use jurat_trust::{Anchor, Digest, Fetch, FetchError, KeySet, RootKeys, SafePath, SecretKey, TargetPath};
use tempfile::TempDir;

const TENANT: &str = "demo";
const ROOT: &str = "metadata/1.root.json";

/// A repository with one tenant, signed as in production: root, targets and the tenant by two keys each.
pub(crate) struct Publisher {
    parent: TempDir,
    files: Files,
    people: [[SecretKey; 2]; 3],
    snapshot: SecretKey,
    timestamp: SecretKey,
    clock: Clock,
}

/// The files of a repository, in memory.
#[derive(Clone, Default)]
pub(crate) struct Files(BTreeMap<SafePath, Arc<[u8]>>);

/// The release that all hosts run.
pub(crate) fn target() -> anyhow::Result<TargetPath> {
    Ok(format!("t/{TENANT}/main/loan.json").parse()?)
}

impl Publisher {
    /// A repository that lists nothing yet, as of the beginning of 2026.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let publisher = Self {
            parent: tempfile::tempdir()?,
            files: Files::default(),
            people: [pair()?, pair()?, pair()?],
            snapshot: SecretKey::generate()?,
            timestamp: SecretKey::generate()?,
            clock: Clock::new("2026-01-01T00:00:00Z".parse()?),
        };
        Ok(publisher)
    }

    /// Replaces the listed release, signs, and publishes.
    pub(crate) fn publish(&mut self, release: &BuiltRelease) -> anyhow::Result<Digest> {
        let mut repository = match self.files.0.is_empty() {
            true => self.init()?,
            false => Repository::read(&self.files, Some(Anchor::parse(&self.root()?, None)?), Mode::Production)?,
        };
        for upload in release.uploads(&target()?) {
            self.put(&upload)?;
        }
        repository.list_release(&target()?, release.manifest(), self.clock)?;
        for key in self.people.iter().flatten() {
            for role in repository.signable_by(&key.public()) {
                repository.sign(&role, key)?;
            }
        }
        for upload in repository.plan(&self.files, &[&self.snapshot, &self.timestamp], self.clock)?.uploads {
            self.put(&upload)?;
        }
        Ok(Digest::of(&release.manifest().to_bytes()))
    }

    /// The root that hosts are provisioned with.
    pub(crate) fn root(&self) -> anyhow::Result<Vec<u8>> {
        let root = self.files.0.get(&ROOT.parse()?).context("nothing has been published")?;
        Ok(root.to_vec())
    }

    /// The file with the root.
    pub(crate) fn root_file(&self) -> PathBuf {
        self.directory().join(ROOT)
    }

    /// The directory of the repository.
    pub(crate) fn directory(&self) -> PathBuf {
        self.parent.path().join("repository")
    }

    /// The repository in memory.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The time of all publications.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now
    }

    fn init(&self) -> anyhow::Result<Repository> {
        let [root, targets, tenant] = &self.people;
        let keys = RootKeys {
            root: both(root)?,
            targets: both(targets)?,
            snapshot: KeySet::new(1, [self.snapshot.public()])?,
            timestamp: KeySet::new(1, [self.timestamp.public()])?,
        };
        let (mut repository, _) = Repository::init(&"demo".parse()?, keys, Mode::Production, self.clock)?;
        repository.add_tenant(TENANT, both(tenant)?, self.clock)?;
        Ok(repository)
    }

    fn put(&mut self, upload: &Upload) -> anyhow::Result<()> {
        let file = self.directory().join(upload.path.as_str());
        fs::create_dir_all(file.parent().context("a file without a directory")?)?;
        fs::write(file, &upload.bytes)?;
        self.files.0.insert(upload.path.clone(), Arc::clone(&upload.bytes));
        Ok(())
    }
}

impl Fetch for Files {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let bytes = self.0.get(file).ok_or(FetchError::NotFound)?;
        if bytes.len() > cap.to_usize() { Err(FetchError::TooLong) } else { Ok(bytes.to_vec()) }
    }
}

fn pair() -> anyhow::Result<[SecretKey; 2]> {
    Ok([SecretKey::generate()?, SecretKey::generate()?])
}

fn both(keys: &[SecretKey; 2]) -> anyhow::Result<KeySet> {
    Ok(KeySet::new(2, keys.each_ref().map(SecretKey::public))?)
}
