//! A signed repository as one tenant's host sees it: what it lists now, what this host has seen and kept of it, and which release
//! is pinned.
//!
//! What is trusted is decided in `jurat_trust`. Here is where the bytes come from and where they are kept:
//!
//! | Part | What it has |
//! |---|---|
//! | `remote` | the files of a repository on a server |
//! | `reach` | the same for commands: to copy a repository, or to find what is wrong with it |
//! | `blobs` | files of releases, by their digests, for the time when the server is away |
//! | `state` | metadata as it was received, so that nobody can show something older after a restart |
//! | `kept` | the releases that this host has run, to go back to |
//! | `pin` | the release that is pinned |
//! | `status_file` | the status of the host, for other processes |
//!
//! ```no_run
//! use std::path::Path;
//!
//! use jurat_repository::HostState;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = HostState::open(Path::new("/var/lib/jurat/state"), "default")?;
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
//! Nothing that is read here is trusted before `jurat_trust` has verified it. Calls block: a repository on a server is waited for on the
//! calling thread.
#![forbid(unsafe_code)]

#[cfg(feature = "remote")]
mod blobs;
mod error;
mod host_state;
mod kept;
mod memory;
mod offline;
mod pin;
#[cfg(feature = "remote")]
mod reach;
#[cfg(feature = "remote")]
mod remote;
mod repository;
mod source;
mod state;
mod status_file;
mod surroundings;
mod trust;

pub use error::RepositoryError;
pub use host_state::{EarlierRelease, HostState, HostStateError, Reported};
pub use pin::{Pin, PinnedBy};
#[cfg(feature = "remote")]
pub use reach::{Answer, LookError, Question, Server};
pub use repository::{Repository, shown};
pub use surroundings::Surroundings;
pub use trust::{OnExpired, Trust};
