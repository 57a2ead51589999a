//! `jurat release`: from sources to what hosts trust.

use clap::Subcommand;
use jurat::Blame;
use jurat_trust::VerifyError;

use crate::exit::{Exit, Failure};

mod build;
mod expiry;
mod inspect;
mod sign;
mod verify;

pub(super) use inspect::inspect;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --repository acme-prod
  jurat release sign repository --key keys/rules-team.pem
  jurat release verify repository --key keys/rules-team.pub.pem";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a release into a repository, to be signed
    Build(build::Arguments),
    /// Sign what a repository says
    Sign(sign::Arguments),
    /// Check a repository as a host does
    Verify(verify::Arguments),
    /// Show what a repository holds, without checking it
    Inspect(inspect::Arguments),
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Build(arguments) => build::run(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
    }
}

/// What a host would say.
fn refused(what: impl std::fmt::Display, error: &VerifyError) -> Failure {
    Failure::about(Blame::from(error).into(), what, error)
}
