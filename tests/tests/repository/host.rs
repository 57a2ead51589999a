//! A host: its directory, its clock, and the service that runs there.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use jurat::settings::Overrides;
use jurat::{
    CallError, Clock, Compiler, EntityType, HostState, OpenError, RecordResult, RepositoryError, RulesetName, Service,
    ServiceBuilder, Settings, TenantStatus, chain,
};
use jurat_trust::UpdateError;
use tempfile::TempDir;

use crate::cdn::Cdn;
use crate::publisher::{Publisher, record};

/// A time after which a test fails, not one that it waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tenant of most tests.
pub(crate) const TENANT: &str = "demo";

/// A directory with a configuration, what a host keeps, and a clock that moves by hand.
pub(crate) struct Host {
    directory: TempDir,
    now: Arc<Mutex<Timestamp>>,
}

impl Host {
    /// A host of the demo tenant. It never compiles: it has compiled the sample rules before, in another life.
    pub(crate) fn new(publisher: &Publisher, cdn: &Cdn) -> Self {
        let host = Self::fresh(publisher, cdn);
        for (path, bytes) in seed() {
            host.write(path, bytes);
        }
        host
    }

    /// A host that has never run.
    pub(crate) fn fresh(publisher: &Publisher, cdn: &Cdn) -> Self {
        let host = Self { directory: tempfile::tempdir().unwrap(), now: Arc::new(Mutex::new(publisher.now())) };
        host.write("root.json", publisher.root());
        host.write("authority.pem", cdn.authority());
        host.write("local-config.yaml", config(&cdn.url(), ""));
        host
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories above it, for this user only.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        let mut missing: Vec<_> = path.ancestors().skip(1).take_while(|above| !above.exists()).collect();
        while let Some(above) = missing.pop() {
            fs::create_dir(above).unwrap();
            fs::set_permissions(above, Permissions::from_mode(0o700)).unwrap();
        }
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// All files below a directory, by their paths in the host's directory.
    pub(crate) fn files(&self, below: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut files, mut directories) = (BTreeMap::new(), vec![self.path(below)]);
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    files
                        .insert(path.strip_prefix(self.directory.path()).unwrap().to_owned(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        *self.now.lock().unwrap() += time;
    }

    /// What the configuration says.
    pub(crate) fn settings(&self) -> Settings {
        Settings::read(&self.path("local-config.yaml"), &Overrides::none()).unwrap()
    }

    pub(crate) fn open(&self) -> Result<Service, OpenError> {
        self.open_with(self.settings())
    }

    pub(crate) fn open_with(&self, settings: Settings) -> Result<Service, OpenError> {
        // Compiling fails.
        let compiler = Compiler::Child { program: self.path("no-compiler"), arguments: Vec::new() };
        self.open_compiling(settings, compiler)
    }

    pub(crate) fn open_compiling(&self, settings: Settings, compiler: Compiler) -> Result<Service, OpenError> {
        self.builder(settings).with_compiler(compiler).open()
    }

    /// A service that is about to be opened, with the clock of this host.
    pub(crate) fn builder(&self, settings: Settings) -> ServiceBuilder {
        let now = Arc::clone(&self.now);
        Service::builder(settings).with_clock(Clock::new(move || *now.lock().unwrap()))
    }

    /// The state of the only tenant, as the command line sees it.
    pub(crate) fn state(&self) -> HostState {
        jurat::host_state(&self.settings(), None).unwrap()
    }
}

/// What a service team writes.
pub(crate) fn config(uri: &str, more: &str) -> String {
    format!(
        "business_config_uri: {uri}\ntrust:\n  release: t/demo/main/loan.json\n{more}state_dir: state\nlogic_cache_dir: cache\n\
         batch_max_workers: 2\nhttp: {{authorities: [authority.pem], total_timeout_ms: 15000}}\n"
    )
}

/// Everything serves with the release of this number: its evidence and its verdicts belong together.
#[track_caller]
pub(crate) fn serves(service: &Service, number: u64) {
    let result = judged(service, number);
    let release = result.release.as_ref().unwrap();
    assert_eq!(release.version(), format!("{number}.0.0"), "{:?}", service.status());
    assert_eq!((&*verdict(&result), &*verdict(&judged(service, number + 1))), ("PASS", "FAIL"));
    // The rules in the component ran.
    assert!(
        result.results.iter().any(|rule| rule.component.is_some() && rule.status.to_string() == "PASS"),
        "{result:?}"
    );
}

#[track_caller]
pub(crate) fn judged(service: &Service, number: u64) -> RecordResult {
    match service.validate(EntityType::new("loan"), &record(number), RulesetName::new("quick")) {
        Ok(result) => result,
        Err(error) => panic!("{}: {:?}", chain(&error), service.status()),
    }
}

/// What the rule says that tells releases apart.
pub(crate) fn verdict(result: &RecordResult) -> String {
    result.results.iter().find(|rule| &*rule.rule_id == "rule_001_v1").unwrap().status.to_string()
}

/// The only tenant.
pub(crate) fn status(service: &Service) -> TenantStatus {
    service.status().tenants.remove(0)
}

/// Looks for something newer, which is refused; what served before goes on, and the status says why not the newer one.
#[track_caller]
pub(crate) fn refused(service: &Service, serving: u64) -> Arc<OpenError> {
    let error = match service.reload_logic() {
        Err(CallError::Reload(error)) => error,
        other => panic!("{other:?}"),
    };
    serves(service, serving);
    let status = status(service);
    assert_eq!(status.failure.unwrap().reasons, error.messages());
    assert!(status.unavailable.is_empty(), "{:?}", status.unavailable);
    assert_eq!(service.status().health, jurat::Health::Degraded);
    error
}

/// What is wrong, without the effects that it has.
pub(crate) fn innermost(error: &OpenError) -> &OpenError {
    match error {
        OpenError::NobodyServed(error) | OpenError::Again(error) => innermost(error),
        error => error,
    }
}

/// Why a repository was refused.
#[track_caller]
pub(crate) fn cause(error: &OpenError) -> &RepositoryError {
    match innermost(error) {
        OpenError::Trust { cause, .. } => cause,
        other => panic!("{}", other.messages().join("; ")),
    }
}

/// The same, if it is its metadata.
#[track_caller]
pub(crate) fn update(error: &OpenError) -> &UpdateError {
    match cause(error) {
        RepositoryError::Update(update) => update,
        other => panic!("{}", chain(other)),
    }
}

/// It is what is to be, before the test loses its patience.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}

/// What a host has that has compiled the sample rules: its key, and machine code.
fn seed() -> &'static BTreeMap<PathBuf, Vec<u8>> {
    static SEED: OnceLock<BTreeMap<PathBuf, Vec<u8>>> = OnceLock::new();
    SEED.get_or_init(|| {
        let publisher = Publisher::new("seed", &[TENANT]);
        publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::fresh(&publisher, &cdn);
        let service = host.open_compiling(host.settings(), Compiler::InProcess).unwrap();
        serves(&service, 1);
        let mut files = host.files("cache/code");
        files.insert("state/host.key".into(), fs::read(host.path("state/host.key")).unwrap());
        files
    })
}
