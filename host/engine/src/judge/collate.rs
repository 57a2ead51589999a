//! Puts windows, which are judged in any order, into the order of the input.

use std::sync::Arc;

use super::call::{WindowOutcome, call};
use super::context::Context;
use super::fetch::Answers;
use super::observe::{WindowObserver, observe, start};
use super::pacer::{Interrupted, Pacer};
use super::read::read;
use super::resolve::{Guilty, RuleGuilt, Suspended, resolve};
use super::tally::Tally;
use super::view::JudgedWindow;
use super::window::Window;
use crate::results::Summary;

/// Records that are rendered together. Between such parts the worker may turn to other work.
const PART: usize = 128;

/// A window that is to be judged.
pub(super) struct WindowJob {
    pub(super) window: Window,
    pub(super) answers: Answers,
    /// Whether it is the first of its request: then no other window has suspended a rule, and it is final at once.
    pub(super) is_first: bool,
    /// The observer of the request.
    pub(super) observer: Option<Arc<dyn WindowObserver>>,
}

/// A window that has been judged and rendered.
pub(super) struct Finished<T> {
    outcome: WindowOutcome,
    resolution: Resolution,
    /// Whether it was given to the observer.
    is_observed: bool,
    tally: Tally,
    /// The parts of the window as they were rendered, in their order.
    rendered: Vec<T>,
}

/// How a window was resolved.
enum Resolution {
    /// Not at all: no rule was suspended or faulted.
    Unneeded,
    /// By what the worker knew.
    Provisional {
        /// What was known when the window began: which rules are suspended, but no counts.
        before: Guilty,
        after: Guilty,
    },
    /// By the true counts. These are the counts behind it.
    Final(Guilty),
}

/// The decision of the collator about a window.
pub(super) enum Checked<T> {
    /// It is final.
    Final(Finished<T>),
    /// It was resolved again and is final now. It must be rendered again.
    Changed(WindowOutcome),
}

impl<T> Finished<T> {
    /// Judges a window, and renders it by what is known now.
    pub(super) fn judge(
        context: &Context,
        mut pacer: Pacer<'_>,
        job: WindowJob,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Self, Interrupted> {
        let WindowJob { window, answers, is_first, observer } = job;
        pacer.step()?;
        // Only the collator knows whether a later window is final.
        let observer = observer.filter(|_| is_first);
        if let Some(observer) = &observer {
            start(&**observer, context);
        }
        let suspended = context.suspended();
        let records = read(context, &mut pacer, &window, &answers)?;
        let mut outcome = call(context, &mut pacer, window, answers, records)?;
        let resolution = Resolution::of(context, suspended, is_first, &mut outcome);
        Ok(Self { resolution, ..Self::render(context, pacer, outcome, observer.as_deref(), render)? })
    }

    /// Renders a window that is resolved, and gives it to an observer.
    pub(super) fn render(
        context: &Context,
        mut pacer: Pacer<'_>,
        outcome: WindowOutcome,
        observer: Option<&dyn WindowObserver>,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Self, Interrupted> {
        let mut view = JudgedWindow::new(context, &outcome);
        let (tally, mut rendered) = (Tally::of(&view), Vec::new());
        for first in (0..outcome.records.len()).step_by(PART) {
            pacer.step()?;
            view.show(first, PART);
            rendered.push(render(&view));
        }
        drop(view);
        if let Some(observer) = observer {
            observe(observer, context, &outcome);
        }
        Ok(Self { outcome, resolution: Resolution::Unneeded, is_observed: observer.is_some(), tally, rendered })
    }
}

impl Resolution {
    /// Resolves a window by what is known on the worker.
    fn of(context: &Context, suspended: Option<Vec<bool>>, is_first: bool, outcome: &mut WindowOutcome) -> Self {
        if suspended.is_none() && !outcome.has_faults() {
            return Self::Unneeded;
        }
        if is_first {
            let mut guilty = vec![RuleGuilt::default(); context.release.providers.len()];
            resolve(context, outcome, &mut guilty, Suspended::Counted);
            return Self::Final(guilty);
        }
        let before: Guilty = match suspended {
            Some(suspended) => {
                suspended.into_iter().map(|is_suspended| RuleGuilt { is_suspended, ..RuleGuilt::default() }).collect()
            }
            None => vec![RuleGuilt::default(); context.release.providers.len()],
        };
        let mut after = before.clone();
        resolve(context, outcome, &mut after, Suspended::Known);
        Self::Provisional { before, after }
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
        let guilty = vec![RuleGuilt::default(); context.release.providers.len()];
        Self { context, tally: Tally::default(), guilty, has_suspended: false }
    }

    /// Checks that the next window was resolved by what is known now. If it was not, because its worker could not know that a rule
    /// would be suspended by then, resolves it again.
    pub(super) fn check<T>(&mut self, finished: Finished<T>) -> Checked<T> {
        match &finished.resolution {
            Resolution::Unneeded if !self.has_suspended => return Checked::Final(finished),
            Resolution::Unneeded => {}
            Resolution::Final(guilty) => {
                self.guilty.clone_from(guilty);
                self.suspend();
                return Checked::Final(finished);
            }
            Resolution::Provisional { before, after } => {
                if let Some(guilty) = self.agreed(before, after) {
                    self.guilty = guilty;
                    return Checked::Final(finished);
                }
            }
        }
        let mut outcome = finished.outcome;
        resolve(&self.context, &mut outcome, &mut self.guilty, Suspended::Counted);
        self.suspend();
        Checked::Changed(outcome)
    }

    /// Counts the next window, and returns what was made of its results, and the window if it is still to be observed.
    pub(super) fn add<T>(&mut self, finished: Finished<T>) -> (Vec<T>, Option<WindowOutcome>) {
        self.tally.merge(finished.tally);
        (finished.rendered, (!finished.is_observed).then_some(finished.outcome))
    }

    pub(super) fn finish(self) -> Summary {
        self.tally.finish(&self.context)
    }

    /// Tells the workers which rules are suspended.
    fn suspend(&mut self) {
        for (rule, _) in self.guilty.iter().enumerate().filter(|(_, guilt)| guilt.is_suspended) {
            self.has_suspended = true;
            self.context.suspend(rule);
        }
    }

    /// The counts behind a window, if it was resolved as it would be now.
    fn agreed(&self, before: &Guilty, after: &Guilty) -> Option<Guilty> {
        let suspension = self.context.options.run.suspension;
        let counts = self.guilty.iter().zip(before.iter().zip(after));
        let agreed = counts.map(|(now, (before, after))| match (now.is_suspended, before.is_suspended) {
            (true, true) => Some(*now),
            (false, false) => {
                let mut now = *now;
                now.guilt.merge(&after.guilt);
                (!suspension.is_due(&now.guilt)).then_some(now)
            }
            _ => None,
        });
        agreed.collect()
    }
}
