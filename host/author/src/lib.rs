//! The rules team's side: from a directory of sources to a release that can be signed.
//!
//! It finds in one pass what a host would refuse, or silently not do: rules that a ruleset lists and no component has, inputs
//! that no field map has, test vectors that name what does not exist. Then it runs the test vectors, as hosts will run them.
//!
//! ```no_run
//! use std::path::Path;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let source = jurat_author::read(Path::new("rules/loan"))?;
//! let components = jurat_author::built_components(&source, None)?;
//! println!("{} components of {}", components.len(), source.file());
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! This crate signs nothing: `jurat_trust::publish` does that with what [`check`] gives back. Vectors are bounded by
//! [`vectors::VectorLimits`].
#![forbid(unsafe_code)]

pub mod business_config;
mod changes;
mod release;
pub mod vectors;

pub use changes::{ContentChange, content_changes};
pub use release::{
    CheckError, Checked, ComponentSource, RELEASE_FILE, Release, ReleaseSource, built_components, check, file_name,
    load, read,
};
