//! `jurat completions`: completion scripts for shells.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::{CommandError, Exit};
use crate::output;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  jurat completions bash > ~/.local/share/bash-completion/completions/jurat")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, program: &mut Command) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, program, "jurat", &mut script);
    let mut out = output::stdout();
    out.write_all(&script).and_then(|()| out.flush()).map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}
