//! The settings of a host: `local-config.yaml`.
//!
//! Precedence, from the weakest: defaults, then the file, then the environment, then flags, then what the caller changes
//! in [`Settings`] before it is used.

use std::path::Path;

use jurat_disk::files;
use jurat_model::chain;
use jurat_yaml::{Problem, Problems, Reader, Source, from_yaml};

pub(crate) mod check;
mod env_file;
mod keys;
mod location;
mod overlay;
mod overrides;
mod quantity;
mod read;
mod secret_file;
mod target;
mod tenant;
mod trust;
mod values;

pub use jurat_http::{HostPattern, Http, Location, ParseHostError};
pub use jurat_model::Secret;
pub use jurat_repository::{OnExpired, Trust};
pub use jurat_sandbox::SealedWasi;
pub use keys::{Key, Kind, Scope};
pub use overrides::Overrides;
pub use values::{
    CoordinationSource, Data, DataRoots, PrivateAddresses, ServerSettings, Settings, TenantSettings, Tls, Unsigned,
    WorkerCount,
};

impl Settings {
    /// A configuration file with every setting, its default and its meaning.
    pub const EXAMPLE: &'static str = include_str!("../../../config/local-config.yaml");

    /// Reads a configuration file. Paths in it are relative to its directory.
    ///
    /// Also reads files with secrets that the configuration names; it opens no other files.
    ///
    /// # Errors
    /// With all problems: first those of the file, in its order, then those of the overrides.
    pub fn read(file: &Path, overrides: &Overrides) -> Result<Self, Problems> {
        let name = file.display().to_string();
        match files::read_text(file, jurat_yaml::MAX_BYTES as u64) {
            Ok(text) => Self::parse(&text, &name, file.parent().unwrap_or(Path::new("")), overrides),
            Err(error) => Err(overrides.refuse([Problem::of_file(&name, chain(&error))])),
        }
    }

    /// Reads the text of a configuration file called `file`; paths in it are relative to `directory`.
    ///
    /// # Errors
    /// As [`Settings::read`] has.
    pub fn parse(text: &str, file: &str, directory: &Path, overrides: &Overrides) -> Result<Self, Problems> {
        let mut tree = from_yaml(text, file).map_err(|problem| overrides.refuse([problem]))?;
        let mut sources = vec![Source { name: file.to_owned(), directory: directory.to_owned() }];
        overlay::apply(overrides, &mut tree, &mut sources);
        let (read, problems) = Reader::read_tree(sources, tree, read::settings);
        match read {
            Some(settings) if problems.is_empty() && overrides.problems().is_empty() => Ok(settings),
            _ => Err(overrides.refuse(problems)),
        }
    }
}

#[cfg(test)]
mod tests;
