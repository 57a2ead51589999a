//! Puts windows, which are judged in any order, into the order of the input.

use std::sync::Arc;

use jurat_model::Worker;

use super::call::{WindowOutcome, call};
use super::context::Context;
use super::error::Bug;
use super::fetch::Answers;
use super::read::read;
use super::resolve::{Guilty, SUSPENDED, resolve};
use super::tally::Tally;
use super::view::JudgedWindow;
use super::window::Window;
use crate::results::Summary;

/// A window that has been judged and rendered.
pub(super) struct Finished<T> {
    outcome: WindowOutcome,
    /// The suspensions by which it was resolved; none if no rule was suspended or did wrong.
    resolved: Option<Resolved>,
    tally: Tally,
    rendered: T,
}

/// What the collator says of a window.
pub(super) enum Checked<T> {
    /// It is final.
    Final(Finished<T>),
    /// It was resolved again and is final now. It must be rendered again.
    Changed(WindowOutcome),
}

struct Resolved {
    /// The counts with which the window began: 0 for rules that were not known to be suspended.
    before: Guilty,
    after: Guilty,
}

impl<T> Finished<T> {
    /// Judges a window, and renders it by what is known now; none if the caller no longer waits.
    pub(super) fn judge(
        context: &Context,
        worker: Worker,
        window: Window,
        answers: Answers,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Option<Self>, Bug> {
        if context.is_abandoned() {
            return Ok(None);
        }
        let suspended = context.suspended();
        let records = read(context, &window, &answers)?;
        let Some(mut outcome) = call(context, worker, window, answers, records)? else { return Ok(None) };
        let resolved = (suspended.is_some() || outcome.has_faults()).then(|| {
            let before: Guilty = match suspended {
                Some(suspended) => {
                    suspended.into_iter().map(|is_suspended| if is_suspended { SUSPENDED } else { 0 }).collect()
                }
                None => vec![0; context.release.providers.len()],
            };
            let mut after = before.clone();
            resolve(context, &mut outcome, &mut after, SUSPENDED);
            Resolved { before, after }
        });
        Ok(Some(Self { resolved, ..Self::render(context, outcome, render) }))
    }

    /// Renders a window that is resolved.
    pub(super) fn render(context: &Context, outcome: WindowOutcome, render: &impl Fn(&JudgedWindow<'_>) -> T) -> Self {
        let view = JudgedWindow::new(context, &outcome);
        let (tally, rendered) = (Tally::of(&view), render(&view));
        drop(view);
        Self { outcome, resolved: None, tally, rendered }
    }
}

/// Takes windows in the order of the input, counts, and suspends rules.
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

    /// Checks that the next window was resolved by what is known now. If it was not, because its worker could not know that a rule
    /// would be suspended by then, resolves it again.
    pub(super) fn check<T>(&mut self, finished: Finished<T>) -> Checked<T> {
        if let Some(guilty) = self.agreed(finished.resolved.as_ref()) {
            self.guilty = guilty;
            return Checked::Final(finished);
        }
        if finished.resolved.is_none() && !self.has_suspended {
            return Checked::Final(finished);
        }
        let mut outcome = finished.outcome;
        let most = self.context.request.run.suspend_after.get();
        resolve(&self.context, &mut outcome, &mut self.guilty, most);
        for (rule, _) in self.guilty.iter().enumerate().filter(|(_, count)| **count >= most) {
            self.has_suspended = true;
            self.context.suspend(rule);
        }
        Checked::Changed(outcome)
    }

    /// Counts the next window, and returns what was made of its results.
    pub(super) fn add<T>(&mut self, finished: Finished<T>) -> T {
        self.tally.merge(finished.tally);
        finished.rendered
    }

    pub(super) fn finish(self) -> Summary {
        self.tally.finish(&self.context)
    }

    /// The counts behind a window, if it was resolved as it would be now.
    fn agreed(&self, resolved: Option<&Resolved>) -> Option<Guilty> {
        let most = self.context.request.run.suspend_after.get();
        let Resolved { before, after } = resolved?;
        let counts = self.guilty.iter().zip(before.iter().zip(after));
        let agreed = counts.map(|(now, (before, after))| match (*now >= most, *before == SUSPENDED) {
            (true, true) => Some(*now),
            (false, false) => now.checked_add(*after).filter(|count| *count < most),
            _ => None,
        });
        agreed.collect()
    }
}
