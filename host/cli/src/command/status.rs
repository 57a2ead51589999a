//! `jurat status`: how a running host is, from what it has written down.

use std::io::{self, Write};

use clap::Args;
use jurat::{EarlierRelease, Reported, Settings};
use serde::Serialize;
use serde_json::Value;

use crate::command::inspect::Format;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::settings::SettingsArguments;
use crate::table::plain;

const EXAMPLES: &str = "\
Examples:
  jurat status --config local-config.yaml
  jurat status --config local-config.yaml --format json

Reads what hosts with this `state_dir` have written down last: which release serves, what vouches for it and until when, what is pinned, \
why a newer release was not used, and what could be gone back to.";

/// Characters of foreign text that are shown.
const SHOWN: usize = 1_000;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Only this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How one tenant is.
#[derive(Debug, Serialize)]
struct Report {
    tenant: String,
    /// Whether the process that has written it is still there.
    running: bool,
    #[serde(flatten)]
    reported: Option<Reported>,
    kept: Vec<EarlierRelease>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let settings = arguments.settings.read()?;
    let reports = tenants(&settings, arguments.tenant.as_deref())
        .into_iter()
        .map(|tenant| Report::of(&settings, tenant))
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = output::stdout();
    let written = match arguments.format {
        Format::Text => reports.iter().try_for_each(|report| report.write(&mut out)),
        Format::Json => output::write_json(&mut out, &reports).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}

fn tenants(settings: &Settings, only: Option<&str>) -> Vec<String> {
    match only {
        Some(name) => vec![name.to_owned()],
        None => settings.tenants.keys().cloned().collect(),
    }
}

impl Report {
    fn of(settings: &Settings, tenant: String) -> Result<Self, Failure> {
        let state = jurat::host_state(settings, Some(&tenant))?;
        let (reported, kept) = (state.reported()?, state.kept()?);
        let running = reported.as_ref().is_some_and(|reported| is_running(reported.pid));
        Ok(Self { tenant, running, reported, kept })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { tenant, running, reported, kept } = self;
        let Some(Reported { pid, at, status }) = reported else {
            writeln!(out, "{tenant}  no host has written anything down yet")?;
            return write_kept(out, kept);
        };
        let process = if *running { "running" } else { "ended" };
        writeln!(out, "{tenant}  process {pid}, {process}, as of {at}")?;
        let text = |path: &str| status.pointer(path).and_then(Value::as_str).map(|text| plain(text, SHOWN));
        match (text("/release/name"), text("/release/version")) {
            (Some(name), Some(version)) => {
                writeln!(out, "  release    {name} {version}  since {}", text("/since").unwrap_or_default())?;
                writeln!(out, "  manifest   {}", text("/release/manifest").unwrap_or_default())?;
            }
            _ => writeln!(out, "  release    none")?,
        }
        if let (Some(expires), Some(role)) = (text("/trust/expires"), text("/trust/expiring")) {
            let flag = |path: &str| status.pointer(path).and_then(Value::as_bool) == Some(true);
            let remark = match (flag("/trust/stale"), flag("/trust/due")) {
                (true, _) => format!(", stale: calls are served until {}", text("/trust/ends").unwrap_or_default()),
                (false, true) => ", which should have been renewed by now".to_owned(),
                (false, false) => String::new(),
            };
            writeln!(out, "  trusted    until {expires} ({role}){remark}")?;
        }
        if let Some(pinned) = text("/pin/manifest") {
            let reason = text("/pin/reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            writeln!(out, "  pinned     {pinned} since {}{reason}", text("/pin/at").unwrap_or_default())?;
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
    for EarlierRelease { name, version, manifest, since } in kept {
        writeln!(out, "  kept       {name} {version}  since {since}  {manifest}")?;
    }
    Ok(())
}

/// Whether there is a process with that number. It may be another one by now.
fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}
