//! One tenant of a service.

use std::fmt;
use std::sync::OnceLock;

use jurat_engine::TenantQueue;

use super::related::{Network, Related};
use super::releases::Releases;
use crate::data::DataSource;
use crate::error::OpenError;
use crate::settings::TenantSettings;

/// One tenant.
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) settings: TenantSettings,
    pub(super) data: DataSource,
    pub(super) releases: Releases,
    /// Its queue to the workers.
    pub(super) queue: TenantQueue,
    related: OnceLock<Related>,
}

impl Tenant {
    /// The tenant, which serves nothing yet.
    pub(super) fn new(
        name: &str,
        settings: TenantSettings,
        data: DataSource,
        releases: Releases,
        queue: TenantQueue,
    ) -> Self {
        Self { name: name.to_owned(), settings, data, releases, queue, related: OnceLock::new() }
    }

    /// Whether a release serves.
    pub(super) fn is_served(&self) -> bool {
        self.releases.serving().release().is_some()
    }

    /// Sets up the client of the coordination service.
    ///
    /// # Errors
    /// When its configuration cannot be read or used.
    pub(super) fn relate(&self, network: &Network) -> Result<(), OpenError> {
        let Some(source) = &self.settings.coordination else { return Ok(()) };
        let related = Related::open(&self.name, source, network, self.releases.coordination_base_url().as_ref())?;
        let _ = self.related.set(related);
        Ok(())
    }

    /// The client of the coordination service, if there is one.
    pub(super) fn related(&self) -> Option<&Related> {
        self.related.get()
    }

    /// Reads the configuration of the coordination service again.
    pub(super) fn reread_related(&self) {
        if let Some(related) = self.related() {
            related.reread(self.releases.coordination_base_url().as_ref());
        }
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tenant").field("name", &self.name).field("releases", &self.releases).finish_non_exhaustive()
    }
}
