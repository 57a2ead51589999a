//! `jurat tenant`: adds, rekeys and removes tenants.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jurat_model::Blame;
use jurat_trust::publish::{Clock, EditError, Repository, StagedFile};
use jurat_trust::{KeyId, KeyName, KeySet};

use super::root;
use crate::exit::{CommandError, Exit};
use crate::key_file::key_set;
use crate::number;
use crate::public_key::read_public_key;
use crate::repository::{PublisherSettings, WorkingCopy};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat tenant add repository acme --key author.pub.pem --key reviewer.pub.pem \\
      --key-name 'Ada author' --key-name 'Ben reviewer'
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

Name all keys, also those that stay; names of keys that are not given again are gone. If the tenant has published a release, its role is staged too: sign it with the new keys, so \
that its hosts keep a release.";

#[derive(Args, Debug)]
pub(super) struct KeysArguments {
    #[command(flatten)]
    tenant: TenantArguments,
    /// A public key that signs for the tenant; repeatable
    #[arg(long, value_name = "PUB", required = true)]
    key: Vec<PathBuf>,
    /// What to call a key, for people; one for each `--key`, in the same order. Signed with the list of tenants
    #[arg(long, value_name = "TEXT")]
    key_name: Vec<KeyName>,
    /// The number of keys that must sign; default: 2, or 1 for a single key
    #[arg(long, value_name = "COUNT", value_parser = number::count)]
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
        let keys = key_set("--key", &self.key, threshold)?;
        if self.key_name.is_empty() {
            return Ok(keys);
        }
        if self.key_name.len() != self.key.len() {
            let (names, keys) = (self.key_name.len(), self.key.len());
            return Err(CommandError::usage(format!(
                "--key-name: there are {names} names for {keys} keys; name all of them, in the same order, or none"
            )));
        }
        let ids = self.key.iter().map(|file| Ok(KeyId::of(&read_public_key(file)?)));
        let ids: Vec<KeyId> = ids.collect::<Result<_, CommandError>>()?;
        keys.with_names(ids.into_iter().zip(self.key_name.iter().cloned()))
            .map_err(|error| CommandError::about(Blame::Caller, "--key-name", &error))
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
        root::next(copy.root(), &repository);
        Ok(Exit::Success)
    }
}
