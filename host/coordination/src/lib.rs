//! Related entities from a coordination service: one client for each tenant, with a cache, retries and a breaker.
//!
//! For each record the first of these that has something to say has the last word:
//!
//! 1. the [`cache`], where there is one, with an answer that is new enough;
//! 2. [`flights`]: a request for an equal record that is under way already;
//! 3. [`fetch`]: a request of its own, or together with others, as soon as there is a place for it and unless the [`breaker`] is
//!    open; again after a pause, where that may help;
//! 4. an older answer from the cache, if the service is down;
//! 5. the reason for which there is none.
//!
//! A request has its deadline from the moment on at which it gets its place; before that it waits for as long as it takes. So what
//! is said of a record depends on the service, not on how many others were handed over with it. Calls take turns: none has more than
//! half of the places, so that a single record waits behind a few of a large batch.
#![forbid(unsafe_code)]

mod breaker;
mod cache;
mod config;
mod coordination;
mod failure;
mod fetch;
mod flights;
mod message;
mod status;
mod transport;

pub use breaker::BreakerState;
pub use config::{Config, Permitted};
pub use coordination::Coordination;
pub use fetch::{OnRetry, Retry};
pub use status::CoordinationStatus;
