//! Switches releases: the one that serves, those before it, and why no newer one serves.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jurat_repository::Pin;

use super::decide::{Decision, Next};
use super::generation::{Absence, Generation, Serving};
use super::prepare::Prepared;
use super::vouching::Vouching;
use crate::error::OpenError;

/// The releases of a tenant that serve or have served.
pub(super) struct InService {
    tenant: String,
    /// The most releases that stay ready behind the one that serves.
    keep: usize,
    serving: ArcSwap<Serving>,
    history: Mutex<History>,
}

/// The results of all decisions so far.
struct History {
    /// The number of releases that have served.
    generations: u64,
    /// When the serving release was last known to be the newest.
    checked: Timestamp,
    failure: Option<PollFailure>,
    /// Releases that served earlier and still are ready, the last one first.
    earlier: VecDeque<Arc<Generation>>,
    pin: Option<Pin>,
}

/// Why a poll has led to no newer release.
#[derive(Clone, Debug)]
pub(in crate::service) struct PollFailure {
    pub(in crate::service) at: Timestamp,
    pub(in crate::service) error: Arc<OpenError>,
}

/// A snapshot of a tenant's releases.
pub(in crate::service) struct Snapshot {
    pub(in crate::service) serving: Arc<Serving>,
    pub(in crate::service) generations: u64,
    pub(in crate::service) earlier: Vec<Arc<Generation>>,
    pub(in crate::service) checked: Timestamp,
    pub(in crate::service) failure: Option<PollFailure>,
    pub(in crate::service) pin: Option<Pin>,
}

impl InService {
    /// Nothing serves yet.
    pub(super) fn new(tenant: &str, now: Timestamp, keep: u32) -> Self {
        let history = History { generations: 0, checked: now, failure: None, earlier: VecDeque::new(), pin: None };
        Self {
            tenant: tenant.to_owned(),
            keep: usize::try_from(keep).unwrap_or(usize::MAX),
            serving: ArcSwap::from_pointee(Serving::Nothing(Absence::NotReady(Arc::new(OpenError::Loading)))),
            history: Mutex::new(history),
        }
    }

    /// The state that serves calls.
    pub(super) fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// A snapshot of the releases.
    pub(super) fn snapshot(&self) -> Snapshot {
        let history = self.history();
        Snapshot {
            serving: self.serving(),
            generations: history.generations,
            earlier: history.earlier.iter().cloned().collect(),
            checked: history.checked,
            failure: history.failure.clone(),
            pin: history.pin.clone(),
        }
    }

    /// Executes a decision, and records its result if it is final. `is_fresh` says whether it follows from an answer of upstream. One
    /// caller at a time.
    pub(super) fn switch(
        &self,
        decision: Decision,
        is_final: bool,
        now: Timestamp,
        is_fresh: bool,
        is_revoked: impl Fn(&Generation) -> bool,
    ) -> Result<(), Arc<OpenError>> {
        let Decision { next, vouching, pin, failure, .. } = decision;
        let serving = self.serving();
        let mut history = self.history();
        history.pin = pin;
        let failure = failure.filter(|_| is_final);
        match next {
            Next::Same => self.renew(&serving, vouching, failure.as_ref()),
            Next::Release(prepared) => {
                self.serve(&mut history, *prepared, vouching, now);
                if let Some(before) = serving.release() {
                    history.earlier.push_front(Arc::clone(before));
                }
            }
            Next::Nothing { manifest } => {
                if serving.release().is_some() {
                    let (tenant, manifest) = (&*self.tenant, manifest.to_string());
                    tracing::error!(tenant, manifest, "the release was revoked, and no other is ready");
                }
                self.serving.store(Arc::new(Serving::Nothing(Absence::Revoked { manifest })));
            }
        }
        history.earlier.retain(|earlier| !is_revoked(earlier));
        history.earlier.truncate(self.keep);
        if let Some(error) = failure {
            self.log_failure(&history, &error);
            history.failure = Some(PollFailure { at: now, error: Arc::clone(&error) });
            return Err(error);
        }
        if is_fresh && is_final {
            (history.checked, history.failure) = (now, None);
        }
        Ok(())
    }

    /// The release that serves stays, and what vouches for it may be newer. Where none serves, the reason may be another one.
    fn renew(&self, serving: &Serving, vouching: Option<Vouching>, failure: Option<&Arc<OpenError>>) {
        let renewed = match (serving, vouching, failure) {
            (Serving::Release(generation), Some(vouching), _) => {
                Serving::Release(Arc::new(generation.renewed(vouching)))
            }
            (Serving::Nothing(Absence::NotReady(_)), _, Some(error)) => {
                Serving::Nothing(Absence::NotReady(Arc::clone(error)))
            }
            _ => return,
        };
        self.serving.store(Arc::new(renewed));
    }

    /// A release serves from now on.
    fn serve(&self, history: &mut History, prepared: Prepared, vouching: Option<Vouching>, now: Timestamp) {
        history.generations += 1;
        let number = prepared.number.unwrap_or(history.generations);
        let next = Arc::new(Generation::new(number, prepared, now, vouching));
        next.log(&self.tenant);
        history.earlier.retain(|earlier| earlier.identity.manifest != next.identity.manifest);
        self.serving.store(Arc::new(Serving::Release(next)));
    }

    /// Logs why no newer release serves: once for each reason, not at every poll.
    fn log_failure(&self, history: &History, error: &OpenError) {
        let messages = error.messages();
        if history.failure.as_ref().is_some_and(|last| last.error.messages() == messages) {
            return;
        }
        let (tenant, reasons) = (&*self.tenant, messages.join("; "));
        if self.serving().release().is_some() {
            tracing::error!(tenant, reasons, "the release was not switched");
        } else {
            // The caller that opens the service also gets the error, so it can filter this target.
            tracing::error!(target: "jurat::not_ready", tenant, reasons, "there is no release that can be used");
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
