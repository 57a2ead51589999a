//! Files of records from servers.

use std::time::Duration;

use jurat_disk::ReserveMemory;
use jurat_http::header::{ACCEPT_ENCODING, HeaderValue, LOCATION};
use jurat_http::{Addresses, HttpError, PrivateAddress, Reach, client_to, read_body};
use jurat_http::{Client, Response, StatusCode};
use jurat_model::Bytes;
use url::{Origin, Url};

use super::{Excerpt, Reason};
use crate::settings::Http;

/// The most redirects that are followed.
const REDIRECTS: usize = 5;
/// The time limit, from the first name to the last byte. The default limit of a file, 50 MiB, takes half of it at 7
/// Mbit/s.
const DEADLINE: Duration = Duration::from_secs(120);

/// Servers that files may be fetched from.
#[derive(Debug)]
pub(super) struct Origins {
    listed: Vec<Origin>,
    pub(super) addresses: Addresses,
    client: Client,
    pub(super) deadline: Duration,
}

impl Origins {
    /// A client for these servers.
    ///
    /// # Errors
    /// When the settings of the HTTP client are invalid. With a proxy, the settings must permit private addresses: the proxy
    /// resolves names, so this host cannot check addresses, and bypassing it would break a rule of the network.
    pub(super) fn new(listed: Vec<Origin>, addresses: Addresses, http: &Http) -> Result<Self, HttpError> {
        let client = client_to(&addresses, http)?;
        Ok(Self { listed, addresses, client, deadline: DEADLINE })
    }

    /// Fetches a file of at most `cap`.
    pub(super) async fn get(&self, url: Url, cap: Bytes, reserve: &ReserveMemory) -> Result<Vec<u8>, Reason> {
        let fetch = tokio::time::timeout(self.deadline, self.follow(url, cap, reserve));
        fetch.await.unwrap_or(Err(Reason::Deadline(self.deadline)))
    }

    /// Redirects are followed here and not by the client, so that each of them is checked like the first URL.
    async fn follow(&self, mut url: Url, cap: Bytes, reserve: &ReserveMemory) -> Result<Vec<u8>, Reason> {
        if !self.listed.contains(&url.origin()) {
            return Err(Reason::Origin { origin: shown(&url) });
        }
        for _ in 0..=REDIRECTS {
            let response = self.ask(&url).await?;
            match response.status() {
                StatusCode::OK => return Ok(read_body(response, cap, reserve).await?),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
                    let next = location.and_then(|location| url.join(location).ok()).ok_or(Reason::Nowhere)?;
                    if !self.listed.contains(&next.origin()) {
                        return Err(Reason::Redirected { origin: shown(&next) });
                    }
                    if !next.username().is_empty() || next.password().is_some() {
                        return Err(Reason::Nowhere);
                    }
                    url = next;
                }
                StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Reason::NotFound),
                status => return Err(Reason::Status(status.as_u16())),
            }
        }
        Err(Reason::Circle(REDIRECTS))
    }

    async fn ask(&self, url: &Url) -> Result<Response, Reason> {
        self.addresses.check(url)?;
        let request = self.client.get(url.clone()).header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let response = request.send().await.map_err(|error| match PrivateAddress::is_cause_of(&error) {
            true => Reason::Private,
            // The URL may be that of a redirect, with secrets of the servers.
            false => Reason::Http(error.without_url()),
        })?;
        // The address was checked before the connection. This is a second check, in case that one is ever bypassed.
        match response.remote_addr() {
            Some(address) if self.addresses.permit(address.ip()) => Ok(response),
            None if self.addresses.reach == Reach::Anywhere => Ok(response),
            _ => Err(Reason::Private),
        }
    }
}

/// The origin of a URL.
fn shown(url: &Url) -> Excerpt {
    Excerpt::of(&url.origin().ascii_serialization())
}
