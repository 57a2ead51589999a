//! The project's own commands: `cargo xtask demo`, `test`, `bench`, `guests`, `dist`, `picture`,
//! `invariants`, `mutants`, `proof`.
//!
//! Only the standard library is used: the first thing that a newcomer runs must not compile for minutes.
#![forbid(unsafe_code)]

mod bench;
mod cargo_line;
mod demo;
mod dist;
mod error_text;
mod guests;
mod invariants;
mod layout;
mod lengths;
mod lines;
mod links;
mod module_order;
mod mutants;
mod picture;
mod progress;
mod proof;
mod pure;
mod python;
mod readme;
mod rust_files;
mod shell;
mod tally;
mod test;
mod tokens;
mod wasm;

use std::process::ExitCode;

use shell::{TaskError, Workspace, say};
use wasm::Consent;

const HELP: &str = "\
The project's own commands.

  cargo xtask demo [--install] [--verbose]
      From source to verdicts: builds everything, signs the sample rules with temporary
      keys, and judges the sample loans. Its files are in target/demo.

  cargo xtask test [--install]
      Everything that a change must pass: formatting, lints, documentation, unit tests,
      integration tests, doc tests, and the commands of the README.

  cargo xtask invariants
      The part of `test` that reads and builds nothing, in a second: the tests that ARCHITECTURE.md
      names exist, modules import in the order that it gives, and no file is too long.

  cargo xtask bench [--quick] [--json] [--verbose] [NAME...]
      Jurat against the same rules compiled natively, a program written by hand, and other rule
      engines, in one run; with names, only those groups of figures (a wrong name lists them).
      Figures go to standard output. It names what is missing here.

  cargo xtask guests [--install] [--verbose]
      Builds the misbehaving rules of tests/guests into target/guests, for running tests by hand.

  cargo xtask mutants [--install] CRATE [FILTER...]
      Changes a crate in small ways, one at a time, runs its own tests after each change, and ends
      with a table of the changes that no test has noticed. Each takes seconds, a crate has
      hundreds. A filter is a part of a path: only files are changed whose path has one of them.
      The crate is a directory of host, or a package. Everything else about the changes is in
      target/mutants. It needs cargo-mutants.

  cargo xtask proof [--install] NAME...
      Long tests of the whole program at full size, one after the other, which print what they
      measure; `test` runs a few seconds of each. Without a name it lists them.

  cargo xtask dist [--remap-paths] [--verbose]
      The command line as it is shipped, in target/dist (Linux only): stripped, with SHA-256
      checksums, and with its debug information in a file of its own, which debuggers and
      backtraces find beside it. It runs the program, compares the checksums and looks up a
      function to prove that they work.

  cargo xtask picture [--install] [--verbose]
      Runs the demo and draws docs/img/demo-light.svg and demo-dark.svg, which README.md shows,
      from what it prints. `cargo xtask test` fails when they differ.

  --install      lets it install what is missing: Debian packages where rustup cannot provide the
                 WebAssembly target, and cargo-mutants. Without it, it prints the commands. In CI
                 (CI=true) it is always on.
  --remap-paths  builds once more, apart, with neutral names in place of the directories of this
                 machine: panics and backtraces say /jurat and /cargo. The first such build takes
                 as long as the first build of the demo.
  --verbose      prints every command that it runs, and all that they print. Without it, a step is
                 a line, and the output of a command is shown if it fails.
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

fn run(arguments: &[String]) -> Result<(), TaskError> {
    let Some((command, options)) = arguments.split_first() else {
        say(HELP);
        return Err(TaskError::new("which command?"));
    };
    let allowed: &[&str] = match command.as_str() {
        "demo" | "guests" | "picture" => &["--install", "--verbose"],
        "test" | "mutants" | "proof" => &["--install"],
        "invariants" => &[],
        "bench" => &["--quick", "--json", "--verbose"],
        "dist" => &["--remap-paths", "--verbose"],
        "help" | "--help" | "-h" => {
            shell::print(HELP);
            return Ok(());
        }
        other => {
            return Err(TaskError::new(format!("there is no command `{other}`")).advise("see `cargo xtask --help`"));
        }
    };
    if options.iter().any(|option| matches!(option.as_str(), "--help" | "-h")) {
        shell::print(HELP);
        return Ok(());
    }
    // Names of groups are the benchmark's to know, crates and filters those of the mutants, proofs that of their own list.
    let has_names = matches!(command.as_str(), "bench" | "mutants" | "proof");
    let is_name = |option: &str| has_names && !option.starts_with('-');
    if let Some(option) = options.iter().find(|option| !allowed.contains(&option.as_str()) && !is_name(option)) {
        let advice = format!("it has: {}", allowed.join(", "));
        return Err(TaskError::new(format!("`cargo xtask {command}` has no option `{option}`")).advise(advice));
    }
    let workspace = Workspace::find()?;
    let has = |name: &str| options.iter().any(|option| option == name);
    let (consent, is_verbose) = (Consent::from(has("--install")), has("--verbose"));
    match command.as_str() {
        "demo" => demo::run(&workspace, consent, is_verbose),
        "test" => test::run(&workspace, consent),
        "invariants" => invariants::check(&workspace),
        "guests" => guests::run(&workspace, consent, is_verbose),
        "dist" => dist::run(&workspace, has("--remap-paths"), is_verbose),
        "picture" => picture::run(&workspace, consent, is_verbose),
        "mutants" | "proof" => {
            let words: Vec<_> = options.iter().filter(|option| *option != "--install").cloned().collect();
            let run = if command == "proof" { proof::run } else { mutants::run };
            run(&workspace, &words, consent)
        }
        _ => {
            let own: Vec<_> = options.iter().filter(|option| *option != "--verbose").cloned().collect();
            bench::run(&workspace, &own, consent, is_verbose)
        }
    }
}
