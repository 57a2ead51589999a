//! `jurat trust show`: shows the roles of a repository.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jurat_results::plain;
use jurat_trust::publish::{Repository, RoleStatus};
use jurat_trust::{KeyId, KeyName, RepositoryId, Role};
use serde::Serialize;

use crate::exit::{CommandError, Exit};
use crate::host;
use crate::output::ReportFormat;
use crate::repository::WorkingCopy;

const EXAMPLES: &str = "\
Examples:
  jurat trust show repository
  jurat trust show repository --format json

Published metadata is verified from the first root, except for its age. Staged metadata is shown without verification.";

/// The longest foreign text, in characters.
const SHOWN: usize = 400;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// A repository.
#[derive(Debug, Serialize)]
struct RepositoryReport {
    repository: String,
    roles: Vec<RoleReport>,
}

/// A role of a repository.
#[derive(Debug, Serialize)]
struct RoleReport {
    role: String,
    threshold: Option<usize>,
    keys: Vec<String>,
    /// What the newest metadata calls these keys.
    names: BTreeMap<String, String>,
    /// Those of these names that are not published yet, so that nobody has signed them.
    unsigned_names: Vec<String>,
    published: Option<VersionReport>,
    staged: Option<StagedReport>,
    releases: Vec<ListedRelease>,
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
    /// `None` if nothing is missing.
    missing: Option<String>,
    changes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ListedRelease {
    target: String,
    manifest: String,
    version: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::open(&arguments.repository)?;
    let repository = copy.read(arguments.root.as_deref())?;
    let Some(id) = repository.id() else {
        let shown = arguments.repository.display();
        return Err(CommandError::usage(format!("{shown}: no repository; `jurat trust init` creates one")));
    };
    let report = RepositoryReport::of(id, &repository, host::now());
    let printed = arguments.format.print(&report, |out| report.write(out));
    printed.map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}

impl RepositoryReport {
    fn of(id: &RepositoryId, repository: &Repository, now: Timestamp) -> Self {
        let roles = repository.roles().into_iter().map(|status| RoleReport::of(repository, status, now));
        Self { repository: id.to_string(), roles: roles.collect() }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "repository  {}", self.repository)?;
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
        let releases = releases.into_iter().map(|(path, target)| ListedRelease {
            target: path.to_string(),
            manifest: target.sha256().to_string(),
            version: target.release_version().map(|version| version.to_string()),
        });
        let named = keys.iter().flat_map(|keys| keys.keys().map(|(id, _)| (id, keys.name(id))));
        let named: Vec<_> = named.filter_map(|(id, name)| Some((id.clone(), name?.clone()))).collect();
        let is_unsigned = |(id, name): &&(KeyId, KeyName)| repository.key_name(id) != Some(name);
        Self {
            unsigned_names: named.iter().filter(is_unsigned).map(|(id, _)| id.to_string()).collect(),
            names: named.iter().map(|(id, name)| (id.to_string(), name.to_string())).collect(),
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
        let Self { role, threshold, keys, names, unsigned_names, published, staged, releases } = self;
        writeln!(out, "{}", plain(role, SHOWN))?;
        match published {
            Some(VersionReport { version, expires, expired }) => {
                let ends = if *expired { "EXPIRED at" } else { "until" };
                writeln!(out, "  published   version {version}, {ends} {expires}")?;
            }
            None => writeln!(out, "  published   never")?,
        }
        match threshold {
            Some(threshold) => writeln!(out, "  signed by   {threshold} of {} keys", keys.len())?,
            None => writeln!(out, "  signed by   no key: the tenant was removed")?,
        }
        for key in keys {
            let name = match names.get(key) {
                Some(name) if unsigned_names.contains(key) => {
                    format!("  ({}, a name that is not signed yet)", plain(name, SHOWN))
                }
                Some(name) => format!("  ({})", plain(name, SHOWN)),
                None => String::new(),
            };
            writeln!(out, "    key       {}{name}", plain(key, SHOWN))?;
        }
        if let Some(StagedReport { version, expires, missing, changes }) = staged {
            writeln!(out, "  staged      version {version}, until {expires}")?;
            let missing = missing.as_deref().unwrap_or("nothing; run `jurat release publish`");
            writeln!(out, "    missing   {}", plain(missing, 10 * SHOWN))?;
            for change in changes {
                writeln!(out, "    change    {}", plain(change, SHOWN))?;
            }
        }
        for ListedRelease { target, manifest, version } in releases {
            let version = version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
            writeln!(out, "  release     {}{}  {manifest}", plain(target, SHOWN), plain(&version, SHOWN))?;
        }
        Ok(())
    }
}
