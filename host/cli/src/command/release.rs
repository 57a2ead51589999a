//! `jurat release`: builds, signs and publishes releases.

use clap::Subcommand;

use crate::exit::{CommandError, Exit};

mod add_signature;
mod build;
mod bytes;
mod explain;
mod history;
mod inspect;
mod judged;
mod list;
mod publish;
mod sign;
mod upload;

pub(super) use inspect::inspect;
pub(super) use publish::{online, report_publication};
pub(super) use upload::{UploadArguments, write_uploads};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --tenant acme
  jurat release sign repository --key keys/author.pem
  jurat release sign repository --key keys/reviewer.pem
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build a release into a repository, to be signed
    Build(build::Arguments),
    /// Sign staged metadata: releases, targets, root
    Sign(sign::Arguments),
    /// Add signatures from another machine
    #[command(name = "add-signature")]
    AddSignature(add_signature::Arguments),
    /// Write the bytes to sign, for an external signer
    Bytes(bytes::Arguments),
    /// Publish staged metadata that has enough signatures
    Publish(publish::Arguments),
    /// Revoke a release, to be signed
    Revoke(list::RevokeArguments),
    /// List an earlier release again, to be signed
    Rollback(list::RollbackArguments),
    /// Show what a repository has listed over time
    History(history::Arguments),
    /// Show the contents of a repository, without verifying it
    Inspect(inspect::Arguments),
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Build(arguments) => build::run(arguments),
        Command::Sign(arguments) => sign::run(arguments),
        Command::AddSignature(arguments) => add_signature::run(arguments),
        Command::Bytes(arguments) => bytes::run(arguments),
        Command::Publish(arguments) => publish::run(arguments),
        Command::Revoke(arguments) => list::revoke(arguments),
        Command::Rollback(arguments) => list::roll_back(arguments),
        Command::History(arguments) => history::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
    }
}
