//! Any manifest is read or refused, and what is read is written the same.

use jurat_trust::Manifest;

use crate::Answer;
use crate::payload::reads;

/// Checks these bytes.
///
/// # Panics
/// When a manifest is not read back as it is written.
pub fn check(bytes: &[u8]) -> Answer {
    reads(bytes, Manifest::parse, Manifest::to_bytes)
}
