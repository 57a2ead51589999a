//! `jurat trust`: a repository as its owners keep it.

use clap::Subcommand;

use crate::exit::{Exit, Failure};

mod init;
mod renew;
mod show;
mod verify;

pub(super) use init::key_set;
pub(super) use verify::{Host, first_root};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat trust init repository --repository acme-prod --generate keys
  jurat trust show repository
  jurat trust verify repository --root root.json";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a repository: who may sign what
    Init(Box<init::Arguments>),
    /// Show the roles of a repository: their keys, versions and expiries, and what waits for whose signature
    Show(show::Arguments),
    /// Check a repository as a host does, with the releases of all tenants
    Verify(verify::Arguments),
    /// Stage a role as it is, with a new expiry, to be signed again
    Renew(renew::Arguments),
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(arguments) => init::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Renew(arguments) => renew::run(arguments),
    }
}
