//! The releases of one tenant: the one that serves, those before it, and how the next one takes over.
//!
//! 1. *Poll*: [`Upstream`] finds the listed release. Only the caller that polls waits for it.
//! 2. *Decide*: a [`Decision`] selects the release to serve, from the listing, the pin, revocations and the releases that are
//!    ready. It waits for no compiler and no server.
//! 3. *Switch*: a generation of that release replaces the one before ([`InService`]). Calls end on the one that they began with.
//! 4. *Prepare*: if a better release is not ready, it is fetched, verified, compiled, checked and tried ([`prepare`]). Polls and
//!    decisions go on meanwhile, so a revocation takes effect. Then the next decision can select it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;
use std::{fmt, ptr};

use jurat_repository::{Contention, Pin, Repository, RepositoryError};
use jurat_trust::Digest;
use url::Url;

use super::clock::Clock;
use crate::error::{CallError, OpenError};
use crate::observe::{Event, Observers, ReleaseSwitched};
use crate::release::Reload;

mod decide;
pub(super) mod generation;
pub(super) mod prepare;
pub(super) mod refusals;
pub(super) mod switch;
pub(super) mod upstream;
pub(super) mod vouching;

use decide::{Decision, Next, Ready};
use generation::Serving;
use prepare::Prepared;
use refusals::{Attempt, Trigger};
use switch::{InService, Snapshot};
use upstream::{Polled, Upstream, Wanted, refusal};

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
    /// Locked while a release is made ready, so that no two threads make the same one ready.
    preparing: Locks,
    /// Locked by threads of [`Releases::catch_up`].
    catching_up: Locks,
}

/// Polls so far.
struct Polls {
    /// The number of the last one that has begun.
    begun: u64,
    /// The number of the last one that has ended.
    ended: u64,
    /// Its result.
    last: Polled,
}

/// One lock for each kind of release that is wanted. A kept one does not wait for the listed one: that takes longer, and may be the
/// release which an operator wants to get away from.
#[derive(Default)]
struct Locks {
    listed: Mutex<()>,
    kept: Mutex<()>,
}

impl Locks {
    fn of(&self, wanted: &Wanted) -> &Mutex<()> {
        match wanted {
            Wanted::Listed(_) => &self.listed,
            Wanted::Kept(_) => &self.kept,
        }
    }
}

impl Releases {
    /// The releases of a tenant, of which none serves yet. `keep` of them stay ready behind the one that serves.
    pub(super) fn new(tenant: &str, upstream: Upstream, clock: Clock, keep: u32, observers: Observers) -> Self {
        let in_service = InService::new(tenant, clock.now(), keep);
        let polls = Polls { begun: 0, ended: 0, last: Polled::Failed(Arc::new(OpenError::BrokenOff)) };
        Self {
            tenant: tenant.to_owned(),
            upstream,
            clock,
            observers,
            in_service,
            polling: Mutex::new(()),
            polls: Mutex::new(polls),
            deciding: Mutex::new(()),
            preparing: Locks::default(),
            catching_up: Locks::default(),
        }
    }

    /// Polls upstream, makes a newer release ready, and switches to it if it is valid; else the present one goes on serving. Waits for
    /// that.
    pub(super) fn reload(&self, trigger: Trigger) -> Result<Reload, Arc<OpenError>> {
        let (before, asked) = (self.serving_number(), Instant::now());
        self.ask(trigger);
        self.settle((trigger, asked), before, true, || self.polls().last.clone())
    }

    /// Polls upstream, and decides among the releases that are ready. Returns the better one that is not: see [`Releases::catch_up`].
    pub(super) fn poll(&self, trigger: Trigger) -> (Result<Reload, Arc<OpenError>>, Option<Wanted>) {
        let before = self.serving_number();
        self.ask(trigger);
        let attempt = Attempt { now: self.clock.now(), asked: Instant::now(), trigger };
        let polled = self.polls().last.clone();
        let (outcome, wanted) = self.decide(&polled, attempt, None, &[]);
        (outcome.map(|()| self.since(before)), wanted)
    }

    /// Makes ready what a poll has found, and switches to it, unless another thread is at it.
    pub(super) fn catch_up(&self, wanted: &Wanted) {
        // Errors are in the log and in the status.
        let settle = |may_fetch| {
            let why = (Trigger::Timer, Instant::now());
            let _ = self.settle(why, self.serving_number(), may_fetch, || self.polls().last.clone());
        };
        // First what takes no long time, so that the next one that is kept does not wait for the listed one.
        if matches!(wanted, Wanted::Kept(_)) {
            alone(&self.catching_up.kept, || settle(false));
        }
        alone(&self.catching_up.listed, || settle(true));
    }

    /// Decides again from the state of this host: at once, whether or not the repository can be reached.
    pub(super) fn reconcile(&self, trigger: Trigger) -> Result<Reload, Arc<OpenError>> {
        self.settle((trigger, Instant::now()), self.serving_number(), true, || {
            let recalled = on_own_thread(|| self.upstream.recall());
            recalled.unwrap_or_else(|error| Polled::Failed(Arc::new(error)))
        })
    }

    /// Pins a release: it serves, whatever the repository lists, until it is unpinned. One that was revoked is refused, and the pin stays as
    /// it was.
    pub(super) fn pin(&self, pin: &Pin) -> Result<Reload, CallError> {
        let repository = self.pinnable()?;
        if repository.is_revoked(&pin.manifest) {
            let refused = refusal(repository, RepositoryError::Revoked { manifest: pin.manifest });
            return Err(CallError::Reload(Arc::new(refused)));
        }
        repository.set_pin(Some(pin)).map_err(|error| CallError::Pin(Arc::new(error)))?;
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

    /// Follows a pin of another process, or its end. Then the newest release may have to be made ready, as after [`Releases::poll`].
    pub(super) fn follow_pin(&self) -> (Result<Reload, Arc<OpenError>>, Option<Wanted>) {
        let before = self.serving_number();
        let reconciled = self.reconcile(Trigger::Operator);
        if self.snapshot().pin.is_some() {
            return (reconciled, None);
        }
        // This host may never have had the newest one.
        let (polled, wanted) = self.poll(Trigger::Operator);
        (polled.map(|_| self.since(before)), wanted)
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

    /// Polls upstream.
    ///
    /// A caller that comes while a poll is under way waits, and shares the result of the next one: a poll that had begun before the
    /// call may have missed what the call is about.
    fn ask(&self, trigger: Trigger) {
        let begun = self.polls().begun;
        let _alone = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        let contention = match trigger {
            Trigger::Operator => Contention::Wait,
            Trigger::Timer => Contention::Yield,
        };
        let mine = {
            let mut polls = self.polls();
            if polls.ended > begun {
                return;
            }
            polls.begun += 1;
            polls.begun
        };
        let polled = on_own_thread(|| self.upstream.poll(self.clock.now(), contention));
        let mut polls = self.polls();
        polls.ended = mine;
        polls.last = polled.unwrap_or_else(|error| Polled::Failed(Arc::new(error)));
    }

    /// Decides by what is `polled`, makes ready what is wanted, and decides again, until no release is wanted that can be made ready. It
    /// fetches one listed release at most, and none unless it `may_fetch`. `before` is the number of the release that served before, and
    /// `asked` the time at which somebody asked.
    fn settle(
        &self,
        (trigger, asked): (Trigger, Instant),
        before: Option<u64>,
        mut may_fetch: bool,
        polled: impl Fn() -> Polled,
    ) -> Result<Reload, Arc<OpenError>> {
        let (mut made, mut failed) = (None, Vec::new());
        let mut locked: Option<(&Mutex<()>, MutexGuard<'_, ()>)> = None;
        loop {
            let attempt = Attempt { now: self.clock.now(), asked, trigger };
            let (outcome, wanted) = self.decide(&polled(), attempt, made.take(), &failed);
            // A publisher must not be able to keep a caller here: what was listed meanwhile is for the next poll.
            let wanted = wanted.filter(|wanted| may_fetch || matches!(wanted, Wanted::Kept(_)));
            let Some(wanted) = wanted else {
                return outcome.map(|()| self.since(before));
            };
            let lock = self.preparing.of(&wanted);
            if !locked.as_ref().is_some_and(|(locked, _)| ptr::eq(*locked, lock)) {
                // One at a time, and another thread may have made the release ready meanwhile.
                drop(locked.take());
                locked = Some((lock, lock.lock().unwrap_or_else(PoisonError::into_inner)));
                continue;
            }
            may_fetch &= matches!(wanted, Wanted::Kept(_));
            match on_own_thread(|| self.upstream.prepare(&wanted, attempt)) {
                Ok(Ok(prepared)) => made = Some(prepared),
                Ok(Err(error)) => failed.push((*wanted.manifest(), error.map(Arc::new))),
                Err(error) => failed.push((*wanted.manifest(), Some(Arc::new(error)))),
            }
        }
    }

    /// Decides, and switches. Returns the release that is wanted but not ready: then the decision is not final.
    fn decide(
        &self,
        polled: &Polled,
        attempt: Attempt,
        made: Option<Prepared>,
        failed: &[(Digest, Option<Arc<OpenError>>)],
    ) -> (Result<(), Arc<OpenError>>, Option<Wanted>) {
        let _alone = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let Snapshot { serving, earlier, .. } = self.in_service.snapshot();
        let decision = on_own_thread(|| {
            let serving = serving.release().map(|release| &**release);
            let ready = Ready { serving, earlier: &earlier, made, failed };
            Decision::make(&self.upstream, polled, ready, attempt)
        });
        let mut decision = decision.unwrap_or_else(|error| Decision::failed(Arc::new(error)));
        let is_switch = match &decision.next {
            Next::Same => false,
            Next::Release(_) => true,
            Next::Nothing { .. } => serving.release().is_some(),
        };
        let wanted = decision.wanted.take();
        if wanted.is_none() {
            decision.refused.iter().for_each(|(manifest, error)| self.upstream.refusing(manifest, error));
        }
        let is_fresh = polled.is_fresh();
        let is_revoked = |release: &_| self.upstream.is_revoked(release);
        let outcome = self.in_service.switch(decision, wanted.is_none(), attempt.now, is_fresh, is_revoked);
        if is_switch {
            self.switched(&serving);
        }
        (outcome, wanted)
    }

    /// Whether another release serves than the one with this number.
    fn since(&self, before: Option<u64>) -> Reload {
        if self.serving_number() == before { Reload::Unchanged } else { Reload::Switched }
    }

    /// The number of the release that serves.
    fn serving_number(&self) -> Option<u64> {
        self.serving().release().map(|generation| generation.number)
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

/// Does the work unless another thread has the lock.
fn alone(lock: &Mutex<()>, work: impl FnOnce()) {
    let _alone = match lock.try_lock() {
        Ok(alone) => alone,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return,
    };
    work();
}

/// Loading may wait for a child process, and runs components: neither may block a thread of another async runtime, which
/// would also panic.
fn on_own_thread<T: Send>(load: impl FnOnce() -> T + Send) -> Result<T, OpenError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("jurat-load".to_owned()).spawn_scoped(scope, load);
        thread.map_err(OpenError::Workers)?.join().map_err(|_| OpenError::BrokenOff)
    })
}
