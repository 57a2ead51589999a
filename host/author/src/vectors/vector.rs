//! One test vector, and the limits of all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jurat_model::{Bytes, Status};

/// The longest file of vectors.
pub(super) const MAX_FILE: Bytes = Bytes::mebi(16);
/// The most vectors of one file.
pub(super) const MAX_VECTORS: usize = 10_000;

/// One record and the verdicts that it must get.
#[derive(Clone, Debug)]
pub struct Vector {
    pub(super) file: Arc<str>,
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) ruleset: String,
    pub(super) entity_type: Option<String>,
    pub(super) now: Option<Timestamp>,
    // INVARIANT: a valid JSON object without a key twice, as is what is associated.
    pub(super) record: Box<str>,
    pub(super) associated: Option<Box<str>>,
    pub(super) expect: BTreeMap<String, Status>,
}

impl Vector {
    /// The file that it comes from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its name, unique in its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The expected verdicts. Rules without one may say anything, but always the same.
    #[must_use]
    pub fn expect(&self) -> &BTreeMap<String, Status> {
        &self.expect
    }

    pub(super) fn bytes(&self) -> usize {
        self.record.len() + self.associated.as_deref().map_or(0, str::len)
    }
}

/// The limits of the vectors of one release.
///
/// # Defaults
/// See [`VectorLimits::DEFAULT`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VectorLimits {
    /// The most vectors, in all files.
    pub vectors: usize,
    /// The longest text of all files together.
    pub bytes: Bytes,
    /// The most verdicts: for each vector, one for every rule of its list, children included.
    pub verdicts: usize,
    /// The longest time for all of them.
    pub time: Duration,
}

impl VectorLimits {
    /// 10,000 vectors, 16 MiB, 250,000 verdicts, one minute. A release with 1,000 vectors for five rules takes about a second.
    pub const DEFAULT: Self =
        Self { vectors: MAX_VECTORS, bytes: MAX_FILE, verdicts: 250_000, time: Duration::from_secs(60) };

    /// The same in half the time: the limits of authors, so that slower hosts can run what they sign.
    pub const AUTHORS: Self = Self { time: Duration::from_secs(30), ..Self::DEFAULT };
}

impl Default for VectorLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
