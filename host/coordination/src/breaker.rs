//! A circuit breaker.
//!
//! Closed: every request goes out. After some failures in a row it opens: for a while no request goes out. Then it is half open: a
//! single request goes out as a probe, and decides whether it closes or opens again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::report::{BreakerChange, BreakerState};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct BreakerSettings {
    /// Failures in a row after which it opens.
    pub(crate) failures: u32,
    /// How long it stays open before a probe.
    pub(crate) open: Duration,
}

/// A breaker, initially closed.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Circuit>);

/// The permission to send one request, which must report the outcome. Dropped without a report, it does not count.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass<'b> {
    /// None if there is no breaker.
    breaker: Option<(&'b Breaker, BreakerSettings)>,
    epoch: u64,
}

#[derive(Debug, Default)]
struct Circuit {
    state: State,
    /// Grows with every change of the state, so that a late report about an earlier state is ignored.
    epoch: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { since: Instant },
    Probing { since: Instant },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Asks for permission to send a request; always granted without settings. None = denied. A probe changes the state.
    pub(super) fn admit(
        &self,
        settings: Option<BreakerSettings>,
        now: Instant,
    ) -> Option<(Pass<'_>, Option<BreakerChange>)> {
        let Some(settings) = settings else { return Some((Pass { breaker: None, epoch: 0 }, None)) };
        let mut circuit = self.circuit();
        let change = match circuit.state {
            State::Closed { .. } => None,
            State::Open { since } if is_over(since, settings, now) => Some(circuit.change(State::Probing { since })),
            State::Open { .. } | State::Probing { .. } => return None,
        };
        Some((Pass { breaker: Some((self, settings)), epoch: circuit.epoch }, change))
    }

    /// Its current state.
    pub(super) fn state(&self, settings: Option<BreakerSettings>, now: Instant) -> BreakerState {
        let Some(settings) = settings else { return BreakerState::Off };
        match self.circuit().state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { since } if !is_over(since, settings, now) => BreakerState::Open,
            State::Open { .. } | State::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_over(since: Instant, settings: BreakerSettings, now: Instant) -> bool {
    now.saturating_duration_since(since) >= settings.open
}

impl Circuit {
    fn change(&mut self, state: State) -> BreakerChange {
        let from = std::mem::replace(&mut self.state, state);
        self.epoch += 1;
        BreakerChange { from: from.into(), to: state.into() }
    }
}

impl From<State> for BreakerState {
    fn from(state: State) -> Self {
        match state {
            State::Closed { .. } => Self::Closed,
            State::Open { .. } => Self::Open,
            State::Probing { .. } => Self::HalfOpen,
        }
    }
}

impl Pass<'_> {
    /// The service has answered.
    pub(super) fn succeeded(mut self) -> Option<BreakerChange> {
        let (breaker, _) = self.breaker.take()?;
        let mut circuit = breaker.circuit();
        if circuit.epoch != self.epoch {
            return None;
        }
        match &mut circuit.state {
            State::Closed { failures } => *failures = 0,
            State::Open { .. } => {}
            State::Probing { .. } => {
                tracing::info!("the coordination service answers again");
                return Some(circuit.change(State::default()));
            }
        }
        None
    }

    /// The service has failed.
    pub(super) fn failed(mut self, now: Instant) -> Option<BreakerChange> {
        let (breaker, settings) = self.breaker.take()?;
        let mut circuit = breaker.circuit();
        if circuit.epoch != self.epoch {
            return None;
        }
        match &mut circuit.state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < settings.failures {
                    return None;
                }
            }
            State::Open { .. } => return None,
            State::Probing { .. } => {}
        }
        let seconds = settings.open.as_secs();
        tracing::warn!(failures = settings.failures, seconds, "the coordination service gets no requests for a while");
        Some(circuit.change(State::Open { since: now }))
    }

    /// The request had less time than it should have, which says nothing about the service. A probe allows the next one.
    pub(super) fn abandoned(mut self) -> Option<BreakerChange> {
        self.give_up()
    }

    fn give_up(&mut self) -> Option<BreakerChange> {
        let (breaker, _) = self.breaker.take()?;
        let mut circuit = breaker.circuit();
        match circuit.state {
            State::Probing { since } if circuit.epoch == self.epoch => Some(circuit.change(State::Open { since })),
            _ => None,
        }
    }
}

impl Drop for Pass<'_> {
    /// A panic, or the end of the runtime: nobody is left to be told of the change.
    fn drop(&mut self) {
        let _ = self.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Option<BreakerSettings> = Some(BreakerSettings { failures: 3, open: Duration::from_secs(60) });

    #[track_caller]
    fn admit(breaker: &Breaker, now: Instant) -> Pass<'_> {
        breaker.admit(SETTINGS, now).unwrap().0
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the breaker returns it")]
    fn changed(from: BreakerState, to: BreakerState) -> Option<BreakerChange> {
        Some(BreakerChange { from, to })
    }

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        for _ in 0..times {
            let _ = admit(breaker, now).failed(now);
        }
    }

    #[test]
    fn it_opens_after_the_configured_number_of_failures_in_a_row() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        fail(&breaker, 2, now);
        assert_eq!(breaker.state(SETTINGS, now), BreakerState::Closed);
        assert_eq!(admit(&breaker, now).succeeded(), None);
        fail(&breaker, 2, now);
        assert_eq!(breaker.state(SETTINGS, now), BreakerState::Closed);
        fail(&breaker, 1, now);
        assert_eq!(breaker.state(SETTINGS, now), BreakerState::Open);
        assert!(breaker.admit(SETTINGS, now).is_none());
    }

    #[test]
    fn after_its_time_a_single_probe_decides() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        fail(&breaker, 3, start);
        assert!(breaker.admit(SETTINGS, start + Duration::from_millis(59_999)).is_none());
        let later = start + Duration::from_secs(60);
        assert_eq!(breaker.state(SETTINGS, later), BreakerState::HalfOpen);
        let (probe, change) = breaker.admit(SETTINGS, later).unwrap();
        assert_eq!(change, changed(BreakerState::Open, BreakerState::HalfOpen));
        assert!(breaker.admit(SETTINGS, later).is_none());
        assert_eq!(breaker.state(SETTINGS, later), BreakerState::HalfOpen);
        assert_eq!(probe.failed(later), changed(BreakerState::HalfOpen, BreakerState::Open));
        assert_eq!(breaker.state(SETTINGS, later), BreakerState::Open);
        assert!(breaker.admit(SETTINGS, later + Duration::from_millis(59_999)).is_none());
        let even_later = later + Duration::from_secs(60);
        assert_eq!(admit(&breaker, even_later).succeeded(), changed(BreakerState::HalfOpen, BreakerState::Closed));
        assert_eq!(breaker.state(SETTINGS, even_later), BreakerState::Closed);
        fail(&breaker, 2, even_later);
        assert_eq!(breaker.state(SETTINGS, even_later), BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_was_given_up_allows_another() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        fail(&breaker, 3, start);
        let later = start + Duration::from_secs(60);
        assert_eq!(admit(&breaker, later).abandoned(), changed(BreakerState::HalfOpen, BreakerState::Open));
        drop(admit(&breaker, later));
        assert!(breaker.admit(SETTINGS, later).is_some());
    }

    #[test]
    fn a_late_word_about_earlier_times_changes_nothing() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let (good, bad) = (admit(&breaker, now), admit(&breaker, now));
        fail(&breaker, 3, now);
        assert_eq!(good.succeeded(), None);
        assert_eq!(breaker.state(SETTINGS, now), BreakerState::Open);
        let later = now + Duration::from_secs(60);
        let probe = admit(&breaker, later);
        assert_eq!(bad.failed(later), None);
        assert_eq!(breaker.state(SETTINGS, later), BreakerState::HalfOpen);
        assert!(probe.succeeded().is_some());
        assert_eq!(breaker.state(SETTINGS, later), BreakerState::Closed);
    }

    #[test]
    fn without_settings_the_breaker_is_disabled() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        (0..100).for_each(|_| assert_eq!(breaker.admit(None, now).unwrap().0.failed(now), None));
        assert!(breaker.admit(None, now).is_some());
        assert_eq!(breaker.state(None, now), BreakerState::Off);
    }
}
