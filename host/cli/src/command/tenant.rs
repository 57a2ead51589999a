//! `jurat tenant`: adds, rekeys and removes tenants.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jurat_trust::KeySet;
use jurat_trust::publish::{Clock, EditError, Repository, StagedFile};

use super::root;
use crate::exit::{CommandError, Exit};
use crate::key_file::key_set;
use crate::repository::{PublisherSettings, WorkingCopy};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat tenant add repository acme --key author.pub.pem --key reviewer.pub.pem
  jurat tenant rekey repository acme --key author-2.pub.pem \\
      --key reviewer.pub.pem

A tenant is a team with its own keys, which may list releases below `t/NAME/` and nowhere else. Each change stages targets, \
to be signed by the keys of targets.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a tenant, who may publish releases
    #[command(after_help = "Example:\n  jurat tenant add repository acme --key author.pub.pem --key reviewer.pub.pem")]
    Add(KeysArguments),
    /// Replace the keys of a tenant, after a loss or a change in the team
    #[command(after_help = REKEY)]
    Rekey(KeysArguments),
    /// Remove a tenant; its hosts keep their release until it expires
    #[command(after_help = "Example:\n  jurat tenant remove repository acme")]
    Remove(RemoveArguments),
}

const REKEY: &str = "\
Example:
  jurat tenant rekey repository acme --key author-2.pub.pem \\
      --key reviewer.pub.pem

Name all keys, also those that stay. If the tenant has published a release, its role is staged too: sign it with the new keys, so \
that its hosts keep a release.";

#[derive(Args, Debug)]
pub(super) struct KeysArguments {
    #[command(flatten)]
    tenant: TenantArguments,
    /// A public key that signs for the tenant; repeatable
    #[arg(long, value_name = "PUB", required = true)]
    key: Vec<PathBuf>,
    /// The number of keys that must sign; default: 2, or 1 for a single key
    #[arg(long, value_name = "COUNT")]
    threshold: Option<NonZeroUsize>,
}

#[derive(Args, Debug)]
pub(super) struct RemoveArguments {
    #[command(flatten)]
    tenant: TenantArguments,
}

#[derive(Args, Debug)]
struct TenantArguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The tenant
    #[arg(value_name = "NAME")]
    name: String,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Add(arguments) => {
            let keys = arguments.keys()?;
            arguments.tenant.stage(|repository, name, clock| repository.add_tenant(name, keys, clock))
        }
        Command::Rekey(arguments) => {
            let keys = arguments.keys()?;
            arguments.tenant.stage(|repository, name, clock| repository.rekey_tenant(name, keys, clock))
        }
        Command::Remove(RemoveArguments { tenant }) => {
            tenant.stage(|repository, name, clock| repository.remove_tenant(name, clock).map(|file| vec![file]))
        }
    }
}

impl KeysArguments {
    fn keys(&self) -> Result<KeySet, CommandError> {
        let threshold = self.threshold.map_or(self.key.len().min(2), NonZeroUsize::get);
        key_set("--key", &self.key, threshold)
    }
}

impl TenantArguments {
    fn stage(
        &self,
        edit: impl FnOnce(&mut Repository, &str, Clock) -> Result<Vec<StagedFile>, EditError>,
    ) -> Result<Exit, CommandError> {
        let copy = WorkingCopy::change(&self.repository)?;
        let clock = PublisherSettings::read(&copy)?.clock(None)?;
        let mut repository = copy.read(None)?;
        let files = edit(&mut repository, &self.name, clock)?;
        copy.stage(&files)?;
        root::next(copy.root());
        Ok(Exit::Success)
    }
}
