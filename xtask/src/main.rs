//! The project's own commands: `cargo xtask demo`, `test`, `bench`, `guests`.
//!
//! Each prints every command that it runs, so that any of them can be repeated by hand. Only the standard library is used: the
//! first thing that a newcomer runs must not compile for minutes.
#![forbid(unsafe_code)]

mod bench;
mod demo;
mod guests;
mod invariants;
mod python;
mod readme;
mod shell;
mod tally;
mod test;
mod wasm;

use std::process::ExitCode;

use shell::{Failure, Workspace, say};
use wasm::Consent;

const HELP: &str = "\
The project's own commands.

  cargo xtask demo [--install]
      From source to verdicts: builds everything, signs the sample rules with keys made for the
      occasion, and judges the sample loans. What it makes is in target/demo.

  cargo xtask test [--install]
      Everything that a change must pass: formatting, lints, documentation, unit tests,
      integration tests, doc tests, and the commands of the README.

  cargo xtask bench [--quick] [--json] [NAME...]
      Jurat against the same rules compiled natively, a program written by hand, and other rule
      engines, in one run; with names, only those groups of figures (a wrong name lists them).
      Figures go to standard output. What cannot be had here is said to be missing.

  cargo xtask guests [--install]
      Builds the misbehaving rules of tests/guests into target/guests, for running tests by hand.

  --install   lets it install Debian packages where rustup cannot provide the WebAssembly target.
              Without it, it prints the commands. In CI (CI=true) it is always on.

Each prints the commands that it runs.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("\nerror: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((command, options)) = arguments.split_first() else {
        say(HELP);
        return Err(Failure::new("which command?"));
    };
    let allowed: &[&str] = match command.as_str() {
        "demo" | "test" | "guests" => &["--install"],
        "bench" => &["--quick", "--json"],
        "help" | "--help" | "-h" => {
            shell::print(HELP);
            return Ok(());
        }
        other => return Err(Failure::new(format!("there is no command `{other}`")).advise("see `cargo xtask --help`")),
    };
    if options.iter().any(|option| matches!(option.as_str(), "--help" | "-h")) {
        shell::print(HELP);
        return Ok(());
    }
    // Names of groups are the benchmark's to know.
    let is_name = |option: &str| command == "bench" && !option.starts_with('-');
    if let Some(option) = options.iter().find(|option| !allowed.contains(&option.as_str()) && !is_name(option)) {
        let advice = format!("it has: {}", allowed.join(", "));
        return Err(Failure::new(format!("`cargo xtask {command}` has no option `{option}`")).advise(advice));
    }
    let workspace = Workspace::find()?;
    let consent = Consent::from(options.iter().any(|option| option == "--install"));
    match command.as_str() {
        "demo" => demo::run(&workspace, consent),
        "test" => test::run(&workspace, consent),
        "guests" => guests::run(&workspace, consent),
        _ => bench::run(&workspace, options, consent),
    }
}
