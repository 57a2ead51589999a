//! What all requests of the HTTP API share.

use std::sync::Arc;

use jurat::settings::ApiSettings;

use super::places::Places;
use crate::handler::Handler;
use crate::state::State;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) state: Arc<State>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) settings: Arc<ApiSettings>,
    pub(super) places: Places,
}
