//! A directory like the one that a service team has: keys, a signed repository of the sample rules, and a configuration.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::guest;
use crate::program::{self, Outcome};

/// The repository is trusted for this.
pub const TARGET: &str = "t/demo/main/loan.json";

/// The configuration, as the service team writes it.
pub const CONFIG: &str = "\
business_config_uri: repository
trust: {release: t/demo/main/loan.json}
";

/// All signers: the owners of the repository, what publishes it, and the rules team.
const KEYS: [&str; 6] = ["root", "targets", "snapshot", "timestamp", "author", "reviewer"];

type Files = OnceLock<BTreeMap<PathBuf, Vec<u8>>>;

/// A directory of one test.
#[derive(Debug)]
pub struct Site {
    directory: TempDir,
}

impl Site {
    /// A directory with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    /// A directory with `keys/`, a `repository/` with a release that is signed twice, `root.json`, and `local-config.yaml`.
    #[must_use]
    pub fn signed() -> Self {
        static FILES: Files = Files::new();
        Self::copy_of(&FILES, |made| {
            made.publish("demo", TARGET);
            made.write("local-config.yaml", CONFIG);
        })
    }

    /// The same, with some more lines in the configuration, and `data/loans.json`.
    #[must_use]
    pub fn configured(more: &str) -> Self {
        let site = Self::signed();
        site.write("local-config.yaml", CONFIG.to_owned() + more);
        site.write("data/loans.json", sample("loans.json"));
        site
    }

    /// A directory with `keys/` and a `repository/` with a tenant that has nothing to show yet.
    #[must_use]
    pub fn founded() -> Self {
        static FILES: Files = Files::new();
        Self::copy_of(&FILES, |made| made.found("demo", "demo"))
    }

    /// A copy of what is made once for all tests of a process.
    fn copy_of(files: &Files, make: impl FnOnce(&Self)) -> Self {
        let site = Self::empty();
        let files = files.get_or_init(|| {
            let made = Self::empty();
            make(&made);
            made.files("")
        });
        for (path, bytes) in files {
            site.write(path, bytes);
        }
        site
    }

    /// Goes the way of a release: keys, unless there are some, a repository with one tenant, then build, signatures, publication.
    pub fn publish(&self, repository: &str, target: &str) {
        self.found(repository, tenant(target));
        self.publish_from(&loan_rules(), target);
        self.write("root.json", fs::read(self.path("repository/metadata/1.root.json")).unwrap());
    }

    /// Makes keys, unless there are some, and a repository with one tenant. Nothing is published yet.
    pub fn found(&self, repository: &str, tenant: &str) {
        fs::create_dir_all(self.path("keys")).unwrap();
        for key in KEYS {
            if !self.path(format!("keys/{key}.pem")).exists() {
                self.run(&["key", "gen", "--insecure-plain", "--out", &format!("keys/{key}")]).ends_with(0);
            }
        }
        let mut init = vec!["trust".to_owned(), "init".into(), "repository".into(), "--development".into()];
        init.extend(["--repository".to_owned(), repository.to_owned()]);
        for role in ["root", "targets", "snapshot", "timestamp"] {
            init.extend([format!("--{role}-key"), format!("keys/{role}.pub.pem")]);
        }
        self.run(&init.iter().map(String::as_str).collect::<Vec<_>>()).ends_with(0);
        let keys = ["--key", "keys/author.pub.pem", "--key", "keys/reviewer.pub.pem"];
        self.run(&[&["tenant", "add", "repository", tenant][..], &keys].concat()).ends_with(0);
        self.sign(&["root", "targets"]);
    }

    /// Publishes sources that are elsewhere, where there is a repository already.
    pub fn publish_from(&self, source: &Path, target: &str) {
        self.build_from(source, target).ends_with(0);
        self.sign(&["author", "reviewer"]);
        self.publish_staged(&["--accept-changes"]).ends_with(0);
    }

    /// Puts a release into the repository, to be signed.
    pub fn build_from(&self, source: &Path, target: &str) -> Outcome {
        let (source, built) = (source.display().to_string(), built_components().display().to_string());
        let channel = target.split('/').nth(2).unwrap();
        let build = ["release", "build", &source, "--component-dir", &built, "--out", "repository"];
        self.run(&[&build[..], &["--tenant", tenant(target), "--channel", channel]].concat())
    }

    /// Publishes what is staged and signed.
    pub fn publish_staged(&self, more: &[&str]) -> Outcome {
        let publish = ["release", "publish", "repository", "--key", "keys/snapshot.pem", "--key", "keys/timestamp.pem"];
        self.run(&[&publish[..], more].concat())
    }

    /// A copy of what the sample release is made of, to be changed. Gives its directory.
    pub fn sources(&self, name: &str) -> PathBuf {
        let original = loan_rules();
        for directory in ["", "field-maps", "schemas", "vectors"] {
            for entry in fs::read_dir(original.join(directory)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    self.write(Path::new(name).join(path.strip_prefix(&original).unwrap()), fs::read(&path).unwrap());
                }
            }
        }
        self.path(name)
    }

    /// Signs what is staged, with one key after the other.
    pub fn sign(&self, keys: &[&str]) {
        for key in keys {
            self.run(&["release", "sign", "repository", "--key", &format!("keys/{key}.pem")]).ends_with(0);
        }
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file that only its owner can read, and the directories above it.
    pub fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// All files below a directory of it.
    #[must_use]
    pub fn files(&self, below: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut directories = vec![self.path(below)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    files.insert(path.strip_prefix(self.directory.path()).unwrap().to_owned(), bytes);
                }
            }
        }
        files
    }

    /// Runs the program in it.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.feed(arguments, b"")
    }

    /// Runs the program in it, with something to read.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        program::run(self.directory.path(), arguments, input)
    }

    /// Revokes a release of the tenant `demo`.
    #[track_caller]
    pub fn revoke(&self, manifest: &str) {
        self.run(&["release", "revoke", "repository", "--tenant", "demo", "--manifest", manifest]).ends_with(0);
        self.sign(&["author", "reviewer"]);
        self.publish_staged(&[]).ends_with(0);
    }

    /// Judges what is piped in.
    pub fn validate(&self, ruleset: &str, more: &[&str], input: &[u8]) -> Outcome {
        let arguments = ["validate", "--config", "local-config.yaml", "--ruleset", ruleset];
        self.feed(&[&arguments[..], more].concat(), input)
    }

    /// Judges the sample loans with everything there is. It must get so far.
    #[track_caller]
    pub fn judges(&self) {
        let results = results(&self.validate("thorough", &["--format", "ndjson"], &sample("loans.json")).ends_with(1));
        assert_eq!(results.len(), 12);
        assert!(results.iter().all(|result| result["results"].as_array().unwrap().len() == 4), "{results:?}");
    }
}

/// Whose release is listed there.
fn tenant(target: &str) -> &str {
    target.split('/').nth(1).unwrap()
}

/// The sources of the sample rules.
#[must_use]
pub fn loan_rules() -> PathBuf {
    root().join("rules/loan")
}

/// A file of `config/samples`.
#[must_use]
pub fn sample(name: &str) -> Vec<u8> {
    fs::read(sample_path(name)).unwrap()
}

/// Where a file of `config/samples` is.
#[must_use]
pub fn sample_path(name: &str) -> PathBuf {
    root().join("config/samples").join(name)
}

/// The root of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    guest::package().parent().unwrap()
}

/// Where `jurat build rules/loan` puts the component.
#[must_use]
pub fn built_components() -> PathBuf {
    let directory = guest::built();
    let component = directory.join("loan_rules.wasm");
    assert!(component.is_file(), "{} is missing; run `cargo xtask guests` first", component.display());
    directory
}

/// The results on the lines of NDJSON.
#[must_use]
pub fn results(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
