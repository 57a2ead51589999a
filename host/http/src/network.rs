//! The network around this host, and which addresses of it may be connected to.

use std::error::Error;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::{fmt, io};

use thiserror::Error;
use url::{Host, Url};

use crate::address;

/// The addresses that connections may lead to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Any address: for servers that the settings name.
    Anywhere,
    /// Public addresses only: for servers that the settings do not name.
    PublicOnly,
}

/// The network around this host.
pub trait Network: fmt::Debug + Send + Sync {
    /// All addresses of a name. It may block.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Whether an address is public.
    fn is_public(&self, address: IpAddr) -> bool {
        address::is_public(address)
    }
}

/// The network of this machine, with the resolver of the system.
#[derive(Debug)]
pub struct SystemNetwork;

/// The addresses that connections may lead to.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The permitted range.
    pub reach: Reach,
    /// Resolves names, and tells public addresses from private ones.
    pub network: Arc<dyn Network>,
}

/// An address that was refused, because it is not public.
///
/// It does not name the address: a caller that names a host must not learn its internal address.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the host has no public address, and others are refused")]
pub struct PrivateAddress;

impl Network for SystemNetwork {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

impl Addresses {
    /// The addresses in the network of this machine.
    pub fn of_system(reach: Reach) -> Self {
        Self { reach, network: Arc::new(SystemNetwork) }
    }

    /// Whether connections to an address are permitted.
    pub fn permit(&self, address: IpAddr) -> bool {
        match self.reach {
            Reach::Anywhere => true,
            Reach::PublicOnly => self.network.is_public(address),
        }
    }

    /// Checks a host that is written as an address, which no resolver sees. Names pass: the resolver checks their
    /// addresses.
    ///
    /// # Errors
    /// When connections to it are not permitted.
    pub fn check(&self, url: &Url) -> Result<(), PrivateAddress> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address),
            Some(Host::Ipv6(address)) => IpAddr::from(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.permit(address) { Ok(()) } else { Err(PrivateAddress) }
    }
}

impl PrivateAddress {
    /// Whether a private address is the cause of an error.
    pub fn is_cause_of(error: &reqwest::Error) -> bool {
        let mut cause = error.source();
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}
