//! Rules that are ready, behind one call.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use jurat_engine::results::{RecordResult, Summary};
use jurat_engine::{Excerpt, JudgeError, Release, Request, Workers, judge};
use jurat_model::{Component, Run};
use jurat_sandbox::{Compiler, Policy as SandboxPolicy, Sandbox};
use jurat_trust::{Caps, FileKind, KeySet, Origin, Policy, PublicKey, VerifiedRelease, danger};

use crate::author;
use crate::business_config;
use crate::files::{self, Directory};
use crate::problem::{Problem, Problems, chain};
use crate::settings::{Settings, Trust, Unsigned};

mod error;

pub use error::{Blame, OpenError};

/// The longest public key file.
const KEY_FILE: u64 = 16 << 10;

/// A release that judges records.
///
/// # Limits
/// It runs the release that was there when it was opened, for as long as it lives.
#[derive(Debug)]
pub struct Service {
    release: Arc<Release>,
    workers: Workers,
    settings: Settings,
    identity: Identity,
}

/// Which release it is, and what vouches for it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its manifest: the name of exactly this release.
    pub manifest: String,
    /// Where it comes from, and who has signed it.
    pub origin: Origin,
}

impl Service {
    /// Gets the release that the settings name, checks that it is trusted, and makes its rules ready.
    ///
    /// `now` decides what has expired. `compiler` is where components are compiled: a child process, if the program has a way
    /// to be one.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is run unless everything is in order.
    pub fn open(settings: &Settings, compiler: Compiler, now: Timestamp) -> Result<Self, OpenError> {
        let count = settings.workers.on(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        let directory = directory(settings)?;
        let sandbox = open_sandbox(settings, count, compiler).map_err(OpenError::Sandbox)?;
        let policy = SandboxPolicy { limits: settings.limits, sealed_wasi: settings.sealed_wasi };
        let (release, identity) = match &settings.unsigned {
            Unsigned::Run { components } if is_source(&directory) => {
                unsigned(&directory, components.as_deref(), &sandbox, &policy)?
            }
            _ => signed(settings, &directory, now, &sandbox, &policy)?,
        };
        let workers = Workers::start(count).map_err(OpenError::Workers)?;
        Ok(Self { release: Arc::new(release), workers, settings: settings.clone(), identity })
    }

    /// Which release it is, and what vouches for it.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The release.
    #[must_use]
    pub fn release(&self) -> &Arc<Release> {
        &self.release
    }

    /// A request as the settings have it. `now` is the time of the run.
    #[must_use]
    pub fn request(&self, ruleset: impl Into<String>, now: Timestamp) -> Request {
        let Settings { isolation, park_after, chunk, max_record, .. } = self.settings;
        let run = Run { now: now.as_microsecond(), isolation, park_after };
        Request { run, chunk, max_record, ..Request::new(ruleset, run.now) }
    }

    /// Judges all records of a text and hands over one result for each, in their order.
    ///
    /// # Errors
    /// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
    pub fn judge(
        &self,
        request: &Request,
        text: Arc<[u8]>,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, JudgeError> {
        judge(&self.release, &self.workers, request, text, sink)
    }
}

/// Whether a directory holds sources, and no repository.
fn is_source(directory: &Directory) -> bool {
    directory.has(author::RELEASE_FILE) && !directory.has("metadata")
}

fn directory(settings: &Settings) -> Result<Directory, Problems> {
    let directory = Directory::new(&settings.rules);
    let refuse = |message: &str| Problem::of_file(settings.rules.display().to_string(), message);
    if !settings.rules.exists() {
        return Err(refuse("it does not exist, but `business_config_uri` names it").into());
    }
    if !settings.rules.is_dir() {
        return Err(refuse("unsigned rules are not run: it is a file, but a repository is a directory").into());
    }
    if is_source(&directory) && settings.unsigned == Unsigned::Refused {
        return Err(refuse(
            "unsigned rules are not run: it holds the sources of a release; sign them (`jurat release build`, `jurat release \
             sign`), or set `danger.unsigned_directory: true` for development",
        )
        .into());
    }
    Ok(directory)
}

fn open_sandbox(
    settings: &Settings,
    workers: NonZeroUsize,
    compiler: Compiler,
) -> Result<Sandbox, jurat_sandbox::OpenError> {
    let sandbox = jurat_sandbox::Settings::new(workers).with_compiler(compiler);
    let memory_ceiling = sandbox.memory_ceiling.max(settings.limits.memory);
    Sandbox::open(jurat_sandbox::Settings { memory_ceiling, ..sandbox })
}

fn unsigned(
    directory: &Directory,
    components: Option<&Path>,
    sandbox: &Sandbox,
    policy: &SandboxPolicy,
) -> Result<(Release, Identity), Problems> {
    let source = author::read(directory.root())?;
    let components = author::built_components(&source, components)?;
    let checked = author::check(&source, components, sandbox, policy)?;
    for warning in &checked.warnings {
        tracing::warn!("{warning}");
    }
    let identity = Identity::of(&danger::assume_verified(&checked.built));
    identity.log();
    Ok((checked.release, identity))
}

fn signed(
    settings: &Settings,
    directory: &Directory,
    now: Timestamp,
    sandbox: &Sandbox,
    policy: &SandboxPolicy,
) -> Result<(Release, Identity), OpenError> {
    let shown = || settings.rules.display().to_string();
    let trust = settings.trust.as_ref().ok_or_else(|| {
        Problems::from(Problem::of_file(
            shown(),
            "it is a repository, but `trust` says nobody whose signatures are needed",
        ))
    })?;
    let trusted = trusted(trust, now)?;
    let verified = jurat_trust::verify(directory, &trusted, &trust.release)
        .map_err(|cause| OpenError::Trust { directory: shown(), cause: cause.into() })?;
    let config = config(&verified)?;
    let identity = Identity::of(&verified);
    let release = format!("{} {}", identity.name, identity.version);
    let mut components: Vec<Arc<dyn Component>> = Vec::new();
    for file in verified.components() {
        let component = sandbox.load(&file, policy);
        components.push(Arc::new(component.map_err(|cause| OpenError::Component { release: release.clone(), cause })?));
    }
    let release =
        Release::new(&verified, config, components).map_err(|problems| OpenError::Release { release, problems })?;
    identity.log();
    warn_of_unknown_rules(&release);
    Ok((release, identity))
}

/// A ruleset may be ahead of its components, but nobody should have to find out from the results.
fn warn_of_unknown_rules(release: &Release) {
    let lists = release.router().rulesets().lists();
    let nodes = lists.iter().flat_map(|list| &list.nodes);
    let unknown: BTreeSet<_> = nodes.filter(|node| node.rule.is_none()).map(|node| &*node.rule_id).collect();
    for rule in unknown {
        tracing::warn!(rule = %Excerpt::of(rule), "a ruleset lists a rule that nothing provides: its result is NORUN");
    }
}

fn trusted(trust: &Trust, now: Timestamp) -> Result<Policy, Problems> {
    let mut problems = Vec::new();
    let mut keys = Vec::new();
    for file in &trust.keys {
        match read_public_key(file) {
            Ok(key) => keys.push(key),
            Err(problem) => problems.push(problem),
        }
    }
    Problems::none(problems)?;
    let keys =
        KeySet::new(trust.threshold.get(), keys).map_err(|error| Problem::of_file("trust.keys", chain(&error)))?;
    Ok(Policy {
        keys,
        repository: trust.repository.clone(),
        now,
        minimum_version: trust.min_version,
        caps: Caps::DEFAULT,
    })
}

/// Reads a public key file.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read_public_key(file: &Path) -> Result<PublicKey, Problem> {
    let refuse = |message| Problem::of_file(file.display().to_string(), message);
    let pem = files::read_text(file, KEY_FILE).map_err(|error| refuse(chain(&error)))?;
    PublicKey::from_pem(&pem).map_err(|error| refuse(chain(&error)))
}

fn config(release: &VerifiedRelease) -> Result<jurat_engine::ruleset::BusinessConfig, Problems> {
    let maps: Vec<_> = release.files(FileKind::FieldMap).map(|(file, _)| author::file_name(&file.path)).collect();
    // A manifest in memory has exactly one.
    let file = release.files(FileKind::BusinessConfig).next();
    let (path, bytes) =
        file.map_or(("business-config.yaml", &[][..]), |(file, bytes)| (file.path.as_str(), bytes.as_slice()));
    let name = format!("{}: {path}", release.manifest().name());
    match str::from_utf8(bytes) {
        Ok(text) => business_config::parse(text, &name, &maps),
        Err(_) => Err(Problem::of_file(name, "it is not UTF-8 text").into()),
    }
}

impl Identity {
    fn of(release: &VerifiedRelease) -> Self {
        Self {
            name: release.manifest().name().to_string(),
            version: release.manifest().version().to_string(),
            manifest: release.manifest_sha256().to_string(),
            origin: release.origin().clone(),
        }
    }

    fn log(&self) {
        let Self { name, version, manifest, origin } = self;
        match origin {
            Origin::Unsigned => tracing::warn!(release = name, version, manifest, "running unsigned rules"),
            Origin::Signed(provenance) => {
                let signers: Vec<_> = provenance.signers.iter().map(ToString::to_string).collect();
                tracing::info!(
                    release = name,
                    version,
                    manifest,
                    repository = %provenance.repository,
                    metadata = provenance.targets_version.get(),
                    expires = %provenance.expires,
                    signers = signers.join(","),
                    "release loaded"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
