//! Attempts at something that may fail for a moment, with pauses that grow.
//!
//! ```
//! use std::io;
//!
//! use jurat_retry::{Failed, RetryPolicy, retry};
//!
//! /// A number from a service that is not always there.
//! fn number() -> Result<u32, Failed<io::Error>> {
//!     retry(
//!         &RetryPolicy::QUICK,
//!         |error: &io::Error| error.kind() == io::ErrorKind::TimedOut,
//!         |error, attempt, pause| eprintln!("attempt {attempt} failed ({error}); the next one follows in {pause:?}"),
//!         |_attempt| Ok(7),
//!     )
//! }
//! # assert_eq!(number().ok(), Some(7));
//! ```
#![forbid(unsafe_code)]

mod failed;
mod policy;
mod random;
mod retry;

pub use failed::Failed;
pub use policy::{Again, Jitter, RetryPolicy};
pub use random::Random;
pub use retry::retry;
#[cfg(feature = "async")]
pub use retry::retry_async;
