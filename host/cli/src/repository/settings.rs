//! What a publisher has decided for good.

use jurat_disk::files::ReadError;
use jurat_model::Bytes;
use jurat_trust::SafePath;
use jurat_trust::publish::{Clock, Lifetimes};
use serde::{Deserialize, Serialize};

use super::WorkingCopy;
use crate::exit::{Exit, Failure};
use crate::host;
use crate::lifetime::Lifetime;

const FILE: &str = "publisher.json";

/// The longest file.
const LENGTH: Bytes = Bytes::kibi(16);

/// The decisions of a publisher, beside the repository. Hosts never see them.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublisherSettings {
    /// How long a timestamp is valid; none for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) freshness: Option<String>,
}

impl PublisherSettings {
    /// Reads them; the defaults if nothing was decided.
    pub(crate) fn read(copy: &WorkingCopy) -> Result<Self, Failure> {
        let about = |error: &(dyn std::error::Error + 'static)| {
            Failure::about(Exit::Usage, copy.root().join(FILE).display(), error)
        };
        match copy.files().read(&path()?, LENGTH) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| about(&error)),
            Err(ReadError::NotFound) => Ok(Self::default()),
            Err(error) => Err(about(&error)),
        }
    }

    /// Writes them.
    pub(crate) fn write(&self, copy: &WorkingCopy) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(self).map_err(|error| Failure::about(Exit::Host, FILE, &error))?;
        copy.shelf().replace(&path()?, &bytes).map(|_| ())
    }

    /// Now, with the lifetimes of this publisher, but for what is asked for this time.
    pub(crate) fn clock(&self, freshness: Option<Lifetime>) -> Result<Clock, Failure> {
        let decided = self.freshness.as_deref().map(str::parse::<Lifetime>).transpose();
        let decided = decided.map_err(|reason| Failure::usage(format!("{FILE}: freshness: {reason}")))?;
        let mut lifetimes = Lifetimes::DEFAULT;
        if let Some(freshness) = freshness.or(decided) {
            lifetimes.timestamp = freshness.duration();
        }
        Ok(Clock { now: host::now(), lifetimes })
    }
}

fn path() -> Result<SafePath, Failure> {
    FILE.parse().map_err(|error| Failure::about(Exit::Host, FILE, &error))
}
