//! Holding on to a release, and going back to an earlier one: what operators do while somebody finds out what is wrong.

use jurat_trust::Digest;

use super::{CallError, Inner, Reload, Service};
use crate::repository::{Pin, PinnedBy};

impl Service {
    /// Serves the release with this manifest, whatever the repository lists, until it is let go.
    ///
    /// It must be the one that serves, the newest one, or one of those that this host has kept. Nothing has to be fetched for
    /// those that were kept, and the pin outlives this process if the settings name a `state_dir`.
    ///
    /// # Errors
    /// When there is no such release here, it was revoked, or it can no longer be trusted; the pin stays, and the status says so.
    pub fn pin(&self, manifest: &Digest, by: PinnedBy, reason: Option<&str>) -> Result<Reload, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let Inner { sandbox, clock, kept_releases, .. } = &*self.inner;
        let tenant = self.bound()?;
        let reason = reason.map(str::to_owned);
        let pin = Pin { manifest: *manifest, at: clock.now(), by, reason };
        let outcome = tenant.pin(&pin, sandbox, clock, *kept_releases);
        self.inner.report(tenant);
        outcome
    }

    /// Goes back to the release that served before the present one, and holds on to it.
    ///
    /// # Errors
    /// When there is none, and as [`Service::pin`] has.
    pub fn rollback(&self, by: PinnedBy, reason: Option<&str>) -> Result<Reload, CallError> {
        let earlier = self.earlier()?.ok_or(CallError::NothingEarlier)?;
        self.pin(&earlier, by, reason)
    }

    /// Lets the release go that is held on to: the newest one serves from now on.
    ///
    /// # Errors
    /// When the newest one cannot be used; the one that serves goes on serving then.
    pub fn unpin(&self) -> Result<Reload, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let Inner { sandbox, clock, kept_releases, .. } = &*self.inner;
        let tenant = self.bound()?;
        let outcome = tenant.unpin(sandbox, clock, *kept_releases);
        self.inner.report(tenant);
        outcome
    }

    /// The release that served before the present one, as far as this host remembers.
    fn earlier(&self) -> Result<Option<Digest>, CallError> {
        let tenant = self.bound()?;
        let repository = tenant.rules().repository().ok_or(CallError::Unpinnable)?;
        let snapshot = tenant.snapshot();
        let serving = snapshot.serving.release();
        let number = serving.map_or(u64::MAX, |generation| generation.number);
        let before = snapshot.previous.iter().filter(|earlier| earlier.number < number);
        let before = before.max_by_key(|earlier| earlier.number).and_then(|earlier| earlier.signed().copied());
        let serving = serving.and_then(|generation| generation.signed().copied());
        let kept = repository.kept();
        let mut after = kept.iter().skip_while(|manifest| serving.is_some_and(|serving| serving != **manifest));
        let kept = after.find(|manifest| Some(**manifest) != serving && !repository.is_revoked(manifest)).copied();
        Ok(before.or(kept))
    }
}
