//! From settings to a release that is ready: fetched, verified, compiled, checked.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_engine::{Excerpt, Release};
use jurat_model::Component;
use jurat_sandbox::{Policy as SandboxPolicy, Sandbox};
use jurat_trust::{Caps, FileKind, KeySet, MetadataVersion, Origin, Policy, PublicKey, VerifiedRelease, danger};
use url::Url;

use super::{Identity, OpenError};
use crate::author;
use crate::business_config::{self, Document};
use crate::files::{self, Directory};
use crate::problem::{Problem, Problems, chain};
use crate::settings::{TenantSettings, Trust, Unsigned};

/// The longest public key file.
const KEY_FILE: u64 = 16 << 10;

/// A release that is ready to judge.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) release: Arc<Release>,
    pub(super) identity: Identity,
    /// Where records may be sent, in the words of those who have signed the release.
    pub(super) coordination_base_url: Option<Url>,
}

/// Gets the release that the settings name, checks that it is trusted, and makes its rules ready.
///
/// `current` is the release that is served so far: what is not newer than it is refused, and nothing is loaded if it is the same.
pub(super) fn load(
    settings: &TenantSettings,
    sandbox: &Sandbox,
    now: Timestamp,
    current: Option<&Identity>,
) -> Result<Option<Loaded>, OpenError> {
    let directory = directory(settings)?;
    let policy = SandboxPolicy { limits: settings.limits, sealed_wasi: settings.sealed_wasi };
    let is_current = |identity: &Identity| current.is_some_and(|current| current.manifest == identity.manifest);
    match &settings.unsigned {
        Unsigned::Run { components } if is_source(&directory) => {
            let loaded = unsigned(&directory, components.as_deref(), sandbox, &policy)?;
            // Only a signed release can be the one that is served under the same digest and yet another one.
            let is_same =
                is_current(&loaded.identity) && matches!(current, Some(Identity { origin: Origin::Unsigned, .. }));
            Ok((!is_same).then_some(loaded))
        }
        _ => {
            let verified = verify(settings, &directory, now, current)?;
            if is_current(&Identity::of(&verified)) { Ok(None) } else { signed(&verified, sandbox, &policy).map(Some) }
        }
    }
}

/// Whether a directory holds sources, and no repository.
fn is_source(directory: &Directory) -> bool {
    directory.has(author::RELEASE_FILE) && !directory.has("metadata")
}

fn directory(settings: &TenantSettings) -> Result<Directory, Problems> {
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

fn unsigned(
    directory: &Directory,
    components: Option<&Path>,
    sandbox: &Sandbox,
    policy: &SandboxPolicy,
) -> Result<Loaded, Problems> {
    let source = author::read(directory.root())?;
    let components = author::built_components(&source, components)?;
    let checked = author::check(&source, components, sandbox, policy)?;
    for warning in &checked.warnings {
        tracing::warn!("{warning}");
    }
    let identity = Identity::of(&danger::assume_verified(&checked.built));
    // What nobody has signed cannot say where records may be sent.
    Ok(Loaded { release: checked.release, identity, coordination_base_url: None })
}

fn verify(
    settings: &TenantSettings,
    directory: &Directory,
    now: Timestamp,
    current: Option<&Identity>,
) -> Result<VerifiedRelease, OpenError> {
    let shown = || settings.rules.display().to_string();
    let trust = settings.trust.as_ref().ok_or_else(|| {
        Problems::from(Problem::of_file(
            shown(),
            "it is a repository, but `trust` says nobody whose signatures are needed",
        ))
    })?;
    let served = match current {
        Some(Identity { origin: Origin::Signed(provenance), .. }) => provenance.targets_version,
        _ => MetadataVersion::FIRST,
    };
    let trusted = trusted(trust, now, served)?;
    jurat_trust::verify(directory, &trusted, &trust.release)
        .map_err(|cause| OpenError::Trust { directory: shown(), cause: cause.into() })
}

fn signed(verified: &VerifiedRelease, sandbox: &Sandbox, policy: &SandboxPolicy) -> Result<Loaded, OpenError> {
    let Document { config, coordination_base_url } = config(verified)?;
    let identity = Identity::of(verified);
    let release = format!("{} {}", identity.name, identity.version);
    let mut components: Vec<Arc<dyn Component>> = Vec::new();
    for file in verified.components() {
        let component = sandbox.load(&file, policy);
        components.push(Arc::new(component.map_err(|cause| OpenError::Component { release: release.clone(), cause })?));
    }
    let release =
        Release::new(verified, config, components).map_err(|problems| OpenError::Release { release, problems })?;
    warn_of_unknown_rules(&release);
    Ok(Loaded { release: Arc::new(release), identity, coordination_base_url })
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

fn trusted(trust: &Trust, now: Timestamp, served: MetadataVersion) -> Result<Policy, Problems> {
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
        minimum_version: trust.min_version.max(served),
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

fn config(release: &VerifiedRelease) -> Result<Document, Problems> {
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
