//! `jurat trust`: a repository from the view of its owners.

use clap::Subcommand;

use crate::exit::{CommandError, Exit};

mod init;
mod renew;
mod show;
mod verify;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat trust init repository --repository acme-prod --generate keys
  jurat trust show repository
  jurat trust verify repository --root root.json";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a repository with its keys
    Init(Box<init::Arguments>),
    /// Show the roles of a repository: keys, versions, expiries and missing signatures
    Show(show::Arguments),
    /// Verify a repository and its releases as a host does
    Verify(verify::Arguments),
    /// Stage a role unchanged, with a new expiry, to be signed again
    Renew(renew::Arguments),
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Init(arguments) => init::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Renew(arguments) => renew::run(arguments),
    }
}
