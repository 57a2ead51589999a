//! The configuration of the coordination service: `coordination-service-config.yaml`.

use jurat_yaml::Problems;

mod destination;
mod headers;
mod policy;
mod read;
mod values;

pub(crate) use values::CacheSettings;
pub use values::{Config, Permitted};

impl Config {
    /// Reads the text of a configuration file called `file`.
    ///
    /// # Errors
    /// With all problems, in the order of the file.
    pub fn parse(text: &str, file: &str, permitted: &Permitted<'_>) -> Result<Self, Problems> {
        read::parse(text, file, permitted)
    }
}

#[cfg(test)]
mod tests;
