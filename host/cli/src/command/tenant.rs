//! `jurat tenant`: who may publish releases.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jurat_trust::KeySet;
use jurat_trust::publish::{Clock, EditError, Repository, StagedFile};

use super::{root, trust};
use crate::exit::{Exit, Failure};
use crate::repository::{PublisherSettings, WorkingCopy};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat tenant add repository acme --key author.pub.pem --key reviewer.pub.pem
  jurat tenant rekey repository acme --key author-2.pub.pem \\
      --key reviewer.pub.pem

A tenant is a team with keys of its own, which may list releases below `t/NAME/` and nowhere else. Each change stages targets, \
to be signed by its people.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let a tenant publish releases
    #[command(after_help = "Example:\n  jurat tenant add repository acme --key author.pub.pem --key reviewer.pub.pem")]
    Add(KeysArguments),
    /// Give a tenant other keys: after a loss, or because somebody has come or gone
    #[command(after_help = REKEY)]
    Rekey(KeysArguments),
    /// No longer let a tenant publish anything; its hosts keep what they have until it expires
    #[command(after_help = "Example:\n  jurat tenant remove repository acme")]
    Remove(RemoveArguments),
}

const REKEY: &str = "\
Example:
  jurat tenant rekey repository acme --key author-2.pub.pem \\
      --key reviewer.pub.pem

All of its keys are named, also those that stay. If it has published anything, its role is staged too: the new keys sign it, so that \
no host is left without a release.";

#[derive(Args, Debug)]
pub(super) struct KeysArguments {
    #[command(flatten)]
    about: About,
    /// The public key of somebody who signs for it; can be given several times
    #[arg(long, value_name = "PUB", required = true)]
    key: Vec<PathBuf>,
    /// How many of them must sign; without it, 2, or 1 if there is only one key
    #[arg(long, value_name = "COUNT")]
    threshold: Option<NonZeroUsize>,
}

#[derive(Args, Debug)]
pub(super) struct RemoveArguments {
    #[command(flatten)]
    about: About,
}

#[derive(Args, Debug)]
struct About {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The tenant
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Add(arguments) => {
            let keys = arguments.keys()?;
            arguments.about.stage(|repository, name, clock| repository.add_tenant(name, keys, clock))
        }
        Command::Rekey(arguments) => {
            let keys = arguments.keys()?;
            arguments.about.stage(|repository, name, clock| repository.rekey_tenant(name, keys, clock))
        }
        Command::Remove(RemoveArguments { about }) => {
            about.stage(|repository, name, clock| repository.remove_tenant(name, clock).map(|file| vec![file]))
        }
    }
}

impl KeysArguments {
    fn keys(&self) -> Result<KeySet, Failure> {
        let threshold = self.threshold.map_or(self.key.len().min(2), NonZeroUsize::get);
        trust::key_set("--key", &self.key, threshold)
    }
}

impl About {
    fn stage(
        &self,
        edit: impl FnOnce(&mut Repository, &str, Clock) -> Result<Vec<StagedFile>, EditError>,
    ) -> Result<Exit, Failure> {
        let copy = WorkingCopy::change(&self.repository)?;
        let clock = PublisherSettings::read(&copy)?.clock(None)?;
        let mut repository = copy.read(None)?;
        let files = edit(&mut repository, &self.name, clock)?;
        copy.stage(&files)?;
        root::next(copy.root());
        Ok(Exit::Fine)
    }
}
