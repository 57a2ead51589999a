//! What the service team decides about the coordination service: `coordination-service-config.yaml`.

use jurat_yaml::Problems;

mod destination;
mod headers;
mod policy;
mod read;
mod values;

pub(crate) use values::CacheSettings;
pub use values::{Config, Permitted};

impl Config {
    /// Reads the text of a configuration file that is known as `file`.
    ///
    /// # Errors
    /// With everything that is wrong, in the order of the file.
    pub fn parse(text: &str, file: &str, permitted: &Permitted<'_>) -> Result<Self, Problems> {
        read::parse(text, file, permitted)
    }
}

#[cfg(test)]
mod tests;
