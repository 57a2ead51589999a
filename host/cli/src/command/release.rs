//! `jurat release`: from sources to what hosts run.

use clap::Subcommand;

use crate::exit::{Exit, Failure};

mod add_signature;
mod build;
mod bytes;
mod explain;
mod inspect;
mod judged;
mod list;
mod publish;
mod sign;
mod upload;

pub(super) use inspect::inspect;

pub(super) use publish::{online, tell};
pub(super) use upload::{Destination, carry_out};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --tenant acme
  jurat release sign repository --key keys/author.pem
  jurat release sign repository --key keys/reviewer.pem
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Put a release into a repository, to be signed
    Build(build::Arguments),
    /// Sign what is staged: releases, tenants, roots
    Sign(sign::Arguments),
    /// Add signatures that were made elsewhere
    #[command(name = "add-signature")]
    AddSignature(add_signature::Arguments),
    /// Write the bytes that have to be signed, for a signer outside of this program
    Bytes(bytes::Arguments),
    /// Make hosts see what is staged and has enough signatures
    Publish(publish::Arguments),
    /// Say that a release must not be used any more, to be signed
    Revoke(list::RevokeArguments),
    /// List an earlier release again, to be signed
    Rollback(list::RollbackArguments),
    /// Show what a repository holds, without checking it
    Inspect(inspect::Arguments),
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Build(arguments) => build::run(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::AddSignature(arguments) => add_signature::run(arguments),
        Command::Bytes(arguments) => bytes::run(arguments),
        Command::Publish(arguments) => publish::run(arguments),
        Command::Revoke(arguments) => list::revoke(arguments),
        Command::Rollback(arguments) => list::roll_back(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
    }
}
