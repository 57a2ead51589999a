//! `jurat release revoke` and `rollback`: revokes a release, and lists an earlier one again.

use std::path::{Path, PathBuf};

use clap::Args;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Clock, Repository, StagedFile};
use jurat_trust::{Caps, RoleName, TargetPath};

use crate::command::root::next;
use crate::exit::{CommandError, Exit};
use crate::output;
use crate::repository::{PublisherSettings, WorkingCopy, find_manifest, read_exactly, read_manifest};

const REVOKE: &str = "\
Examples:
  jurat release revoke repository --tenant acme --target t/acme/main/loan.json
  jurat release revoke repository --tenant acme --manifest 3f2a9c41...

A revocation is permanent: hosts that run the release stop, and never use it again. Publish a replacement first, or hosts are \
left without a release.";

const ROLLBACK: &str = "\
Example:
  jurat release rollback repository --tenant acme --manifest 3f2a9c41... \\
      --target t/acme/main/loan.json

The metadata is new, so that hosts follow; the release is the earlier one, byte for byte. Its files must still be in the repository.";

#[derive(Args, Debug)]
#[command(after_help = REVOKE)]
pub(in crate::command) struct RevokeArguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The tenant of the release
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Revoke the release with this SHA-256 of its manifest, or a unique prefix of it
    #[arg(long, value_name = "SHA256", required_unless_present = "target", conflicts_with = "target")]
    manifest: Option<String>,
    /// Revoke the release that is listed at this path
    #[arg(long, value_name = "PATH")]
    target: Option<TargetPath>,
}

#[derive(Args, Debug)]
#[command(after_help = ROLLBACK)]
pub(in crate::command) struct RollbackArguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The tenant of the release
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// The path at which to list it
    #[arg(long, value_name = "PATH")]
    target: TargetPath,
    /// The SHA-256 of the manifest of the earlier release, or a unique prefix of it
    #[arg(long, value_name = "SHA256")]
    manifest: String,
}

pub(super) fn revoke(arguments: &RevokeArguments) -> Result<Exit, CommandError> {
    let RevokeArguments { repository, tenant, manifest, target } = arguments;
    stage(repository, tenant, |repository, role, clock, copy| {
        let manifest = manifest.as_ref().map(|text| find_manifest(copy, repository, role, text)).transpose()?;
        let target = match target {
            Some(target) => target.clone(),
            // Any path of the tenant identifies its role.
            None => format!("t/{tenant}/any/any.json")
                .parse()
                .map_err(|error| CommandError::about(Blame::Caller, "--tenant", &error))?,
        };
        check_tenant(tenant, &target)?;
        Ok(repository.revoke(&target, manifest.as_ref(), clock)?)
    })
}

pub(super) fn roll_back(arguments: &RollbackArguments) -> Result<Exit, CommandError> {
    let RollbackArguments { repository, tenant, target, manifest } = arguments;
    check_tenant(tenant, target)?;
    stage(repository, tenant, |repository, role, clock, copy| {
        let manifest = &find_manifest(copy, repository, role, manifest)?;
        let broken = |reason| CommandError::new(Blame::Source, format!("{}: {reason}", copy.root().display()));
        // Checks its files too: hosts need them.
        copy.manifest(target, manifest)?;
        read_manifest(copy.files(), target, manifest).map_err(broken)?;
        let cap: Bytes = Caps::DEFAULT.manifest;
        let bytes = read_exactly(copy.files(), &target.location(manifest), cap, manifest).map_err(broken)?;
        Ok(repository.roll_back(target, &bytes, clock)?)
    })
}

fn stage(
    repository: &Path,
    tenant: &str,
    edit: impl FnOnce(&mut Repository, &RoleName, Clock, &WorkingCopy) -> Result<StagedFile, CommandError>,
) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::change(repository)?;
    let mut repository = copy.read(None)?;
    let role = RoleName::of_tenant(tenant).map_err(|error| CommandError::about(Blame::Caller, "--tenant", &error))?;
    let clock = PublisherSettings::read(&copy)?.clock(None)?;
    let file = edit(&mut repository, &role, clock, &copy)?;
    for amendment in repository.amendments(&file.role) {
        output::progress(&format!("  {amendment}"));
    }
    copy.stage(&[file])?;
    if repository.releases(&role).is_empty() {
        output::complain("warning", &format!("{role} lists no release now: its hosts will have none"));
    }
    next(copy.root(), &repository);
    Ok(Exit::Success)
}

fn check_tenant(tenant: &str, target: &TargetPath) -> Result<(), CommandError> {
    if target.as_path().as_str().starts_with(&format!("t/{tenant}/")) {
        return Ok(());
    }
    Err(CommandError::usage(format!("--target: `{target}` is not a path of the tenant `{tenant}`")))
}
