//! A publisher with a small repository, which tests can make do anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use jurat_trust::publish::BuiltRelease;
use jurat_trust::{
    Anchor, Client, Delegation, Demands, Digest, Freshness, KeySet, Listing, MemoryStore, MetaFile, MetadataVersion,
    Refresh, Role, RoleName, RootKeys, RootMetadata, SafePath, SnapshotMetadata, StateFile, Store, TargetsMetadata,
    TimestampMetadata, TopRole, UpdateError, VerifiedRelease,
};

use crate::fixture::{Repository, draft, public, signed_by, target};

/// A repository of two tenants and everything that it takes to publish it. Its people are numbers; their keys are those numbers.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) root: RootMetadata,
    pub(crate) timestamp: TimestampMetadata,
    pub(crate) snapshot: SnapshotMetadata,
    /// The targets role and the tenants' roles, which are all of one kind.
    pub(crate) listings: BTreeMap<Role, TargetsMetadata>,
    pub(crate) people: BTreeMap<Role, Vec<u8>>,
    pub(crate) files: Repository,
}

/// A point in time at which everything is valid.
pub(crate) fn now() -> Timestamp {
    "2026-11-15T12:00:00Z".parse().unwrap()
}

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn version(number: u64) -> MetadataVersion {
    MetadataVersion::new(number).unwrap()
}

pub(crate) fn keys(threshold: usize, people: &[u8]) -> KeySet {
    KeySet::new(threshold, people.iter().map(|&person| public(person))).unwrap()
}

pub(crate) fn tenant(name: &str) -> Role {
    Role::Delegated(RoleName::of_tenant(name).unwrap())
}

pub(crate) fn acme() -> Role {
    tenant("acme")
}

pub(crate) fn name_of(role: &Role) -> RoleName {
    role.name().parse().unwrap()
}

pub(crate) fn delegation(role: &Role, keys: KeySet, paths: &str) -> Delegation {
    Delegation { role: name_of(role), keys, paths: vec![paths.parse().unwrap()], terminating: true }
}

/// When metadata of a role expires.
pub(crate) fn expiry(role: &Role) -> Timestamp {
    at(match role {
        Role::Root => "2027-06-01T00:00:00Z",
        Role::Targets => "2027-03-01T00:00:00Z",
        Role::Delegated(_) => "2027-01-01T00:00:00Z",
        Role::Snapshot => "2026-11-22T12:00:00Z",
        Role::Timestamp => "2026-11-16T12:00:00Z",
    })
}

pub(crate) fn built(version: &str) -> BuiltRelease {
    let mut draft = draft(version);
    draft.files[3].bytes.extend(version.as_bytes());
    BuiltRelease::build(draft).unwrap()
}

/// The digest that names the release of that version.
pub(crate) fn manifest_of(version: &str) -> Digest {
    Digest::of(&built(version).manifest().to_bytes())
}

impl Publisher {
    /// Everything in version 1: root 2 of 1, 2, 3; targets 2 of 4, 5; snapshot 6; timestamp 7; acme 2 of 8, 9; other 10.
    pub(crate) fn new() -> Self {
        static NEW: LazyLock<Publisher> = LazyLock::new(|| Publisher::of("acme-prod"));
        NEW.clone()
    }

    pub(crate) fn of(repository: &str) -> Self {
        let repository = || repository.parse().unwrap();
        let people = [
            (Role::Root, vec![1, 2]),
            (Role::Targets, vec![4, 5]),
            (Role::Snapshot, vec![6]),
            (Role::Timestamp, vec![7]),
            (acme(), vec![8, 9]),
            (tenant("other"), vec![10]),
        ];
        let top = RootKeys {
            root: keys(2, &[1, 2, 3]),
            targets: keys(2, &[4, 5]),
            snapshot: keys(1, &[6]),
            timestamp: keys(1, &[7]),
        };
        let first = MetadataVersion::FIRST;
        let none = |role: Role| (role.clone(), TargetsMetadata::new(repository(), first, expiry(&role)));
        let mut publisher = Self {
            root: RootMetadata::new(repository(), first, expiry(&Role::Root), top),
            timestamp: TimestampMetadata::new(repository(), first, expiry(&Role::Timestamp), MetaFile::of(first, b"")),
            snapshot: SnapshotMetadata::new(repository(), first, expiry(&Role::Snapshot)),
            listings: [none(Role::Targets), none(acme()), none(tenant("other"))].into(),
            people: people.into(),
            files: Repository::default(),
        };
        publisher.edit(&Role::Targets, |targets| {
            let acme = delegation(&acme(), keys(2, &[8, 9]), "t/acme/*/*.json");
            targets.with_delegation(acme).with_delegation(delegation(
                &tenant("other"),
                keys(1, &[10]),
                "t/other/*/*.json",
            ))
        });
        publisher.release("1.0.0");
        publisher.sign(&Role::Root);
        let roles: Vec<_> = publisher.listings.keys().cloned().collect();
        roles.iter().for_each(|role| publisher.sign(role));
        publisher.list(&roles);
        publisher.sign(&Role::Snapshot);
        publisher.point();
        publisher.sign(&Role::Timestamp);
        publisher
    }

    /// Changes what a targets role says, without a new version and without signing it.
    pub(crate) fn edit(&mut self, role: &Role, edit: impl FnOnce(TargetsMetadata) -> TargetsMetadata) {
        let changed = edit(self.listings[role].clone());
        self.listings.insert(role.clone(), changed);
    }

    /// Puts a release among acme's targets.
    pub(crate) fn release(&mut self, version: &str) {
        let release = built(version);
        self.edit(&acme(), |listing| listing.with_release(&target(), release.manifest()));
        let manifest = release.manifest().to_bytes();
        self.put(&target().location(&Digest::of(&manifest)), manifest);
        for (_, bytes) in release.files() {
            self.put(&SafePath::of_blob(&Digest::of(bytes)), bytes.to_vec());
        }
    }

    pub(crate) fn put(&mut self, file: &SafePath, bytes: Vec<u8>) {
        self.files.0.insert(file.to_string(), bytes);
    }

    /// What a role would sign, and in which version.
    pub(crate) fn payload(&self, role: &Role) -> (MetadataVersion, Vec<u8>) {
        match role {
            Role::Root => (self.root.version(), self.root.to_bytes()),
            Role::Timestamp => (self.timestamp.version(), self.timestamp.to_bytes()),
            Role::Snapshot => (self.snapshot.version(), self.snapshot.to_bytes()),
            other => (self.listings[other].version(), self.listings[other].to_bytes()),
        }
    }

    pub(crate) fn file(&self, role: &Role) -> String {
        role.file(self.payload(role).0).to_string()
    }

    /// Signs a role as it is, with its present signers.
    pub(crate) fn sign(&mut self, role: &Role) {
        let people = self.people[role].clone();
        self.sign_by(role, &people);
    }

    pub(crate) fn sign_by(&mut self, role: &Role, people: &[u8]) {
        let (version, payload) = self.payload(role);
        self.put(&role.file(version), signed_by(people, &payload));
    }

    /// Lists roles in the snapshot as they are in the repository.
    pub(crate) fn list(&mut self, roles: &[Role]) {
        for role in roles {
            let version = self.listings[role].version();
            let file = MetaFile::of(version, &self.files.0[&self.file(role)]);
            self.snapshot = self.snapshot.clone().with_file(role.clone(), file);
        }
    }

    /// Points the timestamp to the snapshot as it is in the repository.
    pub(crate) fn point(&mut self) {
        let file = MetaFile::of(self.snapshot.version(), &self.files.0[&self.file(&Role::Snapshot)]);
        self.timestamp = self.timestamp.clone().with_snapshot(file);
    }

    /// Publishes new versions of the given targets roles, and with them snapshot and timestamp.
    pub(crate) fn publish(&mut self, roles: &[Role]) {
        for role in roles {
            self.edit(role, |listing| listing.successor(expiry(role)).unwrap());
            self.sign(role);
        }
        self.list(roles);
        self.republish();
    }

    /// Publishes a new snapshot and a new timestamp.
    pub(crate) fn republish(&mut self) {
        self.snapshot = self.snapshot.successor(expiry(&Role::Snapshot)).unwrap();
        self.sign(&Role::Snapshot);
        self.point();
        self.refresh();
    }

    /// Publishes a new timestamp.
    pub(crate) fn refresh(&mut self) {
        self.timestamp = self.timestamp.successor(expiry(&Role::Timestamp)).unwrap();
        self.sign(&Role::Timestamp);
    }

    /// Replaces the keys of a top role in a new root, which the people of the old root sign, and those of the new one.
    pub(crate) fn rotate(&mut self, top: TopRole, threshold: usize, people: &[u8]) {
        let mut signers: BTreeSet<_> = self.people[&Role::Root].iter().copied().collect();
        if top == TopRole::Root {
            signers.extend(people);
        }
        let signers: Vec<_> = signers.into_iter().collect();
        self.root = self.root.successor(expiry(&Role::Root)).unwrap().with_keys(top, keys(threshold, people));
        self.sign_by(&Role::Root, &signers);
        self.people.insert(top.into(), people.to_vec());
    }

    pub(crate) fn anchor(&self) -> Anchor {
        Anchor::parse(&self.files.0["metadata/1.root.json"], None).unwrap()
    }

    /// A host that has seen nothing.
    pub(crate) fn host(&self) -> Host {
        self.host_with(MemoryStore::default()).unwrap()
    }

    pub(crate) fn host_with<S: Store>(&self, store: S) -> Result<Host<S>, UpdateError> {
        Client::open(self.anchor(), Demands::default(), store).map(Host)
    }
}

/// A client, and the release that it is for.
#[derive(Debug)]
pub(crate) struct Host<S = MemoryStore>(pub(crate) Client<S>);

impl<S: Store> Host<S> {
    pub(crate) fn refresh(&mut self, publisher: &Publisher) -> Result<Refresh, UpdateError> {
        self.0.refresh(&publisher.files, now())
    }

    pub(crate) fn find(&mut self, publisher: &Publisher) -> Result<Listing, UpdateError> {
        self.0.find(&publisher.files, &target(), Freshness::Demanded(now()))
    }

    /// Refreshes, and gets the whole release.
    pub(crate) fn load(&mut self, publisher: &Publisher) -> Result<VerifiedRelease, UpdateError> {
        self.refresh(publisher)?;
        self.find(publisher)?.manifest(&publisher.files)?.release(&publisher.files)
    }

    /// The versions of root, timestamp, snapshot and targets; 0 where there is none.
    pub(crate) fn versions(&self) -> [u64; 4] {
        let versions = self.0.versions();
        let all = [Some(versions.root), versions.timestamp, versions.snapshot, versions.targets];
        all.map(|version| version.map_or(0, MetadataVersion::get))
    }
}

impl Host {
    /// The same host after a restart.
    pub(crate) fn restart(&self, publisher: &Publisher) -> Result<Self, UpdateError> {
        publisher.host_with(self.0.store().clone())
    }

    /// The same host after a restart with a file of its store changed, or removed where nothing is given.
    pub(crate) fn restart_with(
        &self,
        publisher: &Publisher,
        file: &StateFile,
        bytes: Option<&[u8]>,
    ) -> Result<Self, UpdateError> {
        let mut store = self.0.store().clone();
        match bytes {
            Some(bytes) => store.write(file, bytes).unwrap(),
            None => store.remove(file).unwrap(),
        }
        publisher.host_with(store)
    }
}
