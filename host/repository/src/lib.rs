//! A signed repository as one tenant's host sees it: what it lists now, what this host has seen and kept of it, and which release
//! somebody holds on to.
//!
//! What is trusted is decided in `jurat_trust`. Here is where the bytes come from and where they are kept:
//!
//! | Part | What it has |
//! |---|---|
//! | `remote` | the files of a repository on a server |
//! | `reach` | the same for those who are no host: to carry it elsewhere, or to look what is wrong with it |
//! | `blobs` | files of releases, by their digests, for the time when the server is away |
//! | [`state`] | metadata as it was received, so that nobody can show something older after a restart |
//! | [`kept`] | the releases that this host has run, to go back to |
//! | [`pin`] | the release that somebody holds on to |
//! | [`status_file`] | how the host is, for those who look from outside |
#![forbid(unsafe_code)]

#[cfg(feature = "remote")]
mod blobs;
mod error;
mod host_state;
mod kept;
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
