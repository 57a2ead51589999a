//! `jurat release verify`: what a host would say.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use jurat_trust::{Caps, KeySet, MetadataVersion, Policy, RepositoryId, TargetPath};

use super::refused;
use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::repository::{Metadata, Repository};
use crate::{host, output};

const EXAMPLES: &str = "\
Example:
  jurat release verify repository --repository acme-prod --threshold 2 \\
      --key keys/author.pub.pem --key keys/reviewer.pub.pem
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    directory: PathBuf,
    /// The public key of somebody who may sign; can be given several times
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// How many of them must have signed
    #[arg(long, value_name = "COUNT", default_value = "1")]
    threshold: NonZeroUsize,
    /// The name that it must have been signed for; without it, whatever name it has
    #[arg(long, value_name = "ID")]
    repository: Option<RepositoryId>,
    /// Only this release
    #[arg(long, value_name = "PATH")]
    target: Option<TargetPath>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let repository = Repository::open(&arguments.directory)?;
    let shown = arguments.directory.display();
    let keys: Vec<_> = arguments.key.iter().map(|file| jurat::read_public_key(file)).collect::<Result<_, _>>()?;
    let keys =
        KeySet::new(arguments.threshold.get(), keys).map_err(|error| Failure::about(Exit::Usage, "--key", &error))?;
    let Some(metadata) = repository.published()? else {
        return Err(unsigned(&repository)?);
    };
    let id = arguments.repository.clone().unwrap_or_else(|| metadata.targets.repository().clone());
    let policy =
        Policy { keys, repository: id, now: host::now(), minimum_version: MetadataVersion::FIRST, caps: Caps::DEFAULT };
    let releases: Vec<_> = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => metadata.targets.releases().map(|(path, _)| path).collect(),
    };
    if releases.is_empty() {
        return Err(Failure::usage(format!("{shown}: it lists no release")));
    }
    let mut out = output::stdout();
    for path in releases {
        let verified = jurat_trust::verify(repository.files(), &policy, &path)
            .map_err(|error| refused(shown.to_string(), &error))?;
        let manifest = verified.manifest();
        let signers = verified.provenance().map_or(0, |provenance| provenance.signers.len());
        let (name, version, expires) = (manifest.name(), manifest.version(), metadata.targets.expires());
        let (files, sha256) = (manifest.files().len(), verified.manifest_sha256());
        writeln!(out, "{path}  {name} {version}  {files} files  {signers} signatures  until {expires}  {sha256}")
            .map_err(|error| Failure::of_output(&error))?;
    }
    out.flush().map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}

/// Why there is nothing to check.
fn unsigned(repository: &Repository) -> Result<Failure, Failure> {
    let shown = repository.root().display();
    let waits = match repository.staged()? {
        Some(Metadata { file, envelope, .. }) => {
            let signatures = envelope.unverified_key_ids().count();
            format!("; `{file}` waits for more signatures than the {signatures} that it has: see `jurat release sign`")
        }
        None => String::new(),
    };
    Ok(Failure::new(Exit::Trust, format!("{shown}: nothing in it has been published{waits}")))
}
