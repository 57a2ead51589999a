//! Runs a batch. It ends with complete outputs, or with partial files that are marked as such.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jurat::{CallError, JudgeError, RecordSource, Request, Service, Summary, chain};
use jurat_model::Blame;
use jurat_records::{Directory, InputError, Inputs};
use jurat_results::{Accept, BatchSummary, InputSummary, OutputSummary, Rendered, Renderer};

use super::arguments::{Arguments, Share, SummaryFormat};
use super::output_file::PartialFile;
use super::outputs::{OutputFiles, OutputPlan, WriteError};
use super::progress::{Display, Progress, rate};
use super::signals::Signals;
use crate::command::judging::{self, JudgingArguments};
use crate::exit::{CommandError, Exit};
use crate::output;

/// How long results wait for further input.
const PATIENCE: Duration = Duration::from_millis(100);

/// A batch that is ready to run.
struct BatchRun<'a> {
    arguments: &'a Arguments,
    accept: Accept,
    inputs: Inputs,
    plan: OutputPlan,
    service: Service,
    request: Request,
    signals: Signals,
}

/// Why a batch stopped early.
enum Stop {
    /// A signal arrived.
    Interrupted,
    /// An output cannot be written.
    Output(WriteError),
    /// Records cannot be judged or read.
    Call(CallError),
}

/// The progress of a batch.
#[derive(Debug, Default)]
struct Counts {
    /// Records whose lines are in all outputs.
    judged: u64,
    /// Records whose text was not kept.
    without_text: u64,
}

pub(in crate::command) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let settings = arguments.judging.settings()?;
    let inputs = inputs(&arguments.inputs)?;
    inputs.directories().iter().for_each(warn_of);
    let plan = arguments.outputs.plan(&inputs)?;
    let associated = arguments.judging.associated(JudgingArguments::max_file(&settings)?)?;
    let accept = arguments.judging.accept(&settings);
    let service = JudgingArguments::open(settings)?;
    let request =
        arguments.judging.request(&service, associated).map_err(|error| judging::call_error(&service, error))?;
    let request = request.with_timings(arguments.timings);
    let signals =
        Signals::catch().map_err(|error| CommandError::about(Blame::Host, "signals cannot be handled", &error))?;
    let inputs = inputs.with_interrupt(signals.interrupt()).with_patience(PATIENCE);
    BatchRun { arguments, accept, inputs, plan, service, request, signals }.run()
}

/// The inputs.
fn inputs(arguments: &[PathBuf]) -> Result<Inputs, CommandError> {
    if arguments.is_empty() && io::stdin().is_terminal() {
        return Err(CommandError::usage("no input: name a file, pipe records in, or use `-` to type them"));
    }
    Ok(Inputs::find(arguments)?)
}

/// Names the files of a directory that are not read.
fn warn_of(directory: &Directory) {
    const READ: &str = "only files that end in `.json`, `.ndjson` or `.jsonl`, with or without `.gz` or `.zst`, are read of a directory";
    let Directory { name, read, unread, unread_names } = directory;
    let more = unread.saturating_sub(unread_names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match (read, unread) {
        (0, 0) => output::complain("warning", &format!("`{name}` has no file of records: {READ}")),
        (_, 0) => {}
        (_, 1) => {
            output::complain("warning", &format!("1 file in `{name}` is not read: {}; {READ}", unread_names.join(", ")))
        }
        (_, unread) => output::complain(
            "warning",
            &format!("{unread} files in `{name}` are not read: {}{more}; {READ}", unread_names.join(", ")),
        ),
    }
}

fn is_interrupt(error: &io::Error) -> bool {
    InputError::of(error).is_some_and(InputError::is_interrupt)
}

impl BatchRun<'_> {
    fn run(self) -> Result<Exit, CommandError> {
        let mut files = self.plan.open().map_err(|error| CommandError::new(Blame::Host, error.reason()))?;
        let mut counts = Counts::default();
        let done = self.judge(&mut files, &mut counts).and_then(|(summary, elapsed)| {
            let report = self.report(&files, &counts, &summary, elapsed);
            let json = report.json().map_err(|error| Stop::Call(JudgeError::Output(error).into()))?;
            files.summarize(&json).and_then(|()| files.finish()).map_err(Stop::Output)?;
            // The outputs are complete, even if the summary cannot be printed.
            let printed = self.print(&report, &json).map_err(|error| CommandError::of_output(&error));
            let without = match self.arguments.sample {
                Some(_) => "the input has none, or none is in the sample",
                None => "the input has none",
            };
            Ok(printed.map(|()| self.arguments.judging.verdict(&summary, &self.accept, without)))
        });
        match done {
            Ok(done) => done,
            Err(stop) => {
                let partial = files.abandon(counts.judged);
                Err(self.stopped(stop, counts.judged, &partial))
            }
        }
    }

    /// Judges all records and writes their lines.
    fn judge(&self, files: &mut OutputFiles, counts: &mut Counts) -> Result<(Summary, Duration), Stop> {
        let renderer = Renderer {
            kinds: self.plan.kinds(),
            per: self.arguments.per.into(),
            places: !self.arguments.no_places,
            accept: self.accept,
            files: self.files(),
        };
        let is_shown = !self.arguments.quiet && !self.plan.draws_on_terminal();
        let display = if is_shown { Display::Stderr } else { Display::Off };
        let mut progress = Progress::start(display, self.inputs.total_bytes());
        let read = self.inputs.progress();
        let mut texts = self.inputs.texts();
        let mut input = RecordSource::texts(&mut texts);
        if let Some(limit) = self.arguments.limit {
            input = input.limit(limit);
        }
        if let Some(share) = self.arguments.sample {
            input = input.sample(share.sample());
        }
        let mut unwritten = None;
        let judged = renderer.judge_and_render(&self.service, &self.request, input, &mut |rendered| {
            let Rendered { blocks, records, without_text } = rendered;
            if let Err(error) = files.write(&blocks) {
                unwritten = Some(error);
                // Only stops the call: the error itself is in `unwritten`.
                return Err(io::ErrorKind::Other.into());
            }
            counts.judged += records;
            counts.without_text += without_text;
            progress.update(counts.judged, read.bytes());
            Ok(())
        });
        let elapsed = progress.elapsed();
        drop(progress);
        match judged {
            Ok(summary) => Ok((summary, elapsed)),
            Err(error) => Err(match (unwritten, error) {
                (Some(error), _) => Stop::Output(error),
                (None, CallError::Judge(JudgeError::Read { error, .. })) if is_interrupt(&error) => Stop::Interrupted,
                (None, error) => Stop::Call(error),
            }),
        }
    }

    /// The names of the inputs; empty for a single input.
    fn files(&self) -> Arc<[String]> {
        let count = if self.inputs.count() > 1 { self.inputs.count() } else { 0 };
        (0..count).map(|source| self.inputs.name(source).into_owned()).collect()
    }

    fn report<'r>(
        &self,
        files: &OutputFiles,
        counts: &Counts,
        summary: &'r Summary,
        elapsed: Duration,
    ) -> BatchSummary<'r> {
        let outputs = files.records().map(|(kind, file)| OutputSummary {
            kind,
            file: file.name().to_owned(),
            lines: file.lines(),
            records: file.records(),
        });
        BatchSummary {
            summary,
            records_without_text: counts.without_text,
            elapsed_seconds: elapsed.as_secs_f64(),
            records_per_second: rate(summary.records, elapsed),
            inputs: InputSummary {
                files: self.inputs.count(),
                unread: self.inputs.directories().iter().map(|directory| directory.unread).sum(),
                bytes: self.inputs.progress().bytes(),
            },
            outputs: outputs.collect(),
            advice: "`--failures FILE` lists these records and the reasons",
            limit: self.arguments.limit,
            sample: self.arguments.sample.map(Share::value),
        }
    }

    /// Prints the summary to standard output, or to standard error if an output goes to standard output.
    fn print(&self, report: &BatchSummary<'_>, json: &[u8]) -> io::Result<()> {
        let mut out: Box<dyn io::Write> =
            if self.plan.takes_stdout() { Box::new(io::stderr().lock()) } else { Box::new(output::stdout()) };
        match self.arguments.format {
            SummaryFormat::Json if self.plan.summary_takes_stdout() => {}
            SummaryFormat::Json => out.write_all(json)?,
            SummaryFormat::Table => {
                let color = self.arguments.color;
                let style =
                    if self.plan.takes_stdout() { output::style_of_errors(color) } else { output::style(color) };
                report.print(&mut out, style)?;
            }
        }
        out.flush()
    }

    /// The error of a batch that stopped early. After a signal, it does not return.
    fn stopped(&self, stop: Stop, judged: u64, partial: &[PartialFile]) -> CommandError {
        match stop {
            Stop::Interrupted => {
                let message = format!("interrupted by {} after {judged} records{}", self.signals.name(), left(partial));
                output::complain("error", &message);
                self.signals.raise();
                CommandError::silent()
            }
            // The reader has stopped reading on purpose.
            Stop::Output(error) if error.is_closed_pipe() => CommandError::silent(),
            Stop::Output(error) => CommandError::new(
                Blame::Host,
                format!("{}; {judged} records were judged{}", error.reason(), left(partial)),
            ),
            Stop::Call(CallError::Judge(JudgeError::Read { source_index, offset, error })) => {
                let (blame, reason) = match InputError::of(&error) {
                    Some(error) => (error.blame(), chain(error)),
                    None => (Blame::Host, format!("`{}` cannot be read: {error}", self.inputs.name(source_index))),
                };
                let at = if offset == 0 { String::new() } else { format!(" (byte {offset})") };
                CommandError::new(blame, format!("{reason}{at}; {judged} records were judged{}", left(partial)))
            }
            Stop::Call(CallError::Judge(JudgeError::NotJson { source_index, format })) => {
                let reason = judging::not_json(&self.inputs.name(source_index), format);
                CommandError::usage(format!("{reason}; {judged} records were judged{}", left(partial)))
            }
            Stop::Call(CallError::Judge(error @ JudgeError::AllUnreadable { .. })) => {
                CommandError::usage(format!("{}{}", judging::all_unreadable(&error), left(partial)))
            }
            Stop::Call(error) => judging::call_error(&self.service, error),
        }
    }
}

/// The partial files, for a message.
fn left(partial: &[PartialFile]) -> String {
    let one = |PartialFile { name, records, torn }: &PartialFile| match torn {
        None => format!("; {name} has {records} of them"),
        Some(error) => format!("; {name} has {records} of them, and may end with an incomplete line ({error})"),
    };
    partial.iter().map(one).collect()
}
