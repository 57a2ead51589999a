//! The texts that records are read from: files, directories, patterns and standard input, plain or compressed.
//!
//! ```no_run
//! use std::io::Read;
//!
//! use jurat_records::Inputs;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inputs = Inputs::find(&["loans.ndjson.gz", "archive", "2026-*/loans.json"])?;
//! for (source, text) in inputs.texts().enumerate() {
//!     let mut loans = String::new();
//!     text?.read_to_string(&mut loans)?;
//!     println!("{}: {} bytes", inputs.name(source), loans.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Compression
//! The first bytes of a text say whether it is gzip or Zstandard, not its name: standard input may be compressed, and a file
//! called `.gz` that is not gzip is read as what it is. Several members or frames, one behind the other, are one text. A text
//! whose compressed data end too early, are damaged, or are followed by something else is an error, never a text that ends
//! there. Zeros behind the members of a gzip text are padding, as for `gzip`. An empty file is a text without records.
//!
//! # Limits
//! - Nothing bounds how much a compressed text may grow to, because it is never kept: reads return it piece by piece. Only the
//!   decoder of a text takes memory: 128 KiB of compressed data, and as much as references may reach back, 32 KiB with gzip
//!   and at most 128 MiB with Zstandard. While Zstandard approaches that, it takes half as much again for a moment.
//! - One text is open at a time, unless the caller keeps several.
//! - At most 1,000,000 files and directories are found, with paths of 256 MiB together.
//! - Files may change between finding and reading.
#![forbid(unsafe_code)]

mod buffered;
mod error;
mod find;
mod gzip;
mod input_location;
mod inputs;
mod interrupt;
mod listing;
mod pattern;
mod progress;
mod source;
mod text;
mod zstd;

pub use error::{Compression, InputError, InputReason};
pub use inputs::{Inputs, Texts};
pub use interrupt::Interrupt;
pub use listing::Directory;
pub use progress::Progress;
pub use text::Text;
