//! Foreign names: checked once, when they are parsed.

mod error;
mod path;
mod plain;
mod target;

pub use error::NameError;
pub use path::{PathPattern, SafePath};
pub use plain::{ReleaseName, ReleaseVersion, RepositoryId, RoleName, World};
pub use target::TargetPath;
