//! The time of the last whole refresh, which the clock may not go back behind.

use jiff::Timestamp;
use serde_json::json;

use super::error::{StateError, UpdateError};
use super::{CLOCK_TOLERANCE, Client};
use crate::json::{self, FormatError, Members};
use crate::store::{StateFile, Store};

impl<S: Store> Client<S> {
    pub(super) fn check_clock(&self, now: Timestamp) -> Result<(), UpdateError> {
        match self.last_seen {
            Some(last_seen) if last_seen.duration_since(now) > CLOCK_TOLERANCE => {
                Err(UpdateError::ClockSetBack { last_seen, now })
            }
            _ => Ok(()),
        }
    }

    /// Remembers the time, unless it is earlier than what is remembered.
    pub(super) fn advance_clock(&mut self, now: Timestamp) -> Result<(), UpdateError> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        if self.last_seen.is_none_or(|last_seen| last_seen < now) {
            self.keep(&StateFile::Clock, json!({ "last_seen": now.to_string() }).to_string().as_bytes())?;
            self.last_seen = Some(now);
        }
        Ok(())
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Timestamp, UpdateError> {
    let parse = || -> Result<Timestamp, FormatError> {
        let mut clock = Members::of_document(json::parse(bytes)?)?;
        let last_seen = clock.take("last_seen")?.time()?;
        clock.refuse_rest()?;
        Ok(last_seen)
    };
    parse().map_err(|cause| UpdateError::State { file: StateFile::Clock, cause: StateError::Format(cause) })
}
