//! `jurat release history`: shows what a tenant's repository has listed over time, and what a host knows of it.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use jurat::settings::{Location, Settings};
use jurat::{EarlierRelease, HostState};
use jurat_model::Blame;
use jurat_results::plain;
use jurat_trust::publish::{History, PastVersion, Repository};
use jurat_trust::{Digest, Role, RoleName, TargetPath};
use serde::Serialize;
use serde_json::Value;

use crate::exit::{CommandError, Exit};
use crate::output::{self, ReportFormat};
use crate::repository::WorkingCopy;
use crate::settings::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  jurat release history repository
  jurat release history repository --tenant acme --format json
  jurat release history --config local-config.yaml

Shows each release that a tenant has listed, the newest first: its version and manifest, the versions of the tenant's role that list it, \
who has signed the first of these, and whether it was revoked. It reads the metadata that is in the directory, and leaves out what the tenant's \
keys have not signed. With a configuration it also shows what the host has kept, which release serves and which is pinned; of a repository on a \
server, only that. `written` is the time of the file in this directory: a copy may have another one.";

/// The longest foreign text, in characters.
const SHOWN: usize = 400;

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository; default: that of the configuration
    #[arg(value_name = "REPO")]
    repository: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArguments,
    /// Show only this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// A release that was listed for some time.
#[derive(Debug, Serialize)]
struct Entry {
    /// The path at which it was listed.
    target: String,
    version: Option<String>,
    manifest: String,
    /// `None` if only the host knows it.
    listed: Option<Listed>,
    /// The ids of the keys that have signed the first of these versions; empty if that is unknown here.
    signers: Vec<String>,
    /// What published metadata calls these keys.
    signer_names: BTreeMap<String, String>,
    /// `None` if it is unknown here.
    revoked: Option<bool>,
    /// `None` if no host is known, or it has not kept the release.
    host: Option<OnHost>,
}

/// The versions of the tenant's role that list a release.
#[derive(Debug, Serialize)]
struct Listed {
    role: String,
    first: u64,
    last: u64,
    /// Whether the published version lists it.
    now: bool,
    /// The time of the file of the first version.
    written: Option<String>,
    /// When the last version expires, or has expired.
    expires: String,
}

/// A release on the host of the configuration.
#[derive(Debug, Serialize)]
struct OnHost {
    tenant: String,
    since: Option<String>,
    serving: bool,
    pinned: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { repository, settings, tenant, root, format } = arguments;
    let settings = match repository {
        Some(_) if !settings.names_a_file() => None,
        _ => Some(settings.read()?),
    };
    let mut entries = Vec::new();
    if let Some(directory) = repository {
        entries.extend(of_directory(directory, root.as_deref(), tenant.as_deref())?);
    }
    for (name, its) in settings.iter().flat_map(|settings| &settings.tenants) {
        let Some(trust) = &its.trust else { continue };
        let role = tenant_of(&trust.release);
        // With a repository, `--tenant` is a name in it; otherwise, one of the configuration.
        let wanted = if repository.is_some() { role } else { Some(name.as_str()) };
        if tenant.as_deref().is_some_and(|tenant| wanted != Some(tenant)) {
            continue;
        }
        if let (None, Location::File(directory), Some(role)) = (repository, &its.rules, role)
            && directory.join("metadata").is_dir()
        {
            entries.extend(of_directory(directory, Some(&trust.root), Some(role))?);
        }
        if let Some(settings) = settings.as_ref().filter(|settings| settings.state.is_some()) {
            on_host(settings, name, &mut entries)?;
        }
    }
    if let Some(tenant) = tenant
        && entries.is_empty()
    {
        return Err(CommandError::usage(format!("--tenant: nothing is known of a tenant `{}`", plain(tenant, SHOWN))));
    }
    let printed = format.print(&entries, |out| entries.iter().try_for_each(|entry| entry.write(out)));
    printed.map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}

/// The name of the tenant that may list a path.
fn tenant_of(target: &TargetPath) -> Option<&str> {
    target.as_path().as_str().split('/').nth(1)
}

/// What a directory tells of its tenants.
fn of_directory(directory: &Path, root: Option<&Path>, tenant: Option<&str>) -> Result<Vec<Entry>, CommandError> {
    let copy = WorkingCopy::open(directory)?;
    let repository = copy.read(root)?;
    let roles: Vec<RoleName> = match tenant {
        Some(tenant) => {
            vec![RoleName::of_tenant(tenant).map_err(|error| CommandError::about(Blame::Caller, "--tenant", &error))?]
        }
        None => repository.roles().into_iter().filter_map(|status| delegated(status.role)).collect(),
    };
    let mut entries = Vec::new();
    for role in roles {
        let history = repository.history(copy.files(), &role);
        let history = history.map_err(|error| CommandError::of(directory.display(), &error))?;
        for version in &history.unverified {
            let message = format!("{role} {version} is left out: no keys of the tenant have signed it");
            output::complain("warning", &message);
        }
        if history.is_cut {
            output::complain("warning", &format!("{role}: the oldest versions are left out"));
        }
        let mut found = entries_of(&repository, &copy, &role, &history);
        found.reverse();
        entries.extend(found);
    }
    Ok(entries)
}

fn delegated(role: Role) -> Option<RoleName> {
    match role {
        Role::Delegated(name) => Some(name),
        _ => None,
    }
}

/// The releases of a role, the oldest first. A release that was listed again later is there twice.
fn entries_of(repository: &Repository, copy: &WorkingCopy, name: &RoleName, history: &History) -> Vec<Entry> {
    let role = Role::Delegated(name.clone());
    let revoked = repository.revoked(name);
    let newest = history.versions.first().map(|version| version.version);
    let mut entries: Vec<Entry> = Vec::new();
    // The entry of what was listed last at each path.
    let mut open: BTreeMap<TargetPath, (Digest, usize)> = BTreeMap::new();
    for PastVersion { version, expires, signers, releases } in history.versions.iter().rev() {
        open.retain(|path, _| releases.iter().any(|(listed, _, _)| listed == path));
        for (path, manifest, label) in releases {
            let same = open.get(path).filter(|(before, _)| before == manifest).map(|(_, index)| *index);
            let listed = same.and_then(|index| entries.get_mut(index)).and_then(|entry| entry.listed.as_mut());
            // Of a version in between that is missing or not signed nothing is known.
            if let Some(listed) = listed.filter(|listed| version.get() == listed.last + 1) {
                (listed.last, listed.expires) = (version.get(), expires.to_string());
                listed.now = Some(*version) == newest;
                continue;
            }
            open.insert(path.clone(), (*manifest, entries.len()));
            let names = signers.iter().filter_map(|id| Some((id.to_string(), repository.key_name(id)?.to_string())));
            entries.push(Entry {
                target: path.to_string(),
                version: label.as_ref().map(ToString::to_string),
                manifest: manifest.to_string(),
                listed: Some(Listed {
                    role: role.to_string(),
                    first: version.get(),
                    last: version.get(),
                    now: Some(*version) == newest,
                    written: written(&copy.root().join(role.file(*version).as_str())),
                    expires: expires.to_string(),
                }),
                signers: signers.iter().map(ToString::to_string).collect(),
                signer_names: names.collect(),
                revoked: Some(revoked.contains(manifest)),
                host: None,
            });
        }
    }
    entries
}

/// When a file was last written.
fn written(file: &Path) -> Option<String> {
    let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(modified).ok().map(|time| time.to_string())
}

/// Adds what a host knows of its tenant.
fn on_host(settings: &Settings, tenant: &str, entries: &mut Vec<Entry>) -> Result<(), CommandError> {
    let state: HostState = jurat::host_state(settings, Some(tenant))?;
    let pinned = state.pinned()?.map(|(manifest, _)| manifest.to_string());
    let status = state.reported()?.map(|reported| reported.status).unwrap_or_default();
    // The status of a host that has ended says what it served last.
    let is_served = state.is_served()?;
    let serving = status.pointer("/release/manifest").and_then(Value::as_str).filter(|_| is_served);
    for EarlierRelease { target, version, manifest, since, revoked, .. } in state.kept()? {
        let on_host = || OnHost {
            tenant: tenant.to_owned(),
            since: Some(since.clone()),
            serving: serving == Some(&*manifest),
            pinned: pinned.as_deref() == Some(&*manifest),
        };
        // The newest entry of a release that was listed more than once.
        match entries.iter_mut().find(|entry| (&entry.target, &entry.manifest) == (&target, &manifest)) {
            Some(entry) => {
                entry.revoked = entry.revoked.max(revoked);
                entry.host = Some(on_host());
            }
            None => entries.push(Entry {
                host: Some(on_host()),
                target: target.clone(),
                version: Some(version),
                listed: None,
                signers: Vec::new(),
                signer_names: BTreeMap::new(),
                revoked,
                manifest,
            }),
        }
    }
    Ok(())
}

impl Entry {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { target, version, manifest, listed, signers, signer_names, revoked, host } = self;
        let version = version.as_deref().unwrap_or("of unknown version");
        let mut marks = Vec::new();
        if *revoked == Some(true) {
            marks.push("REVOKED".to_owned());
        }
        if listed.as_ref().is_some_and(|listed| listed.now) {
            marks.push("listed now".to_owned());
        }
        if let Some(host) = host {
            marks.extend(host.serving.then(|| "serves here".to_owned()));
            marks.extend(host.pinned.then(|| "PINNED here".to_owned()));
        }
        let marks = if marks.is_empty() { String::new() } else { format!("  {}", marks.join(", ")) };
        writeln!(out, "{} {}{marks}", plain(target, SHOWN), plain(version, SHOWN))?;
        writeln!(out, "  manifest  {}", plain(manifest, SHOWN))?;
        if let Some(Listed { role, first, last, written, expires, .. }) = listed {
            let range = if first == last { first.to_string() } else { format!("{first} to {last}") };
            let written = written.as_deref().map(|written| format!(", written {written}")).unwrap_or_default();
            writeln!(out, "  listed    by {role} {range}{written}, until {expires}")?;
        }
        for signer in signers {
            let name = signer_names.get(signer).map(|name| format!("  ({})", plain(name, SHOWN))).unwrap_or_default();
            writeln!(out, "  signed    {}{name}", plain(signer, SHOWN))?;
        }
        if let Some(OnHost { tenant, since, .. }) = host {
            let since = since.as_deref().map(|since| format!(" since {since}")).unwrap_or_default();
            writeln!(out, "  kept      here, by the tenant {}{since}", plain(tenant, SHOWN))?;
        }
        Ok(())
    }
}
