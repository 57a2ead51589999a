//! What the commands that judge records share: whose rules, which of them, and what a record is called.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jurat::settings::WorkerCount;
use jurat::{
    Associated, CallError, Clock, Excerpt, Isolation, JudgeError, Request, RouteError, Service, Settings, Summary,
    advice, chain,
};
use jurat_disk::files;
use jurat_model::Bytes;

use crate::exit::{Exit, Failure};
use crate::host;
use crate::settings::SettingsArguments;

/// The arguments of every command that judges records.
#[derive(Args, Debug)]
pub(super) struct JudgingArguments {
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
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum IsolationChoice {
    /// The records of a chunk share an instance
    Chunk,
    /// Each record has an instance of its own
    Record,
}

impl JudgingArguments {
    /// The settings, with the one tenant whose rules are asked for.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = self.settings.read()?;
        if let Some(threads) = self.threads.and_then(|threads| NonZeroUsize::new(threads.into())) {
            settings.workers = WorkerCount::Exactly(threads);
        }
        if let Some(name) = &self.tenant {
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
            tenant.isolation = match self.isolation {
                Some(IsolationChoice::Chunk) => Isolation::Chunk,
                Some(IsolationChoice::Record) => Isolation::Record,
                None => tenant.isolation,
            };
        }
        Ok(settings)
    }

    /// The related entities that are given.
    pub(super) fn associated(&self, cap: Bytes) -> Result<Option<Associated>, Failure> {
        let Some(file) = &self.associated else { return Ok(None) };
        let about = |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Usage, file.display(), error);
        let text = files::read(file, cap).map_err(|error| about(&error))?;
        Associated::parse(&text).map(Some).map_err(|error| about(&error))
    }

    /// The service that judges, at one moment: what has expired is decided for everything at once.
    pub(super) fn open(settings: Settings) -> Result<Service, Failure> {
        let present = host::now();
        let clock = Clock::new(move || present);
        Ok(Service::builder(settings).with_compiler(host::compiler()?).with_clock(clock).open()?)
    }

    /// What is asked.
    pub(super) fn request(&self, service: &Service, associated: Option<Associated>) -> Result<Request, CallError> {
        let mut request = service.request(&self.ruleset)?.with_id_fields(&self.id_fields);
        if let Some(entity_type) = &self.entity_type {
            request = request.with_entity_type(entity_type);
        }
        if let Some(associated) = associated {
            request = request.with_associated(associated);
        }
        if let Some(now) = self.now {
            request = request.with_now(now.as_microsecond());
        }
        Ok(request)
    }

    /// Whether a record fails on which no rule ran.
    pub(super) fn norun(&self) -> Norun {
        if self.allow_norun { Norun::Allowed } else { Norun::Fails }
    }

    /// How it ends.
    pub(super) fn verdict(&self, summary: &Summary) -> Exit {
        self.norun().verdict(summary)
    }
}

/// What becomes of a record on which no rule ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Norun {
    /// It is one that failed.
    Fails,
    /// It is in order.
    Allowed,
}

impl Norun {
    fn verdict(self, summary: &Summary) -> Exit {
        if summary.host_failures > 0 {
            return Exit::Host;
        }
        let is_fine = summary.failed == 0 && summary.unreadable == 0 && (self == Self::Allowed || summary.not_run == 0);
        if is_fine { Exit::Fine } else { Exit::Failed }
    }
}

/// Why records were not judged, or not all of them.
pub(super) fn failure(service: &Service, error: CallError) -> Failure {
    match error {
        CallError::Judge(JudgeError::Output(error)) => Failure::of_output(&error),
        CallError::Route(error @ RouteError::UnknownRuleset { nearest: None, .. }) => {
            Failure::usage(format!("{error}; the release has {}", rulesets(service)))
        }
        error => Failure::new(error.blame().into(), chain(&error)),
    }
}

/// The names of the rulesets that there are.
fn rulesets(service: &Service) -> String {
    let rulesets = service.discover_rulesets().unwrap_or_default();
    let names: Vec<_> = rulesets.iter().map(|ruleset| format!("`{}`", Excerpt::of(&ruleset.name))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_follows_from_the_summary() {
        use Norun::{Allowed, Fails};
        let fine = Summary { records: 3, warned: 1, ..Summary::default() };
        assert_eq!(Fails.verdict(&fine), Exit::Fine);
        assert_eq!(Allowed.verdict(&Summary { failed: 1, ..fine.clone() }), Exit::Failed);
        assert_eq!(Allowed.verdict(&Summary { failed: 1, host_failures: 1, ..fine.clone() }), Exit::Host);
        assert_eq!(Allowed.verdict(&Summary { unreadable: 1, ..fine.clone() }), Exit::Failed);
        let not_run = Summary { not_run: 1, ..fine };
        assert_eq!(Fails.verdict(&not_run), Exit::Failed);
        assert_eq!(Allowed.verdict(&not_run), Exit::Fine);
    }

    #[test]
    fn whose_mistake_it_is_decides_the_exit_code() {
        let field = JudgeError::IdField { field: "a..b".into() };
        assert_eq!(Exit::from(CallError::from(field).blame()), Exit::Usage);
        assert_eq!(Exit::from(CallError::from(JudgeError::Worker).blame()), Exit::Host);
    }
}
