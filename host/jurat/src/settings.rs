//! The settings of a host: `local-config.yaml`.
//!
//! ```no_run
//! use std::path::Path;
//! use std::time::Duration;
//!
//! use jurat::settings::{Overrides, Settings};
//!
//! # fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let overrides = Overrides::new(std::env::current_dir()?)
//!     .with_environment(std::env::vars_os())
//!     .with_flags(["limits.fuel=5000000"]);
//! let mut settings = Settings::read(Path::new("local-config.yaml"), &overrides)?;
//! settings.poll = Duration::from_secs(10);
//! # Ok(())
//! # }
//! ```
//!
//! Precedence, from the weakest: defaults, then the file, then the environment, then flags, then what the caller changes
//! in [`Settings`] before it is used.

use std::path::Path;

use jurat_disk::files;
use jurat_model::chain;
use jurat_yaml::{Problem, Problems, Reader, Source, from_yaml};

mod alias;
mod api;
mod auth;
pub(crate) mod check;
mod env_file;
mod keys;
mod location;
mod named_files;
mod overlay;
mod overrides;
mod quantity;
mod read;
mod secret_file;
mod server;
mod target;
mod tenant;
mod trust;
mod values;

pub use alias::Alias;
pub use api::{ApiSettings, Environment, Origins};
pub use keys::{Key, Kind, Scope};
pub use overrides::Overrides;
pub use server::{Compatibility, ServerSettings, Tls};
pub use values::{
    CoordinationSource, Data, DataRoots, PrivateAddresses, Settings, TenantSettings, Unsigned, WorkerCount,
};

/// For [`Settings::parents`].
///
/// ```
/// use jurat::settings::{Parents, Settings};
///
/// let mut settings = Settings::new("rules");
/// settings.state = Some("/data/state".into());
/// settings.parents = Parents::Shared; // `/data` is a volume that a group can write
/// ```
pub use jurat_disk::Parents;

/// [`Http`] are the settings of the HTTP client, a [`Location`] is a path or a URL, and a [`HostPattern`] matches hosts; parsing it
/// can fail with a [`ParseHostError`].
///
/// ```
/// use jurat::settings::{HostPattern, Http, Location, ParseHostError, Settings};
/// use jurat::url::Url;
///
/// let mut settings = Settings::new("rules");
/// settings.http = Http { authorities: vec!["company-ca.pem".into()], ..Http::default() };
///
/// let config = Location::Url(Url::parse("https://config.example.com/coordination-service.yaml")?);
/// let host: Result<HostPattern, ParseHostError> = "*.example.com".parse();
/// assert!(matches!(config, Location::Url(url) if host?.matches(&url)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub use jurat_http::{HostPattern, Http, Location, ParseHostError};

/// For tokens, proxies with a password, and values of headers.
///
/// ```
/// use jurat::settings::Secret;
///
/// let token = Secret::new("hunter2");
/// assert!(!format!("{token:?}").contains("hunter2"));
/// assert_eq!(token.reveal(), "hunter2");
/// ```
pub use jurat_model::Secret;

/// [`Trust`] are the settings that a signed repository needs; [`OnExpired`] is the policy for expired metadata.
///
/// ```
/// use jurat::settings::{Location, OnExpired, Settings, Trust};
///
/// let mut settings = Settings::new("");
/// for tenant in settings.tenants.values_mut() {
///     tenant.rules = Location::File("/srv/repository".into());
///     let trust = Trust::new("root.json", "t/acme/prod/loan-rules.json".parse()?);
///     tenant.trust = Some(Trust { on_expired: OnExpired::Refuse, ..trust });
/// }
/// # Ok::<(), jurat::causes::NameError>(())
/// ```
pub use jurat_repository::{OnExpired, Trust};

/// For [`TenantSettings::sealed_wasi`].
///
/// ```
/// use jurat::settings::{SealedWasi, Settings};
///
/// let mut settings = Settings::new("rules");
/// settings.tenants.values_mut().for_each(|tenant| tenant.sealed_wasi = SealedWasi::Granted);
/// ```
pub use jurat_sandbox::SealedWasi;
/// For [`Settings::compile`].
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
///
/// use jurat::settings::{CompileSettings, Settings};
///
/// // Four components side by side, and as much processor time as each of them may take.
/// let mut settings = Settings::new("rules");
/// if let Some(threads) = NonZeroUsize::new(4) {
///     settings.compile = CompileSettings { threads, release: Duration::from_secs(120), ..settings.compile };
/// }
/// ```
pub use jurat_sandbox::{CompileLimits, CompileSettings};

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
