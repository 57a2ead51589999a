//! `jurat forget`: the way out of a clock that was once far ahead, and of state that cannot be read.

use clap::{Args, Subcommand};
use jurat::HostState;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::settings::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat forget clock --config local-config.yaml
  jurat forget metadata --config local-config.yaml

A host refuses metadata when its clock is earlier than it has once been, and state that it cannot read: both may be an attack. Find \
out what has happened before you make it forget.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Forget the latest time that this host has seen, after its clock was once set far ahead
    Clock(Arguments),
    /// Forget all metadata that this host has seen, where it cannot be read any more; set `trust.min_root_version` and
    /// `trust.min_timestamp_version`, or it can be shown anything that is signed and has not expired
    Metadata(Arguments),
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Whose, if there are several tenants
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Clock(arguments) => {
            arguments.state()?.forget_clock()?;
            output::progress("forgotten  the latest time that this host has seen");
        }
        Command::Metadata(arguments) => {
            arguments.state()?.forget_metadata()?;
            output::progress("forgotten  all metadata; releases that were kept and the pin stay");
        }
    }
    Ok(Exit::Fine)
}

impl Arguments {
    fn state(&self) -> Result<HostState, Failure> {
        Ok(jurat::host_state(&self.settings.read()?, self.tenant.as_deref())?)
    }
}
