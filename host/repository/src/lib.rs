//! A signed repository as one tenant's host sees it: its present listing, the stored metadata and releases, and the pin.
//!
//! `jurat_trust` decides what to trust. This crate provides and stores the bytes:
//!
//! | Part | What it has |
//! |---|---|
//! | `remote` | the files of a repository on a server |
//! | `reach` | the same for commands that copy or diagnose a repository |
//! | `blobs` | files of releases, by their digests, for when the server is unavailable |
//! | `state` | metadata as it was received, so that older metadata is refused after a restart |
//! | `kept` | the releases that this host has run, to return to |
//! | `pin` | the release that is pinned |
//! | `status_file` | the status of the host, for other processes |
//!
//! ```no_run
//! use std::path::Path;
//!
//! use jurat_repository::{HostState, Parents};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = HostState::open(Path::new("/var/lib/jurat/state"), Parents::Private, "default")?;
//! for release in state.kept()? {
//!     println!("{} {} since {}", release.name, release.version, release.since);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! `remote`, on by default, is for repositories on servers. Without it a repository is a directory.
//!
//! # Limits
//! Nothing that is read here is trusted before `jurat_trust` has verified it. Calls block the calling thread.
#![forbid(unsafe_code)]

#[cfg(feature = "remote")]
mod blobs;
mod error;
mod host_state;
mod kept;
mod metadata_store;
mod offline;
mod pin;
#[cfg(feature = "remote")]
mod reach;
mod remembered;
#[cfg(feature = "remote")]
mod remote;
mod repository;
mod source;
mod state;
mod status_file;
mod surroundings;
mod trust;

pub use error::{FilesError, RepositoryError, SetupError, StoredStateError};
pub use host_state::{EarlierRelease, HostState, HostStateError, Reported};
pub use jurat_disk::Parents;
pub use pin::{Pin, PinnedBy};
#[cfg(feature = "remote")]
pub use reach::{Answer, ProbeError, Question, Server};
pub use repository::{Repository, shown};
pub use surroundings::{Contention, Purpose, Surroundings};
pub use trust::{OnExpired, Trust};
