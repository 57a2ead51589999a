//! The errors inside [`OpenError`](crate::OpenError) and [`RepositoryError`](crate::RepositoryError), for programs that decide by them.
//!
//! Most programs need only [`OpenError::blame`](crate::OpenError::blame) and
//! [`OpenError::messages`](crate::OpenError::messages).
//!
//! ```
//! use jurat::OpenError;
//! use jurat::causes::{Refusal, ShapeError};
//!
//! /// Whether the publisher should be told that a component is too large.
//! fn is_too_large(error: &OpenError) -> bool {
//!     match error.reason() {
//!         OpenError::Component { cause, .. } => {
//!             matches!(cause.reason, Refusal::Shape(ShapeError::TooMany { .. }))
//!         }
//!         _ => false,
//!     }
//! }
//! # assert!(!is_too_large(&OpenError::BrokenOff));
//! ```

pub use crate::error::{CoordinationConfigError, HttpSetupError};
pub use jurat_disk::CacheDirError;
pub use jurat_disk::files::ReadError;
pub use jurat_engine::ReleaseProblem;
pub use jurat_engine::extract::PlanError;
pub use jurat_engine::field_map::{Conversion, EntryError, EntryProblem, FieldMapError, KindMismatch};
pub use jurat_engine::json::{JsonError, JsonProblem, Syntax};
pub use jurat_engine::ruleset::{RulesetError, RulesetProblem};
pub use jurat_engine::schema::{PatternRefusal, Problem as SchemaProblem, SchemaError};
pub use jurat_model::{Fault, HostFailure};
pub use jurat_repository::{FilesError, SetupError, StoredStateError};
pub use jurat_sandbox::{
    CompileError, LoadError, Mismatch, OpenError as SandboxError, Refusal, ShapeError, WasiHint, WasmError,
};
pub use jurat_trust::{
    AnchorError, EntropyError, EnvelopeError, FormatError, KeyError, KeyFormatError, KeySetError, ManifestError,
    MetadataError, NameError, SignatureError, StateError, StateFile, StoreError, UpdateError,
};
