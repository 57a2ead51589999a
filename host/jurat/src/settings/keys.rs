//! Every key of the configuration: the one table from which variables, advice and the documentation are made.

use std::fmt;

use jurat_model::advice;

/// A key of the configuration.
///
/// ```
/// use jurat::settings::{Key, Kind, Scope};
///
/// // The variables that grant trust or reach to one tenant; secrets left out.
/// for key in Key::ALL.iter().filter(|key| key.scope == Scope::Tenant && key.kind != Kind::Secret) {
///     println!("{} = {}: {}", key.variable(), key.default, key.meaning);
/// }
/// # assert!(Key::ALL.iter().any(|key| key.variable() == "JURAT_LIMITS_FUEL"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Key {
    /// The path of keys, joined by dots.
    pub path: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Its scope if there are several tenants.
    pub scope: Scope,
    /// Its default, as it would be written; [`Key::NEEDED`] if it is required.
    pub default: &'static str,
    /// Its meaning, in one sentence.
    pub meaning: &'static str,
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    Text,
    /// A path, or for some a URL.
    Path,
    /// A whole number.
    Number,
    /// A size, as in `16 MiB`.
    Size,
    /// `true` or `false`.
    Boolean,
    /// Texts or paths.
    List,
    /// A map from names to paths.
    Files,
    /// A secret.
    Secret,
}

/// The scope of a key if there are several tenants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Scope {
    /// At the top: for the whole process.
    Host,
    /// At the top for all tenants, and below `tenants.NAME` for one.
    Shared,
    /// Below `tenants.NAME` only: it grants trust or reach, which is not inherited.
    Tenant,
}

impl Key {
    /// Every key, in the order of the example.
    pub const ALL: &[Self] = KEYS;

    /// The placeholder for the default of a required key.
    pub const NEEDED: &str = "(needed)";

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        match self.kind {
            Kind::Files => format!("{HEADER}<NAME>{FILE}"),
            _ => format!("{PREFIX}{}", self.path.to_ascii_uppercase().replace('.', "_")),
        }
    }

    /// The key with a path.
    pub(super) fn of_path(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The key that an environment variable sets.
    pub(super) fn of_variable(name: &str) -> Option<&'static Self> {
        KEYS.iter().filter(|key| key.kind != Kind::Files).find(|key| key.variable() == name)
    }

    /// Advice with the nearest key to an unknown one.
    pub(super) fn advice(path: &str) -> String {
        advice(path, KEYS.iter().map(|key| key.path))
    }

    /// Advice with the nearest variable to an unknown one.
    pub(super) fn variable_advice(name: &str) -> String {
        let variables: Vec<_> = KEYS.iter().map(Self::variable).collect();
        advice(name, variables.iter().map(String::as_str).chain(OWN))
    }
}

/// The prefix of our variables.
pub(super) const PREFIX: &str = "JURAT_";
/// The prefix of variables with values of headers.
pub(super) const HEADER: &str = "JURAT_HEADER_";
/// The suffix of variables that name a file with the value.
pub(super) const FILE: &str = "_FILE";
/// Variables of the program and its tests that are not settings.
pub(super) const OWN: [&str; 5] = ["JURAT_LOG", "JURAT_CONFIG", "JURAT_BLESS", "JURAT_COMPONENTS", "JURAT_REQUIRE"];

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "text",
            Self::Path => "path",
            Self::Number => "number",
            Self::Size => "size",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Files => "map of paths",
            Self::Secret => "secret",
        })
    }
}

const fn host(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, scope: Scope::Host, default, meaning }
}

const fn shared(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, scope: Scope::Shared, default, meaning }
}

const fn tenant(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, scope: Scope::Tenant, default, meaning }
}

#[rustfmt::skip]
const KEYS: &[Key] = &[
    tenant("business_config_uri", Kind::Path, Key::NEEDED, "The signed repository: an `https:` URL, or a directory as a path or a `file:` URL."),
    tenant("trust.release", Kind::Text, Key::NEEDED, "The release to run, by its path among the targets of the repository."),
    tenant("trust.root", Kind::Path, "root.json", "The root metadata. Everything in the repository must follow from it."),
    tenant("trust.root_sha256", Kind::Text, "null", "The SHA-256 that this file must have; `null` = any."),
    tenant("trust.repository", Kind::Text, "null", "The repository name that the metadata must be signed for; `null` = the name in the root."),
    tenant("trust.min_root_version", Kind::Number, "1", "The lowest acceptable version of the root metadata."),
    tenant("trust.min_timestamp_version", Kind::Number, "1", "The lowest acceptable version of the timestamp metadata."),
    tenant("trust.min_snapshot_version", Kind::Number, "1", "The lowest acceptable version of the snapshot metadata."),
    tenant("trust.on_expired", Kind::Text, "serve_last_good", "What to do if metadata has expired and nothing newer is available: `serve_last_good` or `refuse`."),
    tenant("trust.max_stale_seconds", Kind::Number, "259200", "Seconds after the expiry during which the host serves the last good release; no effect with `on_expired: refuse`."),
    tenant("trust.headers", Kind::List, "[]", "Headers that the repository's server needs, as `Header: NAME` of a secret in `header_files`."),
    tenant("danger.unsigned_directory", Kind::Boolean, "false", "Whether to run unsigned rules; `trust` is then not needed. For development only."),
    tenant("danger.component_directory", Kind::Path, "null", "The directory with the components of unsigned rules; `null` = where `release.yaml` says."),

    shared("limits.fuel", Kind::Number, "10000000", "Units of fuel of one call before the rule faults with `fuel`."),
    shared("limits.memory", Kind::Size, "16 MiB", "Memory of an instance before the rule faults with `memory`."),
    shared("limits.table_elements", Kind::Number, "10000", "Table elements of an instance before the rule faults with `memory`."),
    shared("limits.reply", Kind::Size, "256 KiB", "Length of a reply before the rule faults with `output`."),
    shared("limits.deadline_ms", Kind::Number, "2000", "Milliseconds of one call before the host stops the rule; a backstop far above the fuel."),
    shared("sealed_wasi", Kind::Text, "refused", "Whether components may import WASI, with nothing behind it: `refused` or `granted`."),
    shared("isolation", Kind::Text, "chunk", "What shares an instance of a rule: the records of a `chunk`, or only one `record`."),
    shared("suspend_after", Kind::Number, "1000", "Guilty records of one rule in a request before the host stops running the rule."),
    shared("suspend_after_fuel", Kind::Number, "5000000000", "Units of fuel that guilty records of one rule have used together before the host stops running the rule."),
    shared("chunk.rows", Kind::Number, "1024", "The most records of one call."),
    shared("chunk.bytes", Kind::Size, "128 KiB", "The most bytes of one call in a rule's memory; a record that takes more gets a call of its own."),
    shared("chunk.results", Kind::Size, "8 MiB", "The most bytes of results of records that are judged together, until they are handed over."),
    shared("max_record", Kind::Size, "1 MiB", "The longest record; longer ones become an ERROR entry."),
    shared("max_file", Kind::Size, "50 MiB", "The longest file of records; the host refuses longer ones."),
    shared("allow_unavailable", Kind::Boolean, "false", "Whether a record counts as good although a related entity could not be had: the service failed or refused, or its answer could not be read. The results say so either way."),
    shared("rates.validate", Kind::Number, "600", "Requests a minute of all clients of a tenant together that judge one record; `null` = any number."),
    shared("rates.batch", Kind::Number, "60", "Requests a minute of all clients of a tenant together that judge many; `null` = any number."),
    shared("rates.discover", Kind::Number, "120", "Requests a minute of all clients of a tenant together that show rules and rulesets; `null` = any number."),
    shared("rates.admin", Kind::Number, "30", "Requests a minute of all clients of a tenant together that show the status or decide which release serves; `null` = any number."),
    shared("rates.records", Kind::Number, "10000000", "Records a minute of all clients of a tenant together, in requests that judge many; `null` = any number."),
    shared("max_findings", Kind::Number, "100", "Findings of one rule on one record in a result; the host only counts further ones."),

    tenant("data_roots", Kind::List, "null", "Directories from which callers may have files read; `null` = the working directory, over standard input only."),
    tenant("data_origins", Kind::List, "[]", "Servers from which callers may have files fetched, each as `https://host[:port]`; `http:` only if named here."),
    tenant("data_private_addresses", Kind::Text, "refused", "Whether these servers may have loopback, private or link-local addresses: `refused` or `granted`."),
    tenant("coordination_service_config_uri", Kind::Path, "null", "The configuration of the coordination service: a path, or a `file:` or `https:` URL; `null` = no service."),
    tenant("coordination_hosts", Kind::List, "[]", "Hosts to which that configuration may send records, each as `host[:port]`, or `*.domain` for all below a domain."),

    host("logic_cache_dir", Kind::Path, "null", "The cache of downloads and compiled code for the next start, a directory of this host alone. `null` = no cache."),
    host("state_dir", Kind::Path, "null", "The state that this host must not forget: metadata, releases, pins, its key. A repository on a server needs it. `null` = in memory."),
    host("allow_shared_parent", Kind::Boolean, "false", "Whether both directories may lie where others can replace them, as in a volume that a group can write. Others can then delete this host's state between two starts."),
    host("poll_seconds", Kind::Number, "60", "Seconds between polls of a repository, in the background."),
    host("logic_cache_max_age_seconds", Kind::Number, "1800", "Seconds after which the host reads everything else again, in the background: unsigned rules, and the configuration of the coordination service."),
    host("kept_releases", Kind::Number, "2", "Earlier releases of each tenant that the host keeps for a rollback."),
    host("compile.threads", Kind::Number, "2", "Components that the host compiles side by side, of all tenants together."),
    host("compile.memory", Kind::Size, "512 MiB", "Address space of each of these compilations before the host refuses the release."),
    host("compile.seconds", Kind::Number, "30", "Seconds of processor time of each before the host refuses the release."),
    host("compile.release_seconds", Kind::Number, "60", "Seconds of processor time for all components of a release together before the host refuses it."),
    host("batch_parallelism", Kind::Boolean, "true", "Whether several threads judge the records of a request."),
    host("batch_max_workers", Kind::Number, "null", "The number of these threads; `null` = one for each processor."),
    host("http.proxy", Kind::Secret, "null", "The proxy for all servers, `http://host:port`; a URL with a password only in the environment."),
    host("http.proxy_file", Kind::Path, "null", "The file with the proxy's URL, instead of `http.proxy`."),
    host("http.authorities", Kind::List, "[]", "PEM files with certificates of authorities to trust, in addition to those of the system."),
    host("http.client_certificate", Kind::Path, "null", "The PEM file with the certificate and private key of this host."),
    host("http.connect_timeout_ms", Kind::Number, "30000", "The longest time to connect, in milliseconds."),
    host("http.read_timeout_ms", Kind::Number, "60000", "The longest time without receiving anything, in milliseconds."),
    host("http.total_timeout_ms", Kind::Number, "300000", "The longest time for one file of a repository, in milliseconds."),
    host("http.min_bytes_per_second", Kind::Number, "1024", "The lowest average rate of such a file; the host gives up a slower server."),
    host("http.idle_connections", Kind::Number, "10", "Idle connections to each host that stay open."),
    host("http.dns_cache_seconds", Kind::Number, "300", "Seconds for which the addresses of a host stay in the DNS cache."),
    host("server.compatibility", Kind::Text, "lists", "Which generation of validation-lib calls and results are like, unless a request says its own: `lists` (results are lists, batches have `entities`) or `envelopes` (results are objects with a `status`, batches have `items`)."),
    host("server.max_message", Kind::Size, "64 MiB", "The longest request."),
    host("server.max_reply", Kind::Size, "256 MiB", "The longest response."),
    host("server.max_buffered", Kind::Size, "256 MiB", "The memory of all requests together that the server reads or works on."),
    host("server.max_connections", Kind::Number, "256", "Clients at a time."),
    host("server.max_in_flight", Kind::Number, "16", "Requests of one client that the server works on at a time; further ones wait."),
    host("server.handshake_timeout_ms", Kind::Number, "10000", "How long a client may take to agree on TLS, in milliseconds."),
    host("server.write_timeout_ms", Kind::Number, "30000", "How long a client may leave a response unread before the server closes the connection, in milliseconds; sockets only."),
    host("server.drain_ms", Kind::Number, "30000", "How long running requests may take after the server was told to stop, in milliseconds."),
    host("server.auth", Kind::Text, "required", "Whether clients over TCP must be authenticated: `required`, or `none`; the server then listens to this machine only."),
    host("server.token", Kind::Secret, "null", "A token that all clients share, in the environment only. It permits to judge records and to see rules."),
    host("server.token_file", Kind::Path, "null", "The file with the token."),
    host("server.token_tenants", Kind::List, "null", "The tenants that this token is for; `null` = the only one."),
    host("server.operator_token", Kind::Secret, "null", "The token of operators, who may do everything, in the environment only."),
    host("server.operator_token_file", Kind::Path, "null", "The file with that token."),
    host("server.api_keys.file", Kind::Path, "null", "The file in which API keys are kept, as `jurat apikey create` makes them; `null` = there are none."),
    host("server.api_keys.pepper_file", Kind::Path, "null", "The file with the pepper under which they are kept, a secret."),
    host("server.jwt.issuer", Kind::Text, "null", "The identity provider whose JSON Web Tokens are accepted, as their `iss` has it; `null` = none are."),
    host("server.jwt.audiences", Kind::List, "[]", "Audiences of which their `aud` must have one."),
    host("server.jwt.keys", Kind::Path, "null", "The public keys of the identity provider, a JSON Web Key Set: a path, or a `file:` or `https:` URL."),
    host("server.jwt.grants", Kind::List, "[]", "What tokens with a claim permit, each with `claim`, `value`, `scopes`, and `tenants` or `tenant_claim`; in the configuration file only."),
    host("server.key_rates.validate", Kind::Number, "600", "Requests a minute of one client that judge one record; `null` = any number."),
    host("server.key_rates.batch", Kind::Number, "60", "Requests a minute of one client that judge many; `null` = any number."),
    host("server.key_rates.discover", Kind::Number, "120", "Requests a minute of one client that show rules and rulesets; `null` = any number."),
    host("server.key_rates.admin", Kind::Number, "30", "Requests a minute of one client that show the status or decide which release serves; `null` = any number."),
    host("server.key_rates.records", Kind::Number, "10000000", "Records a minute of one client, in requests that judge many; `null` = any number."),
    host("server.address_rates.validate", Kind::Number, "600", "Requests a minute from one address that judge one record; `null` = any number."),
    host("server.address_rates.batch", Kind::Number, "60", "Requests a minute from one address that judge many; `null` = any number."),
    host("server.address_rates.discover", Kind::Number, "120", "Requests a minute from one address that show rules and rulesets; `null` = any number."),
    host("server.address_rates.admin", Kind::Number, "30", "Requests a minute from one address that show the status or decide which release serves; `null` = any number."),
    host("server.address_rates.records", Kind::Number, "10000000", "Records a minute from one address, in requests that judge many; `null` = any number."),
    host("server.tls.certificate", Kind::Path, "null", "The PEM file with the server's certificate and those between it and an authority."),
    host("server.tls.key", Kind::Path, "null", "The PEM file with the server's private key."),
    host("server.tls.client_authorities", Kind::List, "[]", "PEM files with certificates of authorities; if there are any, each client must show a certificate of one of them."),
    host("server.tls.client_tenants", Kind::List, "null", "The tenants that clients may use who show a certificate and no credential; `null` = the only one."),
    host("server.tls.reload_seconds", Kind::Number, "60", "How often the server looks whether these files were replaced; it uses the new ones without a restart."),
    host("environment", Kind::Text, "production", "`production`, or `development` on a developer's machine, where `api.origins` may be `*`."),
    host("api.host", Kind::Text, "127.0.0.1", "The address that the HTTP API listens on; `--host` overrides it."),
    host("api.port", Kind::Number, "8080", "Its port; 0 = any free one. `--port` overrides it."),
    host("api.hosts", Kind::List, "[]", "Hosts by which clients may call the HTTP API, each as `host[:port]`, or `*.domain` for all below a domain; `localhost` and addresses need not be listed."),
    host("api.origins", Kind::List, "[]", "Web pages that may call the HTTP API, by their origins, `https://host[:port]`; `*` only with `environment: development`."),
    host("api.credentials", Kind::Boolean, "false", "Whether browsers may send cookies and certificates with calls of these pages."),
    host("api.max_body", Kind::Size, "10 MiB", "The longest body of a request that is read as a whole."),
    host("api.max_parameters", Kind::Size, "100 KiB", "The most bytes of such a body besides its records."),
    host("api.max_stream", Kind::Size, "1 GiB", "The longest body of a request that is judged while it arrives."),
    host("api.max_records", Kind::Number, "100000", "The most records of a request that is read as a whole."),
    host("api.compressed_requests", Kind::Boolean, "false", "Whether bodies may be compressed with gzip; the limits then hold for what comes out."),
    host("api.max_headers", Kind::Number, "100", "The most headers of a request, at most 1,000."),
    host("api.max_header_bytes", Kind::Size, "16 KiB", "The most bytes of the request line and the headers of a request, from 8 KiB to 1 MiB."),
    host("api.header_timeout_ms", Kind::Number, "10000", "How long the first byte of a connection, and then the headers of a request, may take, in milliseconds."),
    host("api.idle_timeout_ms", Kind::Number, "60000", "How long a connection may wait for its next request, in milliseconds."),
    host("api.body_timeout_ms", Kind::Number, "30000", "How long the first MiB of a body may take, in milliseconds; each further 64 KiB may take another second. Also the longest pause in a body; in one that is judged while it arrives, only that counts."),
    host("api.request_timeout_ms", Kind::Number, "60000", "How long a request may take from its headers to the beginning of its response, in milliseconds."),
    host("api.max_concurrent", Kind::Number, "256", "Requests that the HTTP API works on at a time."),
    host("api.max_queued", Kind::Number, "256", "Requests that may wait beyond these; the server refuses further ones."),
    host("api.queue_timeout_ms", Kind::Number, "1000", "How long a request may wait before the server refuses it, in milliseconds."),
    host("api.drain_delay_ms", Kind::Number, "0", "How long a stopping server still accepts connections while `/ready` says that it stops, in milliseconds."),
    host("header_files", Kind::Files, "{}", "Files with values of headers, by the names that the coordination service's configuration uses."),
];

#[cfg(test)]
mod tests;
