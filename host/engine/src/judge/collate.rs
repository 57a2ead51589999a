//! From windows that are judged in any order to one request in the order of its input.

use std::sync::Arc;

use jurat_model::Worker;

use super::context::Context;
use super::settle::{Guilty, SUSPENDED, settle};
use super::supply::Answers;
use super::tally::Tally;
use super::view::JudgedWindow;
use super::window::{self, Window, WindowOutcome};
use crate::results::Summary;

/// A window that has been judged and rendered.
pub(super) struct Finished<T> {
    outcome: WindowOutcome,
    /// By what suspension it was settled; none if no rule was suspended or did wrong.
    settled: Option<Settled>,
    tally: Tally,
    rendered: T,
}

/// What becomes of a window whose turn it is.
pub(super) enum Checked<T> {
    /// It is as it should be.
    Right(Finished<T>),
    /// It was settled anew, and has to be rendered again.
    Changed(WindowOutcome),
}

struct Settled {
    /// The counts with which the window began: 0 for rules that were not known to be suspended.
    before: Guilty,
    after: Guilty,
}

impl<T> Finished<T> {
    /// Judges a window, and renders it by what is known now; none if nobody waits for it any more.
    pub(super) fn new(
        context: &Context,
        worker: Worker,
        window: Window,
        answers: Answers,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Option<Self> {
        let suspended = context.suspended();
        let mut outcome = window::judge(context, worker, window, answers);
        if context.is_abandoned() {
            // It may be judged by half.
            return None;
        }
        let settled = (suspended.is_some() || outcome.has_faults()).then(|| {
            let before: Guilty = match suspended {
                Some(suspended) => {
                    suspended.into_iter().map(|is_suspended| if is_suspended { SUSPENDED } else { 0 }).collect()
                }
                None => vec![0; context.release.providers.len()],
            };
            let mut after = before.clone();
            settle(context, &mut outcome, &mut after, SUSPENDED);
            Settled { before, after }
        });
        Some(Self { settled, ..Self::of(context, outcome, render) })
    }

    /// Renders a window that is settled.
    pub(super) fn of(context: &Context, outcome: WindowOutcome, render: &impl Fn(&JudgedWindow<'_>) -> T) -> Self {
        let view = JudgedWindow::new(context, &outcome);
        let (tally, rendered) = (Tally::of(&view), render(&view));
        drop(view);
        Self { outcome, settled: None, tally, rendered }
    }
}

/// Puts windows together, in the order of the input.
pub(super) struct Collator {
    context: Arc<Context>,
    tally: Tally,
    guilty: Guilty,
    has_suspended: bool,
}

impl Collator {
    pub(super) fn new(context: Arc<Context>) -> Self {
        let guilty = vec![0; context.release.providers.len()];
        Self { context, tally: Tally::default(), guilty, has_suspended: false }
    }

    /// Checks that the next window was settled by what is known now. If it was not, because it was not known on the worker that a
    /// rule would be suspended by then, it is settled anew, and has to be rendered again.
    pub(super) fn check<T>(&mut self, finished: Finished<T>) -> Checked<T> {
        if let Some(guilty) = self.agreed(finished.settled.as_ref()) {
            self.guilty = guilty;
            return Checked::Right(finished);
        }
        if finished.settled.is_none() && !self.has_suspended {
            return Checked::Right(finished);
        }
        let mut outcome = finished.outcome;
        let most = self.context.request.run.suspend_after.get();
        settle(&self.context, &mut outcome, &mut self.guilty, most);
        for (rule, _) in self.guilty.iter().enumerate().filter(|(_, count)| **count >= most) {
            self.has_suspended = true;
            self.context.suspend(rule);
        }
        Checked::Changed(outcome)
    }

    /// Counts the next window, and gives what was made of its results.
    pub(super) fn add<T>(&mut self, finished: Finished<T>) -> T {
        self.tally.merge(finished.tally);
        finished.rendered
    }

    pub(super) fn finish(self) -> Summary {
        self.tally.finish(&self.context)
    }

    /// The counts behind a window, if it was settled as it would be now.
    fn agreed(&self, settled: Option<&Settled>) -> Option<Guilty> {
        let most = self.context.request.run.suspend_after.get();
        let Settled { before, after } = settled?;
        let counts = self.guilty.iter().zip(before.iter().zip(after));
        let agreed = counts.map(|(now, (before, after))| match (*now >= most, *before == SUSPENDED) {
            (true, true) => Some(*now),
            (false, false) => now.checked_add(*after).filter(|count| *count < most),
            _ => None,
        });
        agreed.collect()
    }
}
