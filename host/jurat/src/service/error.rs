//! Why there are no rules to judge with, and who can do something about it.

use std::error::Error;
use std::io;

use jurat_engine::ReleaseProblem;
use jurat_sandbox::{CompileError, LoadError, Refusal};
use jurat_trust::VerifyError;
use thiserror::Error;

use crate::files::ReadError;
use crate::problem::{Problems, chain};

/// Why there are no rules to judge with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The settings, or what they name, are wrong.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// The release is not what was signed, not signed by those who are trusted, or cannot be had.
    #[error("the release in `{directory}` is not used")]
    Trust {
        /// The repository.
        directory: String,
        /// What is wrong with it.
        #[source]
        cause: Box<VerifyError>,
    },
    /// The sandbox refuses a component.
    #[error("the release `{release}` is not used")]
    Component {
        /// The release.
        release: String,
        /// What is wrong with it.
        #[source]
        cause: LoadError,
    },
    /// The parts of a release do not fit together, although they are signed. Never empty.
    #[error("the release `{release}` is not used")]
    Release {
        /// The release.
        release: String,
        /// What is wrong with it.
        problems: Vec<ReleaseProblem>,
    },
    /// The sandbox could not be opened.
    #[error("the sandbox could not be opened")]
    Sandbox(#[source] jurat_sandbox::OpenError),
    /// No threads.
    #[error("the threads that run rules could not be started")]
    Workers(#[source] io::Error),
    /// Servers cannot be spoken to as the settings say.
    #[error("servers cannot be spoken to as the settings say")]
    Http(#[source] Box<dyn Error + Send + Sync>),
    /// What was fetched cannot be kept where the settings say.
    #[error("`logic_cache_dir` cannot be used")]
    Cache(#[source] Box<dyn Error + Send + Sync>),
    /// The configuration of the coordination service cannot be had.
    #[error("the configuration of the coordination service cannot be had")]
    Coordination(#[source] Box<dyn Error + Send + Sync>),
    /// Loading broke off: a mistake of the program.
    #[error("loading broke off; the log says why")]
    BrokenOff,
}

/// Who can do something about an [`OpenError`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Blame {
    /// Whoever wrote the settings, or the release.
    Configuration,
    /// What is served is not to be trusted, or is refused for what it does.
    Trust,
    /// The machine, or this program.
    Host,
}

impl From<&VerifyError> for Blame {
    fn from(error: &VerifyError) -> Self {
        if let VerifyError::Source { cause, .. } = error
            && let Some(ReadError::Link | ReadError::NotAFile) = cause.downcast_ref()
        {
            // No machine has failed: somebody has put something else where the file should be.
            return Self::Trust;
        }
        match error.blame() {
            jurat_trust::Blame::Settings => Self::Configuration,
            jurat_trust::Blame::Transport => Self::Host,
            jurat_trust::Blame::Source | jurat_trust::Blame::Publisher => Self::Trust,
        }
    }
}

impl OpenError {
    /// Who can do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Settings(_) | Self::Release { .. } | Self::Http(_) | Self::Cache(_) => Blame::Configuration,
            Self::Trust { cause, .. } => Blame::from(&**cause),
            Self::Component { cause, .. } => match &cause.reason {
                Refusal::Host(_) | Refusal::Compile(CompileError::Process(_) | CompileError::Mismatch(_)) => {
                    Blame::Host
                }
                Refusal::WasiNotGranted => Blame::Configuration,
                _ => Blame::Trust,
            },
            Self::Sandbox(_) | Self::Workers(_) | Self::Coordination(_) | Self::BrokenOff => Blame::Host,
        }
    }

    /// What is wrong, one sentence for each thing.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Settings(problems) => problems.iter().map(ToString::to_string).collect(),
            Self::Release { problems, .. } => {
                problems.iter().map(|problem| format!("{self}: {}", chain(problem))).collect()
            }
            _ => vec![chain(self)],
        }
    }
}
