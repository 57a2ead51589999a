//! Related entities from a coordination service: one client for each tenant, with a cache, retries and a breaker.
//!
//! For each record the first of these that has something to say has the last word:
//!
//! 1. the `cache`, where there is one, with an answer that is new enough;
//! 2. `flights`: a request for an equal record that is under way already;
//! 3. `fetch`: a request of its own, or together with others, as soon as there is a place for it and unless the `breaker` is
//!    open; again after a pause, where that may help;
//! 4. an older answer from the cache, if the service is down;
//! 5. the reason for which there is none.
//!
//! A request has its deadline from the moment on at which it gets its place; before that it waits for as long as it takes. So what
//! is said of a record depends on the service, not on how many others were handed over with it. Calls take turns: none has more than
//! half of the places, so that a single record waits behind a few of a large batch.
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
mod failure;
#[cfg(feature = "client")]
mod fetch;
#[cfg(feature = "client")]
mod flights;
#[cfg(feature = "client")]
mod message;
mod report;
#[cfg(feature = "client")]
mod status;
#[cfg(feature = "client")]
mod transport;

#[cfg(feature = "client")]
pub use config::{Config, Permitted};
#[cfg(feature = "client")]
pub use coordination::Coordination;
pub use report::{BreakerState, CoordinationStatus, OnRetry, Retry};
