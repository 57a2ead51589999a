//! The jurat command line.
//!
//! A command is a module below `command` with its arguments and one function, which returns an exit code or an error. Only this
//! crate reads the environment and the clock.
#![forbid(unsafe_code)]

mod cargo;
mod command;
mod exit;
mod host;
mod key_file;
mod lifetime;
mod output;
mod passphrase;
mod public_key;
mod report;
mod repository;
mod secret;
mod settings;
mod signer;

use std::process::ExitCode;

use clap::Parser;

use command::Cli;

/// Runs the command that the arguments of the process name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                output::refuse_arguments(&error.render().to_string());
                return exit::Exit::Usage.into();
            }
            // If standard output is closed, the text is lost.
            let _ = error.print();
            return exit::Exit::Success.into();
        }
    };
    let _log = output::start_log(cli.log());
    match command::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => error.report().into(),
    }
}
