//! The header of all payloads.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::name::RepositoryId;
use crate::version::MetadataVersion;

/// The header that all payloads have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) version: MetadataVersion,
    pub(super) expires: Timestamp,
    pub(super) repository: RepositoryId,
    /// Unknown members; TUF demands that they are kept.
    pub(super) other: Map<String, Value>,
}

impl Header {
    /// It expires at the full second before `expires`.
    pub(super) fn new(repository: RepositoryId, version: MetadataVersion, expires: Timestamp) -> Self {
        let expires = Timestamp::from_second(expires.as_second()).unwrap_or(expires);
        Self { version, expires, repository, other: Map::new() }
    }

    pub(super) fn successor(&self, expires: Timestamp) -> Option<Self> {
        let renewed = Self::new(self.repository.clone(), self.version.next()?, expires);
        Some(Self { other: self.other.clone(), ..renewed })
    }

    /// The same with another expiry.
    pub(super) fn expiring(self, expires: Timestamp) -> Self {
        let other = self.other;
        Self { other, ..Self::new(self.repository, self.version, expires) }
    }
}

/// Declares what all payloads say of themselves, for a type with a `header`.
macro_rules! header {
    ($payload:ident) => {
        impl $payload {
            /// Its version.
            #[must_use]
            pub fn version(&self) -> $crate::metadata::MetadataVersion {
                self.header.version
            }

            /// When it expires; from that second on it is refused.
            #[must_use]
            pub fn expires(&self) -> jiff::Timestamp {
                self.header.expires
            }

            /// The repository that it is for.
            #[must_use]
            pub fn repository(&self) -> &$crate::name::RepositoryId {
                &self.header.repository
            }
        }

        impl $crate::metadata::Payload for $payload {
            fn parse(bytes: &[u8]) -> Result<Self, $crate::metadata::MetadataError> {
                Self::parse(bytes)
            }

            fn version(&self) -> $crate::metadata::MetadataVersion {
                self.version()
            }

            fn expires(&self) -> jiff::Timestamp {
                self.expires()
            }

            fn repository(&self) -> &$crate::name::RepositoryId {
                self.repository()
            }
        }
    };
}
pub(super) use header;
