//! `jurat validate`: records in, verdicts out.

use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jurat::settings::WorkerCount;
use jurat::{
    Associated, CallBlame, CallError, Clock, Excerpt, Isolation, JudgeError, RecordResult, Request, RouteError,
    Service, Settings, Summary, advice, chain, files,
};
use jurat_model::Bytes;

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::host;
use crate::output::{self, Colour};
use crate::settings::SettingsArguments;
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
    #[command(flatten)]
    settings: SettingsArguments,
    /// Whose rules are used, if the configuration has several tenants
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
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
    let max_file = settings.tenants.values().next().map_or(Bytes::new(0), |tenant| tenant.max_file);
    let associated = arguments.associated.as_deref().map(|file| associated(file, max_file)).transpose()?;
    let text = input(arguments.file.as_deref(), max_file)?;
    // One moment for everything: what has expired, and what rules see.
    let present = host::now();
    let clock = Clock::new(move || present);
    let service = Service::builder(settings).with_compiler(host::compiler()?).with_clock(clock).open()?;
    let summary = judge(&service, arguments, associated, text).map_err(|error| failure(&service, error))?;
    Ok(verdict(&summary, arguments.allow_norun))
}

/// The names of the rulesets that there are.
fn rulesets(service: &Service) -> String {
    let rulesets = service.discover_rulesets().unwrap_or_default();
    let names: Vec<_> = rulesets.iter().map(|ruleset| format!("`{}`", Excerpt::of(&ruleset.name))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The settings, with the one tenant whose rules are asked for.
fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    let mut settings = arguments.settings.read()?;
    if let Some(threads) = arguments.threads.and_then(|threads| NonZeroUsize::new(threads.into())) {
        settings.workers = WorkerCount::Exactly(threads);
    }
    if let Some(name) = &arguments.tenant {
        if !settings.tenants.contains_key(name) {
            let known = settings.tenants.keys().map(String::as_str);
            let advice = advice(name, known);
            return Err(Failure::usage(format!("there is no tenant `{}`{advice}", Excerpt::of(name))));
        }
        // Nobody has to wait for rules that are not asked for.
        settings.tenants.retain(|tenant, _| tenant == name);
    } else if settings.tenants.len() > 1 {
        let names: Vec<_> = settings.tenants.keys().map(|name| format!("`{}`", Excerpt::of(name))).collect();
        return Err(Failure::usage(format!(
            "there are several tenants: choose one with `--tenant`: {}",
            names.join(", ")
        )));
    }
    for tenant in settings.tenants.values_mut() {
        tenant.isolation = match arguments.isolation {
            Some(IsolationChoice::Chunk) => Isolation::Chunk,
            Some(IsolationChoice::Record) => Isolation::Record,
            None => tenant.isolation,
        };
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

fn judge(
    service: &Service,
    arguments: &Arguments,
    associated: Option<Associated>,
    text: Arc<[u8]>,
) -> Result<Summary, CallError> {
    let mut request = Request {
        entity_type: arguments.entity_type.clone(),
        id_fields: arguments.id_fields.clone(),
        associated: associated.map(Arc::new),
        ..service.request(&arguments.ruleset)?
    };
    if let Some(now) = arguments.now {
        request.run.now = now.as_microsecond();
    }
    let request = &request;
    let written = |error| CallError::from(JudgeError::Output(error));
    let mut out = output::stdout();
    let summary = match arguments.format {
        Format::Table => {
            let mut table = Table::new(&mut out, output::style(arguments.color));
            let summary = service.judge(request, text, &mut |record| table.record(&record))?;
            table.finish(&summary).map_err(written)?;
            summary
        }
        Format::Json => {
            let mut array = Array { out: &mut out, is_open: false };
            let summary = service.judge(request, text, &mut |record| array.record(&record))?;
            array.finish().map_err(written)?;
            summary
        }
        Format::Ndjson => service.judge(request, text, &mut |record| {
            output::write_json(&mut out, &record)?;
            out.write_all(b"\n")
        })?,
    };
    out.flush().map_err(written)?;
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

fn failure(service: &Service, error: CallError) -> Failure {
    match error {
        CallError::Judge(JudgeError::Output(error)) => Failure::of_output(&error),
        CallError::Route(error @ RouteError::UnknownRuleset { nearest: None, .. }) => {
            Failure::usage(format!("{error}; the release has {}", rulesets(service)))
        }
        error => Failure::new(exit(error.blame()), chain(&error)),
    }
}

fn exit(blame: CallBlame) -> Exit {
    match blame {
        CallBlame::Caller => Exit::Usage,
        CallBlame::Rules => Exit::Trust,
        CallBlame::Host => Exit::Host,
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
    fn whose_mistake_it_is_decides_the_exit_code() {
        let field = JudgeError::IdField { field: "a..b".into() };
        assert_eq!(exit(CallError::from(field).blame()), Exit::Usage);
        assert_eq!(exit(CallError::from(JudgeError::Worker).blame()), Exit::Host);
    }
}
