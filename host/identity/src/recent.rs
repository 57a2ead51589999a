//! Credentials that were good a moment ago, so that a client that makes many requests is not checked anew for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::principal::Principal;

/// How long one is good without a further check.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// The most that are kept.
const MAX: usize = 10_000;
/// After so many new ones, those that are no longer good make way.
const BETWEEN_SWEEPS: usize = 1_000;

/// What identifies a credential: its SHA-256.
pub(crate) type CredentialDigest = [u8; 32];

/// Credentials that were good a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<CredentialDigest, (Arc<Principal>, Timestamp, Timestamp)>,
    added: usize,
}

impl Recent {
    /// Whose credential it is, if it was good a moment ago.
    pub(crate) fn find(&self, digest: &CredentialDigest, now: Timestamp) -> Option<Arc<Principal>> {
        let state = self.state();
        let (principal, from, until) = state.known.get(digest)?;
        (*from <= now && now < *until).then(|| Arc::clone(principal))
    }

    /// Whether it was good not long ago.
    pub(crate) fn has_seen(&self, digest: &CredentialDigest) -> bool {
        self.state().known.contains_key(digest)
    }

    /// Keeps a credential that is good now, and ends then.
    pub(crate) fn keep(&self, digest: CredentialDigest, principal: &Arc<Principal>, now: Timestamp, end: Timestamp) {
        let until = now.saturating_add(FRESH).map_or(end, |until| until.min(end));
        let mut state = self.state();
        if state.known.len() >= MAX && !state.known.contains_key(&digest) {
            state.make_way(now);
        }
        state.added += 1;
        state.known.insert(digest, (Arc::clone(principal), now, until));
    }

    /// Forgets a credential, which is not good any more.
    pub(crate) fn forget(&self, digest: &CredentialDigest) {
        self.state().known.remove(digest);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn make_way(&mut self, now: Timestamp) {
        if self.added >= BETWEEN_SWEEPS {
            self.added = 0;
            self.known.retain(|_, (_, _, until)| now < *until);
        }
        // Which one comes first differs from process to process.
        if self.known.len() >= MAX
            && let Some(any) = self.known.keys().next().copied()
        {
            self.known.remove(&any);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn digest(number: usize) -> CredentialDigest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn a_credential_is_good_for_ten_seconds_and_never_beyond_its_end() {
        let (recent, principal) = (Recent::default(), Arc::new(Principal::operator()));
        recent.keep(digest(1), &principal, at(100), at(1_000));
        recent.keep(digest(2), &principal, at(100), at(105));
        for (number, seconds, is_good) in
            [(1, 100, true), (1, 109, true), (1, 110, false), (1, 99, false), (2, 104, true), (2, 105, false)]
        {
            assert_eq!(recent.find(&digest(number), at(seconds)).is_some(), is_good, "{number} at {seconds}");
        }
        assert!(recent.find(&digest(3), at(100)).is_none());
        assert!(recent.has_seen(&digest(2)) && !recent.has_seen(&digest(3)));
        recent.forget(&digest(2));
        assert!(!recent.has_seen(&digest(2)));
    }

    #[test]
    fn no_more_than_ten_thousand_are_kept() {
        let (recent, principal) = (Recent::default(), Arc::new(Principal::operator()));
        for number in 0..2 * MAX {
            recent.keep(digest(number), &principal, at(100), at(1_000));
        }
        assert_eq!(recent.state().known.len(), MAX);
        assert!(recent.find(&digest(2 * MAX - 1), at(100)).is_some());
        // Those that are no longer good make way for others.
        recent.keep(digest(2 * MAX), &principal, at(200), at(1_000));
        assert!(recent.state().known.len() <= MAX);
    }
}
