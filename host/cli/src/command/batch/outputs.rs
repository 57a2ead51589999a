//! Which files are written, and that none of them stands in the way of another.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use jurat_records::Inputs;

use super::destination::{Destination, FileId, id, id_of};
use super::outlet::{Outlet, Piece, Remains};
use crate::exit::Failure;

/// Which files are written.
#[derive(Args, Debug)]
pub(super) struct OutputArguments {
    /// Where results go, as NDJSON
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Where every failing record goes, as NDJSON: a line for each rule that says FAIL or ERROR, with the values of the id fields
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Where the records go that are in order, as they are, one on each line
    #[arg(long, value_name = "FILE")]
    good: Option<PathBuf>,
    /// Where all other records go, as they are, one on each line
    #[arg(long, value_name = "FILE")]
    bad: Option<PathBuf>,
    /// Where the summary goes, as JSON
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// What an output is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// What rules say of each record.
    Results,
    /// What they say of those that fail.
    Failures,
    /// The records that do not.
    Good,
    /// Those that do.
    Bad,
}

/// The outputs that are asked for, none of which stands in the way of another, or of an input.
#[derive(Debug)]
pub(super) struct Plan {
    records: Vec<(Kind, Destination)>,
    summary: Option<Destination>,
}

/// The outputs while they are written.
#[derive(Debug)]
pub(super) struct Outlets {
    records: Vec<(Kind, Outlet)>,
    summary: Option<Outlet>,
}

/// An output that cannot be written.
#[derive(Debug)]
pub(super) struct Unwritten {
    name: String,
    error: io::Error,
}

impl Kind {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Failures => "failures",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

impl OutputArguments {
    /// Checks that every output can be told from the others and from the inputs. Nothing is opened.
    pub(super) fn plan(&self, inputs: &Inputs) -> Result<Plan, Failure> {
        let named = [
            (Kind::Results, &self.results),
            (Kind::Failures, &self.failures),
            (Kind::Good, &self.good),
            (Kind::Bad, &self.bad),
        ];
        let mut records = Vec::new();
        for (kind, path) in named {
            if let Some(path) = path {
                records.push((kind, Destination::of(path)?));
            }
        }
        let plan = Plan { records, summary: self.summary.as_deref().map(Destination::of).transpose()? };
        plan.check(inputs)?;
        Ok(plan)
    }
}

impl Plan {
    fn destinations(&self) -> Vec<(&'static str, &Destination)> {
        let records = self.records.iter().map(|(kind, destination)| (kind.name(), destination));
        records.chain(self.summary.iter().map(|destination| ("summary", destination))).collect()
    }

    fn check(&self, inputs: &Inputs) -> Result<(), Failure> {
        let all = self.destinations();
        for (index, (option, destination)) in all.iter().enumerate() {
            let name = destination.name();
            if let Some((other, _)) = all.iter().take(index).find(|(_, other)| destination.meets(other)) {
                return Err(Failure::usage(format!(
                    "{name}: `--{other}` and `--{option}` cannot be written to the same place"
                )));
            }
            let (paths, ids) = (destination.paths(), destination.ids());
            let is_one = |id: Option<FileId>| id.is_some_and(|id| ids.contains(&id));
            let is_input = |source: usize| match inputs.path(source) {
                None => is_one(id_of(io::stdin())),
                // What does not exist yet is no input.
                Some(input) => paths.iter().any(|path| path == input) || (!ids.is_empty() && is_one(id(input))),
            };
            if (0..inputs.count()).any(is_input) {
                return Err(Failure::usage(format!("{name}: `--{option}` cannot be written to a file that is read")));
            }
        }
        Ok(())
    }

    /// Whether lines or the summary's JSON go to standard output.
    pub(super) fn takes_stdout(&self) -> bool {
        self.destinations().iter().any(|(_, destination)| **destination == Destination::Stdout)
    }

    /// Whether lines appear where a bar would be drawn.
    pub(super) fn draws_on_terminal(&self) -> bool {
        self.takes_stdout() && io::stdout().is_terminal()
    }

    /// Whether it is the summary's JSON that goes there.
    pub(super) fn summary_takes_stdout(&self) -> bool {
        self.summary == Some(Destination::Stdout)
    }

    /// The outputs of records.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.records.iter().map(|(kind, _)| *kind).collect()
    }

    /// Opens all of them.
    pub(super) fn open(&self) -> Result<Outlets, Unwritten> {
        let mut outlets = Outlets { records: Vec::new(), summary: None };
        let open = |outlets: &mut Outlets, destination: &Destination, kind: Option<Kind>| {
            let outlet = Outlet::open(destination).map_err(|error| Unwritten { name: destination.name(), error })?;
            match kind {
                Some(kind) => outlets.records.push((kind, outlet)),
                None => outlets.summary = Some(outlet),
            }
            Ok(())
        };
        let records = self.records.iter().map(|(kind, destination)| (destination, Some(*kind)));
        for (destination, kind) in records.chain(self.summary.iter().map(|destination| (destination, None))) {
            if let Err(error) = open(&mut outlets, destination, kind) {
                outlets.abandon(0);
                return Err(error);
            }
        }
        Ok(outlets)
    }
}

impl Outlets {
    /// Writes the lines of one window, one piece for each output of records. They count once all of them are written.
    pub(super) fn write(&mut self, pieces: &[Piece]) -> Result<(), Unwritten> {
        for ((_, outlet), piece) in self.records.iter_mut().zip(pieces) {
            outlet.write(piece).map_err(|error| Unwritten { name: outlet.name().to_owned(), error })?;
        }
        for ((_, outlet), piece) in self.records.iter_mut().zip(pieces) {
            outlet.keep(piece);
        }
        Ok(())
    }

    /// The outputs of records, with how many lines they have.
    pub(super) fn records(&self) -> impl Iterator<Item = (Kind, &Outlet)> {
        self.records.iter().map(|(kind, outlet)| (*kind, outlet))
    }

    /// Writes the summary, if a file is to have it.
    pub(super) fn summarize(&mut self, json: &[u8]) -> Result<(), Unwritten> {
        let Some(outlet) = &mut self.summary else { return Ok(()) };
        let piece = Piece { bytes: json.to_vec(), lines: 1, records: 0 };
        outlet.write(&piece).map_err(|error| Unwritten { name: outlet.name().to_owned(), error })?;
        outlet.keep(&piece);
        Ok(())
    }

    /// Puts every file into its place, once all of them are on the disk.
    pub(super) fn finish(&mut self) -> Result<(), Unwritten> {
        for outlet in self.all() {
            outlet.sync().map_err(|error| Unwritten { name: outlet.name().to_owned(), error })?;
        }
        for outlet in self.all() {
            outlet.finish().map_err(|error| Unwritten { name: outlet.name().to_owned(), error })?;
        }
        Ok(())
    }

    /// Leaves what belongs to the first so many records, under names that say that it is not all.
    pub(super) fn abandon(self, judged: u64) -> Vec<Remains> {
        // What a summary would say of a part, the error says.
        if let Some(summary) = self.summary {
            summary.abandon(0);
        }
        self.records.into_iter().filter_map(|(_, outlet)| outlet.abandon(judged)).collect()
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Outlet> {
        self.records.iter_mut().map(|(_, outlet)| outlet).chain(&mut self.summary)
    }
}

impl Unwritten {
    /// Nobody reads any more.
    pub(super) fn is_closed_pipe(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }

    /// Which output, and why.
    pub(super) fn reason(&self) -> String {
        format!("{}: {}", self.name, self.error)
    }
}
