//! From the command line to its end: everything in place, or a part that can be told from everything.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jurat::{CallError, JudgeError, RecordSource, Request, Sample, Service, Summary, chain};
use jurat_model::Bytes;
use jurat_records::{InputError, Inputs};

use super::outlet::Remains;
use super::outputs::{Outlets, Plan, Unwritten};
use super::progress::{Audience, Progress, rate};
use super::render::{Rendered, Renderer};
use super::signals::Signals;
use super::summary::{Output, Read, Report};
use super::{Arguments, Format};
use crate::command::judging::{self, JudgingArguments};
use crate::exit::{Exit, Failure};
use crate::output;

/// Everything that is needed to begin.
struct Batch<'a> {
    arguments: &'a Arguments,
    inputs: Inputs,
    plan: Plan,
    service: Service,
    request: Request,
    signals: Signals,
}

/// Why it ended before everything was done.
enum Trouble {
    /// Somebody wanted it to end.
    Interrupted,
    /// A file could not be written.
    Unwritten(Unwritten),
    /// Records could not be judged, or not be read.
    Call(CallError),
}

/// How far it has come.
#[derive(Debug, Default)]
struct Counts {
    /// Records whose lines are in all files.
    judged: u64,
    /// Records without a text.
    without_text: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = arguments.judging.settings()?;
    let max_file = settings.tenants.values().next().map_or(Bytes::new(0), |tenant| tenant.max_file);
    let inputs = inputs(&arguments.inputs)?;
    let plan = arguments.outputs.plan(&inputs)?;
    let associated = arguments.judging.associated(max_file)?;
    let service = JudgingArguments::open(settings)?;
    let request = arguments.judging.request(&service, associated).map_err(|error| judging::failure(&service, error))?;
    let request = request.with_timings(arguments.timings);
    let signals = Signals::catch().map_err(|error| Failure::about(Exit::Host, "signals", &error))?;
    let inputs = inputs.with_interrupt(signals.interrupt());
    Batch { arguments, inputs, plan, service, request, signals }.run()
}

/// What is read.
fn inputs(arguments: &[PathBuf]) -> Result<Inputs, Failure> {
    if arguments.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::usage("no input is given and nothing is piped in; name a file, or `-` to type records"));
    }
    Inputs::find(arguments).map_err(|error| Failure::new(error.blame().into(), chain(&error)))
}

fn is_interrupt(error: &io::Error) -> bool {
    InputError::of(error).is_some_and(InputError::is_interrupt)
}

impl Batch<'_> {
    fn run(self) -> Result<Exit, Failure> {
        let mut outlets = self.plan.open().map_err(|error| Failure::new(Exit::Host, error.reason()))?;
        let mut counts = Counts::default();
        let done = self.judge(&mut outlets, &mut counts).and_then(|(summary, elapsed)| {
            let report = self.report(&outlets, &counts, &summary, elapsed);
            let json = report.json().map_err(|error| Trouble::Call(JudgeError::Output(error).into()))?;
            outlets.summarize(&json).and_then(|()| outlets.finish()).map_err(Trouble::Unwritten)?;
            // From here on everything is in its place, whatever becomes of the rest.
            let printed = self.print(&report, &json).map_err(|error| Failure::of_output(&error));
            Ok(printed.map(|()| self.arguments.judging.verdict(&summary)))
        });
        match done {
            Ok(done) => done,
            Err(trouble) => {
                let remains = outlets.abandon(counts.judged);
                Err(self.ending(trouble, counts.judged, &remains))
            }
        }
    }

    /// Judges all records, and writes their lines.
    fn judge(&self, outlets: &mut Outlets, counts: &mut Counts) -> Result<(Summary, Duration), Trouble> {
        let renderer = Renderer {
            kinds: self.plan.kinds(),
            per: self.arguments.per,
            norun: self.arguments.judging.norun(),
            files: self.files(),
        };
        let is_watched = !self.arguments.quiet && !self.plan.draws_on_terminal();
        let audience = if is_watched { Audience::Errors } else { Audience::Nobody };
        let mut progress = Progress::start(audience, self.inputs.total_bytes());
        let read = self.inputs.progress();
        let mut texts = self.inputs.texts();
        let mut input = RecordSource::texts(&mut texts);
        if let Some(limit) = self.arguments.limit {
            input = input.limit(limit);
        }
        if let Some(sample) = self.arguments.sample.and_then(Sample::new) {
            input = input.sample(sample);
        }
        let mut unwritten = None;
        let judged = self.service.judge_windows(
            &self.request,
            input,
            move |window| renderer.render(window),
            &mut |rendered: io::Result<Rendered>| {
                let Rendered { pieces, records, without_text } = rendered?;
                if let Err(error) = outlets.write(&pieces) {
                    unwritten = Some(error);
                    // Whoever gets it looks there.
                    return Err(io::ErrorKind::Other.into());
                }
                counts.judged += records;
                counts.without_text += without_text;
                progress.tell(counts.judged, read.bytes());
                Ok(())
            },
        );
        let elapsed = progress.elapsed();
        drop(progress);
        match judged {
            Ok(summary) => Ok((summary, elapsed)),
            Err(error) => Err(match (unwritten, error) {
                (Some(error), _) => Trouble::Unwritten(error),
                (None, CallError::Judge(JudgeError::Read { error, .. })) if is_interrupt(&error) => {
                    Trouble::Interrupted
                }
                (None, error) => Trouble::Call(error),
            }),
        }
    }

    /// The names of the inputs, if there are several.
    fn files(&self) -> Arc<[String]> {
        let count = if self.inputs.count() > 1 { self.inputs.count() } else { 0 };
        (0..count).map(|source| self.inputs.name(source).into_owned()).collect()
    }

    fn report<'r>(&self, outlets: &Outlets, counts: &Counts, summary: &'r Summary, elapsed: Duration) -> Report<'r> {
        let outputs = outlets.records().map(|(kind, outlet)| Output {
            kind: kind.name(),
            file: outlet.name().to_owned(),
            lines: outlet.lines(),
            records: outlet.records(),
        });
        Report {
            summary,
            records_without_text: counts.without_text,
            elapsed_seconds: elapsed.as_secs_f64(),
            records_per_second: rate(summary.records, elapsed),
            inputs: Read { files: self.inputs.count(), bytes: self.inputs.progress().bytes() },
            outputs: outputs.collect(),
            limit: self.arguments.limit,
            sample: self.arguments.sample,
        }
    }

    /// Prints the summary: to standard output, unless something else goes there.
    fn print(&self, report: &Report<'_>, json: &[u8]) -> io::Result<()> {
        let mut out: Box<dyn io::Write> =
            if self.plan.takes_stdout() { Box::new(io::stderr().lock()) } else { Box::new(output::stdout()) };
        match self.arguments.format {
            Format::Json if self.plan.summary_takes_stdout() => {}
            Format::Json => out.write_all(json)?,
            Format::Table => {
                let colour = self.arguments.color;
                let style =
                    if self.plan.takes_stdout() { output::style_of_errors(colour) } else { output::style(colour) };
                report.print(&mut out, style)?;
            }
        }
        out.flush()
    }

    /// Says why it ended, and what is left. After a signal it does not come back.
    fn ending(&self, trouble: Trouble, judged: u64, remains: &[Remains]) -> Failure {
        match trouble {
            Trouble::Interrupted => {
                let message = format!("interrupted after {judged} records{}", left(remains));
                output::complain("error", &message);
                self.signals.heed();
                Failure::silent(Exit::Host)
            }
            // Nobody reads any more, and nobody has to be told.
            Trouble::Unwritten(error) if error.is_closed_pipe() => Failure::silent(Exit::Host),
            Trouble::Unwritten(error) => {
                Failure::new(Exit::Host, format!("{}; {judged} records were judged{}", error.reason(), left(remains)))
            }
            Trouble::Call(CallError::Judge(JudgeError::Read { source_index, offset, error })) => {
                let (exit, reason) = match InputError::of(&error) {
                    Some(error) => (error.blame().into(), chain(error)),
                    None => (Exit::Host, format!("`{}` is not read: {error}", self.inputs.name(source_index))),
                };
                let place = if offset == 0 { String::new() } else { format!(" (byte {offset})") };
                Failure::new(exit, format!("{reason}{place}; {judged} records were judged{}", left(remains)))
            }
            Trouble::Call(error) => judging::failure(&self.service, error),
        }
    }
}

/// Which files have a part.
fn left(remains: &[Remains]) -> String {
    remains.iter().map(|Remains { name, records }| format!("; {name} has {records} of them")).collect()
}
