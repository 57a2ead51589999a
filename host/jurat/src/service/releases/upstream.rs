//! The source of one tenant's releases: a signed repository, or a directory of unsigned sources.
//!
//! A poll asks it, and takes as long as servers take. A recall uses only the state of this host. To make a release ready takes
//! as long as servers and compilers take.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use jurat_disk::files::Directory;
use jurat_repository::{Contention, Repository, RepositoryError, shown};
use jurat_trust::{Digest, Listing, VerifiedRelease};
use jurat_yaml::{Problem, Problems};

use super::generation::Generation;
use super::prepare::{self, Prepared, Tried};
use super::refusals::{Attempt, Refusals};
use crate::error::OpenError;
use crate::observe::{Event, Observers, ReleasePolled, ReleasePrepared, ReleaseRefused, VectorCheck};
use crate::settings::{Location, TenantSettings, Unsigned};

/// The source of one tenant's releases.
#[derive(Debug)]
pub(in crate::service) struct Upstream {
    tenant: String,
    settings: TenantSettings,
    /// The repository, if the settings have trust settings for one.
    repository: Option<Repository>,
    tried: Tried,
    observers: Observers,
    refusals: Refusals,
}

/// The result of a poll or recall.
#[derive(Clone, Debug)]
pub(super) enum Polled {
    /// It failed.
    Failed(Arc<OpenError>),
    /// Unsigned sources, made ready.
    Unsigned(Box<Prepared>),
    /// The listing of a repository.
    Repository(Box<Listed>),
}

/// The result of a poll or recall of a repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// Its listing, from this poll or the last one that succeeded.
    pub(super) listing: Option<Listing>,
    /// Whether it is from this poll.
    pub(super) is_fresh: bool,
    /// The error.
    pub(super) failure: Option<Arc<OpenError>>,
}

/// A release that is to be made ready.
#[derive(Debug)]
pub(in crate::service) enum Wanted {
    /// The listed one. Its files are fetched.
    Listed(Box<Listing>),
    /// A kept one, by the digest of its manifest.
    Kept(Digest),
}

impl Polled {
    fn failed(error: impl Into<OpenError>) -> Self {
        Self::Failed(Arc::new(error.into()))
    }

    /// Whether upstream has answered, and not the memory of this host.
    pub(super) fn is_fresh(&self) -> bool {
        match self {
            Self::Failed(_) => false,
            Self::Unsigned(_) => true,
            Self::Repository(listed) => listed.is_fresh,
        }
    }
}

impl Wanted {
    /// The digest of its manifest.
    pub(super) fn manifest(&self) -> &Digest {
        match self {
            Self::Listed(listing) => listing.manifest_sha256(),
            Self::Kept(manifest) => manifest,
        }
    }
}

impl Upstream {
    /// The upstream of a tenant. Releases are made ready in the sandbox.
    pub(in crate::service) fn new(
        tenant: &str,
        settings: TenantSettings,
        repository: Option<Repository>,
        tried: Tried,
        observers: Observers,
    ) -> Self {
        Self { tenant: tenant.to_owned(), settings, repository, tried, observers, refusals: Refusals::default() }
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

    /// Polls. Another process with the same state may be polling for long. A poll that may yield does not fail then: it uses what the
    /// other process stores.
    pub(super) fn poll(&self, now: Timestamp, contention: Contention) -> Polled {
        let began = Instant::now();
        self.ask(|repository| match repository.poll(now, contention) {
            Ok(listing) => {
                self.polled(began, Some(&listing), None);
                Listed { listing: Some(listing), is_fresh: true, failure: None }
            }
            Err(error) => {
                let (listing, failure) = (repository.recall(), refusal(repository, error));
                self.polled(began, listing.as_ref(), Some(&failure));
                let is_no_failure = contention == Contention::Yield && is_busy(&failure) && listing.is_some();
                Listed { listing, is_fresh: false, failure: (!is_no_failure).then(|| Arc::new(failure)) }
            }
        })
    }

    /// Like a poll, but from the state of this host, without requests or waiting.
    pub(super) fn recall(&self) -> Polled {
        self.ask(|repository| Listed { listing: repository.recall(), ..Listed::default() })
    }

    fn ask(&self, ask: impl FnOnce(&Repository) -> Listed) -> Polled {
        match (self.sources(), &self.repository) {
            (Err(problems), _) => Polled::failed(problems),
            (Ok(Some(directory)), _) => match self.prepare_sources(&directory) {
                Ok(prepared) => Polled::Unsigned(Box::new(prepared)),
                Err(error) => Polled::failed(error),
            },
            (Ok(None), Some(repository)) => Polled::Repository(Box::new(ask(repository))),
            (Ok(None), None) => {
                let message = "it is a repository, but `trust` says nothing that vouches for it";
                Polled::failed(Problems::from(Problem::of_file(shown(&self.settings.rules), message)))
            }
        }
    }

    /// Whether a release may be made ready: it was not refused, or its wait is over.
    pub(super) fn may_prepare(&self, manifest: &Digest, attempt: Attempt) -> Result<(), OpenError> {
        self.refusals.check(manifest, attempt)
    }

    /// Makes a release ready: waits for servers and compilers. None = this host has not kept it.
    pub(super) fn prepare(&self, wanted: &Wanted, attempt: Attempt) -> Result<Prepared, Option<OpenError>> {
        let Some(repository) = &self.repository else { return Err(None) };
        let began = Instant::now();
        match wanted {
            Wanted::Listed(listing) => {
                let fetched = repository.fetch(listing).map_err(|error| refusal(repository, error));
                let (manifest, verified) = fetched?;
                let prepared = self.make_ready(&verified, began, attempt)?;
                Ok(Prepared { manifest: Some(Arc::new(manifest)), is_fetched: true, ..prepared })
            }
            Wanted::Kept(manifest) => match repository.restore(manifest) {
                Ok((manifest, verified)) => {
                    let prepared = self.make_ready(&verified, began, attempt)?;
                    Ok(Prepared { manifest: Some(Arc::new(manifest)), ..prepared })
                }
                Err(RepositoryError::NotKept { .. }) => Err(None),
                Err(error) => Err(Some(refusal(repository, error))),
            },
        }
    }

    fn make_ready(&self, verified: &VerifiedRelease, began: Instant, attempt: Attempt) -> Result<Prepared, OpenError> {
        match prepare::signed(verified, &self.tried, &self.settings) {
            Ok((prepared, vectors)) => {
                self.refusals.forget(verified.manifest_sha256());
                self.prepared(began, &prepared, vectors);
                Ok(prepared)
            }
            Err(error) => Err(self.refusals.add(verified.manifest_sha256(), error, attempt, began)),
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

    fn prepared(&self, began: Instant, prepared: &Prepared, vectors: VectorCheck) {
        self.observers.emit(|| {
            let (tenant, release, duration) = (&*self.tenant, &prepared.identity, began.elapsed());
            Event::ReleasePrepared(ReleasePrepared { tenant, release, vectors, duration })
        });
    }

    fn prepare_sources(&self, directory: &Directory) -> Result<Prepared, OpenError> {
        let began = Instant::now();
        let components = match &self.settings.unsigned {
            Unsigned::Run { components } => components.as_deref(),
            Unsigned::Refused => None,
        };
        let (prepared, vectors) = prepare::unsigned(directory, components, &self.tried.sandbox, &self.settings)?;
        self.prepared(began, &prepared, vectors);
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
}

/// Whether a directory holds sources, and not a repository.
fn holds_sources(directory: &Directory) -> bool {
    directory.has(jurat_author::RELEASE_FILE) && !directory.has("metadata")
}

/// Whether another process with the same state is polling.
fn is_busy(error: &OpenError) -> bool {
    match error {
        OpenError::Trust { cause, .. } => matches!(&**cause, RepositoryError::State(state) if state.is_busy()),
        _ => false,
    }
}

/// An error of the repository, as a reason for having no release.
pub(super) fn refusal(repository: &Repository, cause: RepositoryError) -> OpenError {
    OpenError::Trust { repository: repository.shown(), cause: Box::new(cause) }
}
