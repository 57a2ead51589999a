//! One visit of a host to a repository, by our client, beside the same one by python-tuf.

use std::collections::{BTreeMap, BTreeSet};

use jurat_trust::{Client, Digest, Freshness, MemoryStore, StateFile, UpdateError};

use crate::history::{Found, History, Refresh, Served, Step};

/// What two clients see differently.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The refresh, a role of which they keep other bytes, or a target.
    pub(crate) about: String,
    pub(crate) theirs: Judgement,
    pub(crate) ours: Judgement,
    /// Where both have refused the refresh, but not at the same point: why.
    pub(crate) refusals: Option<(String, String)>,
}

/// What a client makes of something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Judgement {
    /// And what it has.
    Accepts(String),
    /// And why.
    Refuses(String),
}

/// Targets that were asked about.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Found, by both, with the same bytes.
    pub(crate) found: u64,
    /// Refused by both, after a refresh that both accepted.
    pub(crate) refused: u64,
}

/// Visits at the step with that number, and compares with what came of python-tuf's visit.
///
/// # Errors
/// The first thing that both see differently.
pub(crate) fn compare(
    client: &mut Client<MemoryStore>,
    served: &Served,
    history: &History,
    number: usize,
    asked: &mut Asked,
) -> Result<(), Box<Difference>> {
    let step = &history.steps[number];
    let ours = judgement(client.refresh(served, step.now.parse().unwrap()).map(|_| versions(client)));
    let theirs = match &step.outcome.refresh {
        Refresh::Versions(versions) => Judgement::Accepts(serde_json::to_string(versions).unwrap()),
        Refresh::Refused(why) => Judgement::Refuses(why.clone()),
    };
    let refusals = match (&theirs, &ours) {
        (Judgement::Refuses(theirs), Judgement::Refuses(ours)) => Some((theirs.clone(), ours.clone())),
        _ => None,
    };
    agree("refresh", theirs, ours, None)?;
    let kept = kept(client);
    let roles: BTreeSet<_> = kept.keys().chain(step.outcome.kept.keys()).collect();
    for role in roles {
        if !kept.contains_key(role)
            && matches!(role.as_str(), "timestamp" | "snapshot")
            && history.has_rotated_online_keys(number)
        {
            // Dropped with the old keys. Python-tuf has it on its disk as well, but cannot verify it any more.
            continue;
        }
        let has = |digest: Option<&String>| Judgement::Accepts(digest.cloned().unwrap_or_else(|| "nothing".to_owned()));
        agree(role, has(step.outcome.kept.get(role)), has(kept.get(role)), refusals.as_ref())?;
    }
    if refusals.is_some() {
        return Ok(());
    }
    for (path, found) in history.paths.iter().zip(&step.outcome.find) {
        let theirs = match found {
            None => Judgement::Accepts("none".to_owned()),
            Some(Found::Refused { refused }) => Judgement::Refuses(refused.clone()),
            Some(Found::Listed { why: Some(why), .. }) => Judgement::Refuses(why.clone()),
            Some(Found::Listed { sha256, download, .. }) => Judgement::Accepts(format!("{sha256:?} {download:?}")),
        };
        match &theirs {
            Judgement::Accepts(what) if what != "none" => asked.found += 1,
            Judgement::Accepts(_) => {}
            Judgement::Refuses(_) => asked.refused += 1,
        }
        agree(path, theirs, judgement(find(client, served, step, path)), None)?;
    }
    Ok(())
}

/// Why something is refused does not matter, only that it is.
fn agree(
    about: &str,
    theirs: Judgement,
    ours: Judgement,
    refusals: Option<&(String, String)>,
) -> Result<(), Box<Difference>> {
    match (&theirs, &ours) {
        (Judgement::Refuses(_), Judgement::Refuses(_)) => Ok(()),
        (theirs, ours) if theirs == ours => Ok(()),
        _ => Err(Box::new(Difference { about: about.to_owned(), theirs, ours, refusals: refusals.cloned() })),
    }
}

fn judgement(ours: Result<String, UpdateError>) -> Judgement {
    match ours {
        Ok(found) => Judgement::Accepts(found),
        Err(error) => Judgement::Refuses(format!("{error:?}")),
    }
}

fn versions(client: &Client<MemoryStore>) -> String {
    let versions = client.versions();
    let known = [Some(versions.root), versions.timestamp, versions.snapshot, versions.targets];
    serde_json::to_string(&known.map(|version| version.map(|version| version.get()))).unwrap()
}

/// The digest of what our client keeps of each top role.
fn kept(client: &Client<MemoryStore>) -> BTreeMap<String, String> {
    // The files are in the order of their versions, so that the newest root comes last.
    let files = client.store().files().filter_map(|(file, bytes)| {
        let role = match file {
            StateFile::Root(_) => "root",
            StateFile::Timestamp => "timestamp",
            StateFile::Snapshot => "snapshot",
            StateFile::Targets => "targets",
            StateFile::Delegated(_) | StateFile::Clock => return None,
        };
        Some((role.to_owned(), Digest::of(bytes).to_string()))
    });
    files.collect()
}

fn find(client: &mut Client<MemoryStore>, served: &Served, step: &Step, path: &str) -> Result<String, UpdateError> {
    let target = path.parse().unwrap();
    let freshness = Freshness::Demanded(step.now.parse().unwrap());
    let listing = match client.find(served, &target, freshness) {
        Err(UpdateError::UnknownRelease { .. } | UpdateError::NotDelegated { .. }) => return Ok("none".to_owned()),
        listing => listing?,
    };
    let manifest = listing.manifest(served)?;
    let (sha256, download) = (listing.manifest_sha256().to_string(), Digest::of(manifest.bytes()).to_string());
    Ok(format!("{:?} {:?}", Some(sha256), Some(download)))
}
