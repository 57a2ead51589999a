//! From settings to a release that is ready: found, verified, compiled, checked, tried on its test vectors.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jurat_engine::{Excerpt, Release};
use jurat_model::Component;
use jurat_sandbox::{Policy as SandboxPolicy, Sandbox};
use jurat_trust::{Digest, FileKind, Listing, Origin, PublicKey, VerifiedManifest, VerifiedRelease, danger};
use url::Url;

use super::decide::Decision;
use super::generation::{Generation, Standing};
use super::{Identity, OpenError};
use crate::author;
use crate::business_config::{self, Document};
use crate::files::{self, Directory};
use crate::problem::{Problem, Problems, chain};
use crate::repository::{Pin, Repository, RepositoryError, shown};
use crate::settings::{Location, TenantSettings, Unsigned};
use crate::vectors::{self, VectorLimits};

/// The longest public key file.
const KEY_FILE: u64 = 16 << 10;

/// Where the releases of one tenant come from.
#[derive(Debug)]
pub(super) struct Rules {
    settings: TenantSettings,
    /// There if the settings say what vouches for one.
    repository: Option<Repository>,
    /// The release that was refused last, and why.
    refused: Mutex<Option<(Digest, Arc<OpenError>)>>,
}

/// A release that is ready to judge.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) release: Arc<Release>,
    pub(super) identity: Identity,
    /// Where records may be sent, in the words of those who have signed the release.
    pub(super) coordination_base_url: Option<Url>,
}

/// What a look has come to.
#[derive(Debug)]
pub(super) struct Looked {
    /// What is to serve from now on.
    pub(super) choice: Choice,
    /// What vouches for it; none for what nobody has signed, and where there is no news of what serves.
    pub(super) standing: Option<Standing>,
    /// The release that somebody holds on to.
    pub(super) pin: Option<Pin>,
    /// What went wrong.
    pub(super) failure: Option<OpenError>,
}

/// What is to serve.
#[derive(Debug)]
pub(super) enum Choice {
    /// What serves now, even if that is nothing.
    Same,
    /// Another release.
    Switch(Box<Switch>),
    /// Nothing: what served was revoked.
    Drop {
        /// The digest of its manifest.
        manifest: String,
    },
}

/// Another release.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) loaded: Loaded,
    /// When it served before, if it did.
    pub(super) number: Option<u64>,
}

/// What was found out before anything is decided: all that may take its time.
#[derive(Debug)]
pub(super) enum Findings {
    /// From sources that nobody has signed, or nowhere.
    Settled(Box<Looked>),
    /// From a repository.
    Repository(Box<News>),
}

/// What is known of a repository.
#[derive(Debug, Default)]
pub(super) struct News {
    /// What it lists now, or listed when it could last be asked.
    pub(super) listing: Option<Listing>,
    /// Whether that was asked just now.
    pub(super) is_fresh: bool,
    /// The listed release, if it had to be fetched and made ready.
    pub(super) ready: Option<Loaded>,
    /// Its manifest.
    pub(super) manifest: Option<VerifiedManifest>,
    /// Whether that was tried. What has failed is not tried again at once.
    pub(super) is_tried: bool,
    pub(super) failure: Option<OpenError>,
}

impl Looked {
    pub(super) fn failed(failure: impl Into<OpenError>) -> Self {
        Self { choice: Choice::Same, standing: None, pin: None, failure: Some(failure.into()) }
    }
}

impl Findings {
    /// Looking itself has failed.
    pub(super) fn failed(failure: OpenError) -> Self {
        Self::Settled(Box::new(Looked::failed(failure)))
    }
}

impl Rules {
    pub(super) fn new(settings: TenantSettings, repository: Option<Repository>) -> Self {
        Self { settings, repository, refused: Mutex::new(None) }
    }

    pub(super) fn settings(&self) -> &TenantSettings {
        &self.settings
    }

    pub(super) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
    }

    /// Whether the rules come from a repository, and not from sources that nobody has signed.
    pub(super) fn is_repository(&self) -> bool {
        self.repository.is_some() && !matches!(self.source(), Ok(Some(_)))
    }

    /// Whether a release must not be used any more.
    pub(super) fn is_revoked(&self, release: &Generation) -> bool {
        let repository = self.repository.as_ref();
        repository.zip(release.signed()).is_some_and(|(repository, manifest)| repository.is_revoked(manifest))
    }

    /// Asks where the rules come from, and makes ready what is new there.
    pub(super) fn ask(
        &self,
        sandbox: &Sandbox,
        now: Timestamp,
        serving: Option<&Arc<Generation>>,
        known: &[Arc<Generation>],
    ) -> Findings {
        self.find_out(sandbox, serving, |repository| match repository.look(now) {
            Ok(listing) => self.prepare(repository, sandbox, listing, serving, known),
            Err(error) => {
                News { listing: repository.recall(), failure: Some(failure(repository, error)), ..News::default() }
            }
        })
    }

    /// The same from what this host knows already: nobody is asked, and nothing is waited for.
    pub(super) fn recall(&self, sandbox: &Sandbox, serving: Option<&Arc<Generation>>) -> Findings {
        self.find_out(sandbox, serving, |repository| News { listing: repository.recall(), ..News::default() })
    }

    /// Decides what is to serve. `serving` is what serves now, `known` are earlier releases that still are ready.
    pub(super) fn decide(
        &self,
        findings: Findings,
        sandbox: &Sandbox,
        now: Timestamp,
        serving: Option<&Arc<Generation>>,
        known: &[Arc<Generation>],
    ) -> Looked {
        match (findings, &self.repository) {
            (Findings::Settled(looked), _) => *looked,
            (Findings::Repository(news), Some(repository)) => {
                Decision { rules: self, repository, sandbox, now, serving, known, news: *news }.make()
            }
            (Findings::Repository(_), None) => Looked::failed(self.no_trust()),
        }
    }

    fn find_out(
        &self,
        sandbox: &Sandbox,
        serving: Option<&Arc<Generation>>,
        ask: impl FnOnce(&Repository) -> News,
    ) -> Findings {
        let looked = match self.source() {
            Err(problems) => Looked::failed(problems),
            Ok(Some(directory)) => match self.unsigned(&directory, sandbox, serving) {
                Ok(choice) => Looked { choice, standing: None, pin: None, failure: None },
                Err(problems) => Looked::failed(problems),
            },
            Ok(None) => match &self.repository {
                Some(repository) => return Findings::Repository(Box::new(ask(repository))),
                None => Looked::failed(self.no_trust()),
            },
        };
        Findings::Settled(Box::new(looked))
    }

    /// Fetches what is listed and makes it ready, unless it is at hand already, or somebody wants another one.
    fn prepare(
        &self,
        repository: &Repository,
        sandbox: &Sandbox,
        listing: Listing,
        serving: Option<&Arc<Generation>>,
        known: &[Arc<Generation>],
    ) -> News {
        let manifest = *listing.manifest_sha256();
        let is_at_hand = serving.into_iter().chain(known).any(|release| release.signed() == Some(&manifest));
        let is_wanted = match repository.pin() {
            Ok(pin) => pin.is_none_or(|pin| pin.manifest == manifest),
            Err(_) => false,
        };
        let mut news = News { listing: Some(listing), is_fresh: true, ..News::default() };
        let (Some(listing), false, true) = (&news.listing, is_at_hand, is_wanted) else { return news };
        match self.refused(&manifest) {
            Some(error) => news.failure = Some(OpenError::Again(error)),
            None => match self.get_ready(repository, sandbox, listing) {
                Ok((manifest, loaded)) => (news.ready, news.manifest) = (Some(loaded), Some(manifest)),
                Err(error) => news.failure = Some(error),
            },
        }
        news.is_tried = true;
        news
    }

    pub(super) fn get_ready(
        &self,
        repository: &Repository,
        sandbox: &Sandbox,
        listing: &Listing,
    ) -> Result<(VerifiedManifest, Loaded), OpenError> {
        let (manifest, verified) = repository.fetch(listing).map_err(|error| failure(repository, error))?;
        match signed(&verified, sandbox, &self.policy()) {
            Ok(loaded) => Ok((manifest, loaded)),
            Err(error) => Err(self.refuse(*listing.manifest_sha256(), error)),
        }
    }

    /// Makes a release of earlier days ready.
    pub(super) fn make_ready(&self, verified: &VerifiedRelease, sandbox: &Sandbox) -> Result<Loaded, OpenError> {
        signed(verified, sandbox, &self.policy())
    }

    /// Why a release was refused before. What is wrong with a release stays so, and finding it out again may be dear.
    fn refused(&self, manifest: &Digest) -> Option<Arc<OpenError>> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().filter(|(refused, _)| refused == manifest).map(|(_, error)| Arc::clone(error))
    }

    fn refuse(&self, manifest: Digest, error: OpenError) -> OpenError {
        if error.is_lasting() {
            let error = Arc::new(error);
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((manifest, Arc::clone(&error)));
            return OpenError::Again(error);
        }
        error
    }

    /// The directory with sources, if it is one and the settings allow it.
    fn source(&self) -> Result<Option<Directory>, Problems> {
        let Location::File(path) = &self.settings.rules else { return Ok(None) };
        let directory = Directory::new(path);
        let refuse = |message: &str| Err(Problem::of_file(path.display().to_string(), message).into());
        if !path.exists() {
            // What has been kept may do, if there is anything.
            return if self.repository.as_ref().is_some_and(Repository::remembers) {
                Ok(None)
            } else {
                refuse("it does not exist, but `business_config_uri` names it")
            };
        }
        if !path.is_dir() {
            return refuse("unsigned rules are not run: it is a file, but a repository is a directory");
        }
        match (is_source(&directory), &self.settings.unsigned) {
            (true, Unsigned::Run { .. }) => Ok(Some(directory)),
            (true, Unsigned::Refused) => refuse(
                "unsigned rules are not run: it holds the sources of a release; sign them (`jurat release build`, `jurat release \
                 sign`), or set `danger.unsigned_directory: true` for development",
            ),
            (false, _) => Ok(None),
        }
    }

    fn unsigned(
        &self,
        directory: &Directory,
        sandbox: &Sandbox,
        serving: Option<&Arc<Generation>>,
    ) -> Result<Choice, Problems> {
        let components = match &self.settings.unsigned {
            Unsigned::Run { components } => components.as_deref(),
            Unsigned::Refused => None,
        };
        let loaded = unsigned(directory, components, sandbox, &self.policy())?;
        // Only a signed release can be the one that is served under the same digest and yet another one.
        let is_same = serving.is_some_and(|serving| {
            serving.identity.manifest == loaded.identity.manifest && matches!(serving.identity.origin, Origin::Unsigned)
        });
        Ok(if is_same { Choice::Same } else { Choice::Switch(Box::new(Switch { loaded, number: None })) })
    }

    fn policy(&self) -> SandboxPolicy {
        SandboxPolicy { limits: self.settings.limits, sealed_wasi: self.settings.sealed_wasi }
    }

    fn no_trust(&self) -> Problems {
        let message = "it is a repository, but `trust` says nothing that vouches for it";
        Problem::of_file(shown(&self.settings.rules), message).into()
    }
}

/// Whether a directory holds sources, and no repository.
fn is_source(directory: &Directory) -> bool {
    directory.has(author::RELEASE_FILE) && !directory.has("metadata")
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

/// What a repository says, as a reason for having no release.
pub(super) fn failure(repository: &Repository, cause: RepositoryError) -> OpenError {
    OpenError::Trust { repository: repository.shown(), cause: Box::new(cause) }
}

/// Makes a release ready: every check that there is, and its own test vectors, before anybody is served with it.
fn signed(verified: &VerifiedRelease, sandbox: &Sandbox, policy: &SandboxPolicy) -> Result<Loaded, OpenError> {
    let Document { config, coordination_base_url } = config(verified)?;
    let identity = Identity::of(verified);
    let release = format!("{} {}", identity.name, identity.version);
    let mut components: Vec<Arc<dyn Component>> = Vec::new();
    for file in verified.components() {
        let component = sandbox.load(&file, policy);
        components.push(Arc::new(component.map_err(|cause| OpenError::Component { release: release.clone(), cause })?));
    }
    let ready = Release::new(verified, config, components)
        .map_err(|problems| OpenError::Release { release: release.clone(), problems })?;
    warn_of_unknown_rules(&ready);
    let ready = Arc::new(ready);
    let report = vectors::check_release(verified, &ready, &VectorLimits::DEFAULT)
        .map_err(|cause| OpenError::Vectors { release: release.clone(), cause: Box::new(cause) })?;
    if !report.failures.is_empty() {
        return Err(OpenError::VectorsFail { release, report: Box::new(report) });
    }
    Ok(Loaded { release: ready, identity, coordination_base_url })
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
