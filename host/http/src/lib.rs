//! One bounded HTTP client for all requests of this host, built from the settings.
//!
//! The only crate that names `reqwest`. It follows no redirects by itself, decompresses nothing, and connects only to addresses
//! that the caller permits.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use jurat_http::{Http, Reach, client};
//!
//! let client = client(&Http::default(), Reach::PublicOnly)?;
//! # drop(client);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "client"))]
//! # fn main() {}
//! ```
//!
//! # Features
//! `client`, on by default, is the client with TLS. Without it there are only the settings and addresses of servers.
//!
//! # Limits
//! Nothing that a server sends is trusted here, and nothing bounds what a caller reads but the cap that it gives to [`read_body`]. A proxy
//! hides which addresses are connected to, so [`Reach::PublicOnly`] is refused behind one.
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod address;
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

#[cfg(feature = "client")]
pub use body::{BodyError, is_encoded, read as read_body};
#[cfg(feature = "client")]
pub use certificate::is_untrusted_certificate;
#[cfg(feature = "client")]
pub use client::{HttpError, client, client_over_unix, client_to};
pub use host_pattern::{HostPattern, ParseHostError};
pub use location::{Location, shown};
#[cfg(feature = "client")]
pub use network::{Addresses, Network, PrivateAddress, Reach, SystemNetwork};
#[cfg(feature = "client")]
pub use reqwest::{Client, Error, Response, StatusCode, header};
pub use settings::Http;
pub use wait::wait_for;
