//! Events about releases.

use std::time::Duration;

use jurat_trust::Digest;

use crate::error::OpenError;
use crate::release::Identity;

/// A poll for a newer release has ended.
///
/// ```
/// use jurat::observe::{Event, Observer, ReleasePolled};
///
/// struct Polls;
///
/// impl Observer for Polls {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::ReleasePolled(ReleasePolled { tenant, error: Some(error), .. }) = event {
///             println!("{tenant}: {:?}: {}", error.blame(), error.messages().join("; "));
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReleasePolled<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The manifest of the listed release, at this poll or the last one that succeeded; none if this host knows no listing.
    pub listed: Option<&'a Digest>,
    /// Why the poll failed.
    pub error: Option<&'a OpenError>,
    /// How long the poll took. Making a new release ready comes after it.
    pub duration: Duration,
}

/// A release is ready to serve.
///
/// ```
/// use jurat::observe::{Event, Observer, ReleasePrepared};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::ReleasePrepared(ReleasePrepared { tenant, release, duration, .. }) = event {
///             println!("{tenant}: {} is ready after {duration:?}", release.version);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReleasePrepared<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The release.
    pub release: &'a Identity,
    /// Why its test vectors are known to hold.
    pub vectors: VectorCheck,
    /// How long it took to fetch, verify, compile and try it.
    pub duration: Duration,
}

/// Why the test vectors of a release are known to hold.
///
/// ```
/// use jurat::observe::{Event, Observer, VectorCheck};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         match event {
///             Event::ReleasePrepared(prepared) => match prepared.vectors {
///                 VectorCheck::Run { vectors } => println!("{vectors} test vectors hold"),
///                 VectorCheck::Proven => println!("the test vectors have held before"),
///                 _ => {}
///             },
///             _ => {}
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum VectorCheck {
    /// They were run.
    Run {
        /// Their number.
        vectors: usize,
    },
    /// This host has run them before, with the same release, program, engine, limits and settings, and has kept that they hold. For that
    /// it needs a `state_dir` and a `logic_cache_dir`.
    Proven,
}

/// Another release serves from now on, or none.
///
/// ```
/// use jurat::observe::{Event, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::ReleaseSwitched(switched) = event {
///             println!("{} serves {:?}", switched.tenant, switched.to.map(|release| &release.version));
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReleaseSwitched<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The release that served until now; none if there was none.
    pub from: Option<&'a Identity>,
    /// The release that serves from now on; none if the one before was revoked and no other is ready.
    pub to: Option<&'a Identity>,
}

/// A release is not used; what served goes on serving, unless it was revoked.
///
/// ```
/// use jurat::observe::{Event, Observer, ReleaseRefused};
///
/// struct Alert;
///
/// impl Observer for Alert {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::ReleaseRefused(ReleaseRefused { tenant, manifest, error, .. }) = event {
///             println!("{tenant} does not use {manifest}: {}", error.messages().join("; "));
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReleaseRefused<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The manifest of the release.
    pub manifest: &'a Digest,
    /// Why it is not used.
    pub error: &'a OpenError,
}
