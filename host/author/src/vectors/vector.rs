//! One test vector, and how much vectors may ask for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jurat_model::{Bytes, Status};

/// The longest file.
pub(super) const MAX_FILE: Bytes = Bytes::mebi(16);
/// The most vectors of one file.
pub(super) const MAX_VECTORS: usize = 10_000;

/// One record and what must be said of it.
#[derive(Clone, Debug)]
pub struct Vector {
    pub(super) file: Arc<str>,
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) ruleset: String,
    pub(super) entity_type: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(super) now: Option<i64>,
    // INVARIANT: a valid JSON object without a key twice, as is what is associated.
    pub(super) record: Box<str>,
    pub(super) associated: Option<Box<str>>,
    pub(super) expect: BTreeMap<String, Status>,
}

impl Vector {
    /// The file that it is from.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its name, which no other in its file has.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What each rule must say. Rules that are not named may say anything, but always the same.
    #[must_use]
    pub fn expect(&self) -> &BTreeMap<String, Status> {
        &self.expect
    }

    pub(super) fn bytes(&self) -> usize {
        self.record.len() + self.associated.as_deref().map_or(0, str::len)
    }
}

/// What the vectors of one release may make a host do.
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
    /// How long all of them may take, whatever waits for it.
    pub time: Duration,
}

impl VectorLimits {
    /// 10,000 vectors, 16 MiB, 250,000 verdicts, one minute. A release with 1,000 vectors for five rules takes about a second.
    pub const DEFAULT: Self =
        Self { vectors: MAX_VECTORS, bytes: MAX_FILE, verdicts: 250_000, time: Duration::from_secs(60) };

    /// The same in half the time: what authors get, so that what they sign fits hosts that are slower.
    pub const AUTHORS: Self = Self { time: Duration::from_secs(30), ..Self::DEFAULT };
}

impl Default for VectorLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
