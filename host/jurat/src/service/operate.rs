//! The calls of operators: reload, pin, rollback, unpin and close.

use jurat_repository::{Pin, PinnedBy};
use jurat_trust::Digest;

use super::handle::Service;
use super::related::Related;
use super::releases::refusals::Trigger;
use crate::error::CallError;
use crate::observe::{Event, Operation, OperatorAction};
use crate::release::Reload;

/// The data of an operator's action.
#[derive(Clone, Copy, Default)]
struct ActionDetails<'a> {
    by: Option<PinnedBy>,
    manifest: Option<Digest>,
    reason: Option<&'a str>,
}

impl Service {
    /// Polls for a newer release, and switches to it if it is valid; reads the configuration of the coordination service again.
    ///
    /// # Errors
    /// When either is invalid: then the present release goes on serving, or the old configuration stays in use. An invalid
    /// configuration does not prevent the switch to a newer release; the status shows which happened.
    pub fn reload_logic(&self) -> Result<Reload, CallError> {
        let outcome = self.call(Operation::ReloadLogic, None, |_| {
            let tenant = self.bound()?;
            let reload = tenant.releases.reload(Trigger::Operator);
            self.shared.report(tenant);
            tenant.reread_related();
            let reload = reload.map_err(CallError::Reload)?;
            match tenant.related().and_then(Related::failure) {
                Some(cause) => Err(CallError::Coordination { cause }),
                None => Ok(reload),
            }
        });
        self.report_action(Operation::ReloadLogic, ActionDetails::default(), &outcome);
        outcome
    }

    /// Pins the release with this manifest: it serves, whatever the repository lists, until it is unpinned.
    ///
    /// It must be the one that serves, the newest one, or one of those that this host has kept. Nothing has to be fetched for
    /// those that were kept, and the pin outlives this process if the settings name a `state_dir`.
    ///
    /// # Errors
    /// When there is no such release here, it was revoked, or it can no longer be trusted; the pin stays, and the status says so.
    pub fn pin(&self, manifest: &Digest, by: PinnedBy, reason: Option<&str>) -> Result<Reload, CallError> {
        let outcome = self.call(Operation::Pin, None, |_| self.pin_to(manifest, by, reason));
        self.report_action(Operation::Pin, ActionDetails { by: Some(by), manifest: Some(*manifest), reason }, &outcome);
        outcome
    }

    /// Pins the release that served before the present one.
    ///
    /// # Errors
    /// When there is none, and as [`Service::pin`] has.
    pub fn rollback(&self, by: PinnedBy, reason: Option<&str>) -> Result<Reload, CallError> {
        let mut manifest = None;
        let outcome = self.call(Operation::Rollback, None, |_| {
            let before = self.bound()?.releases.before()?.ok_or(CallError::NothingEarlier)?;
            manifest = Some(before);
            self.pin_to(&before, by, reason)
        });
        self.report_action(Operation::Rollback, ActionDetails { by: Some(by), manifest, reason }, &outcome);
        outcome
    }

    /// Unpins the pinned release: the newest one serves from now on.
    ///
    /// # Errors
    /// When the newest one cannot be used; the one that serves goes on serving then.
    pub fn unpin(&self) -> Result<Reload, CallError> {
        let outcome = self.call(Operation::Unpin, None, |_| {
            let tenant = self.bound()?;
            let outcome = tenant.releases.unpin();
            self.shared.report(tenant);
            outcome
        });
        self.report_action(Operation::Unpin, ActionDetails::default(), &outcome);
        outcome
    }

    /// Takes no more calls, and waits for those that are being worked on.
    ///
    /// # Limits
    /// Waits as long as they take. A call must not close the service that it runs on: it would wait for itself.
    pub fn close(&self) {
        self.shared.in_flight.close();
        self.report_action(Operation::Close, ActionDetails::default(), &Ok(Reload::Unchanged));
    }

    fn pin_to(&self, manifest: &Digest, by: PinnedBy, reason: Option<&str>) -> Result<Reload, CallError> {
        let tenant = self.bound()?;
        let pin = Pin { manifest: *manifest, at: self.shared.clock.now(), by, reason: reason.map(str::to_owned) };
        let outcome = tenant.releases.pin(&pin);
        self.shared.report(tenant);
        outcome
    }

    /// Reports an operator's action to observers.
    fn report_action(&self, action: Operation, details: ActionDetails<'_>, outcome: &Result<Reload, CallError>) {
        let ActionDetails { by, manifest, reason } = details;
        self.shared.observers.emit(|| {
            let tenant = self.tenant.as_ref().map(|tenant| &*tenant.name);
            let (reload, error) = (outcome.as_ref().ok().copied(), outcome.as_ref().err());
            Event::Operator(OperatorAction {
                action,
                tenant,
                context: Some(&self.context),
                by,
                manifest,
                reason,
                reload,
                error,
            })
        });
    }
}
