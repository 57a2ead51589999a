//! One chunk of one request: rules called on one instance, and the search for guilty rows.
//!
//! Limits are what one row alone may use, so a call with many rows may exceed them although no row does. Such a call is
//! dropped with its instance and run again in halves, each on a fresh instance, down to single rows: a row is guilty if and
//! only if it faults alone. For `n` rows that is fewer than `2 n` further calls, and once such calls have wasted
//! [`WASTE`] times the fuel of one call, rows are judged one by one.

use std::ops::Range;
use std::time::Instant;

use jurat_model::columns::Batch;
use jurat_model::{
    EvaluateError, Evaluation, Fault, Finding, Guilt, GuiltyRow, HostFailure, Isolation, Pause, Run, Session, Status,
    Usage, Verdicts, Worker,
};

use crate::call_failure::CallFailure;
use crate::instance::{Live, Used};
use crate::loaded::Loaded;

/// The fuel that faulting calls with several rows may use in one evaluation, in calls that use all theirs. Without it, a rule
/// that works long and then traps would be run twice as often as there are rows.
const WASTE: u64 = 16;

/// A session in the sandbox.
pub(crate) struct SandboxedSession<'a> {
    component: &'a Loaded,
    worker: Worker,
    run: Run,
    live: Option<Live>,
}

/// Rows that are still to be judged.
struct Task {
    rows: Range<u32>,
    /// Whether nothing may have run on the instance before.
    on_fresh: bool,
    /// Whether it ran past its deadline once already.
    was_late: bool,
}

impl<'a> SandboxedSession<'a> {
    pub(crate) fn new(component: &'a Loaded, worker: Worker, run: Run) -> Self {
        Self { component, worker, run, live: None }
    }

    /// One call. Leaves an instance behind only if it went well and the isolation allows it.
    fn call(
        &mut self,
        rule: u32,
        batch: &Batch<'_>,
        on_fresh: bool,
        usage: &mut Usage,
    ) -> Result<(Used, Result<Verdicts, Fault>), HostFailure> {
        let kept = self.live.take().filter(|_| !on_fresh);
        let begun = Instant::now();
        let started = kept.map_or_else(|| self.component.start(self.worker, &self.run), Ok);
        let (used, reply) = match started {
            Ok(live) => live.evaluate(&self.component.limits, rule, batch),
            // Nothing tells how far it came.
            Err(failure) => (Used { start: self.component.limits.fuel.get(), ..Used::default() }, Err(failure)),
        };
        usage.add(&Usage {
            calls: 1,
            fuel: used.fuel,
            peak_fuel: used.fuel,
            peak_fuel_records: batch.rows,
            peak_memory: used.memory,
            peak_reply: used.reply,
            elapsed: begun.elapsed(),
        });
        if let Some(cost) = self.component.costs.get(rule as usize) {
            cost.learn(used.fuel, batch.rows);
        }
        match reply {
            Ok((live, verdicts)) => {
                self.live = Some(live).filter(|_| self.run.isolation == Isolation::Chunk);
                Ok((used, Ok(verdicts)))
            }
            Err(CallFailure::Rule(fault)) => Ok((used, Err(fault))),
            Err(CallFailure::Host(error)) => Err(host_failure(error)),
        }
    }

    /// Whether a call has used so much that the start-up work of a fresh instance might not have fitted.
    fn is_near_limit(&self, fuel: u64) -> bool {
        let limit = self.component.limits.fuel.get();
        fuel > limit - limit / 4
    }

    /// How many rows the next call should hold.
    fn rows_per_call(&self, rule: u32) -> u32 {
        match self.run.isolation {
            Isolation::Record => 1,
            Isolation::Chunk => {
                let cost = self.component.costs.get(rule as usize);
                cost.map_or(u32::MAX, |cost| cost.rows_in(self.component.limits.fuel.get()))
            }
        }
    }
}

impl Session for SandboxedSession<'_> {
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, pause: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        let (mut answer, mut guilt) = (Evaluation::default(), Guilt::default());
        let mut findings = 0;
        let (mut wasted, may_waste) = (0u64, self.component.limits.fuel.get().saturating_mul(WASTE));
        answer.verdicts.statuses.reserve_exact(batch.rows as usize);
        // A stack whose top is always the first row that is not judged yet.
        let mut tasks = vec![Task { rows: 0..batch.rows, on_fresh: false, was_late: false }];
        while let Some(mut task) = tasks.pop() {
            if task.rows.is_empty() {
                continue;
            }
            // An instance that is kept while others run would keep its slot from them.
            pause.pause(&mut || self.live = None)?;
            if self.run.suspension.is_due(&guilt) {
                answer.suspended_from = Some(task.rows.start);
                answer.verdicts.statuses.resize(batch.rows as usize, Status::Error);
                break;
            }
            let most = if wasted < may_waste { self.rows_per_call(rule) } else { 1 };
            let end = task.rows.end.min(task.rows.start.saturating_add(most));
            if end < task.rows.end {
                tasks.push(Task { rows: end..task.rows.end, ..task });
                task.rows.end = end;
            }
            let had_instance = self.live.is_some();
            let rows = task.rows.clone();
            let reply = if rows.start == 0 && rows.end == batch.rows {
                self.call(rule, batch, task.on_fresh, &mut answer.usage)
            } else {
                self.call(rule, &batch.slice(rows.clone()), task.on_fresh, &mut answer.usage)
            };
            let was_fresh = task.on_fresh || !had_instance;
            let (used, reply) = reply?;
            let fault = match reply {
                // A used instance has paid for its heap already. So near to the limit a fresh one might fault, and a verdict
                // must not depend on what was called before.
                Ok(_) if !was_fresh && self.is_near_limit(used.fuel) => {
                    tasks.push(Task { rows, on_fresh: true, was_late: task.was_late });
                    continue;
                }
                Ok(verdicts) => {
                    findings += verdicts.findings.iter().map(Finding::size).sum::<usize>();
                    pause.holds(findings)?;
                    append(&mut answer.verdicts, verdicts, rows.start);
                    continue;
                }
                Err(fault) => fault,
            };
            if rows.len() > 1 {
                wasted = wasted.saturating_add(used.all_fuel());
            }
            match fault {
                Fault::Deadline if !task.was_late => {
                    tasks.push(Task { rows, on_fresh: true, was_late: true });
                }
                fault if fault.can_be_halved() && rows.len() > 1 => {
                    let middle = rows.start + (rows.end - rows.start) / 2;
                    tasks.push(Task { rows: middle..rows.end, on_fresh: true, was_late: false });
                    tasks.push(Task { rows: rows.start..middle, on_fresh: true, was_late: false });
                }
                // Rows before it may have used up the instance: only a row that faults on a fresh one is guilty.
                fault if fault.can_be_halved() && !was_fresh => {
                    tasks.push(Task { rows, on_fresh: true, was_late: false });
                }
                fault => {
                    answer.verdicts.statuses.resize(rows.end as usize, Status::Error);
                    // Several rows only if they were late together.
                    let fuel = used.all_fuel() / rows.len() as u64;
                    for row in rows {
                        guilt.add(fuel);
                        answer.guilty.push(GuiltyRow { row, fault, fuel });
                    }
                }
            }
        }
        Ok(answer)
    }
}

/// Adds the verdicts on rows that begin at `start`.
fn append(all: &mut Verdicts, part: Verdicts, start: u32) {
    if all.statuses.is_empty() && start == 0 {
        *all = part;
        return;
    }
    all.statuses.extend(part.statuses);
    all.findings.extend(part.findings.into_iter().map(|mut finding| {
        finding.row += start;
        finding
    }));
}

/// Turns a failure of the host into the error that the engine knows.
fn host_failure(error: wasmtime::Error) -> HostFailure {
    HostFailure::new(Box::<dyn std::error::Error + Send + Sync>::from(error))
}
