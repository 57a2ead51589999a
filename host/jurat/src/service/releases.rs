//! The releases of one tenant: the one that serves, those before it, and how the next one takes over.
//!
//! 1. *Poll*: [`Upstream`] finds the listed release. Only the caller that polls waits for it.
//! 2. *Prepare*: a release that is new is fetched, verified, compiled, checked and tried ([`prepare`]).
//! 3. *Decide*: a [`Decision`] selects the release to serve, from the listing, the pin, revocations and the releases
//!    that are ready.
//! 4. *Switch*: a generation of it replaces the one before ([`InService`]). Calls end on the one that they began with.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jurat_repository::{Pin, Repository};
use jurat_trust::Digest;
use url::Url;

use super::clock::Clock;
use crate::error::{CallError, OpenError};
use crate::observe::{Event, Observers, ReleaseSwitched};
use crate::release::Reload;

mod decide;
pub(super) mod generation;
mod prepare;
pub(super) mod refusals;
pub(super) mod switch;
pub(super) mod upstream;
pub(super) mod vouching;

use decide::{Decision, Next};
use generation::Serving;
use refusals::{Attempt, Trigger};
use switch::{InService, Knowledge, Snapshot};
use upstream::{Polled, Upstream};

/// The releases of one tenant.
pub(super) struct Releases {
    tenant: String,
    upstream: Upstream,
    clock: Clock,
    observers: Observers,
    in_service: InService,
    /// Locked during a poll, by one caller at a time.
    polling: Mutex<()>,
    polls: Mutex<Polls>,
    /// Locked during a decision. No caller waits for a repository meanwhile.
    deciding: Mutex<()>,
}

/// The count of polls.
struct Polls {
    /// The number of the last one that has begun.
    begun: u64,
    /// The last one that has ended.
    ended: Ended,
}

/// A poll that has ended.
struct Ended {
    number: u64,
    trigger: Trigger,
    outcome: Result<Reload, Arc<OpenError>>,
}

impl Releases {
    /// The releases of a tenant, of which none serves yet. `keep` of them stay ready behind the one that serves.
    pub(super) fn new(tenant: &str, upstream: Upstream, clock: Clock, keep: u32, observers: Observers) -> Self {
        let in_service = InService::new(tenant, clock.now(), keep);
        let ended = Ended { number: 0, trigger: Trigger::Timer, outcome: Ok(Reload::Unchanged) };
        let polls = Polls { begun: 0, ended };
        Self {
            tenant: tenant.to_owned(),
            upstream,
            clock,
            observers,
            in_service,
            polling: Mutex::new(()),
            polls: Mutex::new(polls),
            deciding: Mutex::new(()),
        }
    }

    /// Polls upstream, and switches to a newer release if it is valid; else the present one goes on serving.
    ///
    /// A caller that comes while a poll is under way waits, and shares the outcome of the next one: a poll that had begun before
    /// the call may have missed what the call is about. An operator does not share the outcome of a timer, which may have left a
    /// refused release waiting.
    pub(super) fn reload(&self, trigger: Trigger) -> Result<Reload, Arc<OpenError>> {
        let begun = self.polls().begun;
        let _alone = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = {
            let mut polls = self.polls();
            let is_enough = trigger == Trigger::Timer || polls.ended.trigger == Trigger::Operator;
            if polls.ended.number > begun && is_enough {
                return polls.ended.outcome.clone();
            }
            polls.begun += 1;
            polls.begun
        };
        let attempt = Attempt { now: self.clock.now(), trigger };
        let Snapshot { serving, earlier, .. } = self.in_service.snapshot();
        let ready: Vec<_> = serving.release().into_iter().chain(&earlier).filter_map(|ready| ready.signed()).collect();
        let polled = on_own_thread(|| self.upstream.poll(attempt, |manifest| ready.contains(&manifest)));
        let outcome = self.switch(polled, attempt, Knowledge::Fresh);
        self.polls().ended = Ended { number: mine, trigger, outcome: outcome.clone() };
        outcome
    }

    /// Decides again from the state of this host: at once, whether or not the repository can be reached.
    pub(super) fn reconcile(&self, trigger: Trigger) -> Result<Reload, Arc<OpenError>> {
        let recalled = on_own_thread(|| self.upstream.recall());
        self.switch(recalled, Attempt { now: self.clock.now(), trigger }, Knowledge::Remembered)
    }

    /// Pins a release: it serves, whatever the repository lists, until it is unpinned.
    pub(super) fn pin(&self, pin: &Pin) -> Result<Reload, CallError> {
        self.pinnable()?.set_pin(Some(pin)).map_err(|error| CallError::Pin(Arc::new(error)))?;
        self.reconcile(Trigger::Operator).map_err(CallError::Reload)
    }

    /// Unpins the pinned release.
    pub(super) fn unpin(&self) -> Result<Reload, CallError> {
        self.pinnable()?.set_pin(None).map_err(|error| CallError::Pin(Arc::new(error)))?;
        let reconciled = self.reconcile(Trigger::Operator);
        // This host may never have had the newest one.
        match self.reload(Trigger::Operator).map_err(CallError::Reload)? {
            Reload::Unchanged => reconciled.map_err(CallError::Reload),
            Reload::Switched => Ok(Reload::Switched),
        }
    }

    /// Follows a pin of another process.
    pub(super) fn follow_pin(&self) -> Result<Reload, Arc<OpenError>> {
        let reconciled = self.reconcile(Trigger::Operator);
        // This host may never have had the newest one.
        if self.snapshot().pin.is_some() { reconciled } else { self.reload(Trigger::Operator) }
    }

    /// The release that served before the present one, as far as this host remembers.
    pub(super) fn before(&self) -> Result<Option<Digest>, CallError> {
        let repository = self.pinnable()?;
        let Snapshot { serving, earlier, .. } = self.snapshot();
        let serving = serving.release();
        let number = serving.map_or(u64::MAX, |generation| generation.number);
        let before = earlier.iter().filter(|earlier| earlier.number < number);
        let before = before.max_by_key(|earlier| earlier.number).and_then(|earlier| earlier.signed().copied());
        let serving = serving.and_then(|generation| generation.signed().copied());
        let kept = repository.kept();
        let mut after = kept.iter().skip_while(|manifest| serving.is_some_and(|serving| serving != **manifest));
        let kept = after.find(|manifest| Some(**manifest) != serving && !repository.is_revoked(manifest)).copied();
        Ok(before.or(kept))
    }

    /// The state that serves calls.
    pub(super) fn serving(&self) -> Arc<Serving> {
        self.in_service.serving()
    }

    /// A snapshot of the releases.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.in_service.snapshot()
    }

    /// The URL of the coordination service in the serving release.
    pub(super) fn coordination_base_url(&self) -> Option<Url> {
        self.serving().release().and_then(|generation| generation.coordination_base_url.clone())
    }

    /// The repository of the releases, if the settings have trust settings for one.
    pub(super) fn repository(&self) -> Option<&Repository> {
        self.upstream.repository()
    }

    /// Whether the releases come from a repository, and not from unsigned sources.
    pub(super) fn is_repository(&self) -> bool {
        self.upstream.is_repository()
    }

    /// Decides by the result of a poll, and switches.
    fn switch(
        &self,
        polled: Result<Polled, OpenError>,
        attempt: Attempt,
        by: Knowledge,
    ) -> Result<Reload, Arc<OpenError>> {
        let _alone = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let Snapshot { serving, earlier, .. } = self.in_service.snapshot();
        let decision = polled.and_then(|polled| {
            let serving = serving.release().map(|release| &**release);
            on_own_thread(|| Decision::make(&self.upstream, polled, attempt, serving, &earlier))
        });
        let decision = decision.unwrap_or_else(Decision::failed);
        let is_switch = match &decision.next {
            Next::Same => false,
            Next::Release(_) => true,
            Next::Nothing { .. } => serving.release().is_some(),
        };
        let outcome = self.in_service.switch(decision, attempt.now, by, |release| self.upstream.is_revoked(release));
        if is_switch {
            self.switched(&serving);
        }
        outcome
    }

    fn switched(&self, before: &Serving) {
        let now = self.serving();
        self.observers.emit(|| {
            let [from, to] = [before, &*now].map(|serving| serving.release().map(|release| &release.identity));
            Event::ReleaseSwitched(ReleaseSwitched { tenant: &self.tenant, from, to })
        });
    }

    fn pinnable(&self) -> Result<&Repository, CallError> {
        self.repository().ok_or(CallError::Unpinnable)
    }

    fn polls(&self) -> MutexGuard<'_, Polls> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Releases {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Releases").field("serving", &self.serving()).finish_non_exhaustive()
    }
}

/// Loading may wait for a child process, and runs components: neither may block a thread of another async runtime, which
/// would also panic.
fn on_own_thread<T: Send>(load: impl FnOnce() -> T + Send) -> Result<T, OpenError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("jurat-load".to_owned()).spawn_scoped(scope, load);
        thread.map_err(OpenError::Workers)?.join().map_err(|_| OpenError::BrokenOff)
    })
}
