//! Related entities from a coordination service: one client for each tenant, with a cache, retries and a breaker.
//!
//! The first of these that applies decides about a record:
//!
//! 1. the `cache`, where there is one, if it has a fresh answer;
//! 2. `flights`: if a request for an equal record is under way;
//! 3. `fetch`: a request, alone or together with others, as soon as it gets a permit and unless the `breaker` is open;
//!    repeated after a pause if that may help;
//! 4. a stale answer from the cache, if the service is down;
//! 5. a failure with its reason.
//!
//! The deadline of a request starts when it gets its permit; before that it waits without a limit. So the outcome of a record
//! depends on the service, not on the size of its batch. Calls take turns: none has more than half of the permits, so that a single
//! record waits behind only a few of a large batch.
//!
//! If the service fails again and again, `session` gives it new connections.
//!
//! # Features
//! `client`, on by default, is the client. Without it there are only the types of its status and its retries.
//!
//! # Limits
//! An answer has at most the length that the configuration allows. Answers are not trusted: they are records like any other.
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod breaker;
#[cfg(feature = "client")]
mod cache;
#[cfg(feature = "client")]
mod config;
#[cfg(feature = "client")]
mod coordination;
#[cfg(feature = "client")]
mod fetch;
#[cfg(feature = "client")]
mod fetch_failure;
#[cfg(feature = "client")]
mod flights;
#[cfg(feature = "client")]
mod listener;
#[cfg(feature = "client")]
mod message;
mod report;
#[cfg(feature = "client")]
mod session;
#[cfg(feature = "client")]
mod status;
#[cfg(feature = "client")]
mod transport;

#[cfg(feature = "client")]
pub use config::{Config, Permitted};
#[cfg(feature = "client")]
pub use coordination::Coordination;
pub use report::{BreakerChange, BreakerState, CoordinationEvent, CoordinationStatus, OnEvent, Retry};
#[cfg(feature = "client")]
pub use session::Session;
