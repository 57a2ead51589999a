//! The location of a file: a path or a URL.

use std::path::PathBuf;

use jurat_model::Excerpt;
use url::Url;

/// The location of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Location {
    /// On this machine.
    File(PathBuf),
    /// On a server, over https.
    Url(Url),
}

/// The beginning of a URL, without what may be a password.
pub fn shown(uri: &str) -> Excerpt {
    match uri.rsplit_once('@') {
        Some((before, after)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let start = if is_scheme { format!("{scheme}://") } else { String::new() };
            Excerpt::of(&format!("{start}...@{after}"))
        }
        None => Excerpt::of(uri),
    }
}
