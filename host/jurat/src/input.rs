//! The texts that records are read from: files, directories, patterns and standard input, plain or compressed.
//!
//! ```no_run
//! use std::io::Read;
//!
//! use jurat::input::Inputs;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inputs = Inputs::find(&["loans.ndjson.gz", "archive", "2026-*/loans.json"])?;
//! for (source, text) in inputs.texts().enumerate() {
//!     let mut loans = String::new();
//!     text?.read_to_string(&mut loans)?;
//!     println!("{}: {} bytes", inputs.name(source), loans.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Compression
//! The first bytes of a text say whether it is gzip or Zstandard, not its name: standard input may be compressed, and a file
//! called `.gz` that is none is read as what it is. Several members or frames, one behind the other, are one text. A text whose
//! compressed data end too early, are damaged, or are followed by something else is an error, never a text that ends there. An
//! empty file is a text without records.
//!
//! # Limits
//! - Nothing bounds how much a compressed text may grow to, for nothing needs to: whatever is read is handed on piece by piece
//!   and not kept. What memory a text takes is decided by its decoder alone: 128 KiB of compressed data, and as much as
//!   references may reach back, 32 KiB with gzip and at most 128 MiB with Zstandard. While Zstandard approaches that,
//!   it takes half as much again for moments.
//! - One text is open at a time, unless the caller keeps several.
//! - At most 1,000,000 files and directories are found, with paths of 256 MiB together.
//! - What is found and what is read later may differ: somebody else may change it meanwhile.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

mod buffered;
mod error;
mod find;
mod gzip;
mod interrupt;
mod pattern;
mod progress;
mod source;
mod text;
mod zstd;

pub use error::{Compression, InputError, InputReason};
pub use interrupt::Interrupt;
pub use progress::Progress;
pub use text::Text;

use find::{Found, Room};
use source::Source;

/// The name of standard input in messages.
const STANDARD_INPUT: &str = "standard input";

/// What is read, in order.
#[derive(Debug)]
pub struct Inputs {
    found: Vec<Found>,
    progress: Progress,
    interrupt: Option<Interrupt>,
}

/// Where a text comes from.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    StandardInput,
    Path(PathBuf),
}

impl Inputs {
    /// Looks for what the arguments of a command name. Nothing is opened yet.
    ///
    /// Each of them is
    /// - a file of any kind, whatever it is called. One whose name looks like a pattern is a file all the same if it exists.
    /// - a directory: the regular files in and below it whose names end in `.json`, `.ndjson` or `.jsonl`, in small letters or
    ///   capitals, with or without `.gz` or `.zst` behind that. Links to files are followed, links to directories are not.
    /// - a pattern: `?` is any character, `*` any number of them, `[a-z]` one of those and `[!a-z]` one of all others, none of
    ///   them a `/`; a part `**` is any number of directories, links to directories left out. `[*]` is a star. What it matches is
    ///   read, whatever it is called, apart from directories.
    /// - `-`, standard input, at most once. A file with that name is `./-`.
    ///
    /// No argument is standard input. Names that begin with a dot are found only if they are written out. What one argument finds
    /// is sorted by path, byte by byte, and each file is there once; a file that several arguments find is read several times.
    ///
    /// # Errors
    /// When an argument names nothing that could be read: a pattern that matches no file, a directory without such files, a link
    /// that leads nowhere. Also when there are too many files, or `-` comes twice.
    pub fn find(arguments: &[impl AsRef<OsStr>]) -> Result<Self, InputError> {
        let found = find::all(arguments, &mut Room::default())?;
        Ok(Self { found, progress: Progress::default(), interrupt: None })
    }

    /// With something that ends reading.
    #[must_use]
    pub fn with_interrupt(self, interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..self }
    }

    /// How many texts there are.
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

    /// How far reading has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The name of a text in messages: its path, or `standard input`. Empty if there is no such text.
    #[must_use]
    pub fn name(&self, source: usize) -> Cow<'_, str> {
        self.found.get(source).map_or(Cow::Borrowed(""), |found| found.place.name())
    }

    /// The path of a text; none if it is standard input, or there is no such text.
    #[must_use]
    pub fn path(&self, source: usize) -> Option<&Path> {
        match &self.found.get(source)?.place {
            Place::StandardInput => None,
            Place::Path(path) => Some(path),
        }
    }

    /// Opens a text; none if there is none with that number, counted from 0.
    ///
    /// # Errors
    /// When it cannot be opened. What is wrong with its compression shows when it is read.
    pub fn open(&self, source: usize) -> Option<Result<Text, InputError>> {
        let Found { place, .. } = self.found.get(source)?;
        let name = || place.name().into_owned();
        self.progress.begin(source);
        let text = Source::open(place, self.progress.clone(), self.interrupt.clone())
            .map(|source| Text::new(name(), source, self.interrupt.clone()));
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

impl Place {
    fn name(&self) -> Cow<'_, str> {
        match self {
            Self::StandardInput => Cow::Borrowed(STANDARD_INPUT),
            Self::Path(path) => path.to_string_lossy(),
        }
    }
}

#[cfg(test)]
mod tests;
