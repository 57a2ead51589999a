//! The limits of schemas, and of the records that they check.

/// The largest schema file, in bytes.
pub const MAX_BYTES: usize = 256 << 10;
/// The schemas that a release may have.
pub const MAX_SCHEMAS: usize = 256;
/// Levels of JSON in a schema file.
pub const MAX_DEPTH: usize = 64;
/// Subschemas of one file.
pub const MAX_SUBSCHEMAS: usize = 10_000;
/// Subschemas that one value of a record may meet.
pub const MAX_EVALUATIONS: u64 = 1_000;
/// Subschemas that may apply inside each other, over all levels of a record: it bounds the stack.
pub const MAX_NESTING: u64 = 512;
/// Bytes of one pattern.
pub const MAX_PATTERN_BYTES: usize = 1_024;
/// Bytes of one compiled pattern, about. Classes such as `\p{L}` in counted repetitions need the most.
pub const MAX_PATTERN_SIZE: usize = 4 << 20;
/// Bytes of a number in a schema.
pub const MAX_NUMBER_BYTES: usize = 100;
/// Bytes of an `$id`.
pub const MAX_ID_BYTES: usize = 1_024;
/// Different patterns in one file.
pub const MAX_PATTERNS: usize = 200;
/// Bytes of all compiled patterns of one file, about.
pub const MAX_PATTERN_SIZES: usize = 32 << 20;
/// Patterns in all schemas of a release. Each may cache 128 KiB for each thread.
pub const RELEASE_PATTERNS: usize = 1_000;
/// Bytes of all compiled patterns of a release, about.
pub const RELEASE_PATTERN_SIZES: usize = 64 << 20;
/// Levels of a record that are checked.
pub const MAX_RECORD_DEPTH: usize = 64;
/// The steps, of about a nanosecond, that are done for each byte of a record: 100 ms for a MiB.
pub const STEPS_PER_BYTE: u64 = 95;
/// The steps that are done for any record beyond that.
pub const BASE_STEPS: u64 = 1 << 24;
/// Mistakes of one alternative that are told.
pub(super) const MAX_ALTERNATIVE_MISTAKES: usize = 16;
/// Warnings about one file.
pub(super) const MAX_WARNINGS: usize = 100;
