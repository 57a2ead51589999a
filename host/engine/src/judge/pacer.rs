//! Where a window gives way to other work, and where it ends: because nobody waits for it, or because its results take too much memory.

use std::time::Duration;

use jurat_model::{Abandoned, Pause, TooLarge, Worker};

use super::context::Context;
use super::error::{Bug, JudgeError};
use crate::workers::Turn;

/// Records after which a window asks whether it must pause, if they are short. It would cost more to ask after each.
const RECORDS: usize = 32;
/// A record of this many bytes counts as one more.
const RECORD: usize = 4 << 10;

/// The turn of a window that is judged.
pub(super) struct Pacer<'a> {
    context: &'a Context,
    turn: &'a mut dyn Turn,
    /// Records since the window has last asked.
    records: usize,
    /// About how many bytes the results of the window take.
    held: usize,
    /// How many they may take.
    limit: usize,
}

/// Why there is no outcome of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interrupted {
    /// Nobody waits for it.
    Abandoned,
    /// Its results take more memory than they may.
    TooLarge,
    Bug(Bug),
}

impl<'a> Pacer<'a> {
    pub(super) fn new(context: &'a Context, turn: &'a mut dyn Turn) -> Self {
        Self { context, turn, records: 0, held: 0, limit: usize::MAX }
    }

    /// The worker that the window has at present.
    pub(super) fn worker(&self) -> Worker {
        self.turn.worker()
    }

    /// How long the window has waited for others.
    pub(super) fn waited(&self) -> Duration {
        self.turn.waited()
    }

    /// From here on, results may take this many bytes.
    pub(super) fn limit(&mut self, limit: usize) {
        (self.held, self.limit) = (0, limit);
    }

    /// Counts results that are kept.
    pub(super) fn keep(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.held = self.held.saturating_add(bytes);
        self.holds(0)
    }

    /// About how many bytes the results take.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Pauses behind a record, if enough of them have come since it was last asked.
    pub(super) fn record(&mut self, bytes: usize) -> Result<(), Abandoned> {
        self.records += 1 + bytes / RECORD;
        if self.records < RECORDS {
            return Ok(());
        }
        self.step()
    }

    /// Pauses, if it must.
    pub(super) fn step(&mut self) -> Result<(), Abandoned> {
        self.pause(&mut || {})
    }
}

impl Pause for Pacer<'_> {
    fn pause(&mut self, release: &mut dyn FnMut()) -> Result<(), Abandoned> {
        self.records = 0;
        if self.turn.is_over() && !self.context.is_abandoned() {
            release();
            self.turn.pass();
        }
        if self.context.is_abandoned() { Err(Abandoned) } else { Ok(()) }
    }

    fn holds(&mut self, findings: usize) -> Result<(), TooLarge> {
        if self.held.saturating_add(findings) > self.limit { Err(TooLarge) } else { Ok(()) }
    }
}

impl Interrupted {
    /// Why the call has no result.
    pub(super) fn as_error(self, context: &Context) -> JudgeError {
        match self {
            Self::Abandoned => context.without_result(),
            Self::TooLarge => Bug::new("results without a limit are said to exceed it").into(),
            Self::Bug(bug) => bug.into(),
        }
    }
}

impl From<Bug> for Interrupted {
    fn from(bug: Bug) -> Self {
        Self::Bug(bug)
    }
}

impl From<Abandoned> for Interrupted {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl From<TooLarge> for Interrupted {
    fn from(TooLarge: TooLarge) -> Self {
        Self::TooLarge
    }
}
