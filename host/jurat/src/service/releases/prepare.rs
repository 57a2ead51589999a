//! Makes a release ready: verified, compiled, checked, and tried on its own test vectors, before a call is served with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jurat_author::CheckError;
use jurat_author::business_config::{self, Document};
use jurat_author::vectors::{self, VectorLimits, VectorsError};
use jurat_disk::files::Directory;
use jurat_engine::Release;
use jurat_model::{Component, Excerpt, FuelSchedule};
use jurat_sandbox::{Policy, Sandbox};
use jurat_trust::{FileKind, VerifiedManifest, VerifiedRelease, danger};
use jurat_yaml::{Problem, Problems};
use url::Url;

use crate::error::OpenError;
use crate::observe::VectorCheck;
use crate::proofs::{Claim, Proofs};
use crate::release::Identity;
use crate::settings::TenantSettings;

/// Where releases are tried, and what earlier tries have proven.
#[derive(Clone, Debug)]
pub(in crate::service) struct Tried {
    pub(in crate::service) sandbox: Sandbox,
    /// None = nothing is kept from one start to the next.
    pub(in crate::service) proofs: Option<Arc<Proofs>>,
}

/// A release that is ready to serve.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) release: Arc<Release>,
    pub(super) identity: Identity,
    /// The URL of the coordination service in the signed release.
    pub(super) coordination_base_url: Option<Url>,
    /// Its manifest; none if it is unsigned.
    pub(super) manifest: Option<Arc<VerifiedManifest>>,
    /// Whether it was just fetched.
    pub(super) is_fetched: bool,
    /// Its number, if it has served before.
    pub(super) number: Option<u64>,
}

impl Prepared {
    fn new(release: Arc<Release>, identity: Identity, coordination_base_url: Option<Url>) -> Self {
        Self { release, identity, coordination_base_url, manifest: None, is_fetched: false, number: None }
    }
}

/// Makes a signed release ready: runs every check that there is, then its own test vectors, unless it is proven that they hold.
pub(super) fn signed(
    verified: &VerifiedRelease,
    tried: &Tried,
    settings: &TenantSettings,
) -> Result<(Prepared, VectorCheck), OpenError> {
    let Tried { sandbox, proofs } = tried;
    let policy = policy(settings);
    let Document { config, coordination_base_url } = config(verified)?;
    let identity = Identity::of(verified);
    let release = format!("{} {}", identity.name, identity.version);
    let files: Vec<_> = verified.components().collect();
    let loaded = sandbox.load_release(&files, &policy);
    let loaded = loaded.map_err(|cause| OpenError::Component { release: release.clone(), cause })?;
    let components = loaded.into_iter().map(|component| Arc::new(component) as Arc<dyn Component>).collect();
    let ready = Release::new(verified, config, components)
        .map_err(|problems| OpenError::Release { release: release.clone(), problems })?;
    warn_of_unknown_rules(&ready);
    let ready = Arc::new(ready);
    let claim = proofs.as_ref().map(|proofs| proofs.claim(&identity.manifest, settings));
    let vectors = match &claim {
        Some(claim) if claim.is_proven() => VectorCheck::Proven,
        _ => run_vectors(verified, &ready, release, claim.as_ref())?,
    };
    Ok((Prepared::new(ready, identity, coordination_base_url), vectors))
}

/// Runs the test vectors of a release, and keeps that they hold.
fn run_vectors(
    verified: &VerifiedRelease,
    ready: &Arc<Release>,
    release: String,
    claim: Option<&Claim<'_>>,
) -> Result<VectorCheck, OpenError> {
    let failed = |cause| OpenError::Vectors { release: release.clone(), cause: Box::new(cause) };
    let report = vectors::check_release(verified, ready, &VectorLimits::DEFAULT).map_err(failed)?;
    if !report.holds() {
        return Err(OpenError::VectorsFail { release, report: Box::new(report) });
    }
    if let Some((rule, found)) = unproven_fuel(verified).map_err(failed)? {
        return Err(OpenError::FuelSchedule { release, rule, found, own: FuelSchedule::CURRENT });
    }
    tracing::info!(release, vectors = report.run, seconds = report.elapsed.as_secs_f64(), "the test vectors hold");
    // Those of a release that has none are checked sooner than a file is read.
    if let (Some(claim), 1..) = (claim, report.run) {
        claim.keep();
    }
    Ok(VectorCheck::Run { vectors: report.run })
}

/// What the settings of a tenant permit.
fn policy(settings: &TenantSettings) -> Policy {
    Policy { limits: settings.limits, sealed_wasi: settings.sealed_wasi }
}

/// A rule whose limit of fuel was measured by another price list than this host's, and of which no test vector shows that it fits.
fn unproven_fuel(release: &VerifiedRelease) -> Result<Option<(String, FuelSchedule)>, VectorsError> {
    let components = release.manifest().components().iter();
    let foreign = components.filter_map(|component| {
        let fuel = component.limits.fuel.filter(|fuel| fuel.schedule != FuelSchedule::CURRENT)?;
        Some((&component.rules, fuel.schedule))
    });
    let foreign: Vec<_> = foreign.collect();
    if foreign.is_empty() {
        return Ok(None);
    }
    let vectors = vectors::of(release, &VectorLimits::DEFAULT)?;
    let shown: BTreeSet<_> = vectors.iter().flat_map(|vector| vector.expect().keys()).collect();
    let rules = foreign.into_iter().flat_map(|(rules, schedule)| rules.iter().map(move |rule| (&rule.id, schedule)));
    let unproven = rules.into_iter().find(|(rule, _)| !shown.contains(rule));
    Ok(unproven.map(|(rule, schedule)| (rule.clone(), schedule)))
}

/// Makes ready a directory of unsigned sources.
pub(super) fn unsigned(
    directory: &Directory,
    components: Option<&Path>,
    sandbox: &Sandbox,
    settings: &TenantSettings,
) -> Result<(Prepared, VectorCheck), OpenError> {
    let source = jurat_author::read(directory.root())?;
    let components = jurat_author::built_components(&source, components)?;
    let checked =
        jurat_author::check(&source, components, sandbox, &policy(settings)).map_err(|error| match error {
            CheckError::Problems(problems) => OpenError::from(problems),
            CheckError::Machine(cause) => {
                OpenError::Component { release: format!("{} {}", source.name, source.version), cause }
            }
        })?;
    for warning in &checked.warnings {
        tracing::warn!("{warning}");
    }
    let identity = Identity::of(&danger::assume_verified(&checked.built));
    // Unsigned sources must not decide where records are sent.
    let vectors = VectorCheck::Run { vectors: checked.vectors.run };
    Ok((Prepared::new(checked.release, identity, None), vectors))
}

/// A ruleset may be ahead of its components; an operator should learn of it before the results show it.
fn warn_of_unknown_rules(release: &Release) {
    let lists = release.router().rulesets().lists();
    let nodes = lists.iter().flat_map(|list| &list.nodes);
    let unknown: BTreeSet<_> = nodes.filter(|node| node.rule.is_none()).map(|node| &*node.rule_id).collect();
    for rule in unknown {
        tracing::warn!(rule = %Excerpt::of(rule), "a ruleset lists a rule that nothing provides: its result is NORUN");
    }
}

fn config(release: &VerifiedRelease) -> Result<Document, Problems> {
    let maps: Vec<_> = release.files(FileKind::FieldMap).map(|(file, _)| jurat_author::file_name(&file.path)).collect();
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
