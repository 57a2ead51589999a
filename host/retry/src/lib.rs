//! Attempts at something that may fail for a moment, with pauses that grow.
//!
//! ```
//! use jurat_retry::{RetryPolicy, retry};
//!
//! /// A number from a service that is not always there.
//! fn number() -> Result<u32, std::io::Error> {
//!     retry(
//!         &RetryPolicy::QUICK,
//!         |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut,
//!         |error, attempt, pause| eprintln!("attempt {attempt} failed ({error}); the next one follows in {pause:?}"),
//!         |_attempt| Ok(7),
//!     )
//! }
//! # assert_eq!(number().ok(), Some(7));
//! ```
#![forbid(unsafe_code)]

mod policy;
mod random;
mod retry;

pub use policy::{Again, Jitter, RetryPolicy};
pub use random::Random;
pub use retry::retry;
#[cfg(feature = "async")]
pub use retry::retry_async;
