//! `jurat batch`: any amount of records in, files of verdicts out.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jurat::Sample;

use super::judging::JudgingArguments;
use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::output::Colour;

mod destination;
mod line;
mod outlet;
mod outputs;
mod progress;
mod render;
mod run;
mod screen;
mod signals;
mod summary;

const EXAMPLES: &str = "\
Examples:
  jurat batch --config local-config.yaml --ruleset thorough loans.ndjson
  jurat batch --config local-config.yaml --ruleset thorough \\
      --results results.ndjson --failures failures.ndjson 'loans/*.ndjson.gz'
  zcat loans.ndjson.gz | jurat batch --config local-config.yaml \\
      --ruleset quick --good good.ndjson --bad bad.ndjson
  jurat batch --config local-config.yaml --ruleset quick --sample 1% \\
      --failures - loans/ | head

Each input is an array of records, one record, or one record on each line, and may be packed with gzip or zstd. A directory stands \
for the files below it that end in `.json`, `.ndjson` or `.jsonl`, also with `.gz` or `.zst` behind that; in a pattern, `*` and `?` \
stand for any characters but `/`, and `**` for any directories.

Files are written as `FILE.partial` and get their names when everything is done: a file that is there is whole. Where it ends \
before that, with an error or Ctrl-C, the part that was done stays under that name, in whole lines. The files of one run always go \
together: each has what belongs to the same records.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    /// Files, directories and patterns; `-` or nothing reads standard input
    #[arg(value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    judging: JudgingArguments,
    #[command(flatten)]
    outputs: outputs::OutputArguments,
    /// What a line of the results is about
    #[arg(long, value_enum, default_value_t)]
    per: Per,
    /// Stop after so many records
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Judge only a share of the records, as in `0.01` or `1%`: of the same input always the same ones
    #[arg(long, value_name = "SHARE", value_parser = share)]
    sample: Option<f64>,
    /// Say in results how long rules took, which is never the same twice
    #[arg(long)]
    timings: bool,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Say nothing of how far it has come
    #[arg(long, short)]
    quiet: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

/// What a line of the results is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Per {
    /// A record, with what all rules say of it
    #[default]
    Record,
    /// What one rule says of a record
    Rule,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One object
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    run::run(arguments)
}

/// A share: a part of one, or percent.
fn share(text: &str) -> Result<f64, &'static str> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent.trim_end(), 100.0));
    let share = number.parse::<f64>().ok().map(|number| number / whole);
    share.filter(|share| Sample::new(*share).is_some()).ok_or("write a share of the records, as in `0.01` or `1%`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_part_or_percent() {
        for (text, expected) in [("0.01", 0.01), ("1%", 0.01), ("100 %", 1.0), ("1", 1.0), ("0.5%", 0.005)] {
            assert_eq!(share(text), Ok(expected), "{text}");
        }
        for text in ["", "%", "0", "0%", "-1%", "1.01", "101%", "NaN", "inf", "1%%", "half"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
