//! Files, read and written with care.
//!
//! [`files`] reads what others wrote: no more than asked for, nothing but regular files, nowhere but below one directory.
//! [`CacheDir`] is a directory that only this user can write, for what a host keeps of itself: files are whole or not there, also
//! after a power cut.
#![forbid(unsafe_code)]

mod cache_dir;
pub mod files;
pub mod room;

pub use cache_dir::{CacheDir, CacheDirError, Lock, Stamp};
pub use room::Room;
