//! A host with directories of its own, which can be started again and again.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use jurat::settings::Trust;
use jurat::{Clock, Compiler, Service, Settings};
use tempfile::TempDir;

use super::publisher::{Publisher, target};

/// What a host keeps between two starts, and its settings.
pub(crate) struct Host {
    place: TempDir,
    settings: Settings,
    now: Timestamp,
}

impl Host {
    /// A host that has never run, and keeps so many releases before the one that serves. It looks for newer ones only when told.
    pub(crate) fn new(publisher: &Publisher, kept_releases: u32) -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let mut settings = Settings {
            cache: Some(place.path().join("cache")),
            state: Some(place.path().join("state")),
            poll: Duration::from_secs(86_400),
            kept_releases,
            ..Settings::new(publisher.directory())
        };
        let tenant = settings.tenants.get_mut(Settings::DEFAULT_TENANT).context("settings without a tenant")?;
        tenant.trust = Some(Trust::new(publisher.root_file(), target()?));
        Ok(Self { place, settings, now: publisher.now() })
    }

    /// Starts it.
    pub(crate) fn open(&self, compiler: Compiler) -> anyhow::Result<Service> {
        let now = self.now;
        let builder = Service::builder(self.settings.clone()).with_compiler(compiler);
        Ok(builder.with_clock(Clock::new(move || now)).open()?)
    }

    /// A compiler that cannot be asked: whatever needs it fails.
    pub(crate) fn no_compiler(&self) -> Compiler {
        let program: PathBuf = self.place.path().join("there-is-none");
        Compiler::Child { program, arguments: Vec::new() }
    }
}
