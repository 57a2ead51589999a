//! Checks the directory of a publisher: expiries, keys, staged metadata, and whether all files are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use jurat_model::Blame;
use jurat_trust::publish::{Lifetimes, RoleStatus};
use jurat_trust::{KeySet, Role};

use super::check::Check;
use crate::exit::CommandError;
use crate::host;
use crate::repository::{
    FreshHost, PublisherSettings, WorkingCopy, first_root, published, read_anchor, releases, shown,
};

const STAGED: &str = "staged";

/// Runs all checks.
pub(super) fn check(copy: &WorkingCopy, root: Option<&Path>) -> Result<Vec<Check>, CommandError> {
    let repository = copy.read(root)?;
    let now = host::now();
    let lifetimes = PublisherSettings::read(copy)?.clock(None)?.lifetimes;
    let anchor = match root {
        Some(root) => read_anchor(root)?,
        None => first_root(copy.files(), copy.root())?,
    };
    let (mut checks, roles, shown) = (Vec::new(), repository.roles(), quoted(copy.root()));
    for status in &roles {
        check_role(status, &lifetimes, now, &shown, &mut checks);
    }
    checks.extend(shared_keys(&roles));
    let staged: BTreeSet<_> = repository.staged_files().iter().map(|file| file.path.to_string()).collect();
    checks.extend(outdated_files(copy, &staged)?);
    let mut host = FreshHost::open(anchor, None, now, copy.files(), copy.root())?;
    match host.refresh() {
        Ok(()) => {
            checks.push(Check::ok("hosts", "hosts accept the four top roles"));
            for (target, _) in releases(&published(&repository)) {
                checks.push(match host.release(&target) {
                    Ok(_) => Check::ok(&target, "all files of the release match their digests"),
                    Err(error) => Check::refused(&target, error.messages().join("; "))
                        .advise("restore the files from a mirror or from the server; they cannot be created again"),
                });
            }
        }
        Err(error) => checks.push(Check::refused("hosts", error.messages().join("; "))),
    }
    Ok(checks)
}

/// Checks a role.
fn check_role(status: &RoleStatus, lifetimes: &Lifetimes, now: Timestamp, repository: &str, checks: &mut Vec<Check>) {
    let RoleStatus { role, keys, published, staged } = status;
    // Hosts do not request the role of a removed tenant.
    let Some(keys) = keys else { return };
    if let Some((version, expires)) = published {
        checks.push(check_expiry(
            role,
            &format!("version {version}"),
            *expires,
            lifetime(role, lifetimes),
            now,
            repository,
        ));
    }
    checks.extend(check_keys(role, keys, repository));
    if let Some((version, expires, missing)) = staged {
        let what = format!("version {version} is staged");
        checks.push(if *expires <= now {
            let advice =
                format!("stage it again, with `jurat trust renew {repository} --role {role}` or the command that staged it");
            Check::warning(role, format!("{what}, but expired at {expires}"), advice)
        } else if missing.is_empty() {
            let advice = format!(
                "it has all signatures: run `jurat release publish {repository}` with `--key` for the keys of snapshot and timestamp"
            );
            Check::warning(role, what, advice)
        } else {
            let advice = format!("each signer runs `jurat release sign {repository} --key FILE` with a key file");
            Check::warning(role, format!("{what}; {missing}"), advice)
        });
    }
}

/// Checks the expiry of a role.
pub(super) fn check_expiry(
    role: &Role,
    what: &str,
    expires: Timestamp,
    lifetime: SignedDuration,
    now: Timestamp,
    repository: &str,
) -> Check {
    let left = expires.duration_since(now);
    let renew = match role {
        Role::Timestamp | Role::Snapshot => {
            format!(
                "`jurat timestamp refresh {repository}` renews it, with `--key` for its keys: check the job that runs it"
            )
        }
        _ => format!("renew it with `jurat trust renew {repository} --role {role}`"),
    };
    if left <= SignedDuration::ZERO {
        return Check::refused(role, format!("{what} expired at {expires}")).advise(renew);
    }
    let left_shown = match left.as_hours() {
        hours @ 48.. => format!("{} days", hours / 24),
        hours @ 2.. => format!("{hours} hours"),
        _ => format!("{} minutes", left.as_mins()),
    };
    if left < lifetime / 2 {
        return Check::warning(role, format!("{what} has {left_shown} left, until {expires}"), renew);
    }
    Check::ok(role, format!("{what} has {left_shown} left"))
}

/// Checks whether a role survives the loss or the theft of one key.
fn check_keys(role: &Role, keys: &KeySet, repository: &str) -> Option<Check> {
    let threshold = keys.threshold();
    let count = keys.keys().map(|(_, key)| key.as_bytes()).collect::<BTreeSet<_>>().len();
    let is_guarded = matches!(role, Role::Root | Role::Targets);
    if is_guarded && threshold < 2 {
        let advice = format!(
            "add a key with `jurat root add-key {repository} --role {role} --key FILE`, and raise the threshold with \
             `jurat root threshold {repository} --role {role} 2`"
        );
        return Some(Check::warning(
            role,
            "one key is enough to sign: a thief of that key controls the repository",
            advice,
        ));
    }
    let what = format!("{threshold} of {count} keys must sign");
    let name = role.to_string();
    let tenant = name.strip_prefix("t-").unwrap_or(&name);
    match role {
        Role::Root if count == threshold => Some(Check::warning(
            role,
            format!("{what}: after the loss of one, root can never be signed again"),
            format!("add one with `jurat root add-key {repository} --role root --key FILE`"),
        )),
        Role::Targets if count == threshold => Some(Check::warning(
            role,
            format!("{what}: after the loss of one, targets cannot be signed until root lists others"),
            format!("add one with `jurat root add-key {repository} --role targets --key FILE`"),
        )),
        // Two people who both sign are the usual case; targets can list other keys.
        Role::Delegated(_) if count == threshold => Some(Check::ok(
            role,
            format!("{what}: after the loss of one, run `jurat tenant rekey {repository} {tenant} --key FILE`"),
        )),
        _ => None,
    }
}

/// Finds keys with several roles.
fn shared_keys(roles: &[RoleStatus]) -> Vec<Check> {
    let mut by_key: BTreeMap<[u8; 32], (String, BTreeSet<String>)> = BTreeMap::new();
    for status in roles {
        for (id, key) in status.keys.iter().flat_map(KeySet::keys) {
            let entry = by_key.entry(*key.as_bytes()).or_insert_with(|| (id.to_string(), BTreeSet::new()));
            entry.1.insert(status.role.to_string());
        }
    }
    let shared = by_key.into_values().filter(|(_, roles)| roles.len() > 1);
    let check = |(id, roles): (String, BTreeSet<String>)| {
        let roles: Vec<_> = roles.into_iter().collect();
        let what = format!("the key {id} has several roles: {}", roles.join(", "));
        Check::warning("keys", what, "give each role its own keys: `jurat root rotate`, `jurat tenant rekey`")
    };
    shared.map(check).collect()
}

/// Finds staged files that no role waits for.
fn outdated_files(copy: &WorkingCopy, staged: &BTreeSet<String>) -> Result<Vec<Check>, CommandError> {
    let directory = copy.root().join(STAGED);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CommandError::about(Blame::Host, directory.display(), &error)),
    };
    let names = entries.map(|entry| Ok(format!("{STAGED}/{}", entry?.file_name().to_string_lossy())));
    let names = names.collect::<std::io::Result<Vec<_>>>();
    let mut names = names.map_err(|error| CommandError::about(Blame::Host, directory.display(), &error))?;
    names.retain(|name| !staged.contains(name));
    names.sort();
    let check = |name: String| {
        let what = "outdated: no role waits for this version";
        let advice = format!("remove it with `rm {}`, and stage its change again", quoted(&copy.root().join(&name)));
        Check::warning(name, what, advice)
    };
    Ok(names.into_iter().map(check).collect())
}

/// A path in a command to copy, as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = shown(path).display().to_string();
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-' | '+' | '@' | ':');
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The lifetime of a role.
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
    use super::super::check::CheckState;
    use super::*;
    use jurat_trust::{PublicKey, SecretKey};

    #[test]
    fn a_role_is_due_after_half_of_its_lifetime() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let state = |expires: &str| {
            let lifetime = Lifetimes::DEFAULT.timestamp;
            check_expiry(&Role::Timestamp, "it", expires.parse().unwrap(), lifetime, now, "repo").state()
        };
        assert_eq!(state("2026-01-01T12:00:00Z"), CheckState::Ok);
        assert_eq!(state("2026-01-01T11:59:59Z"), CheckState::Warning);
        assert_eq!(state("2026-01-01T00:00:01Z"), CheckState::Warning);
        assert_eq!(state("2026-01-01T00:00:00Z"), CheckState::Problem);
    }

    #[test]
    fn a_root_that_would_not_survive_a_lost_key_is_reported() {
        let keys = |threshold, count: usize| {
            let keys = (0..count).map(|_| SecretKey::generate().unwrap().public());
            KeySet::new(threshold, keys).unwrap()
        };
        let of = |role: &Role, threshold, count| {
            check_keys(role, &keys(threshold, count), "repo").map(|found| found.state())
        };
        assert_eq!(of(&Role::Root, 2, 3), None);
        assert_eq!(of(&Role::Root, 2, 2), Some(CheckState::Warning));
        assert_eq!(of(&Role::Root, 1, 3), Some(CheckState::Warning));
        assert_eq!(of(&Role::Targets, 2, 2), Some(CheckState::Warning));
        assert_eq!(of(&Role::Timestamp, 1, 1), None);
        assert_eq!(of(&Role::Delegated("t-acme".parse().unwrap()), 2, 2), Some(CheckState::Ok));
    }

    #[test]
    fn a_path_in_a_command_is_one_word() {
        for (path, expected) in
            [("", "."), ("repo", "repo"), ("/srv/a b/repo", "'/srv/a b/repo'"), ("it's", r"'it'\''s'")]
        {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

    #[test]
    fn a_key_with_two_roles_is_reported_once() {
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
