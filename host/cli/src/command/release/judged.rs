//! Runs the test vectors of a new release, and compares its verdicts with those of the release that it replaces.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use jurat_author::vectors::{self, BriefVerdict, Difference, VectorLimits};
use jurat_model::{Blame, Bytes, Status};
use jurat_sandbox::Sandbox;
use jurat_trust::publish::{Amendment, Plan, Repository};
use jurat_trust::{Anchor, Fetch, FetchError, Manifest, Role, SafePath, TargetPath, VerifiedRelease};

use super::explain::unverified;
use crate::exit::CommandError;
use crate::repository::{FreshHost, WorkingCopy, first_root, published};
use crate::{host, output};

/// Differences that are printed one by one.
const SHOWN: usize = 20;

/// Runs the test vectors of releases that are about to be published, and those of the releases that they replace.
///
/// # Errors
/// When a vector fails, or a rule judges differently under the same id without `accept_changes`.
pub(super) fn check(
    copy: &WorkingCopy,
    repository: &Repository,
    plan: &Plan,
    listed: &[Amendment],
    now: Timestamp,
    accept_changes: bool,
) -> Result<(), CommandError> {
    if listed.is_empty() {
        return Ok(());
    }
    let after = AfterPublication { plan, copy };
    let anchor = first_root(&after, copy.root())?;
    let mut fresh = FreshHost::open(anchor.clone(), None, now, &after, copy.root())?;
    fresh.refresh()?;
    let sandbox = host::sandbox()?;
    let mut differs = false;
    for amendment in listed {
        let Amendment::Listed { target, old, .. } = amendment else { continue };
        let new = fresh.release(target)?;
        let ready = own_vectors(&sandbox, &new)?;
        if old.is_none() {
            continue;
        }
        let earlier = earlier(copy, repository, &anchor, target, now);
        match earlier.and_then(|old| compare(&sandbox, &old, &new, &ready)) {
            Ok(differences) => differs |= !differences.is_empty(),
            Err(error) => {
                differs = true;
                let reason = error.messages().join("; ");
                output::complain(
                    "warning",
                    &format!("{target} cannot be compared with the release that it replaces: {reason}"),
                );
            }
        }
    }
    if differs && !accept_changes {
        return Err(CommandError::rejected(
            "rules judge differently than before under the same id: give them new ids, or accept the changes with \
             `--accept-changes`",
        ));
    }
    Ok(())
}

/// Shows signers what the publisher will see: whether the test vectors of a release that is staged hold, and which verdicts differ from
/// those of the release that it replaces. It refuses nothing: they decide whether they sign, also on a machine that cannot run rules.
pub(super) fn preview(copy: &WorkingCopy, repository: &Repository, role: &Role) {
    let amendments = repository.amendments(role);
    let listed = amendments.iter().filter_map(|amendment| match amendment {
        Amendment::Listed { target, old, new, .. } => Some((target, old, new)),
        _ => None,
    });
    for (target, old, new) in listed {
        let read = |sha256| copy.manifest(target, sha256).and_then(|manifest| unverified(copy, &manifest));
        let shown = read(new).and_then(|new| {
            let sandbox = host::sandbox()?;
            let ready = own_vectors(&sandbox, &new)?;
            match old {
                Some(old) => compare(&sandbox, &read(old)?, &new, &ready).map(drop),
                None => Ok(()),
            }
        });
        if let Err(error) = shown {
            let reason = error.messages().join("; ");
            output::complain("warning", &format!("{target}: its verdicts cannot be shown: {reason}"));
        }
    }
}

type Ready = std::sync::Arc<jurat_author::Release>;

fn own_vectors(sandbox: &Sandbox, release: &VerifiedRelease) -> Result<Ready, CommandError> {
    let manifest = release.manifest();
    let ready = jurat_author::load(release, sandbox, &host::author_policy())?;
    let report = vectors::check_release(release, &ready, &VectorLimits::AUTHORS).map_err(|error| {
        CommandError::about(Blame::Caller, format!("{} {}", manifest.name(), manifest.version()), &error)
    })?;
    let shown = format!("{} {}: {report}", manifest.name(), manifest.version());
    if report.failures.is_empty() {
        output::progress(&format!("vectors     {shown}, in {} ms", report.elapsed.as_millis()));
        return Ok(ready);
    }
    Err(CommandError::rejected(shown))
}

/// Whether a record that a rule refused passes it now.
fn no_longer_fails(difference: &Difference) -> bool {
    let fails = |verdict: &BriefVerdict| matches!(verdict.status, Status::Fail | Status::Error);
    fails(&difference.old) && !difference.new.as_ref().is_some_and(fails)
}

/// The differences of verdicts on the vectors of the old release, for rules that both releases have.
fn compare(
    sandbox: &Sandbox,
    old: &VerifiedRelease,
    new: &VerifiedRelease,
    ready: &Ready,
) -> Result<Vec<Difference>, CommandError> {
    let about = |error: vectors::VectorsError| {
        let (name, version) = (old.manifest().name(), old.manifest().version());
        CommandError::about(Blame::Caller, format!("the test vectors of {name} {version}"), &error)
    };
    let limits = VectorLimits::AUTHORS;
    let earlier = jurat_author::load(old, sandbox, &host::author_policy())?;
    let vectors = vectors::of(old, &limits).map_err(about)?;
    let before = vectors::judge(&earlier, &vectors, &limits).map_err(about)?;
    let after = vectors::judge(ready, &vectors, &limits).map_err(about)?;
    let known = rules(new.manifest());
    let mut differences = vectors::differences(&before, &after);
    differences.retain(|difference| known.contains(difference.rule.as_str()));
    // What fails no longer is what signers must see.
    differences.sort_by_key(|difference| !no_longer_fails(difference));
    for Difference { file, vector, rule, old, new } in differences.iter().take(SHOWN) {
        let new = new.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        output::complain("changed", &format!("rule `{rule}` on `{vector}` of {file}: {old} -> {new}"));
    }
    if let more @ 1.. = differences.len().saturating_sub(SHOWN) {
        output::complain("changed", &format!("and {more} more"));
    }
    if differences.is_empty() {
        let version = old.manifest().version();
        output::progress(&format!("compared    {} vectors of {version}: no verdict differs", vectors.len()));
    }
    Ok(differences)
}

fn rules(manifest: &Manifest) -> BTreeSet<&str> {
    let compiled = manifest.components().iter().flat_map(|component| &component.rules).map(|rule| rule.id.as_str());
    compiled.chain(manifest.builtin().iter().map(|rule| rule.id.as_str())).collect()
}

/// The release that hosts use now, read as of a time at which it had not expired.
fn earlier(
    copy: &WorkingCopy,
    repository: &Repository,
    anchor: &Anchor,
    target: &TargetPath,
    now: Timestamp,
) -> Result<VerifiedRelease, CommandError> {
    let expiries = published(repository).roles().into_iter().filter_map(|status| status.published);
    let first = expiries.map(|(_, expires)| expires).min().unwrap_or(now);
    let then = now.min(first - SignedDuration::from_secs(1));
    let mut before = FreshHost::open(anchor.clone(), None, then, copy.files(), copy.root())?;
    before.refresh()?;
    before.release(target)
}

/// The repository as it will be after the publication.
struct AfterPublication<'a> {
    plan: &'a Plan,
    copy: &'a WorkingCopy,
}

impl Fetch for AfterPublication<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        // The last upload of a file wins.
        match self.plan.uploads.iter().rev().find(|upload| upload.path == *file) {
            Some(upload) if upload.bytes.len() > cap.to_usize() => Err(FetchError::TooLong),
            Some(upload) => Ok(upload.bytes.to_vec()),
            None => self.copy.files().get(file, cap),
        }
    }
}
