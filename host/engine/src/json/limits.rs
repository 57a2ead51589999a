//! The limits of a text.

use jurat_model::Bytes;

/// The levels of arrays and objects that a text may have.
pub const MAX_DEPTH: usize = 64;

/// The default for the longest record.
pub const DEFAULT_MAX_RECORD: Bytes = Bytes::mebi(1);
