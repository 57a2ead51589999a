//! What the service team decides: `local-config.yaml`.
//!
//! Precedence is in one place: defaults, then the file, then what the caller changes in [`Settings`] before it is used.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use jurat_engine::extract::ChunkLimits;
use jurat_model::{Bytes, Isolation, Limits};
use jurat_sandbox::SealedWasi;
use jurat_trust::{MetadataVersion, RepositoryId, TargetPath};

use crate::files;
use crate::problem::{Problem, Problems};

mod location;
mod read;

/// The settings of one host.
///
/// # Defaults
/// [`Settings::new`] takes where the rules are; [`Settings::EXAMPLE`] says what the rest is and means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The directory with the rules: a signed repository, or the sources of a release.
    pub rules: PathBuf,
    /// Whom to trust; needed for a repository.
    pub trust: Option<Trust>,
    /// What happens with rules that nobody has signed: they are refused.
    pub unsigned: Unsigned,
    /// What a rule may use; a release can only lower it.
    pub limits: Limits,
    /// Whether a component may import WASI, with nothing behind it: no.
    pub sealed_wasi: SealedWasi,
    /// How much records of one request share while a rule runs: a chunk's records share an instance.
    pub isolation: Isolation,
    /// After how many guilty records a rule is not run on the rest of a request: 1,000.
    pub park_after: NonZeroU32,
    /// How many threads run rules: as many as there are processors.
    pub workers: WorkerCount,
    /// How many records are judged together.
    pub chunk: ChunkLimits,
    /// The longest record: 1 MiB.
    pub max_record: Bytes,
    /// The longest file of records: 50 MiB.
    pub max_file: Bytes,
}

/// Whom to trust, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trust {
    /// The repository that everything must have been signed for.
    pub repository: RepositoryId,
    /// The release that is run.
    pub release: TargetPath,
    /// The files with the public keys of those who may sign.
    pub keys: Vec<PathBuf>,
    /// How many of them must have signed.
    pub threshold: NonZeroUsize,
    /// The lowest version of the repository's metadata that is accepted.
    pub min_version: MetadataVersion,
}

/// What happens with a directory of sources, which nobody has signed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Unsigned {
    /// It is refused.
    #[default]
    Refused,
    /// Its rules are run, and every result says that they are unsigned: for development.
    Run {
        /// Where built components are; none = where `release.yaml` says.
        components: Option<PathBuf>,
    },
}

/// How many threads run rules.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WorkerCount {
    /// As many as there are processors.
    #[default]
    PerProcessor,
    /// So many.
    Exactly(NonZeroUsize),
}

impl Settings {
    /// A configuration file with every setting, its default and its meaning.
    pub const EXAMPLE: &'static str = include_str!("../../../config/local-config.yaml");

    /// The defaults, for rules in the given directory.
    #[must_use]
    pub fn new(rules: impl Into<PathBuf>) -> Self {
        const PARK_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        Self {
            rules: rules.into(),
            trust: None,
            unsigned: Unsigned::Refused,
            limits: Limits::DEFAULT,
            sealed_wasi: SealedWasi::Refused,
            isolation: Isolation::Chunk,
            park_after: PARK_AFTER,
            workers: WorkerCount::PerProcessor,
            chunk: ChunkLimits::default(),
            max_record: Bytes::mebi(1),
            max_file: Bytes::mebi(50),
        }
    }

    /// Reads a configuration file. Paths in it are relative to the directory that it lies in.
    ///
    /// # Errors
    /// With everything that is wrong, in the order of the file.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let name = file.display().to_string();
        let text = files::read_text(file, crate::yaml::MAX_BYTES as u64)
            .map_err(|error| Problem::of_file(&name, error.to_string()))?;
        Self::parse(&text, &name, file.parent().unwrap_or(Path::new("")))
    }

    /// Reads the text of a configuration file that is known as `file`; paths in it are relative to `directory`.
    ///
    /// # Errors
    /// With everything that is wrong, in the order of the file.
    pub fn parse(text: &str, file: &str, directory: &Path) -> Result<Self, Problems> {
        read::parse(text, file, directory)
    }
}

impl WorkerCount {
    /// The most threads that can be asked for: more than any machine has processors to run rules on, and fewer than what a
    /// system cannot start.
    pub const MOST: u16 = 1_024;

    /// The number, on a machine with so many processors.
    #[must_use]
    pub fn on(self, processors: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::PerProcessor => processors,
            Self::Exactly(count) => count,
        }
    }
}

#[cfg(test)]
mod tests;
