//! Explains staged changes before they are signed or published.

use jurat_trust::publish::{Amendment, Changes, Repository};
use jurat_trust::{Manifest, Role};

use crate::exit::CommandError;
use crate::output;
use crate::repository::{WorkingCopy, read_manifest};

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

/// The staged roles with their missing signatures, for messages.
pub(super) fn waiting(repository: &Repository) -> String {
    let staged = repository.roles().into_iter().filter_map(|status| status.staged.map(|staged| (status.role, staged)));
    let waiting: Vec<_> = staged.map(|(role, (version, _, missing))| format!("{role} {version}: {missing}")).collect();
    if waiting.is_empty() { "nothing is staged".to_owned() } else { format!("staged: {}", waiting.join("; ")) }
}
