//! Rules that do as they are told, instead of a sandbox.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jurat_model::columns::{Batch, Column, Decimals, Values};
use jurat_model::{
    Component, Declaration, EvaluateError, Evaluation, Fault, Finding, Guilt, GuiltyRow, HostFailure, Limits, Pause,
    Run, Session, Status, Usage, Worker,
};

/// What a rule does with one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Say {
    Verdict(Status, Vec<Finding>),
    Fault(Fault),
    /// The host cannot run it at all.
    HostFailure,
    /// The program has a bug.
    Panic,
    /// The answer ends before this row, against the contract.
    Silence,
}

pub(crate) type Script = Box<dyn Fn(&Batch<'_>, u32) -> Say + Send + Sync>;

pub(crate) struct Rule {
    pub(crate) declaration: Declaration,
    pub(crate) script: Script,
}

/// What all components of a release have seen.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) sessions: AtomicU64,
    pub(crate) calls: AtomicU64,
    pub(crate) rows: AtomicU64,
}

/// A component that acts as the sandbox does: it finds guilty rows and stops after as many as the run allows.
pub(crate) struct Scripted {
    digest: String,
    declarations: Vec<Declaration>,
    scripts: Vec<Script>,
    watch: Arc<Watch>,
}

impl Scripted {
    pub(crate) fn new(digest: String, rules: Vec<Rule>, watch: Arc<Watch>) -> Self {
        let (declarations, scripts) = rules.into_iter().map(|rule| (rule.declaration, rule.script)).unzip();
        Self { digest, declarations, scripts, watch }
    }
}

impl Component for Scripted {
    fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    fn limits(&self) -> &Limits {
        &Limits::DEFAULT
    }

    fn session<'a>(&'a self, _: Worker, run: &Run) -> Box<dyn Session + 'a> {
        self.watch.sessions.fetch_add(1, Ordering::Relaxed);
        Box::new(ScriptedSession { component: self, run: *run })
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scripted").finish_non_exhaustive()
    }
}

/// The fuel that a guilty record uses, by the code of its fault.
pub(crate) fn fuel_of(code: &str) -> u64 {
    code.len() as u64 * 100
}

struct ScriptedSession<'a> {
    component: &'a Scripted,
    run: Run,
}

impl Session for ScriptedSession<'_> {
    fn evaluate(&mut self, rule: u32, batch: &Batch<'_>, pause: &mut dyn Pause) -> Result<Evaluation, EvaluateError> {
        let watch = &self.component.watch;
        watch.calls.fetch_add(1, Ordering::Relaxed);
        watch.rows.fetch_add(batch.rows.into(), Ordering::Relaxed);
        keeps_the_contract(&self.component.declarations[rule as usize], batch);
        let script = &self.component.scripts[rule as usize];
        let mut answer = Evaluation {
            usage: Usage { calls: 1, elapsed: Duration::from_millis(u64::from(batch.rows)), ..Usage::default() },
            ..Evaluation::default()
        };
        let (mut guilt, mut held) = (Guilt::default(), 0);
        for row in 0..batch.rows {
            pause.pause(&mut || {})?;
            if self.run.suspension.is_due(&guilt) {
                answer.suspended_from = Some(row);
                answer.verdicts.statuses.resize(batch.rows as usize, Status::Error);
                break;
            }
            match script(batch, row) {
                Say::Verdict(status, findings) => {
                    held += findings.iter().map(Finding::size).sum::<usize>();
                    pause.holds(held)?;
                    answer.verdicts.statuses.push(status);
                    answer.verdicts.findings.extend(findings.into_iter().map(|finding| Finding { row, ..finding }));
                }
                Say::Fault(fault) => {
                    answer.verdicts.statuses.push(Status::Error);
                    let fuel = fuel_of(fault.code());
                    guilt.add(fuel);
                    answer.guilty.push(GuiltyRow { row, fault, fuel });
                }
                Say::HostFailure => return Err(HostFailure::new("the machine is exhausted").into()),
                Say::Panic => panic!("a mistake of the program"),
                Say::Silence => break,
            }
        }
        Ok(answer)
    }
}

fn keeps_the_contract(declaration: &Declaration, batch: &Batch<'_>) {
    assert!(batch.rows > 0, "a rule is only called when there is something to judge");
    assert_eq!(batch.columns.len(), declaration.inputs.len());
    for (column, input) in batch.columns.iter().zip(&declaration.inputs) {
        assert!(column.values.are(input.kind), "`{input}` is of its kind");
        assert_eq!(rows(column), batch.rows as usize, "`{input}` is as long as the others");
        assert!(!input.required || (0..batch.rows).all(|row| column.is_present(row)), "`{input}` is required");
    }
}

fn rows(column: &Column<'_>) -> usize {
    match &column.values {
        Values::Booleans(values) => values.len(),
        Values::Integers(values) | Values::Timestamps(values) => values.len(),
        Values::Numbers(values) => values.len(),
        Values::Decimals(Decimals { units, scales, .. }) => {
            assert_eq!(units.len(), scales.len());
            units.len()
        }
        Values::Dates(values) => values.len(),
        Values::Texts(texts) => texts.offsets.len() - 1,
    }
}

/// The text in a column; none if the row has none.
pub(crate) fn text<'b>(column: &'b Column<'_>, row: u32) -> Option<&'b str> {
    match &column.values {
        Values::Texts(texts) if column.is_present(row) => Some(str::from_utf8(texts.row(row)).unwrap()),
        _ => None,
    }
}

/// What a word in a record makes a rule do. `template` is what the rule says of it.
pub(crate) fn obey(word: &str, template: &Finding) -> Say {
    let one = || vec![template.clone()];
    match word {
        "pass" => Say::Verdict(Status::Pass, Vec::new()),
        "noted" => Say::Verdict(Status::Pass, one()),
        "warn" => Say::Verdict(Status::Warn, one()),
        "fail" => Say::Verdict(Status::Fail, one()),
        "norun" => Say::Verdict(Status::Norun, one()),
        "error" => Say::Verdict(Status::Error, one()),
        "twice" => Say::Verdict(Status::Fail, [one(), one()].concat()),
        "many" => Say::Verdict(Status::Fail, vec![template.clone(); 150]),
        "long" => {
            let message = "{".repeat(4_096);
            Say::Verdict(Status::Fail, vec![Finding { message, ..template.clone() }; 20])
        }
        "host" => Say::HostFailure,
        "panic" => Say::Panic,
        "silence" => Say::Silence,
        word => match FAULTS.into_iter().find(|fault| fault.code() == word) {
            Some(fault) => Say::Fault(fault),
            None => Say::Verdict(Status::Pass, Vec::new()),
        },
    }
}

const FAULTS: [Fault; 7] =
    [Fault::Fuel, Fault::Memory, Fault::Stack, Fault::Trap, Fault::Output, Fault::Refused, Fault::Deadline];
