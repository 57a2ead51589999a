//! What a host accepts of a repository, held against what one has seen.

use std::collections::BTreeMap;

use jurat::Settings;
use jurat::settings::Trust;
use jurat_trust::{
    Anchor, Blame, Caps, Client, Demands, Fetch, Freshness, MemoryStore, MetadataVersion, TargetPath, UpdateError,
};
use serde_json::Value;

use super::finding::Finding;
use crate::exit::{Exit, Failure};
use crate::host;

/// The versions that a host has seen, by roles.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    roles: BTreeMap<String, u64>,
    /// Why nothing is known, if something should be.
    unknown: Option<String>,
}

/// What was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) root: MetadataVersion,
    pub(super) snapshot: Option<MetadataVersion>,
    /// A release that is listed, and a file of it.
    pub(super) files: Vec<jurat_trust::SafePath>,
}

impl Seen {
    /// What hosts with these settings have written down of a tenant.
    pub(super) fn of(settings: &Settings, tenant: &str) -> Self {
        // A place that is not there yet is not made by a look at it.
        if !settings.state.as_ref().is_some_and(|directory| directory.is_dir()) {
            return Self::default();
        }
        match jurat::host_state(settings, Some(tenant)).and_then(|state| state.reported()) {
            Ok(reported) => {
                let status = reported.map(|reported| reported.status).unwrap_or_default();
                let roles = status.pointer("/trust/roles").and_then(Value::as_object);
                let roles =
                    roles.into_iter().flatten().filter_map(|(role, version)| Some((role.clone(), version.as_u64()?)));
                Self { roles: roles.collect(), unknown: None }
            }
            Err(error) => Self { roles: BTreeMap::new(), unknown: Some(jurat::chain(&error)) },
        }
    }
}

/// The root that a host was given.
pub(super) fn anchor(trust: &Trust) -> Result<Anchor, Failure> {
    let shown = trust.root.display();
    let bytes = jurat_disk::files::read(&trust.root, Caps::DEFAULT.root)
        .map_err(|error| Failure::about(Exit::Usage, shown.to_string(), &error))?;
    Anchor::parse(&bytes, trust.root_sha256.as_ref()).map_err(|error| Failure::about(Exit::Trust, shown, &error))
}

/// Goes the way of a host; none if the root cannot even be begun with.
pub(super) fn refresh(
    source: &impl Fetch,
    anchor: Anchor,
    demands: Demands,
    target: Option<&TargetPath>,
    seen: &Seen,
    findings: &mut Vec<Finding>,
) -> Option<Accepted> {
    let now = host::now();
    let mut client = match Client::open(anchor, demands, MemoryStore::default()) {
        Ok(client) => client,
        Err(error) => {
            findings.push(of_error("metadata", &error));
            return None;
        }
    };
    let refreshed = client.refresh(source, now);
    let mut accepted =
        Accepted { root: client.versions().root, snapshot: client.versions().snapshot, files: Vec::new() };
    if let Err(error) = refreshed {
        findings.push(of_error("metadata", &error));
        return Some(accepted);
    }
    let until = client.expires().map(|(role, expires)| format!(", until {expires}, when {role} expires"));
    findings.push(Finding::ok("metadata", format!("hosts accept it{}", until.unwrap_or_default())));
    let versions = client.versions();
    let found = [
        ("root", Some(versions.root)),
        ("timestamp", versions.timestamp),
        ("snapshot", versions.snapshot),
        ("targets", versions.targets),
    ];
    findings.extend(of_seen(&found.map(|(role, version)| (role, version.map_or(0, MetadataVersion::get))), seen));
    if let Some(target) = target {
        let listing = client.find(source, target, Freshness::Demanded(now));
        match listing.and_then(|listing| Ok((listing.manifest(source)?, *listing.manifest_sha256()))) {
            Ok((manifest, sha256)) => {
                let version = manifest.manifest().version();
                findings.push(Finding::ok(target, format!("version {version} is listed, manifest {sha256}")));
                accepted.files.push(target.location(&sha256));
                // The longest one is where a broken download costs most.
                let longest = manifest.manifest().files().iter().max_by_key(|file| file.length);
                accepted.files.extend(longest.map(|file| jurat_trust::SafePath::of_blob(&file.sha256)));
            }
            Err(error) => findings.push(of_error(&target.to_string(), &error)),
        }
    }
    Some(accepted)
}

/// What a host says of it.
fn of_error(about: &str, error: &UpdateError) -> Finding {
    let what = jurat::chain(error);
    match error.blame() {
        Blame::Source => Finding::refused(about, what)
            .advise("what the server has is not what was signed: upload it again, or look who has changed it"),
        Blame::Publisher | Blame::Rule => Finding::refused(about, what).advise("its publisher must publish anew"),
        Blame::Settings | Blame::Caller => Finding::refused(about, what).advise("see `trust` in the settings"),
        Blame::Transport | Blame::Host => Finding::broken(about, what),
    }
}

/// Whether a server shows something older than what this host has seen.
fn of_seen(found: &[(&str, u64)], seen: &Seen) -> Vec<Finding> {
    if let Some(reason) = &seen.unknown {
        let advice = "run it as the user of the hosts";
        return vec![Finding::warning("seen", format!("what this host has seen cannot be read: {reason}"), advice)];
    }
    let older = found.iter().filter_map(|(role, found)| {
        let known = seen.roles.get(*role).filter(|known| *known > found)?;
        Some(
            Finding::refused("seen", format!("{role} has version {found}, but this host has seen version {known}"))
                .advise("a cache or a mirror that lags behind, or somebody who holds back what is new: hosts keep what they have"),
        )
    });
    let older: Vec<_> = older.collect();
    match (older.is_empty(), seen.roles.is_empty()) {
        (true, false) => vec![Finding::ok("seen", "nothing is older than what this host has seen")],
        _ => older,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn what_is_older_than_what_was_seen_is_a_problem() {
        let seen = Seen { roles: BTreeMap::from([("timestamp".to_owned(), 7)]), unknown: None };
        let states = |version, seen: &Seen| -> Vec<_> {
            of_seen(&[("root", 1), ("timestamp", version)], seen).iter().map(Finding::state).collect()
        };
        assert_eq!(states(6, &seen), [State::Problem]);
        assert_eq!(states(7, &seen), [State::Ok]);
        assert_eq!(states(1, &Seen::default()), []);
    }
}
