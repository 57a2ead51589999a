//! `jurat validate`: judges records and prints the verdicts.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jurat::{Associated, CallError, JudgeError, Service, Summary};
use jurat_disk::files;
use jurat_model::{Blame, Bytes};
use jurat_results::{JsonResults, Table};

use super::judging::{self, JudgingArguments};
use crate::exit::{CommandError, EXIT_CODES, Exit};
use crate::output::{self, ColorChoice};

const EXAMPLES: &str = "\
Examples:
  jurat validate --config local-config.yaml --ruleset quick loans.json
  head -1000 loans.ndjson | jurat validate --config local-config.yaml \\
      --ruleset quick --format ndjson
  jurat validate --config local-config.yaml --ruleset related \\
      --associated facilities.json loans.json

The file is a JSON array of records, or one record after the other. `--format json` writes an array with one result for each record, in \
the same order. After an error the array stays open, and the exit code is not 0 or 1.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    /// The records; `-` or no file reads standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    judging: JudgingArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ResultsFormat,
    /// When to use colors
    #[arg(long, value_enum, default_value_t)]
    color: ColorChoice,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum ResultsFormat {
    /// A table for people
    #[default]
    Table,
    /// One JSON array
    Json,
    /// One JSON result on each line
    Ndjson,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let settings = arguments.judging.settings()?;
    let max_file = JudgingArguments::max_file(&settings)?;
    let associated = arguments.judging.associated(max_file)?;
    let accept = arguments.judging.accept(&settings);
    let text = input(arguments.file.as_deref(), max_file)?;
    let service = JudgingArguments::open(settings)?;
    let summary = judge(&service, arguments, associated, text).map_err(|error| match error {
        CallError::Judge(JudgeError::NotJson { format, .. }) => {
            CommandError::usage(judging::not_json(&name(arguments.file.as_deref()), format))
        }
        error => judging::call_error(&service, error),
    })?;
    Ok(arguments.judging.verdict(&summary, &accept, "the input has none"))
}

/// The name of the input in messages.
fn name(file: Option<&Path>) -> String {
    let path = file.filter(|file| *file != Path::new("-"));
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

fn input(file: Option<&Path>, cap: Bytes) -> Result<Arc<[u8]>, CommandError> {
    match file {
        Some(file) if file != Path::new("-") => {
            let text = files::read(file, cap);
            text.map(Arc::from).map_err(|error| match error {
                files::ReadError::TooLong { .. } => {
                    CommandError::usage(format!("{}: {error}; see the setting `max_file`", file.display()))
                }
                files::ReadError::NotAFile => {
                    CommandError::usage(format!("{}: {error}; to read from a pipe, use standard input", file.display()))
                }
                error => CommandError::about(Blame::Caller, file.display(), &error),
            })
        }
        None if io::stdin().is_terminal() => {
            Err(CommandError::usage("no input: name a file, pipe records in, or use `-` to type them"))
        }
        _ => standard_input(cap),
    }
}

fn standard_input(cap: Bytes) -> Result<Arc<[u8]>, CommandError> {
    let mut text = Vec::new();
    let read = io::stdin().lock().take(cap.get().saturating_add(1)).read_to_end(&mut text);
    read.map_err(|error| CommandError::about(Blame::Host, "standard input", &error))?;
    if text.len() as u64 > cap.get() {
        return Err(CommandError::usage(format!("standard input: longer than {cap}; see the setting `max_file`")));
    }
    Ok(text.into())
}

fn judge(
    service: &Service,
    arguments: &Arguments,
    associated: Option<Associated>,
    text: Arc<[u8]>,
) -> Result<Summary, CallError> {
    let request = &arguments.judging.request(service, associated)?;
    let written = |error| CallError::from(JudgeError::Output(error));
    let mut out = output::stdout();
    let json = |mut results: JsonResults<'_>, text| {
        let summary = service.judge(request, text, &mut |record| results.record(&record))?;
        results.finish().map_err(written)?;
        Ok(summary)
    };
    match arguments.format {
        ResultsFormat::Table => {
            let mut table = Table::new(&mut out, output::style(arguments.color));
            let summary = service.judge(request, text, &mut |record| table.record(&record))?;
            table.finish(&summary).map_err(written)?;
            Ok(summary)
        }
        ResultsFormat::Json => json(JsonResults::array(&mut out), text),
        ResultsFormat::Ndjson => json(JsonResults::lines(&mut out), text),
    }
}
