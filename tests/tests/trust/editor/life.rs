//! A publisher who works with our editor, and what hosts see of it.

use std::collections::BTreeMap;

use jurat_model::Bytes;
use jurat_tests::random::Random;
use jurat_trust::publish::{
    BuiltRelease, Clock, DraftFile, EditError, Handover, Mode, ReleaseDraft, Repository, StagedFile,
};
use jurat_trust::{
    Digest, Fetch, FetchError, FileKind, KeySet, PublicKey, Role, RootKeys, SafePath, SecretKey, Signer, TargetPath,
    TopRole, World,
};

use super::{PUBLICATIONS, Story, Tried};
use crate::history::Served;

const TENANTS: [&str; 3] = ["acme", "bolt", "cargo"];
const RELEASES: [&str; 2] = ["loan", "orders"];

/// A publisher with all the keys.
pub(super) struct Life {
    seed: u64,
    random: Random,
    hours: u64,
    repository: Repository,
    files: BTreeMap<String, Vec<u8>>,
    people: Vec<SecretKey>,
    /// The manifests that were ever listed, and where.
    manifests: Vec<(TargetPath, Vec<u8>)>,
    anchor: Vec<u8>,
    steps: Vec<(String, Served)>,
    listed: Vec<Vec<Option<Digest>>>,
}

impl Fetch for Life {
    fn get(&self, file: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        self.files.get(file.as_str()).cloned().ok_or(FetchError::NotFound)
    }
}

impl Life {
    /// How many things a publisher does.
    pub(super) const ACTIONS: u64 = 11;

    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut people = Vec::new();
        let keys = RootKeys {
            root: keys(&mut people, &mut random, 2),
            targets: keys(&mut people, &mut random, 2),
            snapshot: keys(&mut people, &mut random, 1),
            timestamp: keys(&mut people, &mut random, 1),
        };
        let clock = Clock::new(time(0).parse().unwrap());
        let (repository, staged) = Repository::init(&"acme".parse().unwrap(), keys, Mode::Production, clock).unwrap();
        let mut life = Self {
            seed,
            random,
            hours: 0,
            repository,
            files: BTreeMap::new(),
            people,
            manifests: Vec::new(),
            anchor: Vec::new(),
            steps: Vec::new(),
            listed: Vec::new(),
        };
        life.write(staged);
        life
    }

    /// From the first publication to the last.
    pub(super) fn live(mut self, tried: &mut Tried) -> Story {
        for tenant in ["acme", "bolt"] {
            let keys = keys(&mut self.people, &mut self.random, 1);
            let staged = self.repository.add_tenant(tenant, keys, self.clock()).unwrap();
            self.write(staged);
            let staged = self.release(&format!("t/{tenant}/prod/loan.json").parse().unwrap()).unwrap();
            self.write([staged]);
        }
        self.publish(tried);
        self.anchor = self.files["metadata/1.root.json"].clone();
        for _ in 1..PUBLICATIONS {
            self.hours += [1, 12, 30, 24 * 8, 24 * 50][self.pick(5)];
            for _ in 0..=self.pick(3) {
                let action = self.random.below(Self::ACTIONS);
                if self.act(action).is_ok() {
                    *tried.actions.entry(action).or_default() += 1;
                }
            }
            self.renew();
            self.publish(tried);
        }
        let Self { seed, anchor, steps, listed, .. } = self;
        Story { seed, anchor, paths: paths().map(|path| path.to_string()).collect(), steps, listed }
    }

    fn clock(&self) -> Clock {
        Clock::new(time(self.hours).parse().unwrap())
    }

    fn pick(&mut self, end: u64) -> usize {
        usize::try_from(self.random.below(end)).unwrap()
    }

    fn write(&mut self, staged: impl IntoIterator<Item = StagedFile>) {
        for file in staged {
            self.files.insert(file.path.to_string(), file.bytes);
        }
    }

    /// Something that a publisher does. What the editor refuses has not happened.
    fn act(&mut self, action: u64) -> Result<(), EditError> {
        let clock = self.clock();
        let tenant = TENANTS[self.pick(3)];
        let path: TargetPath = format!("t/{tenant}/prod/{}.json", RELEASES[self.pick(2)]).parse().unwrap();
        let role = TopRole::ALL[self.pick(4)];
        let holders = self.keys_of(&role.into());
        // In the order of the people, as their keys are others in each run.
        let people = self.people.iter().map(SecretKey::public);
        let held: Vec<_> = people.filter(|key| holders.keys().any(|(_, held)| held == key)).collect();
        let one = held[self.pick(held.len() as u64)].clone();
        let staged = match action {
            0 | 1 => vec![self.release(&path)?],
            2 => vec![self.repository.revoke(&path, None, clock)?],
            3 if self.manifests.is_empty() => return Ok(()),
            3 => {
                let number = self.pick(self.manifests.len() as u64);
                let (path, manifest) = self.manifests[number].clone();
                vec![self.repository.roll_back(&path, &manifest, clock)?]
            }
            4 => {
                let keys = keys(&mut self.people, &mut self.random, 1);
                self.repository.add_tenant(tenant, keys, clock)?
            }
            5 => {
                let keys = keys(&mut self.people, &mut self.random, 1);
                self.repository.rekey_tenant(tenant, keys, clock)?
            }
            6 => vec![self.repository.remove_tenant(tenant, clock)?],
            7 => vec![self.repository.add_root_key(role, new_key(&mut self.people), clock)?],
            8 => vec![self.repository.remove_root_key(role, &one, clock)?],
            9 => vec![self.repository.rotate_root_key(role, &one, new_key(&mut self.people), clock)?],
            _ => {
                let threshold = 1 + self.pick(3);
                vec![self.repository.set_root_threshold(role, threshold, clock)?]
            }
        };
        self.write(staged);
        if action > 6 && role == TopRole::Targets {
            // A root that gives targets other keys waits until those have signed.
            let staged = self.repository.renew(&Role::Targets, clock)?;
            self.write([staged]);
        }
        Ok(())
    }

    fn keys_of(&self, role: &Role) -> KeySet {
        self.repository.roles().into_iter().find(|status| status.role == *role).unwrap().keys.unwrap()
    }

    fn release(&mut self, path: &TargetPath) -> Result<StagedFile, EditError> {
        let version = self.random.below(1000);
        let config = DraftFile {
            path: "business-config.yaml".parse().unwrap(),
            kind: FileKind::BusinessConfig,
            bytes: format!("rulesets: {{}} # {version}").into_bytes(),
        };
        let draft = ReleaseDraft {
            name: path.name().clone(),
            version: format!("1.{version}").parse().unwrap(),
            world: World::current(),
            files: vec![config],
            components: Vec::new(),
            builtin: Vec::new(),
        };
        let release = BuiltRelease::build(draft).unwrap();
        let staged = self.repository.list_release(path, release.manifest(), self.clock())?;
        for upload in release.uploads(path) {
            self.files.insert(upload.path.to_string(), upload.bytes.to_vec());
        }
        self.manifests.push((path.clone(), release.manifest().to_bytes()));
        Ok(staged)
    }

    /// Whatever has expired, or soon will have.
    fn renew(&mut self) {
        let soon = time(self.hours + 24).parse().unwrap();
        for status in self.repository.roles() {
            let is_old = status.staged.is_none() && status.published.is_some_and(|(_, expires)| expires <= soon);
            let is_renewed = matches!(status.role, Role::Root | Role::Targets | Role::Delegated(_));
            if is_old && is_renewed && status.keys.is_some() {
                let staged = self.repository.renew(&status.role, self.clock()).unwrap();
                self.write([staged]);
            }
        }
    }

    /// All keys sign, and what is complete is uploaded. One host visits when half of it is uploaded, and one when all is.
    fn publish(&mut self, tried: &mut Tried) {
        // A release of a tenant that has been removed since has no signers.
        for status in self.repository.roles() {
            if status.keys.is_none()
                && let Some(path) = self.repository.unstage(&status.role)
            {
                self.files.remove(path.as_str());
            }
        }
        for person in &self.people {
            for role in self.repository.signable_by(&person.public()) {
                let staged = self.repository.sign(&role, person).unwrap();
                self.files.insert(staged.path.to_string(), staged.bytes);
            }
        }
        let signers: Vec<&dyn Signer> = self.people.iter().map(|key| key as &dyn Signer).collect();
        let clock = self.clock();
        let is_staged = !self.repository.staged_files().is_empty();
        let plan = if is_staged {
            self.repository.plan(self, &signers, clock)
        } else {
            self.repository.refresh(self, &signers, clock)
        };
        let plan = plan.unwrap_or_else(|error| panic!("life {}, after {} h: {error:?}", self.seed, self.hours));
        assert_eq!(plan.summary.waiting, []);
        tried.seamless += u64::from(plan.summary.handover == Handover::Seamless);
        let cut = self.pick(plan.uploads.len() as u64);
        let mut half = None;
        for (number, upload) in plan.uploads.iter().enumerate() {
            // The first time there is nothing to fall back on. Hosts notice a gap, as the plan says.
            if number == cut && !self.steps.is_empty() && plan.summary.handover != Handover::Gap && self.is_fresh() {
                // A timestamp is the last, except where another follows that the new keys of it have signed alone.
                let is_switched =
                    plan.uploads[..cut].iter().any(|upload| upload.path.as_str() == "metadata/timestamp.json");
                half = Some((is_switched, self.served()));
            }
            self.files.insert(upload.path.to_string(), upload.bytes.to_vec());
        }
        for path in &plan.done {
            self.files.remove(path.as_str());
        }
        self.repository = Repository::read(self, None, Mode::Production).unwrap();
        let listed = paths().map(|path| self.repository.published_release(&path).map(|target| *target.sha256()));
        let listed: Vec<_> = listed.collect();
        if let Some((is_switched, served)) = half {
            tried.cut_off += 1;
            let before = self.listed.last().unwrap();
            let listed = if is_switched { &listed } else { before };
            self.listed.push(listed.clone());
            self.steps.push((time(self.hours), served));
        }
        self.steps.push((time(self.hours), self.served()));
        self.listed.push(listed);
    }

    /// Whether what is published has not expired.
    fn is_fresh(&self) -> bool {
        let published = Repository::read(self, None, Mode::Production).unwrap();
        let now = time(self.hours).parse().unwrap();
        published.roles().iter().all(|status| status.published.is_none_or(|(_, expires)| expires > now))
    }

    fn served(&self) -> Served {
        let served = self.files.iter().filter(|(path, _)| !path.starts_with("staged/"));
        Served(served.map(|(path, bytes)| (path.clone(), Some(bytes.clone()))).collect())
    }
}

fn paths() -> impl Iterator<Item = TargetPath> {
    let releases = TENANTS.iter().flat_map(|tenant| RELEASES.iter().map(move |release| (tenant, release)));
    releases.map(|(tenant, release)| format!("t/{tenant}/prod/{release}.json").parse().unwrap())
}

/// One to three new people, of whom at least `least` must sign.
fn keys(people: &mut Vec<SecretKey>, random: &mut Random, least: usize) -> KeySet {
    let count = least + usize::try_from(random.below(2)).unwrap();
    let threshold = least + usize::try_from(random.below((count - least + 1) as u64)).unwrap();
    KeySet::new(threshold, (0..count).map(|_| new_key(people))).unwrap()
}

fn new_key(people: &mut Vec<SecretKey>) -> PublicKey {
    people.push(SecretKey::generate().unwrap());
    people.last().unwrap().public()
}

/// The time `hours` hours after the beginning, in months of 28 days.
fn time(hours: u64) -> String {
    let days = hours / 24;
    let (month, day) = (days / 28, days % 28);
    format!("{}-{:02}-{:02}T{:02}:00:00Z", 2026 + month / 12, 1 + month % 12, 1 + day, hours % 24)
}
