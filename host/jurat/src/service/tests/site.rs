//! A service team's directory: a repository, a key, settings, and a clock that stands still.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use jurat_disk::files::Directory;
use jurat_model::Blame;
use jurat_sandbox::Sandbox;
use jurat_trust::publish::{Clock as PublisherClock, Lifetimes, Mode, Repository, StagedFile};
use jurat_trust::{Anchor, KeySet, RootKeys, SecretKey, Signer, TargetPath};
use tempfile::TempDir;

use crate::settings::{Overrides, TenantSettings};
use crate::{Clock, EntityType, RulesetName, Service, ServiceBuilder, Settings};

pub(super) const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";

/// The entity type of that record.
pub(super) const LOANS: EntityType<'_> = EntityType::new("loan");

/// The ruleset that every release has.
pub(super) const QUICK: RulesetName<'_> = RulesetName::new("quick");

/// A record to which the one rule says FAIL.
pub(super) const LOAN: &str =
    r#"{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "L-1", "entity_type": "loan"}"#;

/// The release that hosts run.
const TARGET: &str = "t/demo/main/loan.json";

/// A directory with the sources of a release, a repository with it, the trusted root, and the keys that have signed.
pub(super) struct Site {
    root: TempDir,
    keys: Keys,
    now: Arc<Mutex<Timestamp>>,
}

/// One key for each role.
struct Keys {
    root: SecretKey,
    targets: SecretKey,
    snapshot: SecretKey,
    timestamp: SecretKey,
    tenant: SecretKey,
}

impl Keys {
    fn generate() -> Self {
        let key = || SecretKey::generate().unwrap();
        Self { root: key(), targets: key(), snapshot: key(), timestamp: key(), tenant: key() }
    }
}

fn alone(key: &SecretKey) -> KeySet {
    KeySet::new(1, [key.public()]).unwrap()
}

/// The time of publishing. All metadata expires a month later.
fn clock() -> PublisherClock {
    let month = SignedDuration::from_hours(31 * 24);
    let lifetimes = Lifetimes { root: month, targets: month, tenant: month, snapshot: month, timestamp: month };
    PublisherClock { now: "2026-01-01T00:00:00Z".parse().unwrap(), lifetimes }
}

impl Site {
    pub(super) fn new() -> Self {
        let now = Arc::new(Mutex::new(clock().now));
        let site = Self { root: tempfile::tempdir().unwrap(), keys: Keys::generate(), now };
        let Keys { root, targets, snapshot, timestamp, tenant } = &site.keys;
        let keys = RootKeys {
            root: alone(root),
            targets: alone(targets),
            snapshot: alone(snapshot),
            timestamp: alone(timestamp),
        };
        let (mut repository, _) = Repository::init(&"demo".parse().unwrap(), keys, Mode::Development, clock()).unwrap();
        repository.add_tenant("demo", alone(tenant), clock()).unwrap();
        site.release(repository, "1.0.0", &["quick"]);
        fs::copy(site.path("repository/metadata/1.root.json"), site.path("root.json")).unwrap();
        site
    }

    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    /// Signs and publishes a release with this number of rulesets, each of one rule that the host itself has.
    pub(super) fn publish(&self, version: &str, rulesets: &[&str]) {
        self.release(self.repository(), version, rulesets);
    }

    /// Revokes the release that is listed.
    pub(super) fn revoke(&self) {
        let mut repository = self.repository();
        repository.revoke(&TARGET.parse().unwrap(), None, clock()).unwrap();
        self.upload(repository);
    }

    fn repository(&self) -> Repository {
        let anchor = Anchor::parse(&fs::read(self.path("root.json")).unwrap(), None).unwrap();
        Repository::read(&Directory::new(self.path("repository")), Some(anchor), Mode::Development).unwrap()
    }

    fn release(&self, mut repository: Repository, version: &str, rulesets: &[&str]) {
        self.write_sources(version, rulesets);
        let sandbox = Sandbox::open(jurat_sandbox::Settings::new(NonZeroUsize::MIN)).unwrap();
        let source = jurat_author::read(&self.path("source")).unwrap();
        let checked = jurat_author::check(&source, Default::default(), &sandbox, &Default::default()).unwrap();
        let target: TargetPath = TARGET.parse().unwrap();
        for upload in checked.built.uploads(&target) {
            self.put(&upload.path.to_string(), &upload.bytes);
        }
        repository.list_release(&target, checked.built.manifest(), clock()).unwrap();
        self.upload(repository);
    }

    /// Signs whatever is staged, and puts it where hosts see it.
    fn upload(&self, mut repository: Repository) {
        let Keys { root, targets, snapshot, timestamp, tenant } = &self.keys;
        for key in [root, targets, tenant] {
            for role in repository.signable_by(&key.public()) {
                let _: StagedFile = repository.sign(&role, key).unwrap();
            }
        }
        let online: [&dyn Signer; 2] = [snapshot, timestamp];
        let plan = repository.plan(&Directory::new(self.path("repository")), &online, clock()).unwrap();
        for upload in plan.uploads {
            self.put(&upload.path.to_string(), &upload.bytes);
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let file = self.path("repository").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    fn write_sources(&self, version: &str, rulesets: &[&str]) {
        let rulesets: String = rulesets
            .iter()
            .map(|name| {
                format!("  {name}: {{metadata: {{purpose: a test}}, rules: {{loan: [{{rule_id: rule_001_v1}}]}}}}\n")
            })
            .collect();
        let files = [
            (
                "release.yaml",
                format!(
                    "name: loan\nversion: {version}\nschemas: [loan.json]\nfield_maps: [map.json]\n\
                     builtin: {{rule_001_v1: {{check: json_schema, description: Fits its schema}}}}\n"
                ),
            ),
            (
                "business-config.yaml",
                format!("rulesets:\n{rulesets}schema_to_helper_mapping: {{\"{SCHEMA_URL}\": map}}\n"),
            ),
            ("loan.json", format!(r#"{{"$id": "{SCHEMA_URL}", "type": "object", "required": ["amount"]}}"#)),
            ("map.json", r#"{"amount": {"physical_path": "amount"}}"#.to_owned()),
        ];
        fs::create_dir_all(self.path("source")).unwrap();
        for (name, text) in files {
            fs::write(self.path("source").join(name), text).unwrap();
        }
    }

    /// The settings of a host that trusts the root.
    pub(super) fn settings(&self) -> Settings {
        self.parse(&format!("business_config_uri: repository\ntrust: {{release: {TARGET}}}\nbatch_max_workers: 1\n"))
    }

    pub(super) fn parse(&self, text: &str) -> Settings {
        Settings::parse(text, "local-config.yaml", self.root.path(), &Overrides::none()).unwrap()
    }

    /// The same settings, with something different for their one tenant.
    pub(super) fn with(&self, change: impl FnOnce(&mut TenantSettings)) -> Settings {
        let mut settings = self.settings();
        change(settings.tenants.get_mut(Settings::DEFAULT_TENANT).unwrap());
        settings
    }

    pub(super) fn builder(&self, settings: Settings) -> ServiceBuilder {
        let now = Arc::clone(&self.now);
        Service::builder(settings).with_clock(Clock::new(move || *now.lock().unwrap()))
    }

    pub(super) fn open(&self) -> Service {
        self.builder(self.settings()).open().unwrap()
    }

    /// Why there is no service with these settings.
    pub(super) fn refusal(&self, settings: Settings) -> (Blame, String) {
        let error = self.builder(settings).open().unwrap_err();
        (error.blame(), error.messages().join("\n"))
    }

    pub(super) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(super) fn set_clock(&self, now: &str) {
        *self.now.lock().unwrap() = now.parse().unwrap();
    }
}
