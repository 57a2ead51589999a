//! Releases that were refused, and when each of them is tried again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jurat_trust::Digest;

use crate::error::OpenError;

/// The most releases that are remembered; beyond that, the oldest one is forgotten, and may be tried early.
const REMEMBERED: usize = 16;
/// The wait after the first refusal. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait. With the shorter ones before it, a release is tried again six times in any hour at most.
const LONGEST_WAIT: Duration = Duration::from_secs(16 * 60);

/// An attempt to find a release that can serve.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Attempt {
    pub(super) now: Timestamp,
    /// When somebody asked for it. Clocks are set, and this is not.
    pub(super) asked: Instant,
    pub(super) trigger: Trigger,
}

/// The reason for an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::service) enum Trigger {
    /// A timer: a refused release is tried again when its wait is over.
    Timer,
    /// An operator: a refused release is tried again at once, unless the reason lasts, or it was tried after the operator asked.
    Operator,
}

/// The releases that were refused, the last one first.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<VecDeque<Refused>>);

#[derive(Debug)]
struct Refused {
    manifest: Digest,
    error: Arc<OpenError>,
    at: Timestamp,
    /// When the attempt began.
    began: Instant,
    /// How often it was refused.
    count: u32,
}

impl Refusals {
    /// Whether a release may be tried.
    ///
    /// # Errors
    /// Why it was refused before, if the reason lasts, or may have passed but is too young.
    pub(super) fn check(&self, manifest: &Digest, attempt: Attempt) -> Result<(), OpenError> {
        match self.refused().iter().find(|refused| refused.manifest == *manifest) {
            Some(refused) if !refused.is_due(attempt) => Err(OpenError::Again(Arc::clone(&refused.error))),
            _ => Ok(()),
        }
    }

    /// Remembers that a release was refused, in an attempt that `began` then.
    pub(super) fn add(&self, manifest: &Digest, error: OpenError, attempt: Attempt, began: Instant) -> OpenError {
        let mut refused = self.refused();
        let index = refused.iter().position(|refused| refused.manifest == *manifest);
        let count = index.and_then(|index| refused.remove(index)).map_or(0, |before| before.count).saturating_add(1);
        let error = Arc::new(error);
        refused.push_front(Refused { manifest: *manifest, error: Arc::clone(&error), at: attempt.now, began, count });
        refused.truncate(REMEMBERED);
        OpenError::Again(error)
    }

    /// Forgets a release that is ready.
    pub(super) fn forget(&self, manifest: &Digest) {
        self.refused().retain(|refused| refused.manifest != *manifest);
    }

    fn refused(&self) -> MutexGuard<'_, VecDeque<Refused>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refused {
    fn is_due(&self, attempt: Attempt) -> bool {
        if !self.error.is_passing() {
            return false;
        }
        match attempt.trigger {
            // Many may ask at once: one attempt is the answer to all of them.
            Trigger::Operator => self.began <= attempt.asked,
            // A clock that was set back must not make anything wait longer.
            Trigger::Timer => {
                attempt.now < self.at || attempt.now.duration_since(self.at).unsigned_abs() >= self.wait()
            }
        }
    }

    fn wait(&self) -> Duration {
        let doublings = self.count.saturating_sub(1).min(16);
        FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const MANIFEST: &[u8] = b"a manifest";

    fn at(seconds: i64, trigger: Trigger) -> Attempt {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        Attempt { now, asked: Instant::now(), trigger }
    }

    fn passing() -> OpenError {
        OpenError::BrokenOff
    }

    fn lasting() -> OpenError {
        OpenError::Release { release: "loan 1.0.0".to_owned(), problems: Vec::new() }
    }

    fn refuse(refusals: &Refusals, manifest: &Digest, error: OpenError, attempt: Attempt) {
        refusals.add(manifest, error, attempt, attempt.asked);
    }

    #[test]
    fn a_refusal_that_may_pass_is_tried_again_six_times_in_any_hour_at_most() {
        let (refusals, manifest) = (Refusals::default(), Digest::of(MANIFEST));
        refuse(&refusals, &manifest, passing(), at(0, Trigger::Timer));
        let mut retries = Vec::new();
        for second in 1..6 * 3_600 {
            let attempt = at(second, Trigger::Timer);
            if refusals.check(&manifest, attempt).is_ok() {
                retries.push(second);
                refuse(&refusals, &manifest, passing(), attempt);
            }
        }
        assert_eq!(retries[..6], [60, 180, 420, 900, 1_860, 2_820]);
        let within_an_hour = |from: &i64| retries.iter().filter(|at| (*from..from + 3_600).contains(*at)).count();
        assert!(retries.iter().all(|from| within_an_hour(from) <= 6), "{retries:?}");
        assert!(retries.len() > 20, "it is never given up: {retries:?}");
    }

    #[test]
    fn an_operator_does_not_wait_for_what_may_pass_and_cannot_change_what_lasts() {
        let (refusals, manifest) = (Refusals::default(), Digest::of(MANIFEST));
        refuse(&refusals, &manifest, passing(), at(0, Trigger::Timer));
        assert!(refusals.check(&manifest, at(1, Trigger::Timer)).is_err());
        assert!(refusals.check(&manifest, at(1, Trigger::Operator)).is_ok());
        refuse(&refusals, &manifest, lasting(), at(1, Trigger::Operator));
        assert!(refusals.check(&manifest, at(100_000, Trigger::Timer)).is_err());
        assert!(refusals.check(&manifest, at(100_000, Trigger::Operator)).is_err());
        assert!(refusals.check(&Digest::of(b"another"), at(1, Trigger::Timer)).is_ok());
    }

    #[test]
    fn operators_who_ask_at_once_get_the_answer_of_one_attempt() {
        let (refusals, manifest) = (Refusals::default(), Digest::of(MANIFEST));
        let [first, second] = [(), ()].map(|()| at(0, Trigger::Operator));
        refusals.add(&manifest, passing(), first, Instant::now());
        assert!(refusals.check(&manifest, second).is_err());
        assert!(refusals.check(&manifest, at(0, Trigger::Operator)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing() {
        let (refusals, manifest) = (Refusals::default(), Digest::of(MANIFEST));
        refuse(&refusals, &manifest, passing(), at(1_000_000, Trigger::Timer));
        assert!(refusals.check(&manifest, at(0, Trigger::Timer)).is_ok());
    }

    #[test]
    fn what_is_ready_starts_anew_and_what_is_old_is_forgotten() {
        let (refusals, manifest) = (Refusals::default(), Digest::of(MANIFEST));
        refuse(&refusals, &manifest, lasting(), at(0, Trigger::Timer));
        refusals.forget(&manifest);
        assert!(refusals.check(&manifest, at(0, Trigger::Timer)).is_ok());
        for other in 0..=REMEMBERED {
            refuse(&refusals, &Digest::of(&other.to_le_bytes()), lasting(), at(0, Trigger::Timer));
        }
        assert_eq!(refusals.refused().len(), REMEMBERED);
        assert!(refusals.check(&Digest::of(&0_usize.to_le_bytes()), at(0, Trigger::Timer)).is_ok());
    }
}
