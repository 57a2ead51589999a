//! `jurat timestamp`: tells hosts that their release is still the newest.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::release::{UploadArguments, online, report_publication, write_uploads};
use crate::exit::{CommandError, Exit};
use crate::lifetime::Lifetime;
use crate::repository::{PublisherSettings, WorkingCopy};
use crate::signer::{SIGNERS, SignerArguments};

pub(super) const EXAMPLES: &str = "\
Example:
  jurat timestamp refresh repository --key keys/timestamp.pem \\
      --key keys/snapshot.pem --to /srv/rules";

const REFRESH: &str = "\
Examples:
  jurat timestamp refresh repository --key keys/timestamp.pem
  jurat timestamp refresh repository --key keys/timestamp.pem \\
      --key keys/snapshot.pem --to /srv/rules

Signs a new timestamp. Also signs a new snapshot, if half of its lifetime has passed and its key is given. Run this about every hour. \
A host whose timestamp expires keeps its release, reports it as stale, and stops in the end. Staged metadata stays staged. With `--to`, nothing is written if something newer is in that directory.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Sign a new timestamp for the published metadata
    Refresh(RefreshArguments),
}

#[derive(Args, Debug)]
#[command(after_help = format!("{REFRESH}\n\n{SIGNERS}"))]
pub(super) struct RefreshArguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    signers: SignerArguments,
    /// The lifetime of the timestamp; default: that of `jurat trust init`, or 24h
    #[arg(long, value_name = "DURATION")]
    freshness: Option<Lifetime>,
    #[command(flatten)]
    upload: UploadArguments,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    let Command::Refresh(RefreshArguments { repository, signers, freshness, upload }) = command;
    let copy = WorkingCopy::change(repository)?;
    let repository = copy.read(None)?;
    let clock = PublisherSettings::read(&copy)?.clock(*freshness)?;
    let signers = signers.open()?;
    let signers = online(&repository, &signers)?;
    let signers: Vec<&dyn jurat_trust::Signer> = signers.iter().map(|signer| signer as _).collect();
    let plan = repository.refresh(copy.files(), &signers, clock)?;
    let destination = upload.destination(&copy, &plan.uploads)?;
    write_uploads(&copy, &plan)?;
    report_publication(&plan.summary);
    upload.run(&copy, &plan.uploads, destination.as_ref())?;
    Ok(Exit::Success)
}
