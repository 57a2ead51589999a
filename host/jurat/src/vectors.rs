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

/// A [`Report`] has a [`VectorFailure`] for each failed expectation, with its [`FailureReason`] and often a [`BriefVerdict`].
///
/// ```
/// use jurat::vectors::{BriefVerdict, FailureReason, Report, VectorFailure};
///
/// /// The statuses that rules give now, for the publisher to compare.
/// fn found(report: &Report) -> Vec<(&str, &BriefVerdict)> {
///     let found = report.failures.iter().filter_map(|VectorFailure { vector, reason, .. }| match reason {
///         FailureReason::Other { found, .. } => Some((vector.as_str(), found)),
///         _ => None,
///     });
///     found.collect()
/// }
/// ```
pub use jurat_author::vectors::{BriefVerdict, FailureReason, Report, VectorFailure};

/// Inside [`OpenError::Vectors`](crate::OpenError::Vectors).
///
/// ```
/// use jurat::OpenError;
/// use jurat::vectors::VectorsError;
///
/// /// Whether the machine was too busy, so that another attempt may succeed.
/// fn is_worth_another_attempt(error: &OpenError) -> bool {
///     match error.reason() {
///         OpenError::Vectors { cause, .. } => matches!(**cause, VectorsError::TooSlow { .. }),
///         _ => false,
///     }
/// }
/// # assert!(!is_worth_another_attempt(&OpenError::BrokenOff));
/// ```
pub use jurat_author::vectors::VectorsError;
