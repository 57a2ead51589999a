//! Decides which release is to serve, from the listing, the pin, revocations, and the releases that are ready or kept.

use std::sync::Arc;

use jiff::Timestamp;
use jurat_model::chain;
use jurat_repository::{Pin, Repository, RepositoryError};
use jurat_trust::{Digest, Listing, ReleaseOrigin};

use super::generation::Generation;
use super::prepare::Prepared;
use super::refusals::Attempt;
use super::upstream::{Listed, Polled, Upstream, Wanted, refusal};
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
    /// A release that would serve if it were ready. With it, the decision is for as long as that takes.
    pub(super) wanted: Option<Wanted>,
    /// Releases that may not serve, and why.
    pub(super) refused: Vec<(Digest, Arc<OpenError>)>,
    /// The error.
    pub(super) failure: Option<Arc<OpenError>>,
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

/// The releases that are ready, and those that were to be.
pub(super) struct Ready<'a> {
    pub(super) serving: Option<&'a Generation>,
    /// Releases that served earlier and still are ready.
    pub(super) earlier: &'a [Arc<Generation>],
    /// The one that has just been made ready.
    pub(super) made: Option<Prepared>,
    /// Those that could not be made ready in this attempt, and why; none = this host has not kept it.
    pub(super) failed: &'a [(Digest, Option<Arc<OpenError>>)],
}

/// The candidates. Choosing does not wait.
struct Choices<'a> {
    upstream: &'a Upstream,
    repository: &'a Repository,
    listed: &'a Listed,
    ready: Ready<'a>,
    attempt: Attempt,
}

/// What can be done with a candidate.
enum Candidate {
    /// It can serve.
    Ready(Next),
    /// It must be made ready first.
    Wanted(Wanted),
    /// It may not serve; the reason, unless it was reported already.
    Refused(Option<Arc<OpenError>>),
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
    /// Decides by the result of a poll.
    pub(super) fn make(upstream: &Upstream, polled: &Polled, ready: Ready<'_>, attempt: Attempt) -> Self {
        match (polled, upstream.repository()) {
            (Polled::Failed(failure), _) => Self::failed(Arc::clone(failure)),
            (Polled::Unsigned(prepared), _) => Self::of_sources(prepared, ready.serving),
            (Polled::Repository(listed), Some(repository)) => {
                Choices { upstream, repository, listed, ready, attempt }.decide()
            }
            (Polled::Repository(_), None) => {
                debug_assert!(false, "a repository was polled that is not there");
                Self::failed(Arc::new(OpenError::BrokenOff))
            }
        }
    }

    /// Nothing changes, because of this.
    pub(super) fn failed(failure: Arc<OpenError>) -> Self {
        Self { failure: Some(failure), ..Self::new(Next::Same) }
    }

    fn new(next: Next) -> Self {
        Self { next, vouching: None, pin: None, wanted: None, refused: Vec::new(), failure: None }
    }

    fn of_sources(prepared: &Prepared, serving: Option<&Generation>) -> Self {
        // A signed release may have the same digest, but differs.
        let is_same = serving.is_some_and(|serving| {
            serving.identity.manifest == prepared.identity.manifest
                && matches!(serving.identity.origin, ReleaseOrigin::Unsigned)
        });
        Self::new(if is_same { Next::Same } else { Next::Release(Box::new(prepared.clone())) })
    }
}

impl Choices<'_> {
    fn decide(mut self) -> Decision {
        let now = self.attempt.now;
        let mut failure = None;
        let wish = match self.repository.pin() {
            Ok(Some(pin)) => Wish::Pinned(pin),
            Ok(None) => Wish::Newest,
            Err(error) => {
                failure = Some(Arc::new(refusal(self.repository, error)));
                Wish::Unreadable
            }
        };
        let (mut next, mut wanted, mut refused) = (None, Vec::new(), Vec::new());
        for manifest in self.candidates(&wish) {
            match self.judge(&manifest, &wish) {
                Candidate::Ready(ready) => {
                    next = Some(ready);
                    break;
                }
                Candidate::Wanted(release) => wanted.push(release),
                Candidate::Refused(error) => {
                    refused.extend(error.clone().map(|error| (manifest, error)));
                    failure = failure.or(error);
                }
            }
        }
        let next = next.unwrap_or_else(|| self.nothing());
        // If it has just been made ready, the next poll tells that one failed meanwhile.
        let is_new = matches!(&next, Next::Release(prepared) if prepared.is_fetched);
        if !is_new && !matches!(wish, Wish::Unreadable) {
            failure = self.listed.failure.clone().or(failure);
        }
        if let Next::Nothing { manifest } = &next {
            failure = Some(Arc::new(self.revoked(manifest)));
            // A kept one is ready sooner: nothing has to be fetched.
            wanted.sort_by_key(|wanted| matches!(wanted, Wanted::Listed(_)));
        }
        self.keep_listed(&next, now);
        let vouching = self.vouching(&next, now);
        let pin = match wish {
            Wish::Pinned(pin) => Some(pin),
            Wish::Newest | Wish::Unreadable => None,
        };
        Decision { next, vouching, pin, wanted: wanted.into_iter().next(), refused, failure }
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
            // What was listed when it was begun to be made ready serves until what is listed now is ready.
            Wish::Newest => {
                let made = self.ready.made.iter().map(|made| made.identity.manifest);
                let served = listed.filter(|listed| self.has_served(listed));
                fresh.chain(made).chain(served).chain(serving).chain(kept).collect()
            }
        }
    }

    /// Whether a release served before the one that serves now.
    fn has_served(&self, manifest: &Digest) -> bool {
        self.ready.earlier.iter().any(|earlier| earlier.signed() == Some(manifest))
            || self.repository.kept().contains(manifest)
    }

    /// What can be done with a candidate.
    fn judge(&mut self, manifest: &Digest, wish: &Wish) -> Candidate {
        self.find(manifest, wish).unwrap_or_else(|error| Candidate::Refused(Some(Arc::new(error))))
    }

    fn find(&mut self, manifest: &Digest, wish: &Wish) -> Result<Candidate, OpenError> {
        if self.repository.is_revoked(manifest) {
            return Err(self.revoked(manifest));
        }
        let is_listed = self.listed() == Some(*manifest);
        if self.serving() == Some(*manifest) {
            // If the repository does not list it any more, the present signers must have listed it before.
            if !is_listed && matches!(wish, Wish::Pinned(_)) {
                self.vouch(self.ready.serving)?;
            }
            return Ok(Candidate::Ready(Next::Same));
        }
        if let Some(earlier) = self.ready.earlier.iter().find(|earlier| earlier.signed() == Some(manifest)) {
            if !is_listed {
                self.vouch(Some(earlier))?;
            }
            return Ok(Candidate::Ready(Next::Release(Box::new(earlier.prepared()))));
        }
        if let Some(made) = self.ready.made.take_if(|made| made.identity.manifest == *manifest) {
            return Ok(Candidate::Ready(Next::Release(Box::new(made))));
        }
        if let Some((_, error)) = self.ready.failed.iter().find(|(failed, _)| failed == manifest) {
            let is_demanded = matches!(wish, Wish::Pinned(pin) if pin.manifest == *manifest);
            let not_kept = || Arc::new(refusal(self.repository, RepositoryError::NotKept { manifest: *manifest }));
            return Ok(Candidate::Refused(error.clone().or_else(|| is_demanded.then(not_kept))));
        }
        self.upstream.may_prepare(manifest, self.attempt)?;
        Ok(Candidate::Wanted(match self.listing() {
            Some(listing) if is_listed && self.listed.is_fresh => Wanted::Listed(Box::new(listing.clone())),
            _ => Wanted::Kept(*manifest),
        }))
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
        let (manifest, is_fetched) = match next {
            Next::Same => (self.ready.serving.and_then(|serving| serving.manifest.as_deref()), false),
            Next::Release(prepared) => (prepared.manifest.as_deref(), prepared.is_fetched),
            Next::Nothing { .. } => return,
        };
        let Some((manifest, listing)) = manifest.zip(self.listing()) else { return };
        if manifest.sha256() != listing.manifest_sha256() || !(self.listed.is_fresh || is_fetched) {
            return;
        }
        // It serves all the same, but this host cannot return to it later.
        if let Err(error) = self.repository.keep(listing, manifest, now) {
            tracing::warn!(reason = chain(&error), "the release cannot be kept for the next start");
        }
    }

    /// What vouches for the next release: the newest metadata if there is some, else what the release itself came with.
    fn vouching(&self, next: &Next, now: Timestamp) -> Option<Vouching> {
        let (identity, before) = match next {
            Next::Same => {
                let serving = self.ready.serving?;
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
        self.ready.serving.and_then(|serving| serving.signed().copied())
    }

    fn listed(&self) -> Option<Digest> {
        self.listing().map(|listing| *listing.manifest_sha256())
    }

    fn listing(&self) -> Option<&Listing> {
        self.listed.listing.as_ref()
    }
}
