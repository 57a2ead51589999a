//! Without the feature `remote` there are no coordination services: settings that name one are refused.

use std::sync::Arc;

use jurat_coordination::CoordinationStatus;
use jurat_disk::CacheDir;
use jurat_engine::Supplier;
use tokio::runtime::Handle;
use url::Url;

use crate::error::OpenError;
use crate::observe::Observers;
use crate::settings::{CoordinationSource, Settings};

/// The client of all servers: there is none.
pub(super) struct Network;

/// The coordination service of a tenant: there is none.
#[derive(Debug)]
pub(super) enum Related {}

impl Network {
    pub(super) fn new(
        _settings: &Settings,
        _runtime: Handle,
        _cache: Option<Arc<CacheDir>>,
        _observers: Observers,
    ) -> Result<Self, OpenError> {
        Ok(Self)
    }
}

impl Related {
    pub(super) fn open(
        _tenant: &str,
        _source: &CoordinationSource,
        _network: &Network,
        _signed: Option<&Url>,
    ) -> Result<Self, OpenError> {
        Err(OpenError::BrokenOff)
    }

    pub(super) fn reread(&self, _signed: Option<&Url>) {
        match *self {}
    }

    pub(super) fn supplier(&self) -> Arc<dyn Supplier> {
        match *self {}
    }

    pub(super) fn in_flight(&self) -> u64 {
        match *self {}
    }

    pub(super) fn status(&self) -> CoordinationStatus {
        match *self {}
    }

    pub(super) fn failure(&self) -> Option<Arc<OpenError>> {
        match *self {}
    }
}
