//! What a file was when it was fetched last.

use jurat_http::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

/// A version of a file, and how to ask whether there is another.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) bytes: Vec<u8>,
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

impl Known {
    /// What came with these headers; none if they give nothing to ask by.
    pub(super) fn new(headers: &HeaderMap, bytes: &[u8]) -> Option<Self> {
        let (etag, modified) = (headers.get(ETAG).cloned(), headers.get(LAST_MODIFIED).cloned());
        (etag.is_some() || modified.is_some()).then(|| Self { bytes: bytes.to_owned(), etag, modified })
    }

    /// Asks for another version only.
    pub(super) fn ask(&self, headers: &mut HeaderMap) {
        // A date says less than a mark: what changes twice in one second has one date.
        if let Some(etag) = &self.etag {
            headers.insert(IF_NONE_MATCH, etag.clone());
        } else if let Some(modified) = &self.modified {
            headers.insert(IF_MODIFIED_SINCE, modified.clone());
        }
    }
}
