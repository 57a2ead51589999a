//! Range requests.

use jurat_http::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};

/// Requests the bytes after the first `held` ones, of the same version if it is known.
pub(super) fn ask(held: u64, version: Option<&HeaderValue>, headers: &mut HeaderMap) {
    // Digits are a valid header.
    let Ok(range) = HeaderValue::try_from(format!("bytes={held}-")) else { return };
    headers.insert(RANGE, range);
    if let Some(version) = version {
        headers.insert(IF_RANGE, version.clone());
    }
}

/// Whether an answer has the bytes from `held` to the end of a file of the given length.
pub(crate) fn continues(headers: &HeaderMap, held: u64, length: u64) -> bool {
    let mut ranges = headers.get_all(CONTENT_RANGE).iter();
    let (Some(range), None) = (ranges.next(), ranges.next()) else { return false };
    let parts = || {
        let (range, whole) = range.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Some((number(first)?, number(last)?, if whole == "*" { length } else { number(whole)? }))
    };
    parts().is_some_and(|(first, last, whole)| first == held && last.checked_add(1) == Some(whole) && whole == length)
}

/// The strong `ETag` of a version; a weak one does not guarantee equal bytes.
pub(super) fn version(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\"")).cloned()
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_static(text))])
    }

    #[test]
    fn only_the_exact_rest_continues_a_file() {
        for good in ["bytes 4-9/10", "bytes 4-9/*"] {
            assert!(continues(&header(good), 4, 10), "{good}");
        }
        for bad in [
            "",
            "bytes",
            "bytes 0-9/10",
            "bytes 3-9/10",
            "bytes 5-9/10",
            "bytes 4-8/10",
            "bytes 4-9/11",
            "bytes 4-10/11",
            "bytes 4-10/*",
            "bytes 4-/10",
            "bytes +4-9/10",
            "bytes */10",
            "bytes 4-18446744073709551615/*",
            "lines 4-9/10",
        ] {
            assert!(!continues(&header(bad), 4, 10), "{bad}");
        }
        let mut twice = header("bytes 4-9/10");
        twice.append(CONTENT_RANGE, HeaderValue::from_static("bytes 4-9/10"));
        assert!(!continues(&twice, 4, 10) && !continues(&HeaderMap::new(), 4, 10));
    }

    #[test]
    fn a_weak_mark_is_not_a_version() {
        let of = |etag: &'static str| version(&HeaderMap::from_iter([(ETAG, HeaderValue::from_static(etag))]));
        assert!(of("\"a\"").is_some());
        assert!(of("W/\"a\"").is_none());
    }
}
