//! A publisher's desk: a copy of a repository, the people with their keys, and hosts that read what is published.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jurat_model::Bytes;
use jurat_trust::publish::{BuiltRelease, Clock, EditError, Mode, Plan, PlanError, Repository, StagedFile, Upload};
use jurat_trust::{
    Anchor, Client, Demands, Fetch, FetchError, Freshness, KeySet, MemoryStore, Role, RoleName, RootKeys, SafePath,
    Signer, TargetPath, UpdateError,
};

use crate::fixture::{draft, public, secret};

pub(crate) const ROOT: &[u8] = &[1, 2, 3];
pub(crate) const TARGETS: &[u8] = &[4, 5, 6];
pub(crate) const SNAPSHOT: u8 = 7;
pub(crate) const TIMESTAMP: u8 = 8;
pub(crate) const ACME: &[u8] = &[11, 12, 13];
pub(crate) const BETA: &[u8] = &[21, 22];

/// The files of a repository, with what is staged.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Site(pub(crate) BTreeMap<String, Vec<u8>>);

impl Fetch for Site {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let bytes = self.0.get(file.as_str()).ok_or(FetchError::NotFound)?;
        if bytes.len() as u64 > cap.get() { Err(FetchError::TooLong) } else { Ok(bytes.clone()) }
    }
}

impl Site {
    /// Writes one file. Nothing but the timestamp is ever overwritten with something else.
    pub(crate) fn upload(&mut self, upload: &Upload) {
        let path = upload.path.to_string();
        let before = self.0.insert(path.clone(), upload.bytes.to_vec());
        let is_same = before.is_none_or(|before| before == *upload.bytes);
        assert!(is_same || path == "metadata/timestamp.json", "{path} was overwritten");
    }

    /// What hosts can see.
    pub(crate) fn without_staged(&self) -> Self {
        Self(self.0.clone().into_iter().filter(|(path, _)| !path.starts_with("staged/")).collect())
    }
}

#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) site: Site,
    pub(crate) clock: Clock,
    pub(crate) online: Vec<u8>,
    pub(crate) mode: Mode,
}

pub(crate) fn keys(threshold: usize, people: &[u8]) -> KeySet {
    KeySet::new(threshold, people.iter().map(|&person| public(person))).unwrap()
}

pub(crate) fn root_keys() -> RootKeys {
    RootKeys {
        root: keys(2, ROOT),
        targets: keys(2, TARGETS),
        snapshot: keys(1, &[SNAPSHOT]),
        timestamp: keys(1, &[TIMESTAMP]),
    }
}

pub(crate) fn tenant(name: &str) -> Role {
    Role::Delegated(RoleName::of_tenant(name).unwrap())
}

pub(crate) fn target(path: &str) -> TargetPath {
    path.parse().unwrap()
}

pub(crate) fn loans() -> TargetPath {
    target("t/acme/prod/loan-rules.json")
}

pub(crate) fn built(version: &str) -> BuiltRelease {
    BuiltRelease::build(draft(version)).unwrap()
}

impl Desk {
    /// An empty one, in November.
    pub(crate) fn empty() -> Self {
        let clock = Clock::new("2026-11-15T12:00:00Z".parse().unwrap());
        Self { site: Site::default(), clock, online: vec![SNAPSHOT, TIMESTAMP], mode: Mode::Production }
    }

    /// A repository with two tenants, of which one has published version 1.0.0.
    pub(crate) fn with_release() -> Self {
        let mut desk = Self::empty();
        let id = "acme-prod".parse().unwrap();
        let (_, files) = Repository::init(&id, root_keys(), Mode::Production, desk.clock).unwrap();
        desk.write(files);
        desk.sign(&Role::Root, &ROOT[..2]);
        desk.stage(|repository, clock| repository.add_tenant("acme", keys(2, ACME), clock)).unwrap();
        desk.stage(|repository, clock| repository.add_tenant("beta", keys(1, BETA), clock)).unwrap();
        desk.sign(&Role::Targets, &TARGETS[..2]);
        desk.list("1.0.0");
        desk.sign(&tenant("acme"), &ACME[..2]);
        desk.publish();
        desk
    }

    pub(crate) fn later(&mut self, time: &str) {
        self.clock.now = time.parse().unwrap();
    }

    pub(crate) fn read(&self) -> Repository {
        Repository::read(&self.site, None, self.mode).unwrap()
    }

    pub(crate) fn write(&mut self, files: impl IntoIterator<Item = StagedFile>) {
        self.site.0.extend(files.into_iter().map(|file| (file.path.to_string(), file.bytes)));
    }

    /// One command that changes what is staged: reads everything, and writes what has changed.
    pub(crate) fn stage<F: IntoIterator<Item = StagedFile>>(
        &mut self,
        edit: impl FnOnce(&mut Repository, Clock) -> Result<F, EditError>,
    ) -> Result<(), EditError> {
        let files = edit(&mut self.read(), self.clock)?;
        self.write(files);
        Ok(())
    }

    /// The same for an edit of one role.
    pub(crate) fn stage_one(
        &mut self,
        edit: impl FnOnce(&mut Repository, Clock) -> Result<StagedFile, EditError>,
    ) -> Result<(), EditError> {
        self.stage(|repository, clock| edit(repository, clock).map(|file| [file]))
    }

    pub(crate) fn sign(&mut self, role: &Role, people: &[u8]) {
        for &person in people {
            let file = self.read().sign(role, &secret(person)).unwrap();
            self.write([file]);
        }
    }

    /// Builds and lists a release for acme.
    pub(crate) fn list(&mut self, version: &str) {
        let release = built(version);
        release.uploads(&loans()).iter().for_each(|upload| self.site.upload(upload));
        self.stage_one(|repository, clock| repository.list_release(&loans(), release.manifest(), clock)).unwrap();
    }

    /// Lists a release for acme, signed.
    pub(crate) fn release(&mut self, version: &str) {
        self.list(version);
        self.sign(&tenant("acme"), &ACME[1..]);
    }

    pub(crate) fn plan(&self) -> Result<Plan, PlanError> {
        let signers: Vec<_> = self.online.iter().map(|&person| secret(person)).collect();
        let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
        self.read().plan(&self.site, &signers, self.clock)
    }

    pub(crate) fn refresh(&self) -> Result<Plan, PlanError> {
        let signers: Vec<_> = self.online.iter().map(|&person| secret(person)).collect();
        let signers: Vec<&dyn Signer> = signers.iter().map(|signer| signer as &dyn Signer).collect();
        self.read().refresh(&self.site, &signers, self.clock)
    }

    pub(crate) fn carry_out(&mut self, plan: &Plan) {
        plan.uploads.iter().for_each(|upload| self.site.upload(upload));
        plan.done.iter().for_each(|path| drop(self.site.0.remove(path.as_str()).unwrap()));
    }

    pub(crate) fn publish(&mut self) -> Plan {
        let plan = self.plan().unwrap();
        self.carry_out(&plan);
        plan
    }

    /// A host that has seen nothing yet.
    pub(crate) fn host(&self) -> Host {
        let anchor = Anchor::parse(&self.site.0["metadata/1.root.json"], None).unwrap();
        Host(Client::open(anchor, Demands::default(), MemoryStore::default()).unwrap())
    }
}

pub(crate) struct Host(pub(crate) Client<MemoryStore>);

impl Host {
    /// Does what a host does every minute: the version of acme's release, of which every byte was verified.
    pub(crate) fn poll(&mut self, site: &Site, now: Timestamp) -> Result<String, UpdateError> {
        self.poll_for(site, &loans(), now)
    }

    pub(crate) fn poll_for(&mut self, site: &Site, target: &TargetPath, now: Timestamp) -> Result<String, UpdateError> {
        // Only the publisher sees what is staged.
        let site = site.without_staged();
        let _ = self.0.refresh(&site, now)?;
        let listing = self.0.find(&site, target, Freshness::Demanded(now))?;
        let release = listing.manifest(&site)?.release(&site)?;
        Ok(release.manifest().version().to_string())
    }
}
