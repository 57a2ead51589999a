//! `jurat completions`: what a shell needs to complete commands.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::exit::{Exit, Failure};
use crate::output;

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  jurat completions bash > ~/.local/share/bash-completion/completions/jurat")]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Cli::command(), "jurat", &mut script);
    let mut out = output::stdout();
    out.write_all(&script).and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}
