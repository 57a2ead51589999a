//! A publisher's directory: what expires, whose keys are few, what is staged, whether everything is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use jurat_trust::publish::{Lifetimes, RoleStatus};
use jurat_trust::{KeySet, Role};

use super::finding::Finding;
use crate::command::trust::{Host, first_root};
use crate::exit::Failure;
use crate::host;
use crate::repository::{PublisherSettings, WorkingCopy, published, read_anchor, releases};

const STAGED: &str = "staged";

/// Looks at all of it.
pub(super) fn look(copy: &WorkingCopy, root: Option<&Path>) -> Result<Vec<Finding>, Failure> {
    let repository = copy.read(root)?;
    let now = host::now();
    let lifetimes = PublisherSettings::read(copy)?.clock(None)?.lifetimes;
    let anchor = match root {
        Some(root) => read_anchor(root)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let (mut findings, roles) = (Vec::new(), repository.roles());
    for status in &roles {
        of_role(status, &lifetimes, now, &mut findings);
    }
    findings.extend(shared_keys(&roles));
    let staged: BTreeSet<_> = repository.staged_files().iter().map(|file| file.path.to_string()).collect();
    findings.extend(left_over(copy, &staged)?);
    let mut host = Host::open(anchor, None, now, copy.files(), copy.root())?;
    match host.refresh() {
        Ok(()) => {
            findings.push(Finding::ok("hosts", "the four top roles are accepted"));
            for (target, _) in releases(&published(&repository)) {
                findings.push(match host.release(&target) {
                    Ok(_) => Finding::ok(&target, "every file of the release is as it was signed"),
                    Err(failure) => Finding::refused(&target, failure.messages().join("; ")).advise(
                        "get the files back from a mirror or from where the repository is served; they are never made anew",
                    ),
                });
            }
        }
        Err(failure) => findings.push(Finding::refused("hosts", failure.messages().join("; "))),
    }
    Ok(findings)
}

/// What there is to say of a role.
fn of_role(status: &RoleStatus, lifetimes: &Lifetimes, now: Timestamp, findings: &mut Vec<Finding>) {
    let RoleStatus { role, keys, published, staged } = status;
    // Nobody asks for the role of a former tenant.
    let Some(keys) = keys else { return };
    if let Some((version, expires)) = published {
        findings.push(of_expiry(role, &format!("version {version}"), *expires, lifetime(role, lifetimes), now));
    }
    findings.extend(of_keys(role, keys));
    if let Some((version, expires, missing)) = staged {
        let what = format!("version {version} is staged");
        findings.push(if *expires <= now {
            let advice = format!("stage it anew, with `jurat trust renew --role {role}` or the command that made it");
            Finding::warning(role, format!("{what}, and has expired at {expires}"), advice)
        } else if missing.is_empty() {
            Finding::warning(role, what, "it has its signatures: `jurat release publish` publishes it")
        } else {
            Finding::warning(role, format!("{what}, and waits: {missing}"), "`jurat release sign` signs it")
        });
    }
}

pub(super) fn of_expiry(
    role: &Role,
    what: &str,
    expires: Timestamp,
    lifetime: SignedDuration,
    now: Timestamp,
) -> Finding {
    let left = expires.duration_since(now);
    let renew = match role {
        Role::Timestamp | Role::Snapshot => {
            "`jurat timestamp refresh` renews it: look at the job that runs it".to_owned()
        }
        _ => format!("`jurat trust renew --role {role}` stages it anew"),
    };
    if left <= SignedDuration::ZERO {
        return Finding::refused(role, format!("{what} expired at {expires}")).advise(renew);
    }
    let left_shown = match left.as_hours() {
        hours @ 48.. => format!("{} days", hours / 24),
        hours @ 2.. => format!("{hours} hours"),
        _ => format!("{} minutes", left.as_mins()),
    };
    if left < lifetime / 2 {
        return Finding::warning(role, format!("{what} has {left_shown} left, until {expires}"), renew);
    }
    Finding::ok(role, format!("{what} has {left_shown} left"))
}

/// Whether the loss or the theft of one key would be the end of a role.
fn of_keys(role: &Role, keys: &KeySet) -> Option<Finding> {
    let threshold = keys.threshold();
    let count = keys.keys().map(|(_, key)| key.as_bytes()).collect::<BTreeSet<_>>().len();
    let is_guarded = matches!(role, Role::Root | Role::Targets);
    if is_guarded && threshold < 2 {
        let advice = format!(
            "add keys with `jurat root add-key --role {role}`, and raise the number with `jurat root threshold`"
        );
        return Some(Finding::warning(role, "one key is enough: whoever steals it has the repository", advice));
    }
    let what = format!("{threshold} of {count} keys must sign");
    match role {
        Role::Root if count == threshold => Some(Finding::warning(
            role,
            format!("{what}: if one is lost, nobody can ever sign root again"),
            "add one with `jurat root add-key --role root`",
        )),
        Role::Targets if count == threshold => Some(Finding::warning(
            role,
            format!("{what}: if one is lost, nobody can renew targets until root names others"),
            "add one with `jurat root add-key --role targets`",
        )),
        // Two people who both sign are what is meant to be; targets can name others.
        Role::Delegated(_) if count == threshold => {
            Some(Finding::ok(role, format!("{what}: if one is lost, `jurat tenant rekey` names others")))
        }
        _ => None,
    }
}

/// Keys that a thief would have to steal once only.
fn shared_keys(roles: &[RoleStatus]) -> Vec<Finding> {
    let mut by_key: BTreeMap<[u8; 32], (String, BTreeSet<String>)> = BTreeMap::new();
    for status in roles {
        for (id, key) in status.keys.iter().flat_map(KeySet::keys) {
            let entry = by_key.entry(*key.as_bytes()).or_insert_with(|| (id.to_string(), BTreeSet::new()));
            entry.1.insert(status.role.to_string());
        }
    }
    let shared = by_key.into_values().filter(|(_, roles)| roles.len() > 1);
    let finding = |(id, roles): (String, BTreeSet<String>)| {
        let roles: Vec<_> = roles.into_iter().collect();
        let what = format!("the key {id} is in several roles: {}", roles.join(", "));
        Finding::warning("keys", what, "give each role keys of its own: `jurat root rotate`, `jurat tenant rekey`")
    };
    shared.map(finding).collect()
}

/// Files that wait for signatures which nobody needs any more.
fn left_over(copy: &WorkingCopy, staged: &BTreeSet<String>) -> Result<Vec<Finding>, Failure> {
    let directory = copy.root().join(STAGED);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::about(crate::exit::Exit::Host, directory.display(), &error)),
    };
    let names = entries.filter_map(|entry| Some(format!("{STAGED}/{}", entry.ok()?.file_name().to_string_lossy())));
    let mut names: Vec<_> = names.filter(|name| !staged.contains(name)).collect();
    names.sort();
    let finding = |name: String| {
        let what = "it is outdated: no role waits for this version";
        Finding::warning(name, what, "remove it; what it was to change must be staged anew")
    };
    Ok(names.into_iter().map(finding).collect())
}

pub(super) fn lifetime(role: &Role, lifetimes: &Lifetimes) -> SignedDuration {
    match role {
        Role::Root => lifetimes.root,
        Role::Targets => lifetimes.targets,
        Role::Snapshot => lifetimes.snapshot,
        Role::Timestamp => lifetimes.timestamp,
        Role::Delegated(_) => lifetimes.tenant,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use jurat_trust::{PublicKey, SecretKey};

    #[test]
    fn half_of_a_life_is_when_something_is_due() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let state = |expires: &str| {
            let lifetime = Lifetimes::DEFAULT.timestamp;
            of_expiry(&Role::Timestamp, "it", expires.parse().unwrap(), lifetime, now).state()
        };
        assert_eq!(state("2026-01-01T12:00:00Z"), State::Ok);
        assert_eq!(state("2026-01-01T11:59:59Z"), State::Warning);
        assert_eq!(state("2026-01-01T00:00:01Z"), State::Warning);
        assert_eq!(state("2026-01-01T00:00:00Z"), State::Problem);
    }

    #[test]
    fn a_root_that_one_lost_key_would_end_is_told() {
        let keys = |threshold, count: usize| {
            let keys = (0..count).map(|_| SecretKey::generate().unwrap().public());
            KeySet::new(threshold, keys).unwrap()
        };
        let of = |role: &Role, threshold, count| of_keys(role, &keys(threshold, count)).map(|found| found.state());
        assert_eq!(of(&Role::Root, 2, 3), None);
        assert_eq!(of(&Role::Root, 2, 2), Some(State::Warning));
        assert_eq!(of(&Role::Root, 1, 3), Some(State::Warning));
        assert_eq!(of(&Role::Targets, 2, 2), Some(State::Warning));
        assert_eq!(of(&Role::Timestamp, 1, 1), None);
        assert_eq!(of(&Role::Delegated("t-acme".parse().unwrap()), 2, 2), Some(State::Ok));
    }

    #[test]
    fn a_key_in_two_roles_is_told_once() {
        let (one, other) = (SecretKey::generate().unwrap().public(), SecretKey::generate().unwrap().public());
        let status = |role, keys: &[&PublicKey]| RoleStatus {
            role,
            keys: Some(KeySet::new(1, keys.iter().map(|key| (*key).clone())).unwrap()),
            published: None,
            staged: None,
        };
        let of = |roles: &[RoleStatus]| shared_keys(roles).len();
        assert_eq!(of(&[status(Role::Root, &[&one]), status(Role::Targets, &[&other])]), 0);
        let shared =
            [status(Role::Root, &[&one, &other]), status(Role::Targets, &[&one]), status(Role::Timestamp, &[&one])];
        assert_eq!(of(&shared), 1);
    }
}
