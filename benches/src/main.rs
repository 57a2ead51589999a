//! `cargo xtask bench`: the cost of the sandbox and of trust, how Jurat scales, and how other engines do, in one run on one machine.
//!
//! Every comparison is a ratio of times measured alternately, round by round. No test depends on these figures: machines differ.
#![expect(clippy::print_stdout, reason = "printing is its purpose")]

mod bare;
mod callgrind;
mod child;
mod columns;
mod copies;
mod effort;
mod figures;
mod fuel;
mod handwritten;
mod loans;
mod measure;
mod native;
mod peer;
mod pipeline;
mod report;
mod source;
mod trust;
mod workload;

use std::process::ExitCode;

use effort::Effort;
use report::{Report, progress};

const HELP: &str = "\
Usage: cargo xtask bench [--quick] [--json] [NAME...]

  --quick  run fewer rounds, and fewer records where records are slow
  --json   print one JSON object with all figures; `null` for a figure that could not be measured
  NAME     measure only these groups:
";

/// Figures that are measured together.
struct Group {
    name: &'static str,
    about: &'static str,
    measure: fn(Effort, &mut Report) -> anyhow::Result<()>,
    /// Whether it runs without being named.
    is_usual: bool,
}

const GROUPS: &[Group] = &[
    group(
        "batch",
        "from text to lines: against native rules, a hand-written program and the minimum of work",
        figures::batch,
    ),
    group("rules", "the rules alone, from columns to verdicts", figures::rules),
    group("single", "one record in one call", figures::single),
    group("scaling", "two threads over one", figures::scaling),
    group("peers", "other rule engines on the same loans", figures::peers),
    group("instance", "fresh instances and limits, against the bare runtime", figures::instance),
    group("memory", "memory of a process: for batches of any size, and for each component", figures::memory),
    group("cost", "how the cost of a record grows, and with what", figures::cost),
    Group {
        is_usual: false,
        ..group(
            "fuel",
            "the time that a unit of fuel buys, over everything that a rule can do; runs only if named",
            figures::fuel,
        )
    },
    group("trust", "metadata, switches and starts", trust::measure),
    group("limits", "checks of rate limits", figures::limits),
    Group {
        is_usual: false,
        ..group(
            "instructions",
            "where the instructions of a record go, by callgrind; runs only if named",
            figures::instructions,
        )
    },
];

const fn group(
    name: &'static str,
    about: &'static str,
    measure: fn(Effort, &mut Report) -> anyhow::Result<()>,
) -> Group {
    Group { name, about, measure, is_usual: true }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("child", rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return child::run(rest);
    }
    let (options, names): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let is_known = |name: &&String| GROUPS.iter().any(|group| group.name == **name);
    let is_option = |option: &&String| matches!(option.as_str(), "--quick" | "--json");
    if !options.iter().all(is_option) || !names.iter().all(is_known) {
        let groups: String = GROUPS.iter().map(|group| format!("    {:<14} {}\n", group.name, group.about)).collect();
        print!("{HELP}{groups}");
        return if arguments == ["--help"] { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let has = |name: &str| options.iter().any(|option| *option == name);
    let is_quick = has("--quick");
    let effort = Effort { rounds: if is_quick { 7 } else { 31 }, is_quick };
    let chosen = |group: &&Group| match names.is_empty() {
        true => group.is_usual,
        false => names.iter().any(|name| *name == group.name),
    };

    let mut report = Report::default();
    let mut exit = ExitCode::SUCCESS;
    for Group { name, about, measure, .. } in GROUPS.iter().filter(chosen) {
        progress(&format!("{name}: {about}"));
        // The figures of the other groups are still worth printing.
        if let Err(error) = measure(effort, &mut report) {
            progress(&format!("error: {name}: {error:#}"));
            exit = ExitCode::FAILURE;
        }
    }
    if has("--json") {
        println!("{}", report.json())
    } else {
        print!("{}", report.table())
    }
    exit
}
