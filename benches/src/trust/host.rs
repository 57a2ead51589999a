//! A host with its own directories, which can be started repeatedly.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat::settings::Trust;
use jurat::{Clock, Compiler, Service, Settings};
use tempfile::TempDir;

use super::publisher::{Publisher, target};

/// The directories and the settings of a host.
pub(crate) struct Host {
    directory: TempDir,
    settings: Settings,
    now: Timestamp,
}

impl Host {
    /// A host that has never run, and keeps a number of earlier releases. It polls only on request.
    pub(crate) fn new(publisher: &Publisher, kept_releases: u32) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut settings = Settings {
            cache: Some(directory.path().join("cache")),
            state: Some(directory.path().join("state")),
            poll: Duration::from_secs(86_400),
            kept_releases,
            ..Settings::new(publisher.directory())
        };
        let tenant = settings.tenants.get_mut(Settings::DEFAULT_TENANT).context("settings without a tenant")?;
        tenant.trust = Some(Trust::new(publisher.root_file(), target()?));
        Ok(Self { directory, settings, now: publisher.now() })
    }

    /// Starts it.
    pub(crate) fn open(&self, compiler: Compiler) -> anyhow::Result<Service> {
        let now = self.now;
        let builder = Service::builder(self.settings.clone()).with_compiler(compiler);
        Ok(builder.with_clock(Clock::new(move || now)).open()?)
    }

    /// A compiler that always fails.
    pub(crate) fn no_compiler(&self) -> Compiler {
        let program: PathBuf = self.directory.path().join("there-is-none");
        Compiler::Child { program, arguments: Vec::new() }
    }
}
