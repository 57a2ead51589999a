//! `jurat trust renew`: the same again, for longer.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::Role;

use crate::exit::{Exit, Failure};
use crate::lifetime::Lifetime;
use crate::output;
use crate::repository::{PublisherSettings, WorkingCopy, shown};

const EXAMPLES: &str = "\
Examples:
  jurat trust renew repository --role root
  jurat trust renew repository --role t-acme --expires-in 30d

Root lives for a year, targets for 180 days, and a tenant's role for 90 days; renew each when half of that is over. Timestamp and \
snapshot are renewed by `jurat timestamp refresh`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The role: `root`, `targets`, or a tenant's, as in `t-acme`
    #[arg(long)]
    role: Role,
    /// How long it is valid: days, hours or minutes
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Lifetime>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut clock = PublisherSettings::read(&copy)?.clock(None)?;
    if let Some(lifetime) = arguments.expires_in {
        let lifetime = lifetime.duration();
        (clock.lifetimes.root, clock.lifetimes.targets, clock.lifetimes.tenant) = (lifetime, lifetime, lifetime);
    }
    let file = copy.read(None)?.renew(&arguments.role, clock)?;
    copy.stage(&[file])?;
    output::progress(&format!("next        jurat release sign {} --key FILE", shown(copy.root()).display()));
    Ok(Exit::Fine)
}
