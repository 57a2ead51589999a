//! `jurat trust init`: creates a repository.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_model::Blame;
use jurat_trust::publish::{Mode, Repository};
use jurat_trust::{KeySet, RepositoryId, Role, RootKeys, SecretKey};

use crate::command::root::next;
use crate::exit::{CommandError, Exit};
use crate::key_file::{KeyPair, key_set};
use crate::lifetime::Lifetime;
use crate::number;
use crate::output;
use crate::passphrase::{Protection, ProtectionArguments};
use crate::repository::{PublisherSettings, WorkingCopy, shown};
use crate::signer::AnySigner;

const EXAMPLES: &str = "\
Examples:
  jurat trust init repository --repository acme-prod --generate keys
  jurat trust init repository --repository acme-prod \\
      --root-key ada.pub.pem --root-key bob.pub.pem --root-key cem.pub.pem \\
      --targets-key ada-targets.pub.pem --targets-key bob-targets.pub.pem \\
      --snapshot-key snapshot.pub.pem --timestamp-key timestamp.pub.pem
  jurat trust init try --repository try --generate try-keys --development \\
      --insecure-plain

Root lists the keys of all roles, targets lists the tenants. People sign both, with keys that they keep off the network. The \
publishing machine signs snapshot and timestamp. A key may have only one role. `--generate` creates all keys on this machine and signs \
at once; move the keys of root and targets off it, each to another person. Otherwise, root and targets wait for `jurat release sign`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The directory of the repository; created if it does not exist
    #[arg(value_name = "REPO")]
    directory: PathBuf,
    /// The name that all its metadata is signed for; give each repository a different one
    #[arg(long, value_name = "ID")]
    repository: RepositoryId,
    /// Generate all keys, and write them to this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["root_key", "targets_key", "snapshot_key", "timestamp_key"])]
    generate: Option<PathBuf>,
    #[command(flatten)]
    protection: ProtectionArguments,
    /// Create a repository for development, which needs one key of root and one of targets
    #[arg(long)]
    development: bool,
    /// A public key that signs root; repeatable
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    root_key: Vec<PathBuf>,
    /// The number of keys that must sign root; default: 2, or 1 with `--development`
    #[arg(long, value_name = "COUNT", value_parser = number::count, conflicts_with = "generate")]
    root_threshold: Option<NonZeroUsize>,
    /// A public key that signs targets; repeatable
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    targets_key: Vec<PathBuf>,
    /// The number of keys that must sign targets; default: 2, or 1 with `--development`
    #[arg(long, value_name = "COUNT", value_parser = number::count, conflicts_with = "generate")]
    targets_threshold: Option<NonZeroUsize>,
    /// A public key that signs snapshot; repeatable, one of them must sign
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    snapshot_key: Vec<PathBuf>,
    /// A public key that signs timestamp; repeatable, one of them must sign
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    timestamp_key: Vec<PathBuf>,
    /// The lifetime of a timestamp: hosts trust the repository that long without a newer one; default: 24h
    #[arg(long, value_name = "DURATION")]
    freshness: Option<Lifetime>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { directory, repository, freshness, .. } = arguments;
    let mode = if arguments.development { Mode::Development } else { Mode::Production };
    let settings = PublisherSettings { freshness: freshness.map(|freshness| freshness.to_string()) };
    let clock = settings.clock(None)?;
    if directory.exists()
        && let Some(there) = WorkingCopy::open(directory)?.read_as(None, Mode::Development)?.id()
    {
        return Err(CommandError::usage(format!("{}: contains the repository `{there}` already", directory.display())));
    }
    let (keys, signers) = match &arguments.generate {
        Some(keys) => generate(keys, arguments)?,
        None => (arguments.keys()?, Vec::new()),
    };
    let (mut new, files) = Repository::init(repository, keys, mode, clock)?;
    let copy = WorkingCopy::create(directory)?;
    if settings.freshness.is_some() {
        settings.write(&copy)?;
    }
    let files = if signers.is_empty() { files } else { sign(&mut new, &signers)? };
    copy.stage(&files)?;
    let shown = shown(directory);
    let shown = shown.display();
    if signers.is_empty() {
        next(directory, &new);
    } else {
        output::progress(&format!("next        jurat tenant add {shown} NAME --key PUB --key PUB"));
    }
    Ok(Exit::Success)
}

impl Arguments {
    /// The given public keys.
    fn keys(&self) -> Result<RootKeys, CommandError> {
        let people = |option: &str, files: &[PathBuf], threshold: Option<NonZeroUsize>| {
            let usual = if self.development { 1 } else { 2 };
            key_set(option, files, threshold.map_or(usual, NonZeroUsize::get))
        };
        Ok(RootKeys {
            root: people("--root-key", &self.root_key, self.root_threshold)?,
            targets: people("--targets-key", &self.targets_key, self.targets_threshold)?,
            snapshot: key_set("--snapshot-key", &self.snapshot_key, 1)?,
            timestamp: key_set("--timestamp-key", &self.timestamp_key, 1)?,
        })
    }
}

/// Generates all keys. Returns the signers of root and targets, which sign at once.
fn generate(directory: &Path, arguments: &Arguments) -> Result<(RootKeys, Vec<AnySigner>), CommandError> {
    // Other users need not see its contents.
    let made = fs::create_dir_all(directory)
        .and_then(|()| fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o700)));
    made.map_err(|error| CommandError::about(Blame::Host, directory.display(), &error))?;
    let count = if arguments.development { 1 } else { 2 };
    let pair = |name: &str| KeyPair::new(&directory.join(name));
    let pairs = |role: &str| (1..=count).map(|number| pair(&format!("{role}-{number}"))).collect::<Result<Vec<_>, _>>();
    // Check that none of the files exists before the first one is written.
    let (root, targets) = (pairs("root")?, pairs("targets")?);
    let (snapshot, timestamp) = (pair("snapshot")?, pair("timestamp")?);
    let protection = arguments.protection.choose()?;
    let (root, targets) = (make(&root, &protection)?, make(&targets, &protection)?);
    let keys = RootKeys {
        root: set(&root)?,
        targets: set(&targets)?,
        snapshot: set(&[snapshot.generate(&protection)?])?,
        timestamp: set(&[timestamp.generate(&protection)?])?,
    };
    Ok((keys, root.into_iter().chain(targets).map(|key| AnySigner::Key(Box::new(key))).collect()))
}

fn make(pairs: &[KeyPair], protection: &Protection) -> Result<Vec<SecretKey>, CommandError> {
    pairs.iter().map(|pair| pair.generate(protection)).collect()
}

/// A set of keys that all must sign.
fn set(keys: &[SecretKey]) -> Result<KeySet, CommandError> {
    KeySet::new(keys.len(), keys.iter().map(SecretKey::public))
        .map_err(|error| CommandError::about(Blame::Host, "--generate", &error))
}

fn sign(
    repository: &mut Repository,
    signers: &[AnySigner],
) -> Result<Vec<jurat_trust::publish::StagedFile>, CommandError> {
    for signer in signers {
        for role in repository.signable_by(&signer.public()) {
            repository.sign(&role, &signer.for_role(&role))?;
        }
    }
    let is_signed = |role: &Role| repository.missing_signatures(role).is_some_and(|missing| missing.is_empty());
    let files = repository.staged_files();
    match files.iter().find(|file| !is_signed(&file.role)) {
        Some(file) => Err(CommandError::new(Blame::Host, format!("{} cannot be signed", file.role))),
        None => Ok(files),
    }
}
