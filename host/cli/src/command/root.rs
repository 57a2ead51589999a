//! `jurat root`: changes the keys and thresholds of the top roles.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jurat_trust::publish::{Clock, EditError, Mode, Repository, RoleStatus, StagedFile};
use jurat_trust::{KeyId, KeySet, Role, TopRole};

use crate::exit::{CommandError, Exit};
use crate::number;
use crate::output;
use crate::public_key::read_public_key;
use crate::repository::{PublisherSettings, WorkingCopy, shown};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat root rotate repository --role timestamp --old timestamp.pub.pem \\
      --new timestamp-2.pub.pem
  jurat root add-key repository --role root --key dora.pub.pem

Each command stages the next root, to be signed by the keys of the current root. If it changes the keys of root itself, the new keys \
must sign too. Several changes are collected in one new root.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a key to a role
    #[command(
        name = "add-key",
        after_help = "Example:\n  jurat root add-key repository --role root --key dora.pub.pem"
    )]
    AddKey(KeyArguments),
    /// Remove a key from a role
    #[command(
        name = "remove-key",
        after_help = "Example:\n  jurat root remove-key repository --role root --key ada.pub.pem"
    )]
    RemoveKey(KeyArguments),
    /// Set the number of keys that must sign a role
    #[command(after_help = "Example:\n  jurat root threshold repository --role root 3")]
    Threshold(ThresholdArguments),
    /// Replace a key of a role, after a loss or on schedule
    #[command(after_help = ROTATE)]
    Rotate(RotateArguments),
}

const ROTATE: &str = "\
Example:
  jurat root rotate repository --role snapshot --old snapshot.pub.pem \\
      --new snapshot-2.pub.pem";

#[derive(Args, Debug)]
pub(super) struct RoleArguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The role
    #[arg(long, value_enum)]
    role: RoleChoice,
}

#[derive(Args, Debug)]
pub(super) struct KeyArguments {
    #[command(flatten)]
    role: RoleArguments,
    /// The public key
    #[arg(long, value_name = "PUB")]
    key: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct ThresholdArguments {
    #[command(flatten)]
    role: RoleArguments,
    /// The number of keys that must sign
    #[arg(value_name = "COUNT", value_parser = number::count)]
    count: NonZeroUsize,
    /// Allow a threshold of 1 for root or targets, for a repository for development
    #[arg(long)]
    development: bool,
}

#[derive(Args, Debug)]
pub(super) struct RotateArguments {
    #[command(flatten)]
    role: RoleArguments,
    /// The public key to replace
    #[arg(long, value_name = "PUB")]
    old: PathBuf,
    /// The new public key
    #[arg(long, value_name = "PUB")]
    new: PathBuf,
}

/// A role whose keys root lists.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleChoice {
    /// Lists the keys of all roles
    Root,
    /// Lists the tenants
    Targets,
    /// Lists the versions that belong together
    Snapshot,
    /// Names the newest version
    Timestamp,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::AddKey(KeyArguments { role, key }) => {
            let key = read_public_key(key)?;
            role.stage(|repository, role, clock| repository.add_root_key(role, key, clock))
        }
        Command::RemoveKey(KeyArguments { role, key }) => {
            let key = read_public_key(key)?;
            role.stage(|repository, role, clock| repository.remove_root_key(role, &key, clock))
        }
        Command::Threshold(ThresholdArguments { role, count, development }) => {
            let mode = development.then_some(Mode::Development);
            role.stage_as(mode, |repository, role, clock| repository.set_root_threshold(role, count.get(), clock))
        }
        Command::Rotate(RotateArguments { role, old, new }) => {
            let (old, new) = (read_public_key(old)?, read_public_key(new)?);
            role.stage(|repository, role, clock| repository.rotate_root_key(role, &old, new, clock))
        }
    }
}

impl RoleArguments {
    fn stage(
        &self,
        edit: impl FnOnce(&mut Repository, TopRole, Clock) -> Result<StagedFile, EditError>,
    ) -> Result<Exit, CommandError> {
        self.stage_as(None, edit)
    }

    fn stage_as(
        &self,
        mode: Option<Mode>,
        edit: impl FnOnce(&mut Repository, TopRole, Clock) -> Result<StagedFile, EditError>,
    ) -> Result<Exit, CommandError> {
        let copy = WorkingCopy::change(&self.repository)?;
        let clock = PublisherSettings::read(&copy)?.clock(None)?;
        let mut repository = match mode {
            Some(mode) => copy.read_as(None, mode)?,
            None => copy.read(None)?,
        };
        let file = edit(&mut repository, self.role.into(), clock)?;
        copy.stage(&[file])?;
        next(copy.root(), &repository);
        Ok(Exit::Success)
    }
}

/// Prints what is still missing until what is staged is published: whose signatures, and then the publication.
pub(super) fn next(root: &Path, repository: &Repository) {
    let shown = shown(root);
    let shown = shown.display();
    let (mut ready, mut waiting) = (Vec::new(), false);
    for RoleStatus { role, staged, .. } in repository.roles() {
        let Some((version, _, missing)) = staged else { continue };
        if missing.is_empty() {
            ready.push(format!("{role} {version}"));
        } else {
            waiting = true;
            output::progress(&format!("next        jurat release sign {shown} --key FILE"));
            output::progress(&format!("            {role} {version}: {missing}"));
        }
    }
    // The first publication has root and targets together.
    let is_founded = repository.roles().iter().any(|status| status.role == Role::Targets && status.published.is_some());
    if ready.is_empty() || (waiting && !is_founded) {
        return;
    }
    let online = [Role::Snapshot, Role::Timestamp].map(|role| {
        let keys = repository.roles().into_iter().find(|status| status.role == role).and_then(|status| status.keys);
        let ids = keys.iter().flat_map(KeySet::keys).map(|(id, _)| named(repository, id));
        format!("{role} {}", ids.collect::<Vec<_>>().join(" or "))
    });
    let when = if waiting { ", which leaves the others staged," } else { "" };
    output::progress(&format!("next        jurat release publish {shown} --key SNAPSHOT --key TIMESTAMP"));
    let [snapshot, timestamp] = online;
    output::progress(&format!(
        "            {} can be published{when} with the keys {snapshot} and {timestamp}",
        ready.join(", ")
    ));
}

/// The id of a key, with what published metadata calls it.
pub(super) fn named(repository: &Repository, id: &KeyId) -> String {
    match repository.key_name(id) {
        Some(name) => format!("`{id}` ({name})"),
        None => format!("`{id}`"),
    }
}

impl From<RoleChoice> for TopRole {
    fn from(role: RoleChoice) -> Self {
        match role {
            RoleChoice::Root => Self::Root,
            RoleChoice::Targets => Self::Targets,
            RoleChoice::Snapshot => Self::Snapshot,
            RoleChoice::Timestamp => Self::Timestamp,
        }
    }
}
