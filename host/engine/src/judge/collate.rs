//! Puts windows, which are judged in any order, into the order of the input.

use std::sync::Arc;

use super::call::{WindowOutcome, call};
use super::context::Context;
use super::error::JudgeError;
use super::fetch::FetchedWindow;
use super::observe::{WindowObserver, observe, start};
use super::pacer::{Interrupted, Pacer};
use super::read::{ReadWindow, read};
use super::resolve::{Guilty, RuleGuilt, Suspended, resolve};
use super::tally::Tally;
use super::view::JudgedWindow;
use crate::footprint::Footprint;
use crate::results::Summary;

/// Records that are rendered together. Between such parts the worker may turn to other work.
const PART: usize = 128;
/// Fewer are, if rules have said more of them than about this many bytes.
const PART_BYTES: usize = 64 << 10;

/// The results of a small window may take this part of what those of others may: many small windows may pause at once.
const SMALL: usize = 16;

/// A window that is to be judged.
pub(super) struct WindowJob {
    pub(super) fetched: FetchedWindow,
    /// Whether it is the first of its request: then no other window has suspended a rule, and it is final at once.
    pub(super) is_first: bool,
    /// Whether it is a small job.
    pub(super) is_small: bool,
    /// The observer of the request.
    pub(super) observer: Option<Arc<dyn WindowObserver>>,
}

/// A window that has been judged and rendered.
pub(super) struct Finished<T> {
    outcome: WindowOutcome,
    /// The records for whose results there was no memory.
    rest: Option<Box<FetchedWindow>>,
    resolution: Resolution,
    /// Whether it was given to the observer.
    is_observed: bool,
    tally: Tally,
    /// The parts of the window as they were rendered, in their order.
    rendered: Vec<T>,
}

/// What came of judging a window.
enum Attempt<T> {
    Finished(Box<Finished<T>>),
    /// The results took too much memory. The window is still to be judged.
    TooLarge(FetchedWindow),
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
    Final(Box<Finished<T>>),
    /// It was resolved again and is final now. It must be rendered again.
    Changed(WindowOutcome),
}

impl<T: Footprint> Finished<T> {
    /// Judges a window, and renders it by what is known now.
    pub(super) fn judge(
        context: &Context,
        mut pacer: Pacer<'_>,
        job: WindowJob,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Self, Interrupted> {
        let WindowJob { fetched, is_first, is_small, observer } = job;
        pacer.step()?;
        // Only the collator knows whether a later window is final.
        let observer = observer.filter(|_| is_first);
        if let Some(observer) = &observer {
            start(&**observer, context);
        }
        let mut part = fetched;
        let mut records = context.records();
        let limit = context.results_limit() / if is_small { SMALL } else { 1 };
        loop {
            let rest = part.split_off(records);
            records = part.records();
            // Other limits bound what a single record takes.
            pacer.limit(if records > 1 { limit } else { usize::MAX });
            let finished = match Self::attempt(context, &mut pacer, part, is_first, render)? {
                Attempt::Finished(finished) => finished,
                Attempt::TooLarge(too_large) => {
                    part = too_large;
                    if let Some(rest) = rest {
                        part.append(rest);
                    }
                    records /= 2;
                    context.set_records(records);
                    continue;
                }
            };
            // Twice as many have enough memory, by all that is known.
            if records >= context.records() && pacer.held() <= limit / 4 {
                context.set_records(records.saturating_mul(2));
            }
            return Ok(Self { rest: rest.map(Box::new), ..finished.given_to(context, observer.as_deref()) });
        }
    }

    /// Judges and renders all records of a window, if their results do not take too much memory.
    fn attempt(
        context: &Context,
        pacer: &mut Pacer<'_>,
        FetchedWindow { window, answers }: FetchedWindow,
        is_first: bool,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Attempt<T>, Interrupted> {
        let suspended = context.suspended();
        let ReadWindow { records, chunks } = read(context, pacer, &window, &answers)?;
        let chunks = match call(context, pacer, &window, chunks) {
            Err(Interrupted::TooLarge) => return Ok(Attempt::TooLarge(FetchedWindow { window, answers })),
            called => called?,
        };
        let mut outcome = WindowOutcome::new(context, window, records, chunks, answers)?;
        let resolution = Resolution::of(context, suspended, is_first, &mut outcome);
        let (tally, rendered) = match parts(context, pacer, &outcome, render) {
            Err(Interrupted::TooLarge) => {
                let WindowOutcome { window, answers, .. } = outcome;
                return Ok(Attempt::TooLarge(FetchedWindow { window, answers }));
            }
            rendered => rendered?,
        };
        let finished = Self { outcome, rest: None, resolution, is_observed: false, tally, rendered };
        Ok(Attempt::Finished(Box::new(finished)))
    }

    /// Renders a window that is resolved again, and gives it to an observer.
    pub(super) fn render(
        context: &Context,
        mut pacer: Pacer<'_>,
        outcome: WindowOutcome,
        observer: Option<&dyn WindowObserver>,
        render: &impl Fn(&JudgedWindow<'_>) -> T,
    ) -> Result<Self, Interrupted> {
        // Only rules that are suspended say something else than when the results had enough memory: a sentence.
        let (tally, rendered) = parts(context, &mut pacer, &outcome, render)?;
        let finished =
            Self { outcome, rest: None, resolution: Resolution::Unneeded, is_observed: false, tally, rendered };
        Ok(finished.given_to(context, observer))
    }

    /// Gives the window to an observer.
    fn given_to(mut self, context: &Context, observer: Option<&dyn WindowObserver>) -> Self {
        if let Some(observer) = observer {
            observe(observer, context, &self.outcome);
            self.is_observed = true;
        }
        self
    }

    /// The records behind this window that are still to be judged.
    pub(super) fn take_rest(&mut self) -> Option<FetchedWindow> {
        self.rest.take().map(|rest| *rest)
    }
}

/// Counts what became of the records of a window, and renders their results part by part.
fn parts<T: Footprint>(
    context: &Context,
    pacer: &mut Pacer<'_>,
    outcome: &WindowOutcome,
    render: &impl Fn(&JudgedWindow<'_>) -> T,
) -> Result<(Tally, Vec<T>), Interrupted> {
    let mut view = JudgedWindow::new(context, outcome);
    let (tally, mut rendered) = (Tally::of(&view), Vec::new());
    let records = outcome.records.len();
    let part = (PART_BYTES.saturating_mul(records) / outcome.bytes().max(1)).clamp(1, PART);
    for first in (0..records).step_by(part) {
        pacer.step()?;
        view.show(first, part);
        let one = render(&view);
        pacer.keep(size_of::<T>() + one.footprint())?;
        rendered.push(one);
    }
    Ok((tally, rendered))
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
            Resolution::Unneeded if !self.has_suspended => return Checked::Final(Box::new(finished)),
            Resolution::Unneeded => {}
            Resolution::Final(guilty) => {
                self.guilty.clone_from(guilty);
                self.suspend();
                return Checked::Final(Box::new(finished));
            }
            Resolution::Provisional { before, after } => {
                if let Some(guilty) = self.agreed(before, after) {
                    self.guilty = guilty;
                    return Checked::Final(Box::new(finished));
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

    /// Fails if too many records came without one that can be judged.
    pub(super) fn check_readable(&self) -> Result<(), JudgeError> {
        self.context.options.unreadable.map_or(Ok(()), |limit| self.tally.check_readable(limit))
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
