//! How long work gives way to other work, and how it ends early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

/// What long work asks between its steps: whether other work comes first, and whether anybody still waits for its results.
///
/// Asking costs next to nothing, so it is asked before each call of a rule.
pub trait Pause {
    /// Lets other work run if it is its turn, and returns when this work's turn comes again. Calls `release` before it waits: what it
    /// frees, others can use meanwhile.
    ///
    /// # Errors
    /// When nobody waits for the work any more. It must end then, and what it has done so far is not a result.
    fn pause(&mut self, release: &mut dyn FnMut()) -> Result<(), Abandoned>;

    /// Hears how many bytes of findings the work holds by now. Told whenever they have grown.
    ///
    /// # Errors
    /// When they are too many. The work must end then; it is done again, on fewer rows at a time.
    fn holds(&mut self, findings: usize) -> Result<(), TooLarge> {
        let _ = findings;
        Ok(())
    }
}

/// Nobody waits for the work any more.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("nobody waits for the results")]
pub struct Abandoned;

/// The results of the work take more memory than it may hold.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the results take too much memory")]
pub struct TooLarge;

/// Work that never gives way and always comes to its end: for measurements and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPause;

impl Pause for NoPause {
    fn pause(&mut self, _: &mut dyn FnMut()) -> Result<(), Abandoned> {
        Ok(())
    }
}

/// Cancels calls: from any thread, and once and for all. Clones cancel the same calls.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    is_cancelled: AtomicBool,
    /// Cancels this one as well.
    parent: Option<Cancellation>,
}

impl Cancellation {
    /// One that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that is cancelled with this one, or alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(Arc::new(Flag { is_cancelled: AtomicBool::new(false), parent: Some(self.clone()) }))
    }

    /// Cancels the calls.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether they are cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Relaxed) || self.0.parent.as_ref().is_some_and(Self::is_cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_reaches_its_children_and_never_its_parent() {
        let parent = Cancellation::new();
        let (one, other) = (parent.child(), parent.clone().child());
        let grandchild = one.child();
        one.clone().cancel();
        let all = [&parent, &one, &other, &grandchild].map(Cancellation::is_cancelled);
        assert_eq!(all, [false, true, false, true]);
        parent.cancel();
        assert!(other.is_cancelled() && other.child().is_cancelled());
    }
}
