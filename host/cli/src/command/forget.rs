//! `jurat forget`: discards stored state after a clock was far ahead, or when the state cannot be read.

use clap::{Args, Subcommand};
use jurat::HostState;

use crate::exit::{CommandError, Exit};
use crate::output;
use crate::settings::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat forget clock --config local-config.yaml
  jurat forget metadata --config local-config.yaml

A host refuses metadata if its clock is earlier than a time that it has seen before, and refuses state that it cannot read. Both may \
be signs of an attack. Find the cause before you use this command.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Forget the latest time that this host has seen, after its clock was set too far ahead
    Clock(Arguments),
    /// Forget all metadata that this host has seen, if it cannot be read. Set `trust.min_root_version`,
    /// `trust.min_timestamp_version` and `trust.min_snapshot_version` first, or the host accepts older metadata that is signed and has not expired
    Metadata(Arguments),
}

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The tenant; needed if the configuration has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Clock(arguments) => {
            arguments.state()?.forget_clock()?;
            output::progress("forgotten  the latest time that this host has seen");
        }
        Command::Metadata(arguments) => {
            arguments.state()?.forget_metadata()?;
            output::progress("forgotten  all metadata; kept releases and the pin stay");
        }
    }
    Ok(Exit::Success)
}

impl Arguments {
    fn state(&self) -> Result<HostState, CommandError> {
        Ok(jurat::host_state(&self.settings.read()?, self.tenant.as_deref())?)
    }
}
