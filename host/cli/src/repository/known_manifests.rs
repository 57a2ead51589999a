//! Manifests that are named by the beginning of their digest.

use std::collections::BTreeSet;
use std::fs;

use jurat_model::{Blame, Excerpt};
use jurat_trust::publish::Repository;
use jurat_trust::{Digest, RoleName};

use super::working_copy::WorkingCopy;
use crate::exit::CommandError;

/// The most files that are looked at.
const MOST: usize = 100_000;
/// Candidates that a message names.
const SHOWN: usize = 20;

/// The manifest that a digest or a prefix of one names. All 64 digits may name any manifest; a prefix, one of those that the tenant has in
/// this directory.
///
/// # Errors
/// When the prefix fits none, or several: then with these.
pub(crate) fn find_manifest(
    copy: &WorkingCopy,
    repository: &Repository,
    tenant: &RoleName,
    text: &str,
) -> Result<Digest, CommandError> {
    // Other programs write upper case.
    let text = &*text.to_ascii_lowercase();
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    let refuse = |message: String| CommandError::new(Blame::Caller, format!("--manifest: {message}"));
    if text.is_empty() || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(refuse(format!(
            "`{}` is not a SHA-256 or the beginning of one: write hexadecimal digits",
            Excerpt::of(text)
        )));
    }
    let mut found = known(copy, repository, tenant);
    found.retain(|digest| digest.to_string().starts_with(text));
    let shown: Vec<_> = found.iter().take(SHOWN).map(|digest| format!("`{digest}`")).collect();
    match (found.first(), found.len()) {
        (Some(digest), 1) => Ok(*digest),
        (None, _) => Err(refuse(format!(
            "no manifest of {tenant} in this directory begins with `{text}`; `jurat release history` lists them"
        ))),
        (_, count) => Err(refuse(format!(
            "{count} manifests begin with `{text}`: write more of it; it may be {}",
            shown.join(", ")
        ))),
    }
}

/// The manifests of a tenant: those that are listed, and those whose files are there.
fn known(copy: &WorkingCopy, repository: &Repository, tenant: &RoleName) -> BTreeSet<Digest> {
    let mut known: BTreeSet<_> = repository.releases(tenant).iter().map(|(_, target)| *target.sha256()).collect();
    let name = tenant.as_str().strip_prefix("t-").unwrap_or(tenant.as_str());
    let channels = fs::read_dir(copy.root().join("targets/t").join(name)).into_iter().flatten().flatten();
    let files = channels.filter_map(|channel| fs::read_dir(channel.path()).ok()).flatten().flatten();
    let names = files.take(MOST).filter_map(|file| file.file_name().into_string().ok());
    known.extend(names.filter_map(|name| name.split('.').next()?.parse::<Digest>().ok()));
    known
}
