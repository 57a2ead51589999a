//! `jurat root`: who may sign what.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jurat_trust::TopRole;
use jurat_trust::publish::{Clock, EditError, Mode, Repository, StagedFile};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{PublisherSettings, WorkingCopy, shown};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat root rotate repository --role timestamp --old timestamp.pub.pem \\
      --new timestamp-2.pub.pem
  jurat root add-key repository --role root --key dora.pub.pem

Each stages the next root, which must be signed by the keys of the present one, and where it changes root's own keys also by the new \
ones. Several changes make one new root.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let one more key sign a role
    #[command(
        name = "add-key",
        after_help = "Example:\n  jurat root add-key repository --role root --key dora.pub.pem"
    )]
    AddKey(KeyArguments),
    /// No longer let a key sign a role
    #[command(
        name = "remove-key",
        after_help = "Example:\n  jurat root remove-key repository --role root --key ada.pub.pem"
    )]
    RemoveKey(KeyArguments),
    /// Say how many keys must sign a role
    #[command(after_help = "Example:\n  jurat root threshold repository --role root 3")]
    Threshold(ThresholdArguments),
    /// Put a new key in the place of an old one: after a loss, or because it is time
    #[command(after_help = ROTATE)]
    Rotate(RotateArguments),
}

const ROTATE: &str = "\
Example:
  jurat root rotate repository --role snapshot --old snapshot.pub.pem \\
      --new snapshot-2.pub.pem";

#[derive(Args, Debug)]
pub(super) struct About {
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
    about: About,
    /// The public key
    #[arg(long, value_name = "PUB")]
    key: PathBuf,
}

#[derive(Args, Debug)]
pub(super) struct ThresholdArguments {
    #[command(flatten)]
    about: About,
    /// How many keys must sign
    #[arg(value_name = "COUNT")]
    count: NonZeroUsize,
    /// For a repository that nobody relies on: one key of root or targets will do
    #[arg(long)]
    development: bool,
}

#[derive(Args, Debug)]
pub(super) struct RotateArguments {
    #[command(flatten)]
    about: About,
    /// The public key that is replaced
    #[arg(long, value_name = "PUB")]
    old: PathBuf,
    /// The public key that takes its place
    #[arg(long, value_name = "PUB")]
    new: PathBuf,
}

/// A role whose keys root names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleChoice {
    /// Those who say who may sign what
    Root,
    /// Those who say which tenants there are
    Targets,
    /// What says which versions belong together
    Snapshot,
    /// What says which version is the newest
    Timestamp,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::AddKey(KeyArguments { about, key }) => {
            let key = jurat::read_public_key(key)?;
            about.stage(|repository, role, clock| repository.add_root_key(role, key, clock))
        }
        Command::RemoveKey(KeyArguments { about, key }) => {
            let key = jurat::read_public_key(key)?;
            about.stage(|repository, role, clock| repository.remove_root_key(role, &key, clock))
        }
        Command::Threshold(ThresholdArguments { about, count, development }) => {
            let mode = development.then_some(Mode::Development);
            about.stage_as(mode, |repository, role, clock| repository.set_root_threshold(role, count.get(), clock))
        }
        Command::Rotate(RotateArguments { about, old, new }) => {
            let (old, new) = (jurat::read_public_key(old)?, jurat::read_public_key(new)?);
            about.stage(|repository, role, clock| repository.rotate_root_key(role, &old, new, clock))
        }
    }
}

impl About {
    fn stage(
        &self,
        edit: impl FnOnce(&mut Repository, TopRole, Clock) -> Result<StagedFile, EditError>,
    ) -> Result<Exit, Failure> {
        self.stage_as(None, edit)
    }

    fn stage_as(
        &self,
        mode: Option<Mode>,
        edit: impl FnOnce(&mut Repository, TopRole, Clock) -> Result<StagedFile, EditError>,
    ) -> Result<Exit, Failure> {
        let copy = WorkingCopy::change(&self.repository)?;
        let clock = PublisherSettings::read(&copy)?.clock(None)?;
        let mut repository = match mode {
            Some(mode) => copy.read_as(None, mode)?,
            None => copy.read(None)?,
        };
        let file = edit(&mut repository, self.role.into(), clock)?;
        copy.stage(&[file])?;
        next(copy.root());
        Ok(Exit::Fine)
    }
}

/// Says what has to come now.
pub(super) fn next(root: &Path) {
    let shown = shown(root);
    output::progress(&format!("next        jurat release sign {} --key FILE, by all who have to", shown.display()));
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
