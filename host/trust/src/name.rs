//! Names that other people give to things: parsed once, safe ever after.

mod error;
mod path;
mod plain;
mod target;

pub use error::NameError;
pub use path::{PathPattern, SafePath};
pub use plain::{ReleaseName, ReleaseVersion, RepositoryId, RoleName, World};
pub use target::TargetPath;
