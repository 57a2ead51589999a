//! A publisher with all keys of a repository: makes releases of the sample rules, signs, and puts them where hosts read, in the
//! order in which the editor says. Can also sign what no editor would let pass.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::metadata::{MetaFile, SnapshotMetadata, TargetsMetadata, TimestampMetadata};
use jurat_trust::publish::{BuiltRelease, Clock, Lifetimes, Mode, Plan, Repository, Upload};
use jurat_trust::{
    Anchor, Digest, Envelope, Fetch, FetchError, KeySet, MetadataVersion, Role, RoleName, RootKeys, SafePath,
    SecretKey, Signer, TargetPath, TopRole,
};
use tempfile::TempDir;

mod sample;

use sample::{broken_release, release_of_another_component, release_that_does_not_compile};
pub use sample::{record, release, release_of_old_prices};

/// A publisher, and the directory that a server serves.
pub struct Publisher {
    id: String,
    directory: TempDir,
    clock: Clock,
    /// The present signers.
    pub keys: Keys,
}

/// The keys of all roles. Root, targets and tenants need two.
pub struct Keys {
    /// Root.
    pub root: [SecretKey; 2],
    /// Targets: the list of tenants.
    pub targets: [SecretKey; 2],
    /// Snapshot.
    pub snapshot: SecretKey,
    /// Timestamp.
    pub timestamp: SecretKey,
    /// Each tenant.
    pub tenants: BTreeMap<String, [SecretKey; 2]>,
}

/// What is staged, beside what is published.
struct Beside<'a> {
    published: Directory,
    staged: &'a [Upload],
}

impl Publisher {
    /// A repository with tenants that list nothing yet, as of the beginning of 2026.
    #[must_use]
    pub fn new(id: &str, tenants: &[&str]) -> Self {
        Self::living(id, tenants, Lifetimes::DEFAULT)
    }

    /// The same with other lifetimes.
    #[must_use]
    pub fn living(id: &str, tenants: &[&str], lifetimes: Lifetimes) -> Self {
        Self::with_keys(id, Keys::generate(tenants), lifetimes)
    }

    /// The same with keys that may be in use elsewhere.
    #[must_use]
    pub fn with_keys(id: &str, keys: Keys, lifetimes: Lifetimes) -> Self {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        Self::at(id, keys, Clock { lifetimes, ..Clock::new(now) })
    }

    /// A repository as of the present, for hosts that have the clock of this machine.
    #[must_use]
    pub fn of_today(id: &str, tenants: &[&str]) -> Self {
        Self::at(id, Keys::generate(tenants), Clock::new(Timestamp::now()))
    }

    fn at(id: &str, keys: Keys, clock: Clock) -> Self {
        let publisher = Self { id: id.to_owned(), directory: tempfile::tempdir().unwrap(), clock, keys };
        let Keys { root, targets, snapshot, timestamp, tenants } = &publisher.keys;
        let keys =
            RootKeys { root: both(root), targets: both(targets), snapshot: one(snapshot), timestamp: one(timestamp) };
        let (mut repository, _) = Repository::init(&id.parse().unwrap(), keys, Mode::Production, clock).unwrap();
        for (tenant, keys) in tenants {
            repository.add_tenant(tenant, both(keys), clock).unwrap();
        }
        publisher.put(&publisher.plan(repository, &[]));
        publisher
    }

    /// The directory that hosts see.
    #[must_use]
    pub fn served(&self) -> &Path {
        self.directory.path()
    }

    /// The root that hosts are given by hand.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        self.read("metadata/1.root.json")
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now
    }

    /// Some time later.
    pub fn pass(&mut self, time: SignedDuration) {
        self.clock.now += time;
    }

    /// Publishes a release of a tenant.
    pub fn release(&self, tenant: &str, number: u64) -> Digest {
        let (plan, manifest) = self.plan_release(tenant, number);
        self.put(&plan);
        manifest
    }

    /// Publishes a release that does not judge its own test vectors as it says.
    pub fn broken_release(&self, tenant: &str, number: u64) -> Digest {
        self.release_built(tenant, &broken_release(number))
    }

    /// Publishes a release that was built.
    pub fn release_built(&self, tenant: &str, built: &BuiltRelease) -> Digest {
        let (plan, manifest) = self.plan_of(tenant, built);
        self.put(&plan);
        manifest
    }

    /// Publishes a release whose component must be compiled anew.
    pub fn release_of_another_component(&self, tenant: &str, number: u64) -> Digest {
        self.release_built(tenant, &release_of_another_component(number))
    }

    /// Publishes a release with a component that no compiler accepts.
    pub fn release_that_does_not_compile(&self, tenant: &str, number: u64) -> Digest {
        self.release_built(tenant, &release_that_does_not_compile(number))
    }

    /// What publishing a release of a tenant would be.
    #[must_use]
    pub fn plan_release(&self, tenant: &str, number: u64) -> (Plan, Digest) {
        self.plan_of(tenant, &release(number))
    }

    fn plan_of(&self, tenant: &str, built: &BuiltRelease) -> (Plan, Digest) {
        let manifest = Digest::of(&built.manifest().to_bytes());
        let mut repository = self.repository();
        repository.list_release(&target(tenant), built.manifest(), self.clock).unwrap();
        (self.plan(repository, &built.uploads(&target(tenant))), manifest)
    }

    /// Publishes a change of whatever kind, signed by everybody.
    pub fn change(&self, change: impl FnOnce(&mut Repository, Clock)) {
        let mut repository = self.repository();
        change(&mut repository, self.clock);
        self.put(&self.plan(repository, &[]));
    }

    /// Lists a release of earlier days again.
    pub fn roll_back(&self, tenant: &str, manifest: &Digest) {
        let bytes = self.read(target(tenant).location(manifest).as_str());
        self.change(|repository, clock| _ = repository.roll_back(&target(tenant), &bytes, clock).unwrap());
    }

    /// Revokes a release; none: the one that is listed.
    pub fn revoke(&self, tenant: &str, manifest: Option<&Digest>) {
        self.change(|repository, clock| _ = repository.revoke(&target(tenant), manifest, clock).unwrap());
    }

    /// Signs a new timestamp, and what else is due.
    pub fn refresh(&self) {
        let online: [&dyn Signer; 2] = [&self.keys.snapshot, &self.keys.timestamp];
        let source = Directory::new(self.served());
        self.put(&self.repository().refresh(&source, &online, self.clock).unwrap());
    }

    /// Gives a tenant new keys, and gives back the old ones.
    pub fn rekey(&mut self, tenant: &str) -> [SecretKey; 2] {
        let old = self.keys.tenants.insert(tenant.to_owned(), pair()).unwrap();
        let keys = both(&self.keys.tenants[tenant]);
        self.change(|repository, clock| _ = repository.rekey_tenant(tenant, keys, clock).unwrap());
        old
    }

    /// Gives timestamp and snapshot new keys, and gives back the old ones: first that of the snapshot. They sign once more, so that
    /// hosts do not notice.
    pub fn rotate_online_keys(&mut self) -> [SecretKey; 2] {
        let mut repository = self.repository();
        let Keys { snapshot, timestamp, .. } = &mut self.keys;
        let old = [mem::replace(snapshot, key()), mem::replace(timestamp, key())];
        let pairs = [(TopRole::Snapshot, &old[0], &*snapshot), (TopRole::Timestamp, &old[1], &*timestamp)];
        for (role, old, new) in pairs {
            repository.rotate_root_key(role, &old.public(), new.public(), self.clock).unwrap();
        }
        let Keys { snapshot, timestamp, .. } = &self.keys;
        self.put(&self.plan_by(repository, &[], &[snapshot, timestamp, &old[0], &old[1]]));
        old
    }

    /// Puts everything where hosts read, in its order.
    pub fn put(&self, plan: &Plan) {
        for upload in &plan.uploads {
            self.write(upload.path.as_str(), &upload.bytes);
        }
    }

    /// Puts one file where hosts read; they never see a part of it.
    pub fn write(&self, path: &str, bytes: &[u8]) {
        write(self.served(), path, bytes);
    }

    /// A file that hosts see.
    #[must_use]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.served().join(path)).unwrap()
    }

    /// The newest metadata of a role that hosts see: its path, and what was signed.
    #[must_use]
    pub fn newest(&self, role: &Role) -> (String, Vec<u8>) {
        let roles = self.repository().roles();
        let status = roles.into_iter().find(|status| status.role == *role).unwrap();
        let path = role.file(status.published.unwrap().0).to_string();
        let payload = Envelope::parse(&self.read(&path), Bytes::mebi(1)).unwrap().unverified_payload().to_vec();
        (path, payload)
    }

    /// The newest metadata of targets or of a tenant.
    #[must_use]
    pub fn newest_targets(&self, role: &Role) -> TargetsMetadata {
        TargetsMetadata::parse(&self.newest(role).1).unwrap()
    }

    /// Puts files of roles where hosts read without asking an editor, each as the version that it says, with a snapshot and a
    /// timestamp that list them.
    pub fn force(&self, files: &[(Role, MetadataVersion, Vec<u8>)]) {
        let month = self.clock.now + SignedDuration::from_hours(24 * 31);
        let snapshot = SnapshotMetadata::parse(&self.newest(&Role::Snapshot).1).unwrap().successor(month).unwrap();
        let snapshot = files.iter().fold(snapshot, |snapshot, (role, version, bytes)| {
            self.write(role.file(*version).as_str(), bytes);
            snapshot.with_file(role.clone(), MetaFile::of(*version, bytes))
        });
        self.force_snapshot(&snapshot);
    }

    /// Puts a snapshot where hosts read, with a timestamp that lists it.
    pub fn force_snapshot(&self, snapshot: &SnapshotMetadata) {
        let bytes = signed(snapshot.to_bytes(), &[&self.keys.snapshot]);
        self.write(Role::Snapshot.file(snapshot.version()).as_str(), &bytes);
        self.force_timestamp(MetaFile::of(snapshot.version(), &bytes));
    }

    /// Puts a timestamp where hosts read that lists this snapshot.
    pub fn force_timestamp(&self, snapshot: MetaFile) {
        let month = self.clock.now + SignedDuration::from_hours(24 * 31);
        let timestamp = TimestampMetadata::parse(&self.newest(&Role::Timestamp).1).unwrap();
        let timestamp = timestamp.successor(month).unwrap().with_snapshot(snapshot);
        self.write("metadata/timestamp.json", &signed(timestamp.to_bytes(), &[&self.keys.timestamp]));
    }

    /// The repository as hosts see it, to be changed.
    #[must_use]
    pub fn repository(&self) -> Repository {
        let anchor = Anchor::parse(&self.root(), None).unwrap();
        Repository::read(&Directory::new(self.served()), Some(anchor), Mode::Production).unwrap()
    }

    /// Has everything signed that is staged, and says what to upload.
    #[must_use]
    pub fn plan(&self, repository: Repository, staged: &[Upload]) -> Plan {
        self.plan_by(repository, staged, &[&self.keys.snapshot, &self.keys.timestamp])
    }

    fn plan_by(&self, mut repository: Repository, staged: &[Upload], online: &[&dyn Signer]) -> Plan {
        let Keys { root, targets, tenants, .. } = &self.keys;
        for key in root.iter().chain(targets).chain(tenants.values().flatten()) {
            for role in repository.signable_by(&key.public()) {
                repository.sign(&role, key).unwrap();
            }
        }
        let source = Beside { published: Directory::new(self.served()), staged };
        repository.plan(&source, online, self.clock).unwrap()
    }
}

impl Keys {
    /// New ones.
    #[must_use]
    pub fn generate(tenants: &[&str]) -> Self {
        let tenants = tenants.iter().map(|tenant| ((*tenant).to_owned(), pair())).collect();
        Self { root: pair(), targets: pair(), snapshot: key(), timestamp: key(), tenants }
    }

    /// The same keys once more.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = |key: &SecretKey| SecretKey::from_pem(&key.to_pem().unwrap()).unwrap();
        let copies = |keys: &[SecretKey; 2]| keys.each_ref().map(copy);
        Self {
            root: copies(&self.root),
            targets: copies(&self.targets),
            snapshot: copy(&self.snapshot),
            timestamp: copy(&self.timestamp),
            tenants: self.tenants.iter().map(|(tenant, keys)| (tenant.clone(), copies(keys))).collect(),
        }
    }
}

impl Fetch for Beside<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self.staged.iter().find(|upload| upload.path == *file) {
            Some(upload) => Ok(upload.bytes.to_vec()),
            None => self.published.get(file, cap),
        }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Publisher({} in {})", self.id, self.served().display())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keys")
    }
}

/// Where a tenant lists its release.
#[must_use]
pub fn target(tenant: &str) -> TargetPath {
    format!("t/{tenant}/main/loan.json").parse().unwrap()
}

/// The role of a tenant.
#[must_use]
pub fn role(tenant: &str) -> Role {
    Role::Delegated(RoleName::of_tenant(tenant).unwrap())
}

/// An envelope with these signatures.
#[must_use]
pub fn signed(payload: Vec<u8>, signers: &[&SecretKey]) -> Vec<u8> {
    let mut envelope = Envelope::unsigned(payload);
    for signer in signers {
        envelope.sign(*signer).unwrap();
    }
    envelope.to_bytes()
}

/// Two keys, of which both must sign.
#[must_use]
pub fn both(keys: &[SecretKey; 2]) -> KeySet {
    KeySet::new(2, keys.each_ref().map(SecretKey::public)).unwrap()
}

/// Puts a file into a directory; no reader ever sees a part of it.
pub fn write(directory: &Path, path: &str, bytes: &[u8]) {
    let file: PathBuf = directory.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let beside = file.with_extension("new");
    fs::write(&beside, bytes).unwrap();
    fs::rename(beside, file).unwrap();
}

fn one(key: &SecretKey) -> KeySet {
    KeySet::new(1, [key.public()]).unwrap()
}

fn key() -> SecretKey {
    SecretKey::generate().unwrap()
}

fn pair() -> [SecretKey; 2] {
    [key(), key()]
}
