//! The test vectors of a release, which do not judge as they say: inside [`OpenError`](crate::OpenError).
//!
//! ```
//! use jurat::OpenError;
//!
//! /// The names of the vectors that fail.
//! fn failing(error: &OpenError) -> Vec<&str> {
//!     match error.reason() {
//!         OpenError::VectorsFail { report, .. } => {
//!             report.failures.iter().map(|failure| failure.vector.as_str()).collect()
//!         }
//!         _ => Vec::new(),
//!     }
//! }
//! # assert!(failing(&OpenError::BrokenOff).is_empty());
//! ```

pub use jurat_author::vectors::{BriefVerdict, FailureReason, Report, VectorFailure, VectorsError};
