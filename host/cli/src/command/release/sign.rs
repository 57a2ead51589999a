//! `jurat release sign`: what makes hosts believe a repository.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_trust::{Caps, Envelope, KeySet, MetadataVersion, Policy, PublicKey, SecretKey};

use super::refused;
use crate::command::key::read_private;
use crate::exit::{Exit, Failure};
use crate::repository::{Metadata, Overlay, Repository};
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat release sign repository --key keys/author.pem
  jurat release sign repository --key keys/author.pem --threshold 2
  jurat release sign repository --key keys/reviewer.pem --threshold 2

Checks everything that is signed as a host would, says what it is, and adds the signatures. With as many as `--threshold` \
asks for, hosts see it: of the last two commands, the first one waits and the second one publishes.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// A private key; can be given several times
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// How many signatures it must have before hosts see it; without it, as many as what it replaces has, or one
    #[arg(long, value_name = "COUNT")]
    threshold: Option<NonZeroUsize>,
    /// A public key that may have signed what is replaced, if none of the keys has; can be given several times
    #[arg(long, value_name = "FILE")]
    previous_key: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let repository = Repository::open(&arguments.repository)?;
    let keys: Vec<_> = arguments.key.iter().map(|file| read_private(file)).collect::<Result<_, _>>()?;
    let published = repository.published()?;
    let staged = repository.staged()?;
    if let (Some(published), Some(staged)) = (&published, &staged) {
        check_succession(&repository, published, staged, &keys, &arguments.previous_key)?;
    }
    // With fewer than before, hosts would refuse what they see until the others have signed.
    let before = match (&published, &staged) {
        (Some(published), Some(_)) => published.envelope.unverified_key_ids().count(),
        _ => 1,
    };
    let shown = arguments.repository.display();
    let nothing =
        || Failure::usage(format!("{shown}: there is nothing to sign; `jurat release build` puts releases into it"));
    let metadata = staged.or(published).ok_or_else(nothing)?;
    let envelope = sign(&metadata, &keys)?;
    check(&repository, &metadata, &envelope, &keys)?;

    let signatures = envelope.unverified_key_ids().count();
    let needed = arguments.threshold.map_or(before, NonZeroUsize::get);
    if signatures < needed {
        let file = repository.stage(&envelope)?;
        output::progress(&format!("signed     {} of {needed} signatures: {}", signatures, file.display()));
    } else {
        let file = repository.publish(&envelope)?;
        output::progress(&format!("published  with {signatures} signatures: {}", file.display()));
    }
    Ok(Exit::Fine)
}

fn sign(metadata: &Metadata, keys: &[SecretKey]) -> Result<Envelope, Failure> {
    let mut envelope = metadata.envelope.clone();
    for key in keys {
        envelope.sign(key).map_err(|error| Failure::about(Exit::Usage, metadata.file, &error))?;
    }
    Ok(envelope)
}

/// Checks what is signed as a host does, and says what it is.
fn check(repository: &Repository, metadata: &Metadata, envelope: &Envelope, keys: &[SecretKey]) -> Result<(), Failure> {
    let targets = &metadata.targets;
    let public = keys.iter().map(SecretKey::public);
    let policy = Policy {
        keys: KeySet::new(keys.len(), public).map_err(|error| Failure::about(Exit::Usage, "--key", &error))?,
        repository: targets.repository().clone(),
        now: host::now(),
        minimum_version: MetadataVersion::FIRST,
        caps: Caps::DEFAULT,
    };
    let (version, expires) = (targets.version(), targets.expires());
    output::progress(&format!("metadata   version {version} of `{}`, until {expires}", targets.repository()));
    for (path, _) in targets.releases() {
        let verified = jurat_trust::verify(&Overlay { repository, envelope }, &policy, &path)
            .map_err(|error| refused(repository.root().display(), &error))?;
        let manifest = verified.manifest();
        let (name, version, sha256) = (manifest.name(), manifest.version(), verified.manifest_sha256());
        output::progress(&format!("release    {name} {version}  as {path}  {sha256}"));
    }
    for revoked in targets.revoked() {
        output::progress(&format!("revoked    {revoked}"));
    }
    Ok(())
}

/// What is replaced decides what is carried on, so it must be our own.
fn check_succession(
    repository: &Repository,
    published: &Metadata,
    staged: &Metadata,
    keys: &[SecretKey],
    previous: &[PathBuf],
) -> Result<(), Failure> {
    let shown = repository.root().join(published.file);
    let previous: Vec<PublicKey> =
        previous.iter().map(|file| jurat::read_public_key(Path::new(file))).collect::<Result<_, _>>()?;
    let known = keys.iter().map(SecretKey::public).chain(previous);
    let is_ours =
        known.into_iter().any(|key| KeySet::new(1, [key]).is_ok_and(|key| published.envelope.verify(&key).is_ok()));
    if !is_ours {
        return Err(Failure::new(
            Exit::Trust,
            format!(
                "{}: it is replaced, but none of the keys has signed it, so it may not be what was published; name one that has \
                 with --previous-key",
                shown.display()
            ),
        ));
    }
    staged
        .targets
        .check_replaces(&published.targets)
        .map_err(|error| Failure::about(Exit::Usage, shown.display(), &error))
}
