//! The output files of a batch. No two outputs, and no output and input, may be the same file.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use jurat_records::Inputs;
use jurat_results::{Lines, OutputKind};

use super::destination::{FileId, OutputDestination, id, id_of};
use super::output_file::{OutputFile, PartialFile};
use crate::exit::CommandError;

/// The output files.
#[derive(Args, Debug)]
pub(super) struct OutputArguments {
    /// Write results to this file, as NDJSON
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Write failures to this file, as NDJSON: a line for each rule that says FAIL or ERROR, with the values of the id fields
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Write the records without failures to this file, unchanged, one on each line
    #[arg(long, value_name = "FILE")]
    good: Option<PathBuf>,
    /// Write the records with failures to this file, unchanged, one on each line
    #[arg(long, value_name = "FILE")]
    bad: Option<PathBuf>,
    /// Write the summary to this file, as JSON
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// The requested outputs, all different from each other and from the inputs.
#[derive(Debug)]
pub(super) struct OutputPlan {
    records: Vec<(OutputKind, OutputDestination)>,
    summary: Option<OutputDestination>,
}

/// The outputs while they are written.
#[derive(Debug)]
pub(super) struct OutputFiles {
    records: Vec<(OutputKind, OutputFile)>,
    summary: Option<OutputFile>,
}

/// An output that cannot be written.
#[derive(Debug)]
pub(super) struct WriteError {
    name: String,
    error: io::Error,
}

impl OutputArguments {
    /// Checks that every output differs from the others and from the inputs. Nothing is opened.
    pub(super) fn plan(&self, inputs: &Inputs) -> Result<OutputPlan, CommandError> {
        let named = [
            (OutputKind::Results, &self.results),
            (OutputKind::Failures, &self.failures),
            (OutputKind::Good, &self.good),
            (OutputKind::Bad, &self.bad),
        ];
        let mut records = Vec::new();
        for (kind, path) in named {
            if let Some(path) = path {
                records.push((kind, OutputDestination::of(path)?));
            }
        }
        let plan = OutputPlan { records, summary: self.summary.as_deref().map(OutputDestination::of).transpose()? };
        plan.check(inputs)?;
        Ok(plan)
    }
}

impl OutputPlan {
    fn destinations(&self) -> Vec<(&'static str, &OutputDestination)> {
        let records = self.records.iter().map(|(kind, destination)| (kind.name(), destination));
        records.chain(self.summary.iter().map(|destination| ("summary", destination))).collect()
    }

    fn check(&self, inputs: &Inputs) -> Result<(), CommandError> {
        let all = self.destinations();
        for (index, (option, destination)) in all.iter().enumerate() {
            let name = destination.name();
            if let Some((other, _)) = all.iter().take(index).find(|(_, other)| destination.conflicts_with(other)) {
                return Err(CommandError::usage(format!("{name}: `--{other}` and `--{option}` name the same file")));
            }
            let (paths, ids) = (destination.paths(), destination.ids());
            let is_one = |id: Option<FileId>| id.is_some_and(|id| ids.contains(&id));
            let is_input = |source: usize| match inputs.path(source) {
                None => is_one(id_of(io::stdin())),
                // A file that does not exist yet is not an input.
                Some(input) => paths.iter().any(|path| path == input) || (!ids.is_empty() && is_one(id(input))),
            };
            if (0..inputs.count()).any(is_input) {
                return Err(CommandError::usage(format!("{name}: `--{option}` names an input")));
            }
        }
        Ok(())
    }

    /// Whether lines or the summary's JSON go to standard output.
    pub(super) fn takes_stdout(&self) -> bool {
        self.destinations().iter().any(|(_, destination)| **destination == OutputDestination::Stdout)
    }

    /// Whether output appears on the terminal that would show a progress bar.
    pub(super) fn draws_on_terminal(&self) -> bool {
        self.takes_stdout() && io::stdout().is_terminal()
    }

    /// Whether the summary's JSON goes to standard output.
    pub(super) fn summary_takes_stdout(&self) -> bool {
        self.summary == Some(OutputDestination::Stdout)
    }

    /// The outputs that have a line for each record.
    pub(super) fn kinds(&self) -> Vec<OutputKind> {
        self.records.iter().map(|(kind, _)| *kind).collect()
    }

    /// Opens all outputs.
    pub(super) fn open(&self) -> Result<OutputFiles, WriteError> {
        let mut files = OutputFiles { records: Vec::new(), summary: None };
        let open = |files: &mut OutputFiles, destination: &OutputDestination, kind: Option<OutputKind>| {
            let file = OutputFile::open(destination).map_err(|error| WriteError { name: destination.name(), error })?;
            match kind {
                Some(kind) => files.records.push((kind, file)),
                None => files.summary = Some(file),
            }
            Ok(())
        };
        let records = self.records.iter().map(|(kind, destination)| (destination, Some(*kind)));
        for (destination, kind) in records.chain(self.summary.iter().map(|destination| (destination, None))) {
            if let Err(error) = open(&mut files, destination, kind) {
                files.abandon(0);
                return Err(error);
            }
        }
        Ok(files)
    }
}

impl OutputFiles {
    /// Writes the lines of one window, one block for each output. They count once all of them are written.
    pub(super) fn write(&mut self, blocks: &[Lines]) -> Result<(), WriteError> {
        debug_assert_eq!(blocks.len(), self.records.len(), "one block for each output");
        if blocks.len() != self.records.len() {
            let error =
                io::Error::other(format!("{} outputs were rendered instead of {}", blocks.len(), self.records.len()));
            return Err(WriteError { name: "a bug".to_owned(), error });
        }
        for ((_, file), lines) in self.records.iter_mut().zip(blocks) {
            file.write(lines).map_err(|error| WriteError { name: file.name().to_owned(), error })?;
        }
        for ((_, file), lines) in self.records.iter_mut().zip(blocks) {
            file.keep(lines);
        }
        Ok(())
    }

    /// The outputs that have a line for each record.
    pub(super) fn records(&self) -> impl Iterator<Item = (OutputKind, &OutputFile)> {
        self.records.iter().map(|(kind, file)| (*kind, file))
    }

    /// Writes the summary, if it was requested.
    pub(super) fn summarize(&mut self, json: &[u8]) -> Result<(), WriteError> {
        let Some(file) = &mut self.summary else { return Ok(()) };
        let lines = Lines { bytes: json.to_vec(), lines: 1, records: 0 };
        file.write(&lines).map_err(|error| WriteError { name: file.name().to_owned(), error })?;
        file.keep(&lines);
        Ok(())
    }

    /// Renames every file, once all of them are on the disk.
    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        for file in self.all() {
            file.sync().map_err(|error| WriteError { name: file.name().to_owned(), error })?;
        }
        for file in self.all() {
            file.finish().map_err(|error| WriteError { name: file.name().to_owned(), error })?;
        }
        Ok(())
    }

    /// Leaves the lines of the first `judged` records in partial files.
    pub(super) fn abandon(self, judged: u64) -> Vec<PartialFile> {
        // The error message has the numbers that a partial summary would have.
        if let Some(summary) = self.summary {
            summary.abandon(0);
        }
        self.records.into_iter().filter_map(|(_, file)| file.abandon(judged)).collect()
    }

    fn all(&mut self) -> impl Iterator<Item = &mut OutputFile> {
        self.records.iter_mut().map(|(_, file)| file).chain(&mut self.summary)
    }
}

impl WriteError {
    /// Whether the reader of the output has closed it.
    pub(super) fn is_closed_pipe(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }

    /// The output and the reason.
    pub(super) fn reason(&self) -> String {
        format!("{}: {}", self.name, self.error)
    }
}
