//! A service team's directory: a repository, a key, settings, and a clock that stands still.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jurat_trust::publish::Layout;
use jurat_trust::{Caps, Envelope, KeySet, MetadataVersion, Policy, SecretKey, TargetPath, Targets};
use tempfile::TempDir;

use super::*;
use crate::author;
use crate::settings::{Overrides, TenantSettings};

pub(super) const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";

/// A record to which the one rule says FAIL.
pub(super) const LOAN: &str =
    r#"{"$schema": "https://schemas.example.com/loan/v1.0.0", "id": "L-1", "entity_type": "loan"}"#;

/// A directory with the sources of a release, a repository with it, and the key that has signed it.
pub(super) struct Site {
    root: TempDir,
    key: SecretKey,
    now: Arc<Mutex<Timestamp>>,
}

impl Site {
    pub(super) fn new() -> Self {
        let now = Arc::new(Mutex::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let site = Self { root: tempfile::tempdir().unwrap(), key: SecretKey::generate().unwrap(), now };
        fs::write(site.path("key.pub.pem"), site.key.public().to_pem().unwrap()).unwrap();
        site.publish(1, "1.0.0", &["quick"]);
        site
    }

    pub(super) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(name)
    }

    /// Signs and publishes a release with so many rulesets, each of one rule that the host itself has.
    pub(super) fn publish(&self, metadata: u64, version: &str, rulesets: &[&str]) {
        self.write_sources(version, rulesets);
        let sandbox = Sandbox::open(jurat_sandbox::Settings::new(NonZeroUsize::MIN)).unwrap();
        let source = author::read(&self.path("source")).unwrap();
        let checked = author::check(&source, Default::default(), &sandbox, &Default::default()).unwrap();
        let target: TargetPath = "t/demo/loan.json".parse().unwrap();
        let expires = "2026-02-01T00:00:00Z".parse().unwrap();
        let targets = Targets::new("demo".parse().unwrap(), MetadataVersion::new(metadata).unwrap(), expires);
        let mut envelope = Envelope::unsigned(targets.with_release(&target, checked.built.manifest()).to_bytes());
        envelope.sign(&self.key).unwrap();
        let policy = Policy {
            keys: KeySet::new(1, [self.key.public()]).unwrap(),
            repository: "demo".parse().unwrap(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            minimum_version: MetadataVersion::FIRST,
            caps: Caps::DEFAULT,
        };
        for upload in Layout::new(&checked.built, &target, &envelope, None, &policy).unwrap().uploads() {
            let file = self.path("repository").join(upload.path.as_str());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, &upload.bytes).unwrap();
        }
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

    /// The settings of a host that trusts the key.
    pub(super) fn settings(&self) -> Settings {
        self.parse(
            "business_config_uri: repository\n\
             trust: {repository: demo, release: t/demo/loan.json, keys: [key.pub.pem], threshold: 1}\nbatch_max_workers: 1\n",
        )
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

    pub(super) fn set_clock(&self, now: &str) {
        *self.now.lock().unwrap() = now.parse().unwrap();
    }
}
