//! How this host reaches servers: one bounded client for everything, as the settings say, and without what nobody asked for.
//!
//! The only crate that names `reqwest`. It follows no redirects by itself, unpacks nothing, and connects only to addresses that the
//! caller permits.
#![forbid(unsafe_code)]

mod address;
mod backoff;
mod body;
mod client;
mod host_pattern;
mod location;
mod network;
mod resolver;
pub mod retry_after;
mod settings;
mod wait;

pub use backoff::{Backoff, Jitter};
pub use body::{BodyError, is_encoded, read as read_body};
pub use client::{HttpError, client, client_to};
pub use host_pattern::{HostPattern, ParseHostError};
pub use location::{Location, shown};
pub use network::{Addresses, Network, PrivateAddress, Reach, SystemNetwork};
pub use reqwest::{Client, Error, Response, StatusCode, header};
pub use settings::Http;
pub use wait::wait_for;
