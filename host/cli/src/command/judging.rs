//! Arguments and exit codes that the commands that judge records share.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jurat::settings::WorkerCount;
use jurat::{
    Associated, CallError, Clock, Excerpt, ForeignFormat, Isolation, JudgeError, Purpose, Request, RouteError, Service,
    Settings, Summary,
};
use jurat_disk::files;
use jurat_model::advice;
use jurat_model::{Blame, Bytes};
use jurat_results::Accept;

use crate::exit::{CommandError, Exit};
use crate::host;
use crate::number;
use crate::output;
use crate::settings::SettingsArguments;

/// A command stops if it can read none of the first records, up to this number.
const UNREADABLE: NonZeroU64 = NonZeroU64::new(1_000).unwrap();

/// The arguments of every command that judges records.
#[derive(Args, Debug)]
pub(super) struct JudgingArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The tenant whose rules judge; needed if the configuration has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The ruleset that judges
    #[arg(long, value_name = "NAME")]
    ruleset: String,
    /// The entity type of all records; default: the type in each record
    #[arg(long, value_name = "TYPE")]
    entity_type: Option<String>,
    /// The fields that identify a record in the results: paths such as `client.id` or `parts[0].id`
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', default_value = "id")]
    id_fields: Vec<String>,
    /// A file with related entities: `{"<entity id>": {"parent": {...}}}`
    #[arg(long, value_name = "FILE")]
    associated: Option<PathBuf>,
    /// Do not exit with 1 for records on which no rule ran
    #[arg(long)]
    allow_norun: bool,
    /// Do not exit with 1 for records whose related entities could not be had; the setting `allow_unavailable` does the same
    #[arg(long)]
    allow_unavailable: bool,
    /// Exit with 1 also for records of which a rule gives one of these statuses
    #[arg(long, value_name = "STATUSES", value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Do not exit with 1 if there is no record
    #[arg(long)]
    allow_empty: bool,
    /// Go on if none of the first 1,000 records can be judged
    #[arg(long)]
    keep_going: bool,
    /// Whether records share an instance; overrides the configuration
    #[arg(long, value_enum)]
    isolation: Option<IsolationChoice>,
    /// The number of threads that run rules; overrides the configuration
    #[arg(long, value_name = "COUNT", value_parser = number::whole::<u16>(1..=u64::from(WorkerCount::MOST)))]
    threads: Option<u16>,
    /// The time that rules see, as in 2026-01-31T12:00:00Z; default: the current time
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum IsolationChoice {
    /// The records of a chunk share an instance
    Chunk,
    /// Each record gets its own instance
    Record,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum FailOn {
    /// A rule warned
    Warn,
    /// A rule did not run
    Norun,
}

impl JudgingArguments {
    /// The settings, with only the tenant whose rules judge.
    pub(super) fn settings(&self) -> Result<Settings, CommandError> {
        let mut settings = self.settings.read()?;
        if let Some(threads) = self.threads.and_then(|threads| NonZeroUsize::new(threads.into())) {
            settings.workers = WorkerCount::Exactly(threads);
        }
        if let Some(name) = &self.tenant {
            if !settings.tenants.contains_key(name) {
                let known = settings.tenants.keys().map(String::as_str);
                let advice = advice(name, known);
                return Err(CommandError::usage(format!("there is no tenant `{}`{advice}", Excerpt::of(name))));
            }
            // The rules of other tenants need not be loaded.
            settings.tenants.retain(|tenant, _| tenant == name);
        } else if settings.tenants.len() > 1 {
            let names: Vec<_> = settings.tenants.keys().map(|name| format!("`{}`", Excerpt::of(name))).collect();
            return Err(CommandError::usage(format!(
                "the configuration has several tenants: choose one with `--tenant`: {}",
                names.join(", ")
            )));
        }
        for tenant in settings.tenants.values_mut() {
            tenant.allow_unavailable |= self.allow_unavailable;
            tenant.isolation = match self.isolation {
                Some(IsolationChoice::Chunk) => Isolation::Chunk,
                Some(IsolationChoice::Record) => Isolation::Record,
                None => tenant.isolation,
            };
        }
        Ok(settings)
    }

    /// The longest file of records or related entities.
    pub(super) fn max_file(settings: &Settings) -> Result<Bytes, CommandError> {
        let tenant = settings.tenants.values().next();
        let max_file = tenant.map(|tenant| tenant.max_file);
        max_file.ok_or_else(|| CommandError::new(Blame::Settings, "the configuration has no tenant"))
    }

    /// The related entities from the file.
    pub(super) fn associated(&self, cap: Bytes) -> Result<Option<Associated>, CommandError> {
        let Some(file) = &self.associated else { return Ok(None) };
        let about =
            |error: &(dyn std::error::Error + 'static)| CommandError::about(Blame::Caller, file.display(), error);
        let text = files::read(file, cap).map_err(|error| about(&error))?;
        Associated::parse(&text).map(Some).map_err(|error| about(&error))
    }

    /// Opens the service, with a fixed clock, so that expiry is decided once for the whole run.
    pub(super) fn open(settings: Settings) -> Result<Service, CommandError> {
        let now = host::now();
        let clock = Clock::new(move || now);
        let builder = Service::builder(settings).with_compiler(host::compiler()?).with_clock(clock);
        Ok(builder.with_purpose(Purpose::OneRun).open()?)
    }

    /// The request.
    pub(super) fn request(&self, service: &Service, associated: Option<Associated>) -> Result<Request, CallError> {
        let mut request = service.request(&self.ruleset)?.with_id_fields(&self.id_fields);
        request = request.with_unreadable_limit((!self.keep_going).then_some(UNREADABLE));
        if let Some(entity_type) = &self.entity_type {
            request = request.with_entity_type(entity_type);
        }
        if let Some(associated) = associated {
            request = request.with_associated(associated);
        }
        if let Some(now) = self.now {
            request = request.with_now(now);
        }
        Ok(request)
    }

    /// Which records count as good, by the settings that [`Self::settings`] has given.
    pub(super) fn accept(&self, settings: &Settings) -> Accept {
        Accept {
            nothing_ran: self.allow_norun,
            unavailable: settings.tenants.values().any(|tenant| tenant.allow_unavailable),
            norun: !self.fail_on.contains(&FailOn::Norun),
            warn: !self.fail_on.contains(&FailOn::Warn),
        }
    }

    /// The exit code. Warns of what the results do not show. `without` says why there may be no record.
    pub(super) fn verdict(&self, summary: &Summary, accept: &Accept, without: &str) -> Exit {
        for field in &summary.absent_id_fields {
            let field = Excerpt::of(field);
            output::complain(
                "warning",
                &format!("no record has a value for the id field `{field}`: see `--id-fields`"),
            );
        }
        if summary.records == 0 && !self.allow_empty {
            output::complain(
                "error",
                &format!("no record was judged, because {without}; `--allow-empty` accepts that"),
            );
        }
        for (status, count) in [("warn", summary.warned), ("norun", summary.with_norun)] {
            let does_accept = if status == "warn" { accept.warn } else { accept.norun };
            if count > 0 && !does_accept {
                let records =
                    if count == 1 { "a rule on 1 record says" } else { &format!("rules on {count} records say") };
                let message = format!("{records} {}: `--fail-on {status}` makes that a failure", status.to_uppercase());
                output::complain("error", &message);
            }
        }
        exit(summary, accept, self.allow_empty)
    }
}

/// Parses a time.
fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "not a time: write date, time and offset, as in `2026-01-31T12:00:00Z`")
}

fn exit(summary: &Summary, accept: &Accept, allow_empty: bool) -> Exit {
    if summary.host_failures > 0 {
        return Exit::Host;
    }
    let has_records = summary.records > 0 || allow_empty;
    if has_records && accept.are_good(summary) { Exit::Success } else { Exit::Failed }
}

/// The error of a call, with advice.
pub(super) fn call_error(service: &Service, error: CallError) -> CommandError {
    match error {
        CallError::Judge(error @ JudgeError::AllUnreadable { .. }) => CommandError::usage(all_unreadable(&error)),
        CallError::Judge(JudgeError::Output(error)) => CommandError::of_output(&error),
        CallError::Route(error @ RouteError::UnknownRuleset { nearest: None, .. }) => {
            CommandError::usage(format!("{error}{}", rulesets(service)))
        }
        error => error.into(),
    }
}

/// Why an input is not read.
pub(super) fn not_json(name: &str, format: ForeignFormat) -> String {
    format!("`{name}` is not read: {format}")
}

/// Why a command stops behind the first records.
pub(super) fn all_unreadable(error: &JudgeError) -> String {
    format!("{error}; `--keep-going` reads on")
}

/// The rulesets of the release, as advice.
fn rulesets(service: &Service) -> String {
    // The call has failed already. Where the list cannot be read either, its error is the one to report.
    let Ok(rulesets) = service.discover_rulesets() else { return String::new() };
    let names: Vec<_> = rulesets.iter().map(|ruleset| format!("`{}`", Excerpt::of(&ruleset.name))).collect();
    if names.is_empty() {
        "; the release has none".to_owned()
    } else {
        format!("; the release has {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_from_the_summary() {
        let accept = Accept::default();
        let fine = Summary { records: 3, warned: 1, ..Summary::default() };
        assert_eq!(exit(&fine, &accept, false), Exit::Success);
        assert_eq!(exit(&Summary { failed: 1, ..fine.clone() }, &accept, false), Exit::Failed);
        assert_eq!(exit(&Summary { failed: 1, host_failures: 1, ..fine }, &accept, false), Exit::Host);
        let empty = Summary::default();
        assert_eq!([false, true].map(|allowed| exit(&empty, &accept, allowed)), [Exit::Failed, Exit::Success]);
    }

    #[test]
    fn blame_decides_the_exit_code() {
        let exit = |error: JudgeError| CommandError::from(CallError::from(error)).report();
        assert_eq!(exit(JudgeError::LongIdField { field: "a".into() }), Exit::Usage);
        assert_eq!(exit(JudgeError::Worker), Exit::Host);
    }
}
