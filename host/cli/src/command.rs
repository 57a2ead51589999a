//! The commands.

use clap::{Args, Parser, Subcommand};

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::output::Log;

mod build;
mod completions;
mod config;
mod inspect;
mod key;
mod release;
mod rpc;
mod validate;

const EXAMPLES: &str = "\
Examples:
  jurat config > local-config.yaml
  jurat validate --config local-config.yaml --ruleset quick loans.json
";

/// Runs other people's rules on business records: signed, and in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "jurat", version, max_term_width = 110, disable_help_subcommand = true)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge records with the rules of a release
    Validate(validate::Arguments),
    /// Judge records for other programs, over JSON-RPC 2.0
    Rpc(rpc::Arguments),
    /// Compile rules written in Rust to components
    Build(build::Arguments),
    /// Show what a component or a repository holds
    Inspect(inspect::Arguments),
    /// Make keys for signing
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Make, sign and check releases
    #[command(subcommand, after_help = release::EXAMPLES)]
    Release(release::Command),
    /// Print a configuration file with every setting, its default and its meaning, or check one
    Config(config::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Compile a component from standard input to standard output; this program calls itself with it
    #[command(hide = true)]
    Compile(CompileArguments),
}

#[derive(Args, Debug)]
struct CompileArguments {}

impl Cli {
    /// What the command wants to be logged.
    pub(crate) fn log(&self) -> Log {
        match &self.command {
            Command::Rpc(arguments) => Log::Requests(arguments.log_format),
            _ => Log::Troubles,
        }
    }
}

/// Does what the command says.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Rpc(arguments) => rpc::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Key(command) => key::run(&command),
        Command::Release(command) => release::run(&command),
        Command::Config(arguments) => config::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Compile(CompileArguments {}) => Ok(compile()),
    }
}

/// Its exit codes are between the two ends of the pipe.
fn compile() -> Exit {
    match jurat_sandbox::compile_from_stdin() {
        0 => Exit::Fine,
        3 => Exit::Trust,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_a_help_text() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let has_help =
                    argument.get_help().is_some() || matches!(argument.get_id().as_str(), "help" | "version");
                assert!(has_help, "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
