//! `jurat trust renew`: stages a role with a new expiry.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::Role;

use crate::command::root::next;
use crate::exit::{CommandError, Exit};
use crate::lifetime::Lifetime;
use crate::repository::{PublisherSettings, WorkingCopy};

const EXAMPLES: &str = "\
Examples:
  jurat trust renew repository --role root
  jurat trust renew repository --role t-acme --expires-in 30d

Root is valid for a year, targets for 180 days, and the role of a tenant for 90 days. Renew each after half of that time. \
`jurat timestamp refresh` renews timestamp and snapshot.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The role: `root`, `targets`, or that of a tenant, as in `t-acme`
    #[arg(long)]
    role: Role,
    /// Its lifetime, as in `90d`, `12h` or `30m`; default: that of its role
    #[arg(long, value_name = "DURATION")]
    expires_in: Option<Lifetime>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut clock = PublisherSettings::read(&copy)?.clock(None)?;
    if let Some(lifetime) = arguments.expires_in {
        let lifetime = lifetime.duration();
        (clock.lifetimes.root, clock.lifetimes.targets, clock.lifetimes.tenant) = (lifetime, lifetime, lifetime);
    }
    let mut repository = copy.read(None)?;
    let file = repository.renew(&arguments.role, clock)?;
    copy.stage(&[file])?;
    next(copy.root(), &repository);
    Ok(Exit::Success)
}
