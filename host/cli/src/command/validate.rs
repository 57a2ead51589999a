//! `jurat validate`: records in, verdicts out.

use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jurat::settings::WorkerCount;
use jurat::{
    Associated, Excerpt, Isolation, JudgeError, RecordResult, Request, RouteError, Service, Settings, Summary, chain,
    files,
};
use jurat_model::Bytes;

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::host;
use crate::output::{self, Colour};
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  jurat validate --config local-config.yaml --ruleset quick loans.json
  head -1000 loans.ndjson | jurat validate --config local-config.yaml \\
      --ruleset quick --format ndjson
  jurat validate --config local-config.yaml --ruleset related \\
      --associated facilities.json loans.json

The file is a JSON array of records, one record, or one record on each line. `--format json` writes an array with one result \
for each record, in the same order; where something goes wrong on the way, the array is not closed and the exit code says so.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    /// The records; `-` or nothing reads standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where the rules are, whom to trust, and what rules may use; see `jurat config`
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The ruleset that judges
    #[arg(long, value_name = "NAME")]
    ruleset: String,
    /// The entity type of all records, instead of what each says itself
    #[arg(long, value_name = "TYPE")]
    entity_type: Option<String>,
    /// The fields that name a record in the results, with dots between keys
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', default_value = "id")]
    id_fields: Vec<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Related entities: `{"<entity id>": {"parent": {...}}}`
    #[arg(long, value_name = "FILE")]
    associated: Option<PathBuf>,
    /// Do not fail because of records on which no rule ran
    #[arg(long)]
    allow_norun: bool,
    /// What records share while a rule runs, instead of what the configuration says
    #[arg(long, value_enum)]
    isolation: Option<IsolationChoice>,
    /// How many threads run rules, instead of what the configuration says
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=i64::from(WorkerCount::MOST)))]
    threads: Option<u16>,
    /// The time of the run that rules see, as in 2026-01-31T12:00:00Z, instead of the present
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// When to use colours
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One array
    Json,
    /// One result on each line
    Ndjson,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum IsolationChoice {
    /// The records of a chunk share an instance
    Chunk,
    /// Each record has an instance of its own
    Record,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = settings(arguments)?;
    let associated = arguments.associated.as_deref().map(|file| associated(file, settings.max_file)).transpose()?;
    let text = input(arguments.file.as_deref(), settings.max_file)?;
    let present = host::now();
    let service = Service::open(&settings, host::compiler()?, present)?;
    let request = Request {
        entity_type: arguments.entity_type.clone(),
        id_fields: arguments.id_fields.clone(),
        associated: associated.map(Arc::new),
        ..service.request(&arguments.ruleset, arguments.now.unwrap_or(present))
    };
    let summary = judge(&service, &request, text, arguments).map_err(|error| match error {
        JudgeError::Route(RouteError::UnknownRuleset { nearest: None, .. }) => {
            Failure::usage(format!("{}; the release has {}", chain(&error), rulesets(&service)))
        }
        error => failure(error),
    })?;
    Ok(verdict(&summary, arguments.allow_norun))
}

/// The names of the rulesets that there are.
fn rulesets(service: &Service) -> String {
    let rulesets = service.release().router().rulesets().rulesets();
    let names: Vec<_> = rulesets.iter().map(|ruleset| format!("`{}`", Excerpt::of(&ruleset.name))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    if !arguments.config.exists() {
        let file = arguments.config.display();
        return Err(Failure::usage(format!("{file}: it does not exist; `jurat config` prints one to start from")));
    }
    let mut settings = Settings::read(&arguments.config)?;
    match arguments.isolation {
        Some(IsolationChoice::Chunk) => settings.isolation = Isolation::Chunk,
        Some(IsolationChoice::Record) => settings.isolation = Isolation::Record,
        None => {}
    }
    if let Some(threads) = arguments.threads.and_then(|threads| NonZeroUsize::new(threads.into())) {
        settings.workers = WorkerCount::Exactly(threads);
    }
    Ok(settings)
}

fn associated(file: &Path, cap: Bytes) -> Result<Associated, Failure> {
    let about = |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Usage, file.display(), error);
    let text = files::read(file, cap).map_err(|error| about(&error))?;
    Associated::parse(&text).map_err(|error| about(&error))
}

fn input(file: Option<&Path>, cap: Bytes) -> Result<Arc<[u8]>, Failure> {
    match file {
        Some(file) if file != Path::new("-") => {
            let text = files::read(file, cap);
            text.map(Arc::from).map_err(|error| match error {
                files::ReadError::TooLong { .. } => {
                    Failure::usage(format!("{}: {error}; see the setting `max_file`", file.display()))
                }
                files::ReadError::NotAFile => Failure::usage(format!(
                    "{}: {error}; what a pipe gives is read from standard input",
                    file.display()
                )),
                error => Failure::about(Exit::Usage, file.display(), &error),
            })
        }
        None if io::stdin().is_terminal() => {
            Err(Failure::usage("no file is given and nothing is piped in; name a file, or `-` to type records"))
        }
        _ => standard_input(cap),
    }
}

fn standard_input(cap: Bytes) -> Result<Arc<[u8]>, Failure> {
    let mut text = Vec::new();
    let read = io::stdin().lock().take(cap.get().saturating_add(1)).read_to_end(&mut text);
    read.map_err(|error| Failure::about(Exit::Host, "standard input", &error))?;
    if text.len() as u64 > cap.get() {
        return Err(Failure::usage(format!("standard input: it has more than {cap}; see the setting `max_file`")));
    }
    Ok(text.into())
}

fn judge(service: &Service, request: &Request, text: Arc<[u8]>, arguments: &Arguments) -> Result<Summary, JudgeError> {
    let mut out = output::stdout();
    let summary = match arguments.format {
        Format::Table => {
            let mut table = Table::new(&mut out, output::style(arguments.color));
            let summary = service.judge(request, text, &mut |record| table.record(&record))?;
            table.finish(&summary).map_err(JudgeError::Output)?;
            summary
        }
        Format::Json => {
            let mut array = Array { out: &mut out, is_open: false };
            let summary = service.judge(request, text, &mut |record| array.record(&record))?;
            array.finish().map_err(JudgeError::Output)?;
            summary
        }
        Format::Ndjson => service.judge(request, text, &mut |record| {
            output::write_json(&mut out, &record)?;
            out.write_all(b"\n")
        })?,
    };
    out.flush().map_err(JudgeError::Output)?;
    Ok(summary)
}

/// A JSON array that is closed only when everything is in it.
struct Array<'a, W> {
    out: &'a mut W,
    is_open: bool,
}

impl<W: Write> Array<'_, W> {
    fn record(&mut self, record: &RecordResult) -> io::Result<()> {
        self.out.write_all(if self.is_open { b",\n" } else { b"[\n" })?;
        self.is_open = true;
        output::write_json(self.out, record)
    }

    fn finish(self) -> io::Result<()> {
        self.out.write_all(if self.is_open { b"\n]\n" } else { b"[]\n" })
    }
}

fn failure(error: JudgeError) -> Failure {
    match error {
        JudgeError::Output(error) => Failure::of_output(&error),
        error if error.blames_request() => Failure::usage(chain(&error)),
        error => Failure::new(Exit::Host, chain(&error)),
    }
}

fn verdict(summary: &Summary, allow_norun: bool) -> Exit {
    if summary.host_failures > 0 {
        return Exit::Host;
    }
    let is_fine = summary.failed == 0 && summary.unreadable == 0 && (allow_norun || summary.not_run == 0);
    if is_fine { Exit::Fine } else { Exit::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_from_the_summary() {
        let fine = Summary { records: 3, warned: 1, ..Summary::default() };
        assert_eq!(verdict(&fine, false), Exit::Fine);
        assert_eq!(verdict(&Summary { failed: 1, ..fine.clone() }, true), Exit::Failed);
        assert_eq!(verdict(&Summary { failed: 1, host_failures: 1, ..fine.clone() }, true), Exit::Host);
        assert_eq!(verdict(&Summary { unreadable: 1, ..fine.clone() }, true), Exit::Failed);
        let not_run = Summary { not_run: 1, ..fine };
        assert_eq!(verdict(&not_run, false), Exit::Failed);
        assert_eq!(verdict(&not_run, true), Exit::Fine);
    }

    #[test]
    fn an_array_of_nothing_is_an_array() {
        let mut out = Vec::new();
        Array { out: &mut out, is_open: false }.finish().unwrap();
        assert_eq!(out, b"[]\n");
    }

    #[test]
    fn what_the_caller_got_wrong_is_usage() {
        let field = JudgeError::IdField { field: "a..b".into() };
        assert_eq!(failure(field).report(), Exit::Usage);
        assert_eq!(failure(JudgeError::Worker).report(), Exit::Host);
    }
}
