//! Bounded reads, and writes that survive a power cut.
//!
//! [`files`] reads untrusted files: bounded, regular files only, and only below one directory. [`CacheDir`] is a directory that
//! only this user can write, for a host's own state: files are whole or absent, also after a power cut.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use jurat_disk::CacheDir;
//! use jurat_model::Bytes;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = CacheDir::open(Path::new("/var/lib/jurat/state"))?;
//! state.write("seen.json", b"{}")?;
//! assert_eq!(state.read("seen.json", Bytes::kibi(1))?.as_deref(), Some(&b"{}"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! Every read has a cap. Symbolic links below a directory are refused; hard links and mounts cannot be told from files. Locks are
//! advisory.
#![forbid(unsafe_code)]

mod cache_dir;
pub mod files;
pub mod reserve_memory;

pub use cache_dir::{CacheDir, CacheDirError, Lock, Parents, Stamp};
pub use reserve_memory::ReserveMemory;
