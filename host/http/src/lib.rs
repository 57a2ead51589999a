//! How this host reaches servers: one bounded client for everything, as the settings say, and without what nobody asked for.
//!
//! The only crate that names `reqwest`. It follows no redirects by itself, unpacks nothing, and connects only to addresses that the
//! caller permits.
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod address;
mod backoff;
#[cfg(feature = "client")]
mod body;
#[cfg(feature = "client")]
mod certificate;
#[cfg(feature = "client")]
mod client;
mod host_pattern;
mod location;
#[cfg(feature = "client")]
mod network;
#[cfg(feature = "client")]
mod resolver;
#[cfg(feature = "client")]
pub mod retry_after;
mod settings;
mod wait;

pub use backoff::{Backoff, Jitter};
#[cfg(feature = "client")]
pub use body::{BodyError, is_encoded, read as read_body};
#[cfg(feature = "client")]
pub use certificate::is_untrusted_certificate;
#[cfg(feature = "client")]
pub use client::{HttpError, client, client_to};
pub use host_pattern::{HostPattern, ParseHostError};
pub use location::{Location, shown};
#[cfg(feature = "client")]
pub use network::{Addresses, Network, PrivateAddress, Reach, SystemNetwork};
#[cfg(feature = "client")]
pub use reqwest::{Client, Error, Response, StatusCode, header};
pub use settings::Http;
pub use wait::wait_for;
