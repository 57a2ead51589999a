//! Decides which release is to serve, from the listing, the pin, revocations, and the releases that are ready or kept.

use std::sync::Arc;

use jiff::Timestamp;
use jurat_model::chain;
use jurat_repository::{Pin, Repository, RepositoryError};
use jurat_trust::{Digest, Listing, ReleaseOrigin};

use super::generation::Generation;
use super::prepare::Prepared;
use super::refusals::Attempt;
use super::upstream::{Listed, Polled, Upstream, refusal};
use super::vouching::Vouching;
use crate::error::OpenError;

/// A decision about the release that serves from now on.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) next: Next,
    /// What vouches for it; none if it is unsigned, or if the metadata of the serving release is unchanged.
    pub(super) vouching: Option<Vouching>,
    /// The release that is pinned.
    pub(super) pin: Option<Pin>,
    /// The error.
    pub(super) failure: Option<OpenError>,
}

/// The release that is to serve.
#[derive(Debug)]
pub(super) enum Next {
    /// The present state, even if no release serves.
    Same,
    /// Another release.
    Release(Box<Prepared>),
    /// None: the one that served was revoked.
    Nothing {
        /// The digest of its manifest.
        manifest: Digest,
    },
}

/// The candidates. Choosing does not wait, unless a release was unpinned since the last poll.
struct Choices<'a> {
    upstream: &'a Upstream,
    repository: &'a Repository,
    listed: Listed,
    serving: Option<&'a Generation>,
    /// Releases that served earlier and still are ready.
    earlier: &'a [Arc<Generation>],
    attempt: Attempt,
}

/// The choice of an operator.
enum Wish {
    /// To run the newest release.
    Newest,
    /// To run this one.
    Pinned(Pin),
    /// The pin cannot be read.
    Unreadable,
}

impl Decision {
    /// Decides by the result of a poll. `earlier` are the releases that served before `serving` and still are ready.
    pub(super) fn make(
        upstream: &Upstream,
        polled: Polled,
        attempt: Attempt,
        serving: Option<&Generation>,
        earlier: &[Arc<Generation>],
    ) -> Self {
        match (polled, upstream.repository()) {
            (Polled::Failed(failure), _) => Self::failed(failure),
            (Polled::Unsigned(prepared), _) => Self::of_sources(prepared, serving),
            (Polled::Repository(listed), Some(repository)) => {
                Choices { upstream, repository, listed: *listed, serving, earlier, attempt }.decide(attempt.now)
            }
            (Polled::Repository(_), None) => {
                debug_assert!(false, "a repository was polled that is not there");
                Self::failed(OpenError::BrokenOff)
            }
        }
    }

    /// Nothing changes, because of this.
    pub(super) fn failed(failure: OpenError) -> Self {
        Self { next: Next::Same, vouching: None, pin: None, failure: Some(failure) }
    }

    fn of_sources(prepared: Box<Prepared>, serving: Option<&Generation>) -> Self {
        // A signed release may have the same digest, but differs.
        let is_same = serving.is_some_and(|serving| {
            serving.identity.manifest == prepared.identity.manifest
                && matches!(serving.identity.origin, ReleaseOrigin::Unsigned)
        });
        let next = if is_same { Next::Same } else { Next::Release(prepared) };
        Self { next, vouching: None, pin: None, failure: None }
    }
}

impl Choices<'_> {
    fn decide(mut self, now: Timestamp) -> Decision {
        let mut failure = self.listed.failure.take();
        let wish = match self.repository.pin() {
            Ok(Some(pin)) => Wish::Pinned(pin),
            Ok(None) => Wish::Newest,
            Err(error) => {
                failure = Some(refusal(self.repository, error));
                Wish::Unreadable
            }
        };
        let mut next = None;
        for manifest in self.candidates(&wish) {
            match self.take(&manifest, &wish) {
                Ok(taken) => {
                    next = Some(taken);
                    break;
                }
                Err(error) => {
                    if let Some(error) = &error {
                        self.upstream.refusing(&manifest, error);
                    }
                    failure = failure.or(error);
                }
            }
        }
        let next = next.unwrap_or_else(|| self.nothing());
        if let Next::Nothing { manifest } = &next {
            failure = Some(self.revoked(manifest));
        }
        self.keep_listed(&next, now);
        let vouching = self.vouching(&next, now);
        let pin = match wish {
            Wish::Pinned(pin) => Some(pin),
            Wish::Newest | Wish::Unreadable => None,
        };
        Decision { next, vouching, pin, failure }
    }

    /// Manifests, best first.
    fn candidates(&self, wish: &Wish) -> Vec<Digest> {
        let serving = self.serving().into_iter();
        let listed = self.listed().into_iter();
        let fresh = listed.clone().filter(|_| self.listed.is_fresh);
        let kept = self.repository.kept().into_iter();
        match wish {
            // While the pin is unknown, nothing changes.
            Wish::Unreadable => serving.chain(self.repository.last_served()).chain(kept).collect(),
            Wish::Pinned(pin) => [pin.manifest].into_iter().chain(serving).chain(listed).chain(kept).collect(),
            // The listed release may be newer than the serving one, if that was pinned.
            Wish::Newest => {
                fresh.chain(listed.filter(|listed| self.has_served(listed))).chain(serving).chain(kept).collect()
            }
        }
    }

    /// Whether a release served before the one that serves now.
    fn has_served(&self, manifest: &Digest) -> bool {
        self.earlier.iter().any(|earlier| earlier.signed() == Some(manifest))
            || self.repository.kept().contains(manifest)
    }

    /// Takes a release, if it may be used and can be made ready.
    fn take(&mut self, manifest: &Digest, wish: &Wish) -> Result<Next, Option<OpenError>> {
        if self.repository.is_revoked(manifest) {
            return Err(Some(self.revoked(manifest)));
        }
        let is_listed = self.listed() == Some(*manifest);
        if self.serving() == Some(*manifest) {
            // If the repository does not list it any more, the present signers must have listed it before.
            if !is_listed && matches!(wish, Wish::Pinned(_)) {
                self.vouch(self.serving)?;
            }
            return Ok(Next::Same);
        }
        if let Some(earlier) = self.earlier.iter().find(|earlier| earlier.signed() == Some(manifest)) {
            if !is_listed {
                self.vouch(Some(earlier))?;
            }
            return Ok(Next::Release(Box::new(earlier.prepared())));
        }
        if let Some(prepared) = self.listed.prepared.take_if(|prepared| prepared.identity.manifest == *manifest) {
            return Ok(Next::Release(Box::new(prepared)));
        }
        // Another release was pinned during the poll, and has been unpinned since.
        if let (true, Some(listing)) = (is_listed && self.listed.is_fresh && !self.listed.is_tried, self.listing()) {
            return Ok(Next::Release(Box::new(self.upstream.prepare(self.repository, listing, self.attempt)?)));
        }
        let restore = || {
            self.repository.restore(manifest).map_err(|error| match error {
                // The reason was reported already.
                RepositoryError::NotKept { .. } if !matches!(wish, Wish::Pinned(_)) => None,
                error => Some(refusal(self.repository, error)),
            })
        };
        Ok(Next::Release(Box::new(self.upstream.prepare_again(manifest, self.attempt, restore)?)))
    }

    /// Checks that a release that is ready is still one that may be used.
    fn vouch(&self, release: Option<&Generation>) -> Result<(), OpenError> {
        let Some((envelope, manifest)) = release.and_then(|release| release.envelope().zip(release.signed())) else {
            return Ok(());
        };
        self.repository.vouch(envelope, manifest).map_err(|error| refusal(self.repository, error))
    }

    /// No available release can be used.
    fn nothing(&self) -> Next {
        let kept = self.repository.kept();
        let mut gone = self.serving().into_iter().chain(kept).filter(|manifest| self.repository.is_revoked(manifest));
        match (self.serving(), gone.next()) {
            // The serving release serves until it is revoked.
            (Some(serving), _) if !self.repository.is_revoked(&serving) => Next::Same,
            (_, Some(manifest)) => Next::Nothing { manifest },
            (_, None) => Next::Same,
        }
    }

    /// Keeps the listed release that serves, for a rollback, and for when the repository is unavailable.
    fn keep_listed(&self, next: &Next, now: Timestamp) {
        let (manifest, fetched) = match next {
            Next::Same => (self.serving(), None),
            Next::Release(prepared) => (Some(prepared.identity.manifest), prepared.manifest.as_deref()),
            Next::Nothing { .. } => return,
        };
        let listing = self.listing().filter(|listing| manifest == Some(*listing.manifest_sha256()));
        let Some(listing) = listing.filter(|_| self.listed.is_fresh) else { return };
        // It serves all the same, but this host cannot return to it later.
        if let Err(error) = self.repository.keep(listing, fetched, now) {
            tracing::warn!(reason = chain(&error), "the release cannot be kept for the next start");
        }
    }

    /// What vouches for the next release: the newest metadata if there is some, else what the release itself came with.
    fn vouching(&self, next: &Next, now: Timestamp) -> Option<Vouching> {
        let (identity, before) = match next {
            Next::Same => {
                let serving = self.serving?;
                (&serving.identity, serving.vouching.as_ref())
            }
            Next::Release(prepared) => (&prepared.identity, None),
            Next::Nothing { .. } => return None,
        };
        let ReleaseOrigin::Signed(own) = &identity.origin else { return None };
        let envelope = match (self.listing(), before) {
            (Some(listing), _) if *listing.manifest_sha256() == identity.manifest => {
                Some(Arc::clone(listing.envelope()))
            }
            (_, Some(before)) => before.envelope.clone(),
            _ => self.repository.kept_envelope(&identity.manifest),
        };
        let provenance = self.listing().map_or(&**own, Listing::provenance);
        let vouching = Vouching::new(identity, provenance, self.repository.grace(), now, before);
        Some(vouching.with_envelope(envelope))
    }

    fn revoked(&self, manifest: &Digest) -> OpenError {
        refusal(self.repository, RepositoryError::Revoked { manifest: *manifest })
    }

    fn serving(&self) -> Option<Digest> {
        self.serving.and_then(|serving| serving.signed().copied())
    }

    fn listed(&self) -> Option<Digest> {
        self.listing().map(|listing| *listing.manifest_sha256())
    }

    fn listing(&self) -> Option<&Listing> {
        self.listed.listing.as_ref()
    }
}
