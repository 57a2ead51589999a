//! The commands.

use clap::{Args, CommandFactory, Parser, Subcommand};
use jurat_log::Log;

use crate::exit::{CommandError, EXIT_CODES, Exit};

mod apikey;
mod batch;
mod build;
mod completions;
mod config;
mod doctor;
mod forget;
mod inspect;
mod judging;
mod key;
mod limits;
mod mirror;
mod pin;
mod release;
mod root;
mod rpc;
mod serve;
mod simulate;
mod status;
mod tenant;
mod timestamp;
mod trust;
mod validate;

const EXAMPLES: &str = "\
Examples:
  jurat config > local-config.yaml   # then set business_config_uri and trust
  jurat validate --config local-config.yaml --ruleset quick loans.json
";

/// Judge business records with signed rules, in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "jurat", version, max_term_width = 110)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge records with the rules of a release
    Validate(validate::Arguments),
    /// Judge any number of records, and write the results to files
    Batch(batch::Arguments),
    /// Judge records for other programs, over JSON-RPC 2.0
    Rpc(rpc::Arguments),
    /// Judge records for other programs, over HTTP
    Serve(serve::Arguments),
    /// Show host status: the release, its trust, and what failed
    Status(status::Arguments),
    /// Create, list and revoke API keys of a server's clients
    #[command(subcommand, after_help = apikey::EXAMPLES)]
    Apikey(apikey::Command),
    /// Show what clients of a running server have left of their limits, and give it back
    #[command(subcommand, after_help = limits::EXAMPLES)]
    Limits(limits::Command),
    /// Pin hosts to a release
    Pin(pin::PinArguments),
    /// Pin hosts to the previous release
    Rollback(pin::RollbackArguments),
    /// Let hosts follow the repository again
    Unpin(pin::UnpinArguments),
    /// Delete stored state that keeps a host from starting
    #[command(subcommand, after_help = forget::EXAMPLES)]
    Forget(forget::Command),
    /// Compile rules written in Rust to components
    Build(build::Arguments),
    /// Show the contents of a component or a repository
    Inspect(inspect::Arguments),
    /// Create signing keys
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Create, show and verify a repository
    #[command(subcommand, after_help = trust::EXAMPLES)]
    Trust(trust::Command),
    /// Change the keys and thresholds of a repository
    #[command(subcommand, after_help = root::EXAMPLES)]
    Root(root::Command),
    /// Add, rekey and remove tenants: teams that publish releases
    #[command(subcommand, after_help = tenant::EXAMPLES)]
    Tenant(tenant::Command),
    /// Build, sign and publish releases
    #[command(subcommand, after_help = release::EXAMPLES)]
    Release(release::Command),
    /// Keep a repository fresh
    #[command(subcommand, after_help = timestamp::EXAMPLES)]
    Timestamp(timestamp::Command),
    /// Copy a repository to hosts without a network
    #[command(subcommand, after_help = mirror::EXAMPLES)]
    Mirror(mirror::Command),
    /// Check a repository for problems: expiries, keys, caching
    Doctor(doctor::Arguments),
    /// Attack a copy of a repository, and show which attacks were stopped
    Simulate(simulate::Arguments),
    /// Print a configuration file with every setting explained, or check one
    Config(config::Arguments),
    /// Print shell completions
    Completions(completions::Arguments),
    /// Compile a component from standard input to standard output; the program runs itself with this command
    #[command(hide = true)]
    Compile(CompileArguments),
}

#[derive(Args, Debug)]
struct CompileArguments {}

impl Cli {
    /// What the command logs.
    pub(crate) fn log(&self) -> Log {
        match &self.command {
            Command::Rpc(arguments) => Log::Requests(arguments.log_format.into()),
            Command::Serve(arguments) => Log::Requests(arguments.log_format.into()),
            _ => Log::Warnings,
        }
    }
}

/// Runs the command.
pub(crate) fn run(cli: Cli) -> Result<Exit, CommandError> {
    match cli.command {
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Batch(arguments) => batch::run(&arguments),
        Command::Rpc(arguments) => rpc::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Apikey(command) => apikey::run(&command),
        Command::Limits(command) => limits::run(&command),
        Command::Pin(arguments) => pin::pin(&arguments),
        Command::Rollback(arguments) => pin::rollback(&arguments),
        Command::Unpin(arguments) => pin::unpin(&arguments),
        Command::Forget(command) => forget::run(&command),
        Command::Build(arguments) => build::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Key(command) => key::run(&command),
        Command::Trust(command) => trust::run(&command),
        Command::Root(command) => root::run(&command),
        Command::Tenant(command) => tenant::run(&command),
        Command::Release(command) => release::run(&command),
        Command::Timestamp(command) => timestamp::run(&command),
        Command::Mirror(command) => mirror::run(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, &mut Cli::command()),
        Command::Compile(CompileArguments {}) => Ok(compile()),
    }
}

/// The parent process reads these exit codes.
fn compile() -> Exit {
    match jurat_sandbox::compile_from_stdin() {
        0 => Exit::Success,
        3 => Exit::Trust,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
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
