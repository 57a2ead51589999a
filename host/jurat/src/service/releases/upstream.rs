//! The source of one tenant's releases: a signed repository, or a directory of unsigned sources.
//!
//! A poll asks it, and prepares a new release: that takes as long as servers and compilers take. A recall uses only the
//! state of this host.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use jurat_disk::files::Directory;
use jurat_repository::{Repository, RepositoryError, shown};
use jurat_sandbox::{Policy, Sandbox};
use jurat_trust::{Digest, Listing, VerifiedRelease};
use jurat_yaml::{Problem, Problems};

use super::generation::Generation;
use super::prepare::{self, Prepared};
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
    /// The release that was refused last, and why.
    refused: Mutex<Option<(Digest, Arc<OpenError>)>>,
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
        Self { tenant: tenant.to_owned(), settings, repository, sandbox, observers, refused: Mutex::new(None) }
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
    pub(super) fn poll(&self, now: Timestamp, is_ready: impl Fn(&Digest) -> bool) -> Polled {
        let began = Instant::now();
        self.ask(|repository| match repository.poll(now) {
            Ok(listing) => {
                self.polled(began, Some(&listing), None);
                self.prepare_listed(repository, listing, is_ready)
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
    fn prepare_listed(&self, repository: &Repository, listing: Listing, is_ready: impl Fn(&Digest) -> bool) -> Listed {
        let manifest = *listing.manifest_sha256();
        let is_wanted = match repository.pin() {
            Ok(pin) => pin.is_none_or(|pin| pin.manifest == manifest),
            Err(_) => false,
        };
        if is_ready(&manifest) || !is_wanted {
            return Listed { listing: Some(listing), is_fresh: true, ..Listed::default() };
        }
        let prepared = match self.refused(&manifest) {
            Some(error) => Err(OpenError::Again(error)),
            None => self.prepare(repository, &listing),
        };
        let (prepared, failure) = match prepared {
            Ok(prepared) => (Some(prepared), None),
            Err(error) => {
                self.refusing(&manifest, &error);
                (None, Some(error))
            }
        };
        Listed { listing: Some(listing), is_fresh: true, prepared, is_tried: true, failure }
    }

    /// Fetches the listed release and makes it ready.
    pub(super) fn prepare(&self, repository: &Repository, listing: &Listing) -> Result<Prepared, OpenError> {
        let began = Instant::now();
        let (manifest, verified) = repository.fetch(listing).map_err(|error| refusal(repository, error))?;
        match prepare::signed(&verified, &self.sandbox, &self.policy()) {
            Ok(prepared) => {
                self.prepared(began, &prepared);
                Ok(Prepared { manifest: Some(Arc::new(manifest)), ..prepared })
            }
            Err(error) => Err(self.refuse(*listing.manifest_sha256(), error)),
        }
    }

    /// Makes a kept release ready.
    pub(super) fn prepare_again(&self, verified: &VerifiedRelease) -> Result<Prepared, OpenError> {
        let began = Instant::now();
        let prepared = prepare::signed(verified, &self.sandbox, &self.policy())?;
        self.prepared(began, &prepared);
        Ok(prepared)
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

    /// Why a release was refused before. The errors of a release do not change, and finding them again may be expensive.
    fn refused(&self, manifest: &Digest) -> Option<Arc<OpenError>> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.as_ref().filter(|(refused, _)| refused == manifest).map(|(_, error)| Arc::clone(error))
    }

    fn refuse(&self, manifest: Digest, error: OpenError) -> OpenError {
        if !error.is_lasting() {
            return error;
        }
        let error = Arc::new(error);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((manifest, Arc::clone(&error)));
        OpenError::Again(error)
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
