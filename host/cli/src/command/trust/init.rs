//! `jurat trust init`: a new repository.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_trust::publish::{Mode, Repository};
use jurat_trust::{KeySet, PublicKey, RepositoryId, Role, RootKeys, SecretKey};

use crate::exit::{Exit, Failure};
use crate::key_file::KeyPair;
use crate::lifetime::Lifetime;
use crate::output;
use crate::passphrase::{Protection, ProtectionArguments};
use crate::repository::{PublisherSettings, WorkingCopy, shown};
use crate::signer::Signer;

const EXAMPLES: &str = "\
Examples:
  jurat trust init repository --repository acme-prod --generate keys
  jurat trust init repository --repository acme-prod \\
      --root-key ada.pub.pem --root-key bob.pub.pem --root-key cem.pub.pem \\
      --targets-key ada-targets.pub.pem --targets-key bob-targets.pub.pem \\
      --snapshot-key snapshot.pub.pem --timestamp-key timestamp.pub.pem
  jurat trust init try --repository try --generate try-keys --development \\
      --insecure-plain

Root says who may sign what, targets says which tenants there are; both are signed by people, who keep their keys off the network. \
Snapshot and timestamp are signed by whatever publishes. No key may have two roles. `--generate` makes all keys on this machine and \
signs at once; take root's and targets' off it, each to somebody else. Without it, root and targets wait for `jurat release sign`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The directory of the repository, made if it is not there
    #[arg(value_name = "REPO")]
    directory: PathBuf,
    /// The name that everything in it is signed for; no two repositories should have the same
    #[arg(long, value_name = "ID")]
    repository: RepositoryId,
    /// Make all keys, and put them into this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["root_key", "targets_key", "snapshot_key", "timestamp_key"])]
    generate: Option<PathBuf>,
    #[command(flatten)]
    protection: ProtectionArguments,
    /// For a repository that nobody relies on: one key of root and one of targets will do
    #[arg(long)]
    development: bool,
    /// The public key of somebody who signs root; can be given several times
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    root_key: Vec<PathBuf>,
    /// How many of them must sign
    #[arg(long, value_name = "COUNT", conflicts_with = "generate")]
    root_threshold: Option<NonZeroUsize>,
    /// The public key of somebody who signs targets; can be given several times
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    targets_key: Vec<PathBuf>,
    /// How many of them must sign
    #[arg(long, value_name = "COUNT", conflicts_with = "generate")]
    targets_threshold: Option<NonZeroUsize>,
    /// The public key of what signs snapshot; can be given several times, and one is enough
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    snapshot_key: Vec<PathBuf>,
    /// The public key of what signs timestamp; can be given several times, and one is enough
    #[arg(long, value_name = "PUB", required_unless_present = "generate")]
    timestamp_key: Vec<PathBuf>,
    /// How long hosts believe in a timestamp, and so in the repository, while nothing newer reaches them; 24h without it
    #[arg(long, value_name = "TIME")]
    freshness: Option<Lifetime>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { directory, repository, freshness, .. } = arguments;
    let mode = if arguments.development { Mode::Development } else { Mode::Production };
    let settings = PublisherSettings { freshness: freshness.map(|freshness| freshness.to_string()) };
    let clock = settings.clock(None)?;
    if directory.exists()
        && let Some(there) = WorkingCopy::open(directory)?.read_as(None, Mode::Development)?.id()
    {
        return Err(Failure::usage(format!("{}: it is the repository `{there}` already", directory.display())));
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
        output::progress(&format!("next        jurat release sign {shown} --key FILE, by all who have to"));
    } else {
        output::progress(&format!("next        jurat tenant add {shown} NAME --key PUB --key PUB"));
    }
    Ok(Exit::Fine)
}

impl Arguments {
    /// The keys that were named.
    fn keys(&self) -> Result<RootKeys, Failure> {
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

/// Public keys from files.
pub(in crate::command) fn key_set(option: &str, files: &[PathBuf], threshold: usize) -> Result<KeySet, Failure> {
    let keys: Vec<PublicKey> = files.iter().map(|file| jurat::read_public_key(file)).collect::<Result<_, _>>()?;
    KeySet::new(threshold, keys).map_err(|error| Failure::about(Exit::Usage, option, &error))
}

/// Makes all keys. Gives those that people will have, who sign at once.
fn generate(directory: &Path, arguments: &Arguments) -> Result<(RootKeys, Vec<Signer>), Failure> {
    // Nobody who only looks on needs to see what is in it.
    let made = fs::create_dir_all(directory)
        .and_then(|()| fs::set_permissions(directory, std::os::unix::fs::PermissionsExt::from_mode(0o700)));
    made.map_err(|error| Failure::about(Exit::Host, directory.display(), &error))?;
    let count = if arguments.development { 1 } else { 2 };
    let pair = |name: &str| KeyPair::new(&directory.join(name));
    let pairs = |role: &str| (1..=count).map(|number| pair(&format!("{role}-{number}"))).collect::<Result<Vec<_>, _>>();
    // That none of them is there yet is known before the first one is written.
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
    Ok((keys, root.into_iter().chain(targets).map(|key| Signer::Key(Box::new(key))).collect()))
}

fn make(pairs: &[KeyPair], protection: &Protection) -> Result<Vec<SecretKey>, Failure> {
    pairs.iter().map(|pair| pair.generate(protection)).collect()
}

/// All of them must sign.
fn set(keys: &[SecretKey]) -> Result<KeySet, Failure> {
    KeySet::new(keys.len(), keys.iter().map(SecretKey::public))
        .map_err(|error| Failure::about(Exit::Host, "--generate", &error))
}

fn sign(repository: &mut Repository, signers: &[Signer]) -> Result<Vec<jurat_trust::publish::StagedFile>, Failure> {
    for signer in signers {
        for role in repository.signable_by(&signer.public()) {
            repository.sign(&role, &signer.for_role(&role))?;
        }
    }
    let is_signed = |role: &Role| repository.missing_signatures(role).is_some_and(|missing| missing.is_empty());
    let files = repository.staged_files();
    match files.iter().find(|file| !is_signed(&file.role)) {
        Some(file) => Err(Failure::new(Exit::Host, format!("{} could not be signed", file.role))),
        None => Ok(files),
    }
}
