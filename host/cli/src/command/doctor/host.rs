//! Checks what a host accepts of a repository, and compares it with the versions that a host has seen.

use std::collections::BTreeMap;

use jurat::Settings;
use jurat::settings::Trust;
use jurat_model::Blame;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Fetch, Freshness, MemoryStore, MetadataVersion, SafePath, TargetPath, UpdateError,
};
use serde_json::Value;

use super::check::Check;
use crate::exit::CommandError;
use crate::host;

/// The versions that a host has seen, by role.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenVersions {
    roles: BTreeMap<String, u64>,
    /// Why they cannot be read.
    unknown: Option<String>,
}

/// The metadata and the release that a host accepts.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) root: MetadataVersion,
    pub(super) snapshot: Option<MetadataVersion>,
    /// The manifest of a listed release, and one of its files.
    pub(super) files: Vec<SafePath>,
}

impl SeenVersions {
    /// The versions in the status of a tenant, as hosts with these settings have written it.
    pub(super) fn of(settings: &Settings, tenant: &str) -> Self {
        // Opening the state would create the directory.
        if !settings.state.as_ref().is_some_and(|directory| directory.is_dir()) {
            return Self::default();
        }
        let unknown = |reason| Self { roles: BTreeMap::new(), unknown: Some(reason) };
        let status = match jurat::host_state(settings, Some(tenant)).and_then(|state| state.reported()) {
            Ok(Some(reported)) => reported.status,
            Ok(None) => return Self::default(),
            Err(error) => return unknown(jurat::chain(&error)),
        };
        let roles = status.pointer("/trust/roles").and_then(Value::as_object).into_iter().flatten();
        let versions = roles.map(|(role, version)| Some((role.clone(), version.as_u64()?)));
        match versions.collect::<Option<_>>() {
            Some(roles) => Self { roles, unknown: None },
            None => unknown("its status has a version that is not a number".to_owned()),
        }
    }
}

/// The root that a host is configured with.
pub(super) fn anchor(trust: &Trust) -> Result<Anchor, CommandError> {
    let shown = trust.root.display();
    let bytes = jurat_disk::files::read(&trust.root, Caps::DEFAULT.root)
        .map_err(|error| CommandError::about(Blame::Caller, shown.to_string(), &error))?;
    Anchor::parse(&bytes, trust.root_sha256.as_ref()).map_err(|error| CommandError::about(Blame::Source, shown, &error))
}

/// Checks what a host accepts; `None` if it does not accept the root.
pub(super) fn refresh(
    source: &impl Fetch,
    anchor: Anchor,
    demands: Demands,
    target: Option<&TargetPath>,
    seen: &SeenVersions,
    checks: &mut Vec<Check>,
) -> Option<Accepted> {
    let now = host::now();
    let mut client = match Client::open(anchor, demands, MemoryStore::default()) {
        Ok(client) => client,
        Err(error) => {
            checks.push(of_error("metadata", &error));
            return None;
        }
    };
    let refreshed = client.refresh(source, now);
    let mut accepted =
        Accepted { root: client.versions().root, snapshot: client.versions().snapshot, files: Vec::new() };
    if let Err(error) = refreshed {
        checks.push(of_error("metadata", &error));
        return Some(accepted);
    }
    let until = client.expires().map(|(role, expires)| format!(", until {expires}, when {role} expires"));
    checks.push(Check::ok("metadata", format!("hosts accept it{}", until.unwrap_or_default())));
    let versions = client.versions();
    let found = [
        ("root", Some(versions.root)),
        ("timestamp", versions.timestamp),
        ("snapshot", versions.snapshot),
        ("targets", versions.targets),
    ];
    let found = found.into_iter().filter_map(|(role, version)| Some((role, version?.get())));
    checks.extend(of_seen(&found.collect::<Vec<_>>(), seen));
    if let Some(target) = target {
        let listing = client.find(source, target, Freshness::Demanded(now));
        match listing.and_then(|listing| Ok((listing.manifest(source)?, *listing.manifest_sha256()))) {
            Ok((manifest, sha256)) => {
                let version = manifest.manifest().version();
                checks.push(Check::ok(target, format!("version {version} is listed, manifest {sha256}")));
                accepted.files.push(target.location(&sha256));
                // The longest file benefits most from resuming a download.
                let longest = manifest.manifest().files().iter().max_by_key(|file| file.length);
                accepted.files.extend(longest.map(|file| SafePath::of_blob(&file.sha256)));
            }
            Err(error) => checks.push(of_error(&target.to_string(), &error)),
        }
    }
    Some(accepted)
}

/// The check of an error that a host reports.
fn of_error(about: &str, error: &UpdateError) -> Check {
    let what = jurat::chain(error);
    match error.blame() {
        Blame::Source => Check::refused(about, what)
            .advise("the server does not have what was signed: upload it again, or find out who changed it"),
        Blame::Publisher | Blame::Rule => Check::refused(about, what).advise("the publisher must publish again"),
        Blame::Settings | Blame::Caller => Check::refused(about, what).advise("see `trust` in the settings"),
        Blame::Transport | Blame::Host => Check::broken(about, what),
    }
}

/// Checks whether a server has older versions than this host has seen.
fn of_seen(found: &[(&str, u64)], seen: &SeenVersions) -> Vec<Check> {
    if let Some(reason) = &seen.unknown {
        let advice = "run this command as the user that runs the hosts";
        return vec![Check::warning("seen", format!("the state of this host cannot be read: {reason}"), advice)];
    }
    let older = found.iter().filter_map(|(role, found)| {
        let known = seen.roles.get(*role).filter(|known| *known > found)?;
        Some(
            Check::refused("seen", format!("{role} has version {found}, but this host has seen version {known}"))
                .advise(
                    "a cache or a mirror lags behind, or an attacker withholds new versions; hosts keep their release",
                ),
        )
    });
    let older: Vec<_> = older.collect();
    match (older.is_empty(), seen.roles.is_empty()) {
        (true, false) => vec![Check::ok("seen", "no version is older than this host has seen")],
        _ => older,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::CheckState;
    use super::*;

    #[test]
    fn a_version_older_than_seen_is_a_problem() {
        let seen = SeenVersions { roles: BTreeMap::from([("timestamp".to_owned(), 7)]), unknown: None };
        let states = |version, seen: &SeenVersions| -> Vec<_> {
            of_seen(&[("root", 1), ("timestamp", version)], seen).iter().map(Check::state).collect()
        };
        assert_eq!(states(6, &seen), [CheckState::Problem]);
        assert_eq!(states(7, &seen), [CheckState::Ok]);
        assert_eq!(states(1, &SeenVersions::default()), []);
    }
}
