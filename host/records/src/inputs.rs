//! The inputs that the arguments of a command name, opened in turn.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::error::InputError;
use crate::find;
use crate::input_location::InputLocation;
use crate::interrupt::Interrupt;
use crate::listing::{Directory, Found, ListingBudget};
use crate::progress::Progress;
use crate::source::Source;
use crate::text::Text;

/// The texts to read, in order.
#[derive(Debug)]
pub struct Inputs {
    found: Vec<Found>,
    progress: Progress,
    interrupt: Option<Interrupt>,
    patience: Option<Duration>,
    directories: Vec<Directory>,
}

impl Inputs {
    /// Finds the inputs that the arguments of a command name. Nothing is opened yet.
    ///
    /// Each argument is
    /// - a file of any kind and name. If a file exists, its name is never taken for a pattern.
    /// - a directory: the regular files in and below it whose names end in `.json`, `.ndjson` or `.jsonl`, in any case, with
    ///   or without `.gz` or `.zst` behind that. Links to files are followed, links to directories are not.
    /// - a pattern: `?` is any character, `*` any number of them, `[a-z]` one of those and `[!a-z]` one of all others, none of
    ///   them a `/`; a part `**` is any number of directories, links to directories left out. `[*]` is a star. What it matches is
    ///   read, whatever it is called, apart from directories.
    /// - `-`, standard input, at most once. A file with that name is `./-`.
    ///
    /// No argument is standard input. Names that begin with a dot are found only if they are written out. What one argument finds
    /// is sorted by path, byte by byte, and each file is there once; a file that several arguments find is read several times.
    ///
    /// # Errors
    /// When an argument names nothing that could be read: a pattern that matches no file, a dangling link. A directory without such
    /// files is none: see [`directories`](Self::directories). Also when there are too many files, or `-` comes twice.
    pub fn find(arguments: &[impl AsRef<OsStr>]) -> Result<Self, InputError> {
        let (found, directories) = find::all(arguments, &mut ListingBudget::default())?;
        Ok(Self { found, progress: Progress::default(), interrupt: None, patience: None, directories })
    }

    /// The directories among the arguments, with what is not read of each.
    #[must_use]
    pub fn directories(&self) -> &[Directory] {
        &self.directories
    }

    /// Sets how long a read waits for a pipe or a terminal. Then it fails with [`InputReason::NotYet`](super::InputReason::NotYet), an
    /// [`io::Error`] of the kind `WouldBlock`, and may be repeated. Reads of compressed texts wait as long as it takes, as all reads
    /// do without this.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Sets the interrupt that ends reading.
    #[must_use]
    pub fn with_interrupt(self, interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..self }
    }

    /// The number of texts.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// The length of all files, as they are on the disk; none if one of the texts comes from a pipe or a device. Standard input
    /// may be a file.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.found.iter().try_fold(0_u64, |sum, found| Some(sum.saturating_add(found.length?)))
    }

    /// The progress of reading.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The name of a text in messages: its path, or `standard input`. Empty if there is no such text.
    #[must_use]
    pub fn name(&self, source: usize) -> Cow<'_, str> {
        self.found.get(source).map_or(Cow::Borrowed(""), |found| found.location.name())
    }

    /// The path of a text; none if it is standard input, or there is no such text.
    #[must_use]
    pub fn path(&self, source: usize) -> Option<&Path> {
        match &self.found.get(source)?.location {
            InputLocation::StandardInput => None,
            InputLocation::Path(path) => Some(path),
        }
    }

    /// Opens a text; none if there is none with that number, counted from 0.
    ///
    /// # Errors
    /// When it cannot be opened. Errors of its compression show when it is read.
    pub fn open(&self, source: usize) -> Option<Result<Text, InputError>> {
        let Found { location, .. } = self.found.get(source)?;
        let name = || location.name().into_owned();
        self.progress.begin(source);
        let text = Source::open(location, self.progress.clone(), self.interrupt.clone())
            .map(|source| Text::new(name(), source, self.interrupt.clone(), self.patience));
        Some(text.map_err(|reason| InputError::new(name(), reason)))
    }

    /// All texts, each of them opened when it is asked for.
    ///
    /// Every [`io::Error`] here and in reading them is an [`InputError`] inside; see [`InputError::of`].
    #[must_use]
    pub fn texts<'a>(&'a self) -> Texts<'a> {
        Texts { inputs: self, next: 0 }
    }
}

/// The texts, each of them opened when it is asked for.
#[derive(Clone, Debug)]
pub struct Texts<'a> {
    inputs: &'a Inputs,
    next: usize,
}

impl Iterator for Texts<'_> {
    type Item = io::Result<Box<dyn Read>>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.inputs.open(self.next)?;
        self.next += 1;
        Some(text.map(|text| Box::new(text) as Box<dyn Read>).map_err(io::Error::from))
    }
}

#[cfg(test)]
mod tests;
