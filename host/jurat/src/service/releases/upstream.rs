//! The source of one tenant's releases: a signed repository, or a directory of unsigned sources.
//!
//! A poll asks it, and prepares a new release: that takes as long as servers and compilers take. A recall uses only the
//! state of this host.

use std::sync::Arc;
use std::time::Instant;

use jurat_disk::files::Directory;
use jurat_repository::{Repository, RepositoryError, shown};
use jurat_sandbox::{Policy, Sandbox};
use jurat_trust::{Digest, Listing, VerifiedRelease};
use jurat_yaml::{Problem, Problems};

use super::generation::Generation;
use super::prepare::{self, Prepared};
use super::refusals::{Attempt, Refusals};
use crate::error::OpenError;
use crate::observe::{Event, Observers, ReleasePolled, ReleasePrepared, ReleaseRefused};
use crate::settings::{Location, TenantSettings, Unsigned};

/// The source of one tenant's releases.
#[derive(Debug)]
pub(in crate::service) struct Upstream {
    tenant: String,
    settings: TenantSettings,
    /// The repository, if the settings have trust settings for one.
    repository: Option<Repository>,
    sandbox: Sandbox,
    observers: Observers,
    refusals: Refusals,
}

/// The result of a poll or recall.
#[derive(Debug)]
pub(super) enum Polled {
    /// It failed.
    Failed(OpenError),
    /// Unsigned sources, made ready.
    Unsigned(Box<Prepared>),
    /// The listing of a repository.
    Repository(Box<Listed>),
}

/// The result of a poll or recall of a repository.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Its listing, from this poll or the last one that succeeded.
    pub(super) listing: Option<Listing>,
    /// Whether it is from this poll.
    pub(super) is_fresh: bool,
    /// The listed release, if it was new and could be made ready.
    pub(super) prepared: Option<Prepared>,
    /// Whether that was tried. A failure is not retried at once.
    pub(super) is_tried: bool,
    /// The error.
    pub(super) failure: Option<OpenError>,
}

impl Upstream {
    /// The upstream of a tenant. Releases are made ready in the sandbox.
    pub(in crate::service) fn new(
        tenant: &str,
        settings: TenantSettings,
        repository: Option<Repository>,
        sandbox: Sandbox,
        observers: Observers,
    ) -> Self {
        Self { tenant: tenant.to_owned(), settings, repository, sandbox, observers, refusals: Refusals::default() }
    }

    pub(in crate::service) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
    }

    /// Whether the releases come from a repository, and not from unsigned sources.
    pub(super) fn is_repository(&self) -> bool {
        self.repository.is_some() && !matches!(self.sources(), Ok(Some(_)))
    }

    /// Whether a release was revoked.
    pub(super) fn is_revoked(&self, release: &Generation) -> bool {
        let repository = self.repository.as_ref().zip(release.signed());
        repository.is_some_and(|(repository, manifest)| repository.is_revoked(manifest))
    }

    /// Polls, and makes the listed release ready unless it `is_ready` already.
    pub(super) fn poll(&self, attempt: Attempt, is_ready: impl Fn(&Digest) -> bool) -> Polled {
        let began = Instant::now();
        self.ask(|repository| match repository.poll(attempt.now) {
            Ok(listing) => {
                self.polled(began, Some(&listing), None);
                self.prepare_listed(repository, listing, attempt, is_ready)
            }
            Err(error) => {
                let (listing, failure) = (repository.recall(), refusal(repository, error));
                self.polled(began, listing.as_ref(), Some(&failure));
                Listed { listing, failure: Some(failure), ..Listed::default() }
            }
        })
    }

    /// Like a poll, but from the state of this host, without requests or waiting.
    pub(super) fn recall(&self) -> Polled {
        self.ask(|repository| Listed { listing: repository.recall(), ..Listed::default() })
    }

    fn ask(&self, ask: impl FnOnce(&Repository) -> Listed) -> Polled {
        match (self.sources(), &self.repository) {
            (Err(problems), _) => Polled::Failed(problems.into()),
            (Ok(Some(directory)), _) => match self.prepare_sources(&directory) {
                Ok(prepared) => Polled::Unsigned(Box::new(prepared)),
                Err(problems) => Polled::Failed(problems.into()),
            },
            (Ok(None), Some(repository)) => Polled::Repository(Box::new(ask(repository))),
            (Ok(None), None) => {
                let message = "it is a repository, but `trust` says nothing that vouches for it";
                Polled::Failed(Problems::from(Problem::of_file(shown(&self.settings.rules), message)).into())
            }
        }
    }

    /// Fetches the listed release and makes it ready, unless it is ready already, or another one is pinned.
    fn prepare_listed(
        &self,
        repository: &Repository,
        listing: Listing,
        attempt: Attempt,
        is_ready: impl Fn(&Digest) -> bool,
    ) -> Listed {
        let manifest = *listing.manifest_sha256();
        let is_wanted = match repository.pin() {
            Ok(pin) => pin.is_none_or(|pin| pin.manifest == manifest),
            Err(_) => false,
        };
        if is_ready(&manifest) || !is_wanted {
            return Listed { listing: Some(listing), is_fresh: true, ..Listed::default() };
        }
        let (prepared, failure) = match self.prepare(repository, &listing, attempt) {
            Ok(prepared) => (Some(prepared), None),
            Err(error) => {
                self.refusing(&manifest, &error);
                (None, Some(error))
            }
        };
        Listed { listing: Some(listing), is_fresh: true, prepared, is_tried: true, failure }
    }

    /// Fetches the listed release and makes it ready, unless it was refused and must wait.
    pub(super) fn prepare(
        &self,
        repository: &Repository,
        listing: &Listing,
        attempt: Attempt,
    ) -> Result<Prepared, OpenError> {
        self.refusals.check(listing.manifest_sha256(), attempt)?;
        let began = Instant::now();
        let (manifest, verified) = repository.fetch(listing).map_err(|error| refusal(repository, error))?;
        let prepared = self.make_ready(&verified, began, attempt)?;
        Ok(Prepared { manifest: Some(Arc::new(manifest)), ..prepared })
    }

    /// Makes a kept release ready, unless it was refused and must wait.
    pub(super) fn prepare_again(
        &self,
        manifest: &Digest,
        attempt: Attempt,
        restore: impl FnOnce() -> Result<VerifiedRelease, Option<OpenError>>,
    ) -> Result<Prepared, Option<OpenError>> {
        self.refusals.check(manifest, attempt)?;
        let began = Instant::now();
        Ok(self.make_ready(&restore()?, began, attempt)?)
    }

    fn make_ready(&self, verified: &VerifiedRelease, began: Instant, attempt: Attempt) -> Result<Prepared, OpenError> {
        match prepare::signed(verified, &self.sandbox, &self.policy()) {
            Ok(prepared) => {
                self.refusals.forget(verified.manifest_sha256());
                self.prepared(began, &prepared);
                Ok(prepared)
            }
            Err(error) => Err(self.refusals.add(verified.manifest_sha256(), error, attempt)),
        }
    }

    /// Tells observers that a release is not used.
    pub(super) fn refusing(&self, manifest: &Digest, error: &OpenError) {
        self.observers.emit(|| Event::ReleaseRefused(ReleaseRefused { tenant: &self.tenant, manifest, error }));
    }

    fn polled(&self, began: Instant, listed: Option<&Listing>, error: Option<&OpenError>) {
        self.observers.emit(|| {
            let listed = listed.map(Listing::manifest_sha256);
            Event::ReleasePolled(ReleasePolled { tenant: &self.tenant, listed, error, duration: began.elapsed() })
        });
    }

    fn prepared(&self, began: Instant, prepared: &Prepared) {
        self.observers.emit(|| {
            let (tenant, duration) = (&*self.tenant, began.elapsed());
            Event::ReleasePrepared(ReleasePrepared { tenant, release: &prepared.identity, duration })
        });
    }

    fn prepare_sources(&self, directory: &Directory) -> Result<Prepared, Problems> {
        let began = Instant::now();
        let components = match &self.settings.unsigned {
            Unsigned::Run { components } => components.as_deref(),
            Unsigned::Refused => None,
        };
        let prepared = prepare::unsigned(directory, components, &self.sandbox, &self.policy())?;
        self.prepared(began, &prepared);
        Ok(prepared)
    }

    /// The directory with sources, if it is one and the settings allow it.
    fn sources(&self) -> Result<Option<Directory>, Problems> {
        let Location::File(path) = &self.settings.rules else { return Ok(None) };
        let directory = Directory::new(path);
        let refuse = |message: &str| Err(Problem::of_file(path.display().to_string(), message).into());
        if !path.exists() {
            // A kept release may serve, if there is one.
            return if self.repository.as_ref().is_some_and(Repository::remembers) {
                Ok(None)
            } else {
                refuse("it does not exist, but `business_config_uri` names it")
            };
        }
        if !path.is_dir() {
            return refuse("unsigned rules are not run: it is a file, but a repository is a directory");
        }
        match (holds_sources(&directory), &self.settings.unsigned) {
            (true, Unsigned::Run { .. }) => Ok(Some(directory)),
            (true, Unsigned::Refused) => refuse(
                "unsigned rules are not run: it holds the sources of a release; sign them (`jurat release build`, `jurat release \
                 sign`), or set `danger.unsigned_directory: true` for development",
            ),
            (false, _) => Ok(None),
        }
    }

    fn policy(&self) -> Policy {
        Policy { limits: self.settings.limits, sealed_wasi: self.settings.sealed_wasi }
    }
}

/// Whether a directory holds sources, and not a repository.
fn holds_sources(directory: &Directory) -> bool {
    directory.has(jurat_author::RELEASE_FILE) && !directory.has("metadata")
}

/// An error of the repository, as a reason for having no release.
pub(super) fn refusal(repository: &Repository, cause: RepositoryError) -> OpenError {
    OpenError::Trust { repository: repository.shown(), cause: Box::new(cause) }
}
