//! The jurat command line.
//!
//! A command is a module below `command` with its arguments and one function, which gives back an exit code or says why there
//! is nothing to give. Only this crate reads the environment and the clock.
#![forbid(unsafe_code)]

mod command;
mod exit;
mod guest;
mod host;
mod key_file;
mod lifetime;
mod output;
mod passphrase;
mod report;
mod repository;
mod secret;
mod settings;
mod signer;
mod table;

use std::process::ExitCode;

use clap::Parser;

use command::Cli;

/// Does what the arguments of the process say.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                output::refuse_arguments(&error.render().to_string());
                return exit::Exit::Usage.into();
            }
            // A pipe that is closed has nobody to tell.
            let _ = error.print();
            return exit::Exit::Fine.into();
        }
    };
    let _log = output::start_log(cli.log());
    match command::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report().into(),
    }
}
