//! The settings of the HTTP API.

use std::num::NonZeroU32;
use std::time::Duration;

use jurat_http::HostPattern;
use jurat_model::Bytes;
use jurat_yaml::{Field, Section};
use url::Origin;

use super::location::{self, each};
use super::quantity::{duration, duration_or_zero, size};

/// The settings of the HTTP API, under `api`. Those of the connections are [`ServerSettings`](super::ServerSettings), which all
/// protocols share.
///
/// ```
/// use jurat::Bytes;
/// use jurat::settings::{ApiSettings, Settings};
///
/// let mut settings = Settings::new("rules");
/// settings.api = ApiSettings { max_body: Bytes::mebi(2), hosts: vec!["rules.example.com".parse()?], ..ApiSettings::default() };
/// # Ok::<(), jurat::settings::ParseHostError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiSettings {
    /// Whether this host is in production: it is.
    pub environment: Environment,
    /// The address that the server listens on: 127.0.0.1. Another one lets other machines connect.
    pub host: String,
    /// The port; 0 = any free one: 8080.
    pub port: u16,
    /// The hosts by which clients may call the server, in addition to `localhost` and addresses.
    pub hosts: Vec<HostPattern>,
    /// The web pages that may call the server: none.
    pub origins: Origins,
    /// Whether browsers may send credentials with calls of these pages: no.
    pub credentials: bool,
    /// The longest body of a request that is read as a whole: 10 MiB.
    pub max_body: Bytes,
    /// The most bytes of a request besides its records: 100 KiB.
    pub max_parameters: Bytes,
    /// The longest body of a request that is judged while it arrives: 1 GiB.
    pub max_stream: Bytes,
    /// The most records of a request that is read as a whole: 100,000.
    pub max_records: NonZeroU32,
    /// Whether bodies may be compressed: no.
    pub compressed_requests: bool,
    /// The most headers of a request, at most 1,000: 100.
    pub max_headers: NonZeroU32,
    /// The most bytes of the request line and the headers of a request: 16 KiB.
    pub max_header_bytes: Bytes,
    /// How long the first byte, and then the headers, of a request may take: 10 s.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request: 60 s.
    pub idle_timeout: Duration,
    /// How long the first MiB of a body may take; each further 64 KiB may take another second: 30 s. Also the
    /// longest pause in it; in a body that is judged while it arrives, only that counts.
    pub body_timeout: Duration,
    /// How long a request may take, from its headers to the beginning of its answer: 60 s.
    pub request_timeout: Duration,
    /// Requests that are worked on at a time: 256.
    pub max_concurrent: NonZeroU32,
    /// Requests that may wait beyond these: 256.
    pub max_queued: u32,
    /// How long a request may wait before it is refused: 1 s.
    pub queue_timeout: Duration,
    /// How long a stopping server still accepts connections while `/ready` says that it stops: not at all.
    pub drain_delay: Duration,
}

/// Whether a host is in production. In production, settings that are only safe on a developer's machine are refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Environment {
    /// It is.
    #[default]
    Production,
    /// It is a developer's machine.
    Development,
}

/// Web pages, by their origins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origins {
    /// Those of these origins.
    Listed(Vec<Origin>),
    /// All pages of all sites; only in development.
    All,
}

impl Default for Origins {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Default for ApiSettings {
    fn default() -> Self {
        const RECORDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
        const HEADERS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        const CONCURRENT: NonZeroU32 = NonZeroU32::new(256).unwrap();
        Self {
            environment: Environment::Production,
            host: "127.0.0.1".to_owned(),
            port: 8080,
            hosts: Vec::new(),
            origins: Origins::default(),
            credentials: false,
            max_body: Bytes::mebi(10),
            max_parameters: Bytes::kibi(100),
            max_stream: Bytes::mebi(1024),
            max_records: RECORDS,
            compressed_requests: false,
            max_headers: HEADERS,
            max_header_bytes: Bytes::kibi(16),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(60),
            max_concurrent: CONCURRENT,
            max_queued: 256,
            queue_timeout: Duration::from_secs(1),
            drain_delay: Duration::ZERO,
        }
    }
}

/// Reads the section. `environment` is a key of the document.
pub(super) fn api(section: &mut Section<'_>, environment: Environment) -> ApiSettings {
    let defaults = ApiSettings::default();
    let time = |field: Field<'_>, default| duration(&field, Duration::from_millis).unwrap_or(default);
    let bytes = |field: Field<'_>, default| size(&field).unwrap_or(default);
    let hosts = each(section.take("hosts"), location::host);
    let origins = origins(section.take("origins"), environment);
    let credentials = section.take("credentials");
    let with_credentials = credentials.boolean().unwrap_or(defaults.credentials);
    if with_credentials && origins == Origins::All {
        credentials.refuse("browsers send no credentials where all origins are allowed: list them");
    }
    ApiSettings {
        environment,
        host: section.take("host").as_text().map_or(defaults.host, str::to_owned),
        port: section.take("port").natural().unwrap_or(defaults.port),
        hosts,
        origins,
        credentials: with_credentials,
        max_body: bytes(section.take("max_body"), defaults.max_body),
        max_parameters: bytes(section.take("max_parameters"), defaults.max_parameters),
        max_stream: bytes(section.take("max_stream"), defaults.max_stream),
        max_records: section.take("max_records").positive().unwrap_or(defaults.max_records),
        compressed_requests: section.take("compressed_requests").boolean().unwrap_or(defaults.compressed_requests),
        max_headers: headers(&section.take("max_headers")).unwrap_or(defaults.max_headers),
        max_header_bytes: header_bytes(&section.take("max_header_bytes")).unwrap_or(defaults.max_header_bytes),
        header_timeout: time(section.take("header_timeout_ms"), defaults.header_timeout),
        idle_timeout: time(section.take("idle_timeout_ms"), defaults.idle_timeout),
        body_timeout: time(section.take("body_timeout_ms"), defaults.body_timeout),
        request_timeout: time(section.take("request_timeout_ms"), defaults.request_timeout),
        max_concurrent: section.take("max_concurrent").positive().unwrap_or(defaults.max_concurrent),
        max_queued: section.take("max_queued").natural().unwrap_or(defaults.max_queued),
        queue_timeout: time(section.take("queue_timeout_ms"), defaults.queue_timeout),
        drain_delay: duration_or_zero(&section.take("drain_delay_ms"), Duration::from_millis)
            .unwrap_or(defaults.drain_delay),
    }
}

/// The HTTP library takes memory for as many at each request.
fn headers(field: &Field<'_>) -> Option<NonZeroU32> {
    const MOST: u32 = 1_000;
    let count: NonZeroU32 = field.positive()?;
    if count.get() > MOST {
        field.refuse(format!("at most {MOST} are possible"));
        return None;
    }
    Some(count)
}

/// Below 8 KiB, ordinary clients with cookies and tokens would be refused, and the HTTP library accepts nothing less.
fn header_bytes(field: &Field<'_>) -> Option<Bytes> {
    const LEAST: Bytes = Bytes::kibi(8);
    let bytes = size(field)?;
    if bytes < LEAST || bytes > Bytes::mebi(1) {
        field.refuse("a size from `8 KiB` to `1 MiB` is expected");
        return None;
    }
    Some(bytes)
}

fn origins(field: Field<'_>, environment: Environment) -> Origins {
    let mut listed = Vec::new();
    for entry in field.list() {
        match entry.as_text() {
            Some("*") => {
                if environment == Environment::Production {
                    entry
                        .refuse("any web page could call this server: list origins, or say `environment: development`");
                }
                return Origins::All;
            }
            Some(text) => listed.extend(location::origin(text).map_err(|error| entry.refuse(error))),
            None => {}
        }
    }
    Origins::Listed(listed)
}
