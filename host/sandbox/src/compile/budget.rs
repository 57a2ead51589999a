//! What compilations share: the places of those that run at once, and what the components of a release may use together, also when
//! they are asked for their rules.

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use jurat_model::Bytes;

use super::error::CompileError;

/// The machine code of all components of a release. Each worker has a copy of what it runs.
const CODE: Bytes = Bytes::mebi(128);

/// The fuel that all components of a release may use when they are asked for their rules, unless ten calls may use more: some seconds of
/// one core.
const DESCRIPTIONS: u64 = 1_000_000_000;

/// Places for compilations that run at once, of all releases.
#[derive(Debug)]
pub(crate) struct Places {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A place that is taken. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a Places);

/// What the components of one release may use together: processor time to compile them, memory for their machine code, and fuel to say
/// which rules they have.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: Duration,
    /// The fuel for descriptions.
    fuel: u64,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Debug)]
struct State {
    left: Duration,
    code_left: u64,
    described: u64,
    /// Compilations that have a share.
    running: usize,
}

/// The processor time that one compilation may use. What it has not used goes back when that is known.
#[derive(Debug)]
pub(super) struct Share<'a> {
    budget: &'a Budget,
    pub(super) time: Duration,
    unused: Duration,
}

impl Places {
    pub(crate) fn new(places: NonZeroUsize) -> Self {
        Self { free: Mutex::new(places.get()), given_back: Condvar::new() }
    }

    /// Waits for a place.
    pub(super) fn take(&self) -> Place<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.given_back.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}

impl Budget {
    pub(crate) fn new(limit: Duration) -> Self {
        let state = State { left: limit, code_left: CODE.get(), described: 0, running: 0 };
        Self { limit, fuel: DESCRIPTIONS, state: Mutex::new(state), given_back: Condvar::new() }
    }

    /// The same for a host where a call may use this much fuel.
    pub(crate) fn with_calls_of(self, fuel: u64) -> Self {
        Self { fuel: DESCRIPTIONS.max(fuel.saturating_mul(10)), ..self }
    }

    /// The limit of all shares together.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Takes `most`, or what is left of the budget; none if nothing is left. While others may still give time back, waits for it.
    pub(super) fn take(&self, most: Duration) -> Option<Share<'_>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_short = |state: &mut State| state.left < most && state.running > 0;
        let mut state = self.given_back.wait_while(state, is_short).unwrap_or_else(PoisonError::into_inner);
        let time = most.min(state.left);
        if time.is_zero() {
            return None;
        }
        state.left -= time;
        state.running += 1;
        Some(Share { budget: self, time, unused: Duration::ZERO })
    }

    /// Takes memory for machine code, wherever that comes from.
    pub(crate) fn take_code(&self, bytes: usize) -> Result<(), CompileError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.code_left.checked_sub(bytes as u64);
        state.code_left = left.ok_or(CompileError::TooMuchCodeTogether { limit: CODE })?;
        Ok(())
    }

    /// Counts the fuel of a component that was asked for its rules.
    ///
    /// # Errors
    /// The limit, when the components have used more together.
    pub(crate) fn count_description(&self, fuel: u64) -> Result<(), u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.described = state.described.saturating_add(fuel);
        if state.described > self.fuel { Err(self.fuel) } else { Ok(()) }
    }
}

impl Share<'_> {
    /// Gives back what a compilation that has ended did not use.
    pub(super) fn used(mut self, time: Duration) {
        self.unused = self.time.saturating_sub(time);
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.left += self.unused;
        state.running -= 1;
        self.budget.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn unused_time_can_be_taken_again_and_used_time_cannot() {
        let budget = Budget::new(10 * SECOND);
        budget.take(6 * SECOND).unwrap().used(SECOND);
        budget.take(6 * SECOND).unwrap().used(20 * SECOND);
        // The last one gets what is left, and a failed compilation gives nothing back.
        let last = budget.take(6 * SECOND).unwrap();
        assert_eq!(last.time, 3 * SECOND);
        drop(last);
        assert!(budget.take(SECOND).is_none());
    }

    #[test]
    fn descriptions_may_use_their_fuel_together_and_not_more() {
        let budget = Budget::new(SECOND);
        budget.count_description(DESCRIPTIONS - 1).unwrap();
        budget.count_description(1).unwrap();
        assert_eq!(budget.count_description(1), Err(DESCRIPTIONS));
        // Ten calls are always allowed.
        let budget = Budget::new(SECOND).with_calls_of(DESCRIPTIONS);
        budget.count_description(10 * DESCRIPTIONS).unwrap();
        assert_eq!(budget.count_description(1), Err(10 * DESCRIPTIONS));
    }

    /// Runs `work` on eight threads, many times on each, and returns on how many it was under way at once.
    fn most_at_once(work: impl Fn(&dyn Fn()) + Sync) -> usize {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let under_way = || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..200).for_each(|_| work(&under_way)));
            }
        });
        most.into_inner()
    }

    #[test]
    fn a_share_that_does_not_fit_beside_others_waits_for_theirs() {
        let budget = Budget::new(10 * SECOND);
        let most = most_at_once(|under_way| {
            let share = budget.take(4 * SECOND).unwrap();
            assert_eq!(share.time, 4 * SECOND);
            under_way();
            share.used(Duration::ZERO);
        });
        assert!(most <= 2, "{most} shares");
    }

    #[test]
    fn machine_code_may_fill_its_memory_and_not_more() {
        let budget = Budget::new(SECOND);
        budget.take_code(CODE.to_usize() - 7).unwrap();
        assert!(matches!(budget.take_code(8), Err(CompileError::TooMuchCodeTogether { .. })));
        budget.take_code(7).unwrap();
        assert!(budget.take_code(1).is_err());
    }

    #[test]
    fn no_more_compilations_run_at_once_than_there_are_places() {
        let places = Places::new(NonZeroUsize::MIN.saturating_add(2));
        let most = most_at_once(|under_way| {
            let _place = places.take();
            under_way();
        });
        assert!(most <= 3, "{most} at once");
        assert_eq!(*places.free.lock().unwrap(), 3);
    }
}
