//! Why a service has no rules to judge with, and who can fix it.

use std::io;
use std::sync::Arc;

use jurat_disk::CacheDirError;
use jurat_engine::ReleaseProblem;
use jurat_model::{Blame, FuelSchedule, chain};
use jurat_sandbox::LoadError;
use thiserror::Error;

use jurat_author::vectors::{Report, VectorsError};
use jurat_repository::RepositoryError;
use jurat_yaml::Problems;

use crate::data::ClientError;
#[cfg(feature = "remote")]
use crate::source::SourceError;
/// Without servers there is no error.
#[cfg(not(feature = "remote"))]
use std::convert::Infallible as SourceError;

/// Why a service has no rules to judge with.
///
/// ```no_run
/// # fn f(settings: jurat::Settings) {
/// use jurat::Service;
///
/// if let Err(error) = Service::open(settings) {
///     println!("{:?}: {}", error.blame(), error.messages().join("; "));
/// }
/// # }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The settings, or what they name, are wrong.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// The release is not the signed one, not signed by trusted keys, or cannot be fetched.
    #[error("the release in `{repository}` is not used")]
    Trust {
        /// The repository.
        repository: String,
        /// What is wrong with it.
        #[source]
        cause: Box<RepositoryError>,
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
    #[error("the release `{release}` is not used: {}", first_of(problems, |problem| chain(problem)))]
    Release {
        /// The release.
        release: String,
        /// What is wrong with it.
        problems: Vec<ReleaseProblem>,
    },
    /// The release does not judge its own test vectors as it says.
    #[error("the release `{release}` is not used: {}", first_of(&report.failures, ToString::to_string))]
    VectorsFail {
        /// The release.
        release: String,
        /// Which ones, and how.
        report: Box<Report>,
    },
    /// The test vectors of the release cannot be run.
    #[error("the release `{release}` is not used")]
    Vectors {
        /// The release.
        release: String,
        /// Which ones, and how.
        #[source]
        cause: Box<VectorsError>,
    },
    /// A rule has a limit of fuel by another price list than this host's, and no test vector shows that it still fits.
    #[error(
        "the release `{release}` is not used: the fuel of rule `{rule}` is lowered by fuel schedule {found}, this host has \
         {own}, and no test vector shows whether the rule still fits; build and publish the release again"
    )]
    FuelSchedule {
        /// The release.
        release: String,
        /// The rule.
        rule: String,
        /// The price list that its limit was measured by.
        found: FuelSchedule,
        /// That of this host.
        own: FuelSchedule,
    },
    /// The sandbox could not be opened.
    #[error("the sandbox could not be opened")]
    Sandbox(#[source] jurat_sandbox::OpenError),
    /// The system starts no threads.
    #[error("the threads that run rules could not be started; look at `ulimit -u`, `ulimit -v` and free memory")]
    Workers(#[source] io::Error),
    /// The settings of the HTTP client are invalid.
    #[error("the HTTP client settings are invalid")]
    Http(#[source] HttpSetupError),
    /// The cache directory cannot be used.
    #[error("`logic_cache_dir` cannot be used")]
    Cache(#[source] CacheDirError),
    /// The state directory cannot be used.
    #[error("`state_dir` cannot be used")]
    State(#[source] CacheDirError),
    /// The configuration of the coordination service cannot be read.
    #[error("the configuration of the coordination service is not available")]
    Coordination(#[source] CoordinationConfigError),
    /// The configuration of the coordination service cannot be had, and the last good one is in use.
    #[error("the last good configuration of the coordination service is in use")]
    OldCoordination(#[source] CoordinationConfigError),
    /// No tenant has a usable release. The error of the first tenant.
    #[error(transparent)]
    NobodyServed(Arc<Self>),
    /// The release was refused before, and is still the same.
    #[error(transparent)]
    Again(Arc<Self>),
    /// No release has been made ready yet. Others may serve: a start does not wait long for the slowest repository.
    #[error("the first release is still being fetched and made ready")]
    Loading,
    /// Loading broke off: a bug.
    #[error("loading failed because of a bug; the log says why")]
    BrokenOff,
}

/// The settings of the HTTP client are invalid.
///
/// ```
/// use jurat::causes::HttpSetupError;
/// use jurat::{OpenError, chain};
///
/// fn advice(error: &OpenError) -> String {
///     let http = |cause: &HttpSetupError| format!("correct `http` in the settings: {}", chain(cause));
///     match error.reason() {
///         OpenError::Http(cause) => http(cause),
///         other => other.messages().join("; "),
///     }
/// }
/// # assert_eq!(advice(&OpenError::BrokenOff), "loading failed because of a bug; the log says why");
/// ```
#[derive(Debug, Error)]
#[error(transparent)]
pub struct HttpSetupError(#[from] ClientError);

/// The configuration of a coordination service cannot be read or fetched.
///
/// ```
/// use jurat::causes::CoordinationConfigError;
/// use jurat::{Blame, OpenError};
///
/// /// Whether the configuration may be readable a moment later.
/// fn is_worth_another_attempt(error: &OpenError) -> bool {
///     let is_momentary = |cause: &CoordinationConfigError| cause.blame() == Blame::Transport;
///     matches!(error.reason(), OpenError::Coordination(cause) if is_momentary(cause))
/// }
/// # assert!(!is_worth_another_attempt(&OpenError::BrokenOff));
/// ```
#[derive(Debug, Error)]
#[error(transparent)]
pub struct CoordinationConfigError(#[from] SourceError);

impl CoordinationConfigError {
    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        #[cfg(feature = "remote")]
        return self.0.blame();
        #[cfg(not(feature = "remote"))]
        match self.0 {}
    }
}

impl OpenError {
    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Settings(_) | Self::Http(_) | Self::Cache(_) | Self::State(_) => Blame::Settings,
            Self::Trust { cause, .. } => cause.blame(),
            Self::NobodyServed(error) | Self::Again(error) => error.blame(),
            Self::Release { .. } | Self::Vectors { .. } | Self::VectorsFail { .. } | Self::FuelSchedule { .. } => {
                Blame::Publisher
            }
            Self::Component { cause, .. } => cause.reason.blame(),
            Self::Coordination(error) | Self::OldCoordination(error) => error.blame(),
            Self::Sandbox(_) | Self::Workers(_) | Self::Loading | Self::BrokenOff => Blame::Host,
        }
    }

    /// Whether the cause may pass: it is the moment's or the machine's, and the same release may be used later.
    ///
    /// The others last: the release and the settings decide them.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Component { cause, .. } => cause.reason.is_passing(),
            Self::VectorsFail { report, .. } => report.is_momentary(),
            Self::Vectors { cause, .. } => cause.is_passing(),
            Self::NobodyServed(error) | Self::Again(error) => error.is_passing(),
            Self::Settings(_) | Self::Release { .. } | Self::FuelSchedule { .. } => false,
            Self::Trust { .. }
            | Self::Sandbox(_)
            | Self::Workers(_)
            | Self::Http(_)
            | Self::Cache(_)
            | Self::State(_)
            | Self::Coordination(_)
            | Self::OldCoordination(_)
            | Self::Loading
            | Self::BrokenOff => true,
        }
    }

    /// The underlying error, if this one only says that it is the same as before, or that no tenant is served.
    #[must_use]
    pub fn reason(&self) -> &Self {
        match self {
            Self::NobodyServed(error) | Self::Again(error) => error.reason(),
            error => error,
        }
    }

    /// The problems, one sentence for each.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Settings(problems) => problems.iter().map(ToString::to_string).collect(),
            Self::NobodyServed(error) | Self::Again(error) => error.messages(),
            Self::VectorsFail { release, report } => report
                .failures
                .iter()
                .map(|failure| format!("the release `{release}` is not used: {failure}"))
                .collect(),
            Self::Release { release, problems } => {
                let problems = problems.iter().map(|problem| chain(problem));
                problems.map(|problem| format!("the release `{release}` is not used: {problem}")).collect()
            }
            _ => vec![chain(self)],
        }
    }
}

/// The first of some problems, and how many there are besides.
fn first_of<T>(problems: &[T], shown: impl Fn(&T) -> String) -> String {
    let first = problems.first().map(shown).unwrap_or_default();
    match problems.len() {
        0 | 1 => first,
        count => format!("{first}; and {} more", count - 1),
    }
}
