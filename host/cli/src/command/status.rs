//! `jurat status`: shows the status that a host has written to its `state_dir`.

use std::io::{self, Write};

use clap::Args;
use jurat::{EarlierRelease, Reported, Settings};
use jurat_results::plain;
use serde::Serialize;
use serde_json::Value;

use crate::exit::{CommandError, Exit};
use crate::output::ReportFormat;
use crate::settings::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  jurat status --config local-config.yaml
  jurat status --config local-config.yaml --format json

Reads the last status that a host with this `state_dir` has written: the release that serves, when its trust expires, the pin, why a \
newer release was not used, and the earlier releases that `jurat pin` can select. Ends with 2 if there is no status.";

/// The longest foreign text, in characters.
const SHOWN: usize = 1_000;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Show only this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// The status of a tenant.
#[derive(Debug, Serialize)]
struct TenantStatus {
    tenant: String,
    /// Whether a host serves with this state, or the process that wrote the status still runs.
    running: bool,
    #[serde(flatten)]
    reported: Option<Reported>,
    kept: Vec<EarlierRelease>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let settings = arguments.settings.read()?;
    let reports = tenants(&settings, arguments.tenant.as_deref())
        .into_iter()
        .map(|tenant| TenantStatus::of(&settings, tenant))
        .collect::<Result<Vec<_>, _>>()?;
    let printed = arguments.format.print(&reports, |out| reports.iter().try_for_each(|report| report.write(out)));
    printed.map_err(|error| CommandError::of_output(&error))?;
    // Perhaps it is not the directory of the host.
    let is_unknown = reports.iter().all(|report| report.reported.is_none());
    Ok(if is_unknown { Exit::Usage } else { Exit::Success })
}

fn tenants(settings: &Settings, only: Option<&str>) -> Vec<String> {
    match only {
        Some(name) => vec![name.to_owned()],
        None => settings.tenants.keys().cloned().collect(),
    }
}

impl TenantStatus {
    fn of(settings: &Settings, tenant: String) -> Result<Self, CommandError> {
        let state = jurat::host_state(settings, Some(&tenant))?;
        let (reported, kept) = (state.reported()?, state.kept()?);
        // Where the lock cannot be tried, as in a directory that can only be read, the process id has to do.
        let is_served = state.is_served().unwrap_or(false);
        let running = is_served || reported.as_ref().is_some_and(|reported| is_running(reported.pid));
        Ok(Self { tenant, running, reported, kept })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { tenant, running, reported, kept } = self;
        let Some(Reported { pid, at, status }) = reported else {
            writeln!(out, "{tenant}  no host has written a status yet")?;
            return write_kept(out, kept);
        };
        let process = match (*running, is_running(*pid)) {
            (true, true) => "running",
            (true, false) => "ended; another one serves, and has written no status yet",
            (false, _) => "ended",
        };
        writeln!(out, "{tenant}  process {pid}, {process}, as of {at}")?;
        let text = |path: &str| status.pointer(path).and_then(Value::as_str).map(|text| plain(text, SHOWN));
        let shown = |path: &str| text(path).unwrap_or_else(|| "unknown".to_owned());
        match (text("/release/name"), text("/release/version")) {
            (Some(name), Some(version)) => {
                writeln!(out, "  release    {name} {version}  since {}", shown("/since"))?;
                writeln!(out, "  manifest   {}", shown("/release/manifest"))?;
            }
            _ => writeln!(out, "  release    none")?,
        }
        if let (Some(expires), Some(role)) = (text("/trust/expires"), text("/trust/expiring")) {
            let flag = |path: &str| status.pointer(path).and_then(Value::as_bool) == Some(true);
            let remark = match (flag("/trust/stale"), flag("/trust/due")) {
                (true, _) => format!(", stale: serves calls until {}", shown("/trust/ends")),
                (false, true) => ", renewal overdue".to_owned(),
                (false, false) => String::new(),
            };
            writeln!(out, "  trusted    until {expires} ({role}){remark}")?;
        }
        if let Some(pinned) = text("/pin/manifest") {
            let reason = text("/pin/reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            let mark = mark(kept.iter().find(|kept| kept.manifest == pinned));
            writeln!(out, "  pinned     {pinned}{mark} since {}{reason}", shown("/pin/at"))?;
        }
        for (label, path) in [("no service", "/unavailable"), ("failure", "/failure/reasons")] {
            let reasons = status.pointer(path).and_then(Value::as_array);
            for reason in reasons.into_iter().flatten().filter_map(Value::as_str) {
                writeln!(out, "  {label:<10} {}", plain(reason, SHOWN))?;
            }
        }
        write_kept(out, kept)
    }
}

fn write_kept(out: &mut impl Write, kept: &[EarlierRelease]) -> io::Result<()> {
    for release in kept {
        let EarlierRelease { name, version, manifest, since, .. } = release;
        writeln!(out, "  kept       {name} {version}  since {since}  {manifest}{}", mark(Some(release)))?;
    }
    Ok(())
}

/// Marks a revoked release.
fn mark(release: Option<&EarlierRelease>) -> &'static str {
    match release.and_then(|release| release.revoked) {
        Some(true) => "  REVOKED",
        _ => "",
    }
}

/// Whether a process with this id exists. It may be another process by now.
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}
