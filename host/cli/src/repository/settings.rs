//! The settings of a publisher, beside the repository.

use jurat_disk::files::ReadError;
use jurat_model::{Blame, Bytes};
use jurat_trust::SafePath;
use jurat_trust::publish::{Clock, Lifetimes};
use serde::{Deserialize, Serialize};

use super::working_copy::WorkingCopy;
use crate::exit::CommandError;
use crate::host;
use crate::lifetime::Lifetime;

const FILE: &str = "publisher.json";

/// The longest file.
const LENGTH: Bytes = Bytes::kibi(16);

/// The settings of a publisher. Hosts never see them.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublisherSettings {
    /// The lifetime of a timestamp; `None` for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) freshness: Option<String>,
}

impl PublisherSettings {
    /// Reads the file; the defaults if there is none.
    pub(crate) fn read(copy: &WorkingCopy) -> Result<Self, CommandError> {
        let about = |error: &(dyn std::error::Error + 'static)| {
            CommandError::about(Blame::Caller, copy.root().join(FILE).display(), error)
        };
        match copy.files().read(&path()?, LENGTH) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| about(&error)),
            Err(ReadError::NotFound) => Ok(Self::default()),
            Err(error) => Err(about(&error)),
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self, copy: &WorkingCopy) -> Result<(), CommandError> {
        let bytes = serde_json::to_vec(self).map_err(|error| CommandError::about(Blame::Host, FILE, &error))?;
        copy.writer().replace(&path()?, &bytes).map(|_| ())
    }

    /// The current time with the lifetimes of this publisher; `freshness` overrides that of the timestamp.
    pub(crate) fn clock(&self, freshness: Option<Lifetime>) -> Result<Clock, CommandError> {
        let configured = self.freshness.as_deref().map(str::parse::<Lifetime>).transpose();
        let configured = configured.map_err(|reason| CommandError::usage(format!("{FILE}: freshness: {reason}")))?;
        let mut lifetimes = Lifetimes::DEFAULT;
        if let Some(freshness) = freshness.or(configured) {
            lifetimes.timestamp = freshness.duration();
        }
        Ok(Clock { now: host::now(), lifetimes })
    }
}

fn path() -> Result<SafePath, CommandError> {
    FILE.parse().map_err(|error| CommandError::about(Blame::Host, FILE, &error))
}
