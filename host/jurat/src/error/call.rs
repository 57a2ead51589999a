//! Why a call gave no results.

use std::sync::Arc;

use jurat_engine::JudgeError;
use jurat_engine::results::RecordError;
use jurat_engine::routing::RouteError;
use jurat_model::{Blame, Excerpt};
use jurat_repository::RepositoryError;
use thiserror::Error;

use super::held::Held;
use super::kind::CallErrorKind;
use super::open::OpenError;
use crate::data::DataError;

/// Why a call gave no results.
///
/// Programs decide by [`CallError::kind`], whose code does not change; the words may.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// use jurat::{Blame, EntityType, RulesetName};
///
/// if let Err(error) = service.validate(EntityType::new("loan"), "{}", RulesetName::new("quick")) {
///     match error.blame() {
///         Blame::Caller => println!("not judged ({}): {error}", error.kind().code()),
///         blame => println!("call somebody ({blame:?}): {}", jurat::chain(&error)),
///     }
/// }
/// # }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The service was closed.
    #[error("the service is closed")]
    Closed,
    /// No tenant has that name.
    #[error("there is no tenant `{name}`")]
    UnknownTenant {
        /// The name as given.
        name: Excerpt,
    },
    /// There are several tenants, and the call does not say whose rules it wants.
    #[error("there are several tenants: say whose rules are to be used")]
    TenantNeeded,
    /// A single record was asked for, and there is none, or more than one.
    #[error("one record is expected: a JSON object, and nothing beside it")]
    NotOneRecord,
    /// A list of records was asked for, and there is none.
    #[error("a list of records is expected: a JSON array of objects")]
    NotAList,
    /// The record or URL that should name a schema is neither.
    #[error("a record with a `$schema`, or the URL of a schema, is expected")]
    NoSchema,
    /// The record of a call cannot be judged.
    #[error("{}", .0.message)]
    Record(RecordError),
    /// The call names a ruleset or type that the release does not have.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The call as a whole cannot be served, or not to its end.
    #[error(transparent)]
    Judge(JudgeError),
    /// The file of records cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// No release could be made ready.
    #[error("there are no rules: no release could be made ready")]
    NotReady(#[source] Arc<OpenError>),
    /// The release was revoked, and no other is ready.
    #[error("the release was revoked by those who have signed it, and no other is ready: manifest `{manifest}`")]
    Revoked {
        /// The digest of its manifest.
        manifest: String,
    },
    /// The metadata that vouches for the release expired too long ago.
    #[error(
        "the release is not used any more, because the `{role}` metadata that vouches for it expired at {expired}: its repository \
         must be reached, or be renewed"
    )]
    Stale {
        /// The role of that metadata.
        role: String,
        /// When it expired.
        expired: jiff::Timestamp,
    },
    /// Only releases of a repository can be pinned.
    #[error("only releases of a signed repository can be pinned")]
    Unpinnable,
    /// There is no release to go back to.
    #[error("there is no earlier release at hand")]
    NothingEarlier,
    /// The pin cannot be written or read.
    #[error("the pin cannot be written or read")]
    Pin(#[source] Arc<RepositoryError>),
    /// The newer release cannot be used; the present one goes on serving.
    #[error("the release was not switched")]
    Reload(#[source] Arc<OpenError>),
    /// The configuration of the coordination service is invalid; the old one stays in use.
    #[error("the coordination service stays configured as it was: {}", .cause.messages().join("; "))]
    Coordination {
        /// What is wrong.
        cause: Arc<OpenError>,
    },
    /// A guard of the service holds the call back.
    #[error(transparent)]
    Held(Held),
    /// The call broke off: a bug.
    #[error("the call failed because of a bug; the log says why")]
    BrokenOff,
}

impl CallError {
    /// Who can fix it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::UnknownTenant { .. }
            | Self::TenantNeeded
            | Self::NotOneRecord
            | Self::NotAList
            | Self::NoSchema
            | Self::Record(_)
            | Self::Unpinnable
            | Self::NothingEarlier
            | Self::Route(_) => Blame::Caller,
            Self::Data(error) => error.blame(),
            Self::Judge(error) => error.blame(),
            Self::Revoked { .. } => Blame::Publisher,
            Self::Reload(error) | Self::NotReady(error) | Self::Coordination { cause: error } => error.blame(),
            Self::Pin(error) => error.blame(),
            Self::Held(held) => held.blame(),
            Self::Stale { .. } => Blame::Transport,
            Self::Closed | Self::BrokenOff => Blame::Host,
        }
    }

    /// Why, for programs. Its code does not change.
    #[must_use]
    pub fn kind(&self) -> CallErrorKind {
        match self {
            Self::Closed => CallErrorKind::Closed,
            Self::UnknownTenant { .. } => CallErrorKind::UnknownTenant,
            Self::TenantNeeded => CallErrorKind::TenantNeeded,
            Self::NotOneRecord => CallErrorKind::NotOneRecord,
            Self::NotAList => CallErrorKind::NotAList,
            Self::NoSchema => CallErrorKind::NoSchema,
            Self::Record(error) => error.kind.into(),
            Self::Route(error) | Self::Judge(JudgeError::Route(error)) => error.kind().into(),
            Self::Judge(JudgeError::IdField { .. } | JudgeError::LongIdField { .. } | JudgeError::TooManyIdFields) => {
                CallErrorKind::IdFields
            }
            Self::Judge(JudgeError::NotJson { .. }) => CallErrorKind::NotJson,
            Self::Judge(JudgeError::AllUnreadable { .. }) => CallErrorKind::AllUnreadable,
            Self::Judge(JudgeError::Read { .. }) => CallErrorKind::Input,
            Self::Judge(JudgeError::Output(_)) => CallErrorKind::Output,
            Self::Judge(JudgeError::Cancelled) => CallErrorKind::Cancelled,
            Self::Judge(_) | Self::BrokenOff => CallErrorKind::Internal,
            Self::Data(error) => error.kind().into(),
            Self::Held(_) => CallErrorKind::Held,
            Self::Reload(_) | Self::Coordination { .. } => CallErrorKind::Reload,
            Self::NotReady(_) => CallErrorKind::NotReady,
            Self::Revoked { .. } => CallErrorKind::ReleaseRevoked,
            Self::Stale { .. } => CallErrorKind::ReleaseStale,
            Self::Unpinnable | Self::NothingEarlier | Self::Pin(_) => CallErrorKind::Pin,
        }
    }
}

impl From<JudgeError> for CallError {
    fn from(error: JudgeError) -> Self {
        match error {
            JudgeError::Route(error) => Self::Route(error),
            error => Self::Judge(error),
        }
    }
}
