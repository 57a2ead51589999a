//! The rules team's side: from a directory of sources to a release that can be signed.
//!
//! What a host would refuse, or silently not do, is found here: rules that a ruleset lists and nobody has, inputs that no field
//! map has, test vectors that name what does not exist. Everything is found in one pass. What fits together is then shown to do
//! what it should: its test vectors are run, as hosts will run them.
#![forbid(unsafe_code)]

pub mod business_config;
mod release;
pub mod vectors;

pub use release::{
    Checked, ComponentSource, RELEASE_FILE, Release, ReleaseSource, built_components, check, file_name, load, read,
};
