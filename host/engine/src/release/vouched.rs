//! A release with the evidence of what vouches for it.

use std::sync::Arc;

use super::content::Release;
use crate::results::Evidence;

/// A release that judges a call, with the evidence of what vouches for it at that moment. Clones are cheap.
///
/// Every result carries the evidence. It belongs to the release and not to the request, so a caller cannot change it.
#[derive(Clone, Debug)]
pub struct VouchedRelease {
    pub(crate) release: Arc<Release>,
    pub(crate) evidence: Option<Arc<Evidence>>,
}

impl VouchedRelease {
    /// A release with its evidence; none if it is unsigned.
    ///
    /// A call refuses evidence that names another release.
    #[must_use]
    pub fn new(release: Arc<Release>, evidence: Option<Arc<Evidence>>) -> Self {
        Self { release, evidence }
    }
}

impl From<Arc<Release>> for VouchedRelease {
    /// A release without evidence.
    fn from(release: Arc<Release>) -> Self {
        Self::new(release, None)
    }
}

impl From<&Arc<Release>> for VouchedRelease {
    /// A release without evidence.
    fn from(release: &Arc<Release>) -> Self {
        Self::new(Arc::clone(release), None)
    }
}
