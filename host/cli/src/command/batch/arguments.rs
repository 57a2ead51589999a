//! The arguments of `jurat batch`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jurat::Sample;
use jurat_results::Per;

use super::outputs::OutputArguments;
use crate::command::judging::JudgingArguments;
use crate::exit::EXIT_CODES;
use crate::number;
use crate::output::ColorChoice;

const EXAMPLES: &str = "\
Examples:
  jurat batch --config local-config.yaml --ruleset thorough loans.ndjson
  jurat batch --config local-config.yaml --ruleset thorough \\
      --results results.ndjson --failures failures.ndjson 'loans/*.ndjson.gz'
  zcat loans.ndjson.gz | jurat batch --config local-config.yaml \\
      --ruleset quick --good good.ndjson --bad bad.ndjson
  jurat batch --config local-config.yaml --ruleset quick --sample 1% \\
      --failures - loans/ | head

Each input is an array of records, or one record after the other, optionally compressed with gzip or zstd. A directory means all \
files below it that end in `.json`, `.ndjson` or `.jsonl`, optionally followed by `.gz` or `.zst`. In a pattern, `*` and \
`?` match any characters except `/`, and `**` matches any directories.

Outputs are written as `FILE.partial` and renamed when everything is done, so a file without that suffix is complete. After an \
error or Ctrl-C, the partial files stay and end with a whole line. All outputs of a run cover the same records.
";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::command) struct Arguments {
    /// Files, directories and patterns; `-` or no input reads standard input
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) judging: JudgingArguments,
    #[command(flatten)]
    pub(super) outputs: OutputArguments,
    /// What a line of `--results` contains
    #[arg(long, value_enum, default_value_t)]
    pub(super) per: PerChoice,
    /// Leave the position of each record out of the lines of `--results`
    #[arg(long)]
    pub(super) no_places: bool,
    /// Stop after that many records
    #[arg(long, value_name = "COUNT", value_parser = number::whole::<u64>(1..=u64::MAX))]
    pub(super) limit: Option<u64>,
    /// Judge only a share of the records, as in `0.01` or `1%`; the same input gives the same sample
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) sample: Option<Share>,
    /// Include execution times in results; they differ between runs
    #[arg(long)]
    pub(super) timings: bool,
    /// The format of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: SummaryFormat,
    /// Do not show progress
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// When to use colors
    #[arg(long, value_enum, default_value_t)]
    pub(super) color: ColorChoice,
}

/// What a line of the results contains.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum PerChoice {
    /// A record with the results of all rules
    #[default]
    Record,
    /// The result of one rule for a record
    Rule,
}

impl From<PerChoice> for Per {
    fn from(choice: PerChoice) -> Self {
        match choice {
            PerChoice::Record => Self::Record,
            PerChoice::Rule => Self::Rule,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// A table for people
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// A share of the records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    value: f64,
    sample: Sample,
}

impl Share {
    /// The share as a fraction.
    pub(super) fn value(self) -> f64 {
        self.value
    }

    /// The records that are in it.
    pub(super) fn sample(self) -> Sample {
        self.sample
    }
}

/// Parses a share: a fraction or a percentage.
fn share(text: &str) -> Result<Share, &'static str> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent.trim_end(), 100.0));
    let value = number.parse::<f64>().ok().map(|number| number / whole);
    value
        .and_then(|value| Some(Share { value, sample: Sample::new(value)? }))
        .ok_or("not a share of the records: write a fraction or a percentage, as in `0.01` or `1%`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_or_a_percentage() {
        for (text, expected) in [("0.01", 0.01), ("1%", 0.01), ("100 %", 1.0), ("1", 1.0), ("0.5%", 0.005)] {
            assert_eq!(share(text).map(Share::value), Ok(expected), "{text}");
        }
        for text in ["", "%", "0", "0%", "-1%", "1.01", "101%", "NaN", "inf", "1%%", "half"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
