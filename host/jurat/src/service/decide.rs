//! Which release is to serve: what is listed, what somebody holds on to, what was revoked, and what is at hand.

use std::sync::Arc;

use jiff::Timestamp;
use jurat_sandbox::Sandbox;
use jurat_trust::{Digest, Listing, Origin};

use super::OpenError;
use super::generation::{Generation, Standing};
use super::load::{Choice, Loaded, Looked, News, Rules, Switch, failure};
use crate::problem::chain;
use crate::repository::{Pin, Repository, RepositoryError};

/// One decision. It waits for nobody, unless somebody has let go a release since the repository was asked.
pub(super) struct Decision<'a> {
    pub(super) rules: &'a Rules,
    pub(super) repository: &'a Repository,
    pub(super) sandbox: &'a Sandbox,
    pub(super) now: Timestamp,
    pub(super) serving: Option<&'a Arc<Generation>>,
    /// Earlier releases that still are ready.
    pub(super) known: &'a [Arc<Generation>],
    pub(super) news: News,
}

/// What somebody wants.
enum Wish {
    /// The newest release.
    Newest,
    /// This one.
    Pinned(Pin),
    /// It cannot be read what.
    Unreadable,
}

impl Decision<'_> {
    pub(super) fn make(mut self) -> Looked {
        let mut failed = self.news.failure.take();
        let wish = match self.repository.pin() {
            Ok(Some(pin)) => Wish::Pinned(pin),
            Ok(None) => Wish::Newest,
            Err(error) => {
                failed = Some(failure(self.repository, error));
                Wish::Unreadable
            }
        };
        let mut choice = None;
        for manifest in self.candidates(&wish) {
            match self.take(&manifest, &wish) {
                Ok(chosen) => {
                    choice = Some(chosen);
                    break;
                }
                Err(error) => failed = failed.or(error),
            }
        }
        let choice = choice.unwrap_or_else(|| self.nothing());
        if let Choice::Drop { manifest } = &choice
            && let Ok(manifest) = manifest.parse()
        {
            failed = Some(failure(self.repository, RepositoryError::Revoked { manifest }));
        }
        self.write_down(&choice);
        let standing = self.standing(&choice);
        let pin = match wish {
            Wish::Pinned(pin) => Some(pin),
            Wish::Newest | Wish::Unreadable => None,
        };
        Looked { choice, standing, pin, failure: failed }
    }

    /// Manifests, those before that are better.
    fn candidates(&self, wish: &Wish) -> Vec<Digest> {
        let serving = self.serving().into_iter();
        let listed = self.listing().map(|listing| *listing.manifest_sha256()).into_iter();
        let fresh = listed.clone().filter(|_| self.news.is_fresh);
        let kept = self.repository.kept().into_iter();
        match wish {
            // Until it is known what somebody wants, nothing changes.
            Wish::Unreadable => serving.chain(self.repository.last_served()).chain(kept).collect(),
            Wish::Pinned(pin) => [pin.manifest].into_iter().chain(serving).chain(listed).chain(kept).collect(),
            // What was listed some time ago may be newer than what serves, if somebody has held on to that.
            Wish::Newest => {
                fresh.chain(listed.filter(|_| self.has_served_older())).chain(serving).chain(kept).collect()
            }
        }
    }

    /// Whether what is known to be listed served before the release that serves now.
    fn has_served_older(&self) -> bool {
        let listed = self.listing().map(|listing| *listing.manifest_sha256());
        listed.is_some_and(|listed| {
            self.known.iter().any(|known| known.signed() == Some(&listed)) || self.repository.kept().contains(&listed)
        })
    }

    /// Takes a release, if it may be used and can be made ready.
    fn take(&mut self, manifest: &Digest, wish: &Wish) -> Result<Choice, Option<OpenError>> {
        if self.repository.is_revoked(manifest) {
            return Err(Some(failure(self.repository, RepositoryError::Revoked { manifest: *manifest })));
        }
        let is_listed = self.listing().is_some_and(|listing| listing.manifest_sha256() == manifest);
        if self.serving() == Some(*manifest) {
            // Of what is no longer listed those who may sign now must have said so once.
            if !is_listed && matches!(wish, Wish::Pinned(_)) {
                self.vouch(self.serving)?;
            }
            return Ok(Choice::Same);
        }
        if let Some(known) = self.known.iter().find(|known| known.signed() == Some(manifest)) {
            if !is_listed {
                self.vouch(Some(known))?;
            }
            return Ok(switch(known.loaded(), Some(known.number)));
        }
        if let Some(loaded) = self.news.ready.take_if(|ready| ready.identity.digest == *manifest) {
            return Ok(switch(loaded, None));
        }
        // Somebody held on to another release when the repository was asked, and has let it go since.
        if is_listed && self.news.is_fresh && !self.news.is_tried {
            let listing = self.listing().ok_or(None)?;
            let (manifest, loaded) = self.rules.get_ready(self.repository, self.sandbox, listing)?;
            self.news.manifest = Some(manifest);
            return Ok(switch(loaded, None));
        }
        let verified = self.repository.restore(manifest).map_err(|error| match error {
            // Why it is not at hand has been said.
            RepositoryError::NotKept { .. } if !matches!(wish, Wish::Pinned(_)) => None,
            error => Some(failure(self.repository, error)),
        })?;
        Ok(switch(self.rules.make_ready(&verified, self.sandbox)?, None))
    }

    /// Checks that a release that is ready is still one that may be used.
    fn vouch(&self, release: Option<&Arc<Generation>>) -> Result<(), OpenError> {
        let Some((envelope, manifest)) = release.and_then(|release| release.envelope().zip(release.signed())) else {
            return Ok(());
        };
        self.repository.vouch(envelope, manifest).map_err(|error| failure(self.repository, error))
    }

    /// Nothing that is at hand can be used.
    fn nothing(&self) -> Choice {
        let kept = self.repository.kept();
        let mut gone = self.serving().into_iter().chain(kept).filter(|manifest| self.repository.is_revoked(manifest));
        match (self.serving(), gone.next()) {
            // What serves does so until it is revoked.
            (Some(serving), _) if !self.repository.is_revoked(&serving) => Choice::Same,
            (_, Some(manifest)) => Choice::Drop { manifest: manifest.to_string() },
            (_, None) => Choice::Same,
        }
    }

    /// Keeps what is listed and serves, so that it can be gone back to, and be served when nobody can be asked.
    fn write_down(&self, choice: &Choice) {
        let chosen = match choice {
            Choice::Same => self.serving(),
            Choice::Switch(switch) => Some(switch.loaded.identity.digest),
            Choice::Drop { .. } => None,
        };
        let Some(listing) = self.listing().filter(|listing| chosen == Some(*listing.manifest_sha256())) else { return };
        if !self.news.is_fresh {
            return;
        }
        // What is not written down cannot be gone back to; that is no reason not to serve it.
        if let Err(error) = self.repository.keep(listing, self.news.manifest.as_ref(), self.now) {
            tracing::warn!(reason = chain(&error), "the release cannot be kept for the next start");
        }
    }

    /// What vouches for the choice: the newest metadata if there is some, else what the release itself came with.
    fn standing(&self, choice: &Choice) -> Option<Standing> {
        let (identity, before) = match choice {
            Choice::Same => {
                let serving = self.serving?;
                (&serving.identity, serving.standing.as_ref())
            }
            Choice::Switch(switch) => (&switch.loaded.identity, None),
            Choice::Drop { .. } => return None,
        };
        let Origin::Signed(own) = &identity.origin else { return None };
        let newest = self.listing().map(Listing::provenance);
        let is_listed = self.listing().is_some_and(|listing| *listing.manifest_sha256() == identity.digest);
        let envelope = match (self.listing(), before) {
            (Some(listing), _) if is_listed => Some(Arc::clone(listing.envelope())),
            (_, Some(before)) => before.envelope.clone(),
            _ => self.repository.kept_envelope(&identity.digest),
        };
        let provenance = newest.unwrap_or(own);
        let mut standing = Standing::new(identity, provenance, self.repository.grace(), self.now, before);
        standing.envelope = envelope;
        Some(standing)
    }

    fn serving(&self) -> Option<Digest> {
        self.serving.and_then(|serving| serving.signed().copied())
    }

    fn listing(&self) -> Option<&Listing> {
        self.news.listing.as_ref()
    }
}

fn switch(loaded: Loaded, number: Option<u64>) -> Choice {
    Choice::Switch(Box::new(Switch { loaded, number }))
}
