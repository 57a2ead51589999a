//! The network around this host, and which addresses of it may be connected to.

use std::error::Error;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::{fmt, io};

use thiserror::Error;
use url::{Host, Url};

use crate::address;

/// Where connections may lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Anywhere: for servers that the settings name.
    Anywhere,
    /// To public addresses: for servers that somebody else names.
    PublicOnly,
}

/// What is known of the network around this host.
pub trait Network: fmt::Debug + Send + Sync {
    /// All addresses of a name. It may block.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Whether an address is one that everybody can reach.
    fn is_public(&self, address: IpAddr) -> bool {
        address::is_public(address)
    }
}

/// The network as this machine is set up.
#[derive(Debug)]
pub struct SystemNetwork;

/// The addresses that there may be connections to.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Which they are.
    pub reach: Reach,
    /// Who knows which are which.
    pub network: Arc<dyn Network>,
}

/// An address that is not spoken to, because it is not a public one.
///
/// It does not say which one it is: who names a host need not learn how it is called inside.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the host has no public address, and others are refused")]
pub struct PrivateAddress;

impl Network for SystemNetwork {
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

impl Addresses {
    /// Those of the network that this machine is in.
    pub fn of_system(reach: Reach) -> Self {
        Self { reach, network: Arc::new(SystemNetwork) }
    }

    /// Whether there may be a connection to an address.
    pub fn permit(&self, address: IpAddr) -> bool {
        match self.reach {
            Reach::Anywhere => true,
            Reach::PublicOnly => self.network.is_public(address),
        }
    }

    /// Checks a host that is written as an address, which no resolver ever sees. Names pass: their addresses are checked
    /// when they are known.
    ///
    /// # Errors
    /// When there may be no connection to it.
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
    /// Whether a request failed because of it.
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
