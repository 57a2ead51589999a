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
mod number;
mod output;
mod passphrase;
mod public_key;
mod report;
mod repository;
mod secret;
mod settings;
mod signer;

use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use clap::Parser;
use jurat_model::Blame;
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;

use command::Cli;
use exit::CommandError;

/// The stack of the thread that runs commands: the one of the process is as small as `ulimit -s` says.
const STACK: usize = 8 << 20;

/// Runs the command that the arguments of the process name.
#[must_use]
pub fn main() -> ExitCode {
    // Exceeding a file size limit becomes a write error instead of ending the process.
    if let Err(error) = flag::register(SIGXFSZ, Arc::default()) {
        return CommandError::about(Blame::Host, "the signal SIGXFSZ cannot be handled", &error).report().into();
    }
    let thread = thread::Builder::new().name("jurat-main".to_owned()).stack_size(STACK).spawn(run);
    match thread.map(JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // The message is on standard error.
        Ok(Err(panic)) => panic::resume_unwind(panic),
        Err(error) => {
            let advice = "the program cannot start a thread; look at `ulimit -u` and `ulimit -v`";
            CommandError::about(Blame::Host, advice, &error).report().into()
        }
    }
}

fn run() -> ExitCode {
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
