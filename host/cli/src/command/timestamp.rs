//! `jurat timestamp`: what tells hosts that what they have is still the newest.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::release::{Destination, carry_out, online, tell};
use crate::exit::{Exit, Failure};
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

Signs a new timestamp, and a new snapshot when half of its life is over and its key is at hand. To be run every hour or so: hosts that \
get no newer timestamp until the last one expires go on with what they have, say that it is stale, and stop in the end. What is \
staged stays so.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say again that what is published is the newest
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
    /// How long hosts believe in it; without it, as `jurat trust init` was told, or 24h
    #[arg(long, value_name = "TIME")]
    freshness: Option<Lifetime>,
    #[command(flatten)]
    destination: Destination,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    let Command::Refresh(RefreshArguments { repository, signers, freshness, destination }) = command;
    let copy = WorkingCopy::change(repository)?;
    let repository = copy.read(None)?;
    let clock = PublisherSettings::read(&copy)?.clock(*freshness)?;
    let signers = signers.open()?;
    let signers = online(&repository, &signers)?;
    let signers: Vec<&dyn jurat_trust::Signer> = signers.iter().map(|signer| signer as _).collect();
    let plan = repository.refresh(copy.files(), &signers, clock)?;
    carry_out(&copy, &plan)?;
    tell(&plan.summary);
    destination.serve(&copy, &plan.uploads)?;
    Ok(Exit::Fine)
}
