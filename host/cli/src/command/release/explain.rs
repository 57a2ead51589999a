//! Explains staged changes before they are signed or published.

use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Amendment, BuiltRelease, Changes, DraftFile, ReleaseDraft, Repository};
use jurat_trust::{Manifest, Role, SafePath, VerifiedRelease, danger};

use crate::exit::CommandError;
use crate::output;
use crate::repository::{WorkingCopy, read_exactly, read_manifest};

/// Prints the changes of a staged role, down to the rules and files of the releases that it lists, and checks these files.
pub(super) fn explain(copy: &WorkingCopy, repository: &Repository, role: &Role) -> Result<(), CommandError> {
    let amendments = repository.amendments(role);
    for amendment in &amendments {
        output::progress(&format!("  {amendment}"));
        let Amendment::Listed { target, old, new, .. } = amendment else { continue };
        let new = copy.manifest(target, new)?;
        // The old files may have been removed since.
        let old = old.and_then(|old| read_manifest(copy.files(), target, &old).ok());
        changes(old.as_ref(), &new);
        if let Some(old) = old {
            contents(copy, &old, &new);
        }
    }
    if let Role::Delegated(name) = role {
        for (target, listed) in repository.releases(name) {
            copy.manifest(&target, listed.sha256())?;
        }
    }
    Ok(())
}

fn changes(old: Option<&Manifest>, new: &Manifest) {
    let changes = Changes::between(old, new);
    if changes.is_empty() {
        output::progress("    no change of rules or files");
    }
    for change in changes.iter() {
        output::progress(&format!("    {change}"));
    }
}

/// Prints what differs inside of the files of two releases.
fn contents(copy: &WorkingCopy, old: &Manifest, new: &Manifest) {
    let compared = unverified(copy, old).and_then(|old| {
        let new = unverified(copy, new)?;
        jurat_author::content_changes(&old, &new).map_err(CommandError::from)
    });
    match compared {
        Ok(changes) => changes.iter().for_each(|change| output::progress(&format!("    {change}"))),
        Err(error) => {
            let reason = error.messages().join("; ");
            output::complain("warning", &format!("rulesets and files cannot be compared with those before: {reason}"));
        }
    }
}

/// A release of the directory with all its files, signed or not. Signers see from it what they would sign.
pub(super) fn unverified(copy: &WorkingCopy, manifest: &Manifest) -> Result<VerifiedRelease, CommandError> {
    let broken = |reason: String| CommandError::new(Blame::Source, format!("{}: {reason}", copy.root().display()));
    let files = manifest.files().iter().map(|file| {
        let path = SafePath::of_blob(&file.sha256);
        let bytes = read_exactly(copy.files(), &path, Bytes::new(file.length), &file.sha256).map_err(broken)?;
        Ok(DraftFile { path: file.path.clone(), kind: file.kind, bytes })
    });
    let draft = ReleaseDraft {
        name: manifest.name().clone(),
        version: manifest.version().clone(),
        world: manifest.world().clone(),
        files: files.collect::<Result<_, CommandError>>()?,
        components: manifest.components().to_vec(),
        builtin: manifest.builtin().to_vec(),
    };
    let built = BuiltRelease::build(draft).map_err(|error| broken(jurat::chain(&error)))?;
    Ok(danger::assume_verified(&built))
}

/// The staged roles with their missing signatures, for messages.
pub(super) fn waiting(repository: &Repository) -> String {
    let staged = repository.roles().into_iter().filter_map(|status| status.staged.map(|staged| (status.role, staged)));
    let waiting: Vec<_> = staged.map(|(role, (version, _, missing))| format!("{role} {version}: {missing}")).collect();
    if waiting.is_empty() { "nothing is staged".to_owned() } else { format!("staged: {}", waiting.join("; ")) }
}
