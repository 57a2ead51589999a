//! Files of records that a caller names: read only from the directories and servers that the settings allow, and bounded.
//!
//! Callers are not trusted. A caller gets a file below a listed directory, or from a listed server, or else an error that
//! reveals nothing about this machine.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use jurat_disk::ReserveMemory;
use jurat_disk::files::{Directory, PathBelow, ReadError};
#[cfg(feature = "remote")]
use jurat_http::{Addresses, Reach};
use jurat_model::{Bytes, Excerpt};

#[cfg(feature = "remote")]
use crate::settings::PrivateAddresses;
use crate::settings::{Data, DataRoots, Http};

#[cfg_attr(not(feature = "remote"), expect(dead_code, reason = "some reasons are those of servers"))]
mod error;
#[cfg(feature = "remote")]
mod fetch;
mod uri;

use error::Reason;
pub use error::{DataError, DataErrorKind};
#[cfg(feature = "remote")]
use fetch::Origins;
use uri::Named;

/// Why the settings of the HTTP client are invalid.
#[cfg(feature = "remote")]
pub(crate) use jurat_http::HttpError as ClientError;
/// Without servers there is no error.
#[cfg(not(feature = "remote"))]
pub(crate) use std::convert::Infallible as ClientError;

/// The directories and servers that callers of one tenant may have files of records read from.
#[derive(Debug)]
pub(crate) struct DataSource {
    roots: Arc<[PathBuf]>,
    #[cfg(feature = "remote")]
    origins: Option<Origins>,
    max_file: Bytes,
}

impl DataSource {
    /// The source that the settings describe. `working_directory` is the default for directories; if there is none, as in
    /// servers that others can reach, no file is read by default.
    ///
    /// # Errors
    /// When servers are listed, and the settings of the HTTP client are invalid.
    pub(crate) fn new(
        settings: &Data,
        max_file: Bytes,
        working_directory: Option<PathBuf>,
        #[cfg_attr(not(feature = "remote"), expect(unused_variables, reason = "servers only"))] http: &Http,
    ) -> Result<Self, ClientError> {
        #[cfg(feature = "remote")]
        let reach = match settings.private_addresses {
            PrivateAddresses::Refused => Reach::PublicOnly,
            PrivateAddresses::Granted => Reach::Anywhere,
        };
        let roots = match &settings.roots {
            DataRoots::WorkingDirectory => working_directory.into_iter().collect(),
            DataRoots::Listed(roots) => roots.as_slice().into(),
        };
        #[cfg(feature = "remote")]
        let origins = match settings.origins.as_slice() {
            [] => None,
            origins => Some(Origins::new(origins.to_vec(), Addresses::of_system(reach), http)?),
        };
        Ok(Self {
            roots,
            #[cfg(feature = "remote")]
            origins,
            max_file,
        })
    }

    /// Reads what `uri` names: a `file:`, `http:` or `https:` URL, or a path. Relative paths start at the first directory.
    ///
    /// # Errors
    /// See [`DataError::kind`].
    ///
    /// # Limits
    /// Symbolic links below a directory are refused; hard links and mounts cannot be told from files, so grant write access
    /// there only to users who may read everything on that file system.
    pub(crate) async fn read(&self, uri: &str, reserve: &ReserveMemory) -> Result<Vec<u8>, DataError> {
        let read = async {
            match uri::parse(uri)? {
                #[cfg(not(feature = "remote"))]
                Named::Url(_) => Err(Reason::NoOrigins),
                #[cfg(feature = "remote")]
                Named::Url(url) => {
                    self.origins.as_ref().ok_or(Reason::NoOrigins)?.get(url, self.max_file, reserve).await
                }
                Named::File { is_absolute, parts } => {
                    let (roots, cap, reserve) = (Arc::clone(&self.roots), self.max_file, Arc::clone(reserve));
                    let read =
                        tokio::task::spawn_blocking(move || read_file(&roots, is_absolute, &parts, cap, &reserve));
                    read.await.unwrap_or_else(|error| Err(Reason::File(io::Error::other(error))))
                }
            }
        };
        read.await.map_err(|reason: Reason| DataError { uri: uri::shown(uri), reason })
    }
}

/// Reads a file below one of the roots.
///
/// A file outside of them is refused before the file system is asked, so the answer does not reveal whether it exists.
fn read_file(
    roots: &[PathBuf],
    is_absolute: bool,
    parts: &[String],
    cap: Bytes,
    reserve: &ReserveMemory,
) -> Result<Vec<u8>, Reason> {
    let first = roots.first().ok_or(Reason::NoRoots)?;
    let (root, below) = if is_absolute {
        // If one root is below another, the nearer one.
        roots.iter().filter_map(|root| Some((root, below(root, parts)?))).min_by_key(|(_, rest)| rest.len())
    } else {
        Some((first, parts))
    }
    .ok_or(Reason::Outside)?;

    let path = PathBelow::new(below.iter().map(String::as_str)).map_err(Reason::from)?;
    Directory::new(root).read_below(&path, cap, reserve).map_err(|error| {
        if matches!(error, ReadError::NotFound) && !root.is_dir() {
            tracing::warn!(directory = %root.display(), "this directory is listed for files of records, but it is not there");
        }
        Reason::from(error)
    })
}

/// The rest of an absolute path below a directory, by the directory's path as given or its canonical path.
fn below<'a>(root: &Path, parts: &'a [String]) -> Option<&'a [String]> {
    strip(root, parts).or_else(|| strip(&root.canonicalize().ok()?, parts))
}

fn strip<'a>(root: &Path, parts: &'a [String]) -> Option<&'a [String]> {
    if !root.is_absolute() {
        return None;
    }
    let mut rest = parts;
    for component in root.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => {
                let (first, others) = rest.split_first()?;
                if OsStr::new(first) != name {
                    return None;
                }
                rest = others;
            }
            // Its meaning depends on links.
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(rest)
}

#[cfg(test)]
#[cfg(feature = "remote")]
mod tests;
