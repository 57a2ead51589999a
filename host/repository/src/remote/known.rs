//! The last version of a file.

use jurat_http::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

/// A version of a file, and the headers that ask for another.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) bytes: Vec<u8>,
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

impl Known {
    /// The version with these headers; none if they have neither `ETag` nor date.
    pub(super) fn new(headers: &HeaderMap, bytes: &[u8]) -> Option<Self> {
        let (etag, modified) = (headers.get(ETAG).cloned(), headers.get(LAST_MODIFIED).cloned());
        (etag.is_some() || modified.is_some()).then(|| Self { bytes: bytes.to_owned(), etag, modified })
    }

    /// Makes a request conditional on another version.
    pub(super) fn ask(&self, headers: &mut HeaderMap) {
        // A date is weaker than an `ETag`: two changes within one second have the same date.
        if let Some(etag) = &self.etag {
            headers.insert(IF_NONE_MATCH, etag.clone());
        } else if let Some(modified) = &self.modified {
            headers.insert(IF_MODIFIED_SINCE, modified.clone());
        }
    }
}
