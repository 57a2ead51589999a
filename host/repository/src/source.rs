//! A repository in a directory or on a server.

#[cfg(feature = "remote")]
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jurat_disk::files::Directory;
#[cfg(feature = "remote")]
use jurat_http::Http;
use jurat_http::Location;
use jurat_model::Bytes;
#[cfg(feature = "remote")]
use jurat_model::Secret;
use jurat_trust::{Digest, Fetch, FetchError, SafePath, VerifiedManifest, VerifiedRelease};

#[cfg(feature = "remote")]
use crate::blobs::Blobs;
use crate::error::RepositoryError;
#[cfg(feature = "remote")]
use crate::remote::{Remote, RemoteLimits, Slowest};
use crate::surroundings::Surroundings;
use crate::trust::Trust;

/// A repository in a directory or on a server.
#[derive(Debug)]
pub(crate) enum Source {
    Directory(Directory),
    #[cfg(feature = "remote")]
    Server {
        remote: Remote,
        blobs: Blobs,
    },
}

impl Source {
    /// Opens a repository without reading it.
    ///
    /// # Errors
    /// When the settings of the server are invalid, or there is no directory for its files.
    pub(crate) fn open(
        location: &Location,
        #[cfg_attr(not(feature = "remote"), expect(unused_variables, reason = "servers only"))] trust: &Trust,
        #[cfg_attr(not(feature = "remote"), expect(unused_variables, reason = "servers only"))]
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, RepositoryError> {
        match location {
            Location::File(path) => Ok(Self::Directory(Directory::new(path))),
            #[cfg(feature = "remote")]
            Location::Url(url) => {
                let Surroundings { client, runtime, http, cache, secrets, .. } = surroundings;
                let headers = headers(trust, secrets)?;
                let remote = Remote::new(url.clone(), client.clone(), &headers, limits(http), runtime.clone())?;
                Ok(Self::Server { remote, blobs: Blobs::open(cache.ok_or(RepositoryError::Homeless)?)? })
            }
            #[cfg(not(feature = "remote"))]
            Location::Url(url) => Err(RepositoryError::NoRemote { url: url.to_string() }),
        }
    }

    /// The release of a manifest. Fetches its files first.
    ///
    /// # Errors
    /// When something of it is missing, or is not what was signed.
    pub(crate) fn fetch(&self, manifest: &VerifiedManifest) -> Result<VerifiedRelease, RepositoryError> {
        #[cfg(feature = "remote")]
        if let Self::Server { remote, blobs } = self {
            manifest.check_sizes()?;
            let files = manifest.manifest().files().iter();
            blobs.fetch_missing(remote, &files.map(|file| (file.sha256, file.length)).collect::<Vec<_>>())?;
        }
        self.at_hand(manifest)
    }

    /// The release of a manifest, without fetching.
    ///
    /// # Errors
    /// When something of it is missing, or is not what was signed.
    pub(crate) fn at_hand(&self, manifest: &VerifiedManifest) -> Result<VerifiedRelease, RepositoryError> {
        match self {
            Self::Directory(directory) => Ok(manifest.release(directory)?),
            #[cfg(feature = "remote")]
            Self::Server { blobs, .. } => Ok(manifest.release(&blobs.source())?),
        }
    }

    /// Drops cached versions: the last response turned out to be wrong.
    pub(crate) fn forget(&self) {
        #[cfg(feature = "remote")]
        if let Self::Server { remote, .. } = self {
            remote.forget();
        }
    }

    /// Whether there is a cache of fetched files.
    pub(crate) fn is_cached(&self) -> bool {
        !matches!(self, Self::Directory(_))
    }

    /// Removes fetched files that were neither fetched nor used since a point in time, except for those to keep.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn prune(
        &self,
        #[cfg_attr(not(feature = "remote"), expect(unused_variables, reason = "servers only"))] keep: &BTreeSet<Digest>,
        #[cfg_attr(not(feature = "remote"), expect(unused_variables, reason = "servers only"))] older_than: Timestamp,
    ) -> Result<(), RepositoryError> {
        match self {
            Self::Directory(_) => Ok(()),
            #[cfg(feature = "remote")]
            Self::Server { blobs, .. } => Ok(blobs.keep_only(keep, older_than).map(|_| ())?),
        }
    }
}

impl Fetch for Source {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        match self {
            Self::Directory(directory) => directory.get(file, cap),
            #[cfg(feature = "remote")]
            Self::Server { remote, .. } => remote.get(file, cap),
        }
    }
}

/// The values of headers, by the names of the headers.
#[cfg(feature = "remote")]
pub(crate) fn headers(
    trust: &Trust,
    secrets: &BTreeMap<String, Secret>,
) -> Result<BTreeMap<String, Secret>, RepositoryError> {
    let value = |(header, name): (&String, &String)| match secrets.get(name) {
        Some(secret) => Ok((header.clone(), secret.clone())),
        None => Err(RepositoryError::NoSecret { header: header.clone(), name: name.clone() }),
    };
    trust.headers.iter().map(value).collect()
}

#[cfg(feature = "remote")]
pub(crate) fn limits(http: &Http) -> RemoteLimits {
    let defaults = RemoteLimits::default();
    let slowest = Slowest { rate: Bytes::new(http.min_bytes_per_second.into()), ..defaults.slowest };
    RemoteLimits { total: http.total_timeout, slowest, ..defaults }
}
