//! `jurat trust show`: the roles of a repository.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jurat_trust::Role;
use jurat_trust::publish::{Repository, RoleStatus};
use serde::Serialize;

use crate::command::inspect::Format;
use crate::exit::{Exit, Failure};
use crate::repository::WorkingCopy;
use crate::table::plain;
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat trust show repository
  jurat trust show repository --format json

What is published is verified from its first root on, but for its age; what is staged is shown as it stands.";

/// Characters of foreign text that are shown.
const SHOWN: usize = 400;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The root that hosts have pinned, instead of the first one of the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A repository.
#[derive(Debug, Serialize)]
struct Report {
    repository: Option<String>,
    roles: Vec<RoleReport>,
}

/// One of its roles.
#[derive(Debug, Serialize)]
struct RoleReport {
    role: String,
    threshold: Option<usize>,
    keys: Vec<String>,
    published: Option<VersionReport>,
    staged: Option<StagedReport>,
    releases: Vec<ReleaseReport>,
}

#[derive(Debug, Serialize)]
struct VersionReport {
    version: u64,
    expires: String,
    expired: bool,
}

#[derive(Debug, Serialize)]
struct StagedReport {
    version: u64,
    expires: String,
    /// None if nothing is missing.
    missing: Option<String>,
    changes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ReleaseReport {
    target: String,
    manifest: String,
    version: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::open(&arguments.repository)?;
    let repository = copy.read(arguments.root.as_deref())?;
    if repository.id().is_none() {
        let shown = arguments.repository.display();
        return Err(Failure::usage(format!("{shown}: there is no repository in it; `jurat trust init` makes one")));
    }
    let report = Report::of(&repository, host::now());
    let mut out = output::stdout();
    let written = match arguments.format {
        Format::Text => report.write(&mut out),
        Format::Json => output::write_json(&mut out, &report).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}

impl Report {
    fn of(repository: &Repository, now: Timestamp) -> Self {
        let roles = repository.roles().into_iter().map(|status| RoleReport::of(repository, status, now));
        Self { repository: repository.id().map(ToString::to_string), roles: roles.collect() }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "repository  {}", self.repository.as_deref().unwrap_or_default())?;
        self.roles.iter().try_for_each(|role| role.write(out))
    }
}

impl RoleReport {
    fn of(repository: &Repository, status: RoleStatus, now: Timestamp) -> Self {
        let RoleStatus { role, keys, published, staged } = status;
        let releases = match &role {
            Role::Delegated(name) => repository.releases(name),
            _ => Vec::new(),
        };
        let releases = releases.into_iter().map(|(path, target)| ReleaseReport {
            target: path.to_string(),
            manifest: target.sha256().to_string(),
            version: target.release_version().map(|version| version.to_string()),
        });
        Self {
            threshold: keys.as_ref().map(jurat_trust::KeySet::threshold),
            keys: keys.iter().flat_map(jurat_trust::KeySet::keys).map(|(id, _)| id.to_string()).collect(),
            published: published.map(|(version, expires)| VersionReport {
                version: version.get(),
                expired: expires <= now,
                expires: expires.to_string(),
            }),
            staged: staged.map(|(version, expires, missing)| StagedReport {
                version: version.get(),
                expires: expires.to_string(),
                missing: (!missing.is_empty()).then(|| missing.to_string()),
                changes: repository.amendments(&role).iter().map(ToString::to_string).collect(),
            }),
            releases: releases.collect(),
            role: role.to_string(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { role, threshold, keys, published, staged, releases } = self;
        writeln!(out, "{}", plain(role, SHOWN))?;
        match published {
            Some(VersionReport { version, expires, expired }) => {
                let ends = if *expired { "EXPIRED at" } else { "until" };
                writeln!(out, "  published   version {version}, {ends} {expires}")?;
            }
            None => writeln!(out, "  published   nothing yet")?,
        }
        match threshold {
            Some(threshold) => writeln!(out, "  signed by   {threshold} of {} keys", keys.len())?,
            None => writeln!(out, "  signed by   nobody any more: it is no tenant now")?,
        }
        for key in keys {
            writeln!(out, "    key       {}", plain(key, SHOWN))?;
        }
        if let Some(StagedReport { version, expires, missing, changes }) = staged {
            writeln!(out, "  staged      version {version}, until {expires}")?;
            let missing = missing.as_deref().unwrap_or("nothing; `jurat release publish` publishes it");
            writeln!(out, "    missing   {}", plain(missing, 10 * SHOWN))?;
            for change in changes {
                writeln!(out, "    change    {}", plain(change, SHOWN))?;
            }
        }
        for ReleaseReport { target, manifest, version } in releases {
            let version = version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
            writeln!(out, "  release     {}{}  {manifest}", plain(target, SHOWN), plain(&version, SHOWN))?;
        }
        Ok(())
    }
}
