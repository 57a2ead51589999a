//! Files on their way into a repository.

use std::sync::Arc;

use crate::name::SafePath;

/// A file to put into a repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upload {
    /// Where it goes, below the root of the repository.
    pub path: SafePath,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// How long a cache may keep it.
    pub stability: Stability,
}

/// Whether the file at a path can change.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stability {
    /// Never: its name says what it holds. A file that is there already need not be written again.
    Immutable,
    /// With every publication. Caches may keep it for seconds only.
    Mutable,
}
