//! The callback of an embedder for events, whose panics are its own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::report::{CoordinationEvent, OnEvent};

/// The callback, if there is one.
#[derive(Clone)]
pub(super) struct Listener(pub(super) Option<OnEvent>);

impl Listener {
    /// Calls it. A panic of it does not cost other callers their answer.
    pub(super) fn tell(&self, event: CoordinationEvent<'_>) {
        let Some(on_event) = &self.0 else { return };
        if catch_unwind(AssertUnwindSafe(|| on_event(event))).is_err() {
            tracing::error!("the callback for events of the coordination service panicked");
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Listener" } else { "None" })
    }
}
