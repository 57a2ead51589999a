//! Reads settings from the tree of `local-config.yaml` with its overrides.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use jurat_disk::Parents;
use jurat_http::{Http, Location};
use jurat_identity::Tenants;
use jurat_model::Secret;
use jurat_sandbox::{CompileLimits, CompileSettings};
use jurat_yaml::{Field, Section};

use super::api::{ApiSettings, Environment, api};
use super::auth::{auth, listed_or_only};
use super::check::{NESTED, are_nested};
use super::location::Credentials;
use super::quantity::{duration, duration_or_zero, rates, size};
use super::secret_file::{Exposure, OPEN};
use super::server::{Compatibility, ServerSettings, Tls};
use super::target::{HEADER_NAME, is_header};
use super::values::{Settings, TenantSettings, WorkerCount};
use super::{location, secret_file, tenant, trust};

/// Keys of validation-lib for the places of its Python code.
const UNUSED: [&str; 4] =
    ["logic_directory_location", "business_config_filename", "rules_directory", "master_rules_directory"];

pub(super) fn settings(document: &mut Section<'_>) -> Option<Settings> {
    let unused: Vec<_> = UNUSED.into_iter().filter(|key| document.take(key).is_there()).collect();
    if !unused.is_empty() {
        let keys = unused.join(", ");
        tracing::warn!(keys, "these settings have no effect: `business_config_uri` alone says where the rules are");
    }
    // Everything is read before a missing value returns, so that all problems are found.
    let defaults = Settings::new(PathBuf::new());
    let tenants = tenant::tenants(document);
    let (cache_field, state_field) = (document.take("logic_cache_dir"), document.take("state_dir"));
    let (cache, state) = (cache_field.path(), state_field.path());
    if let Some(tenants) = &tenants {
        for field in [&cache_field, &state_field].into_iter().filter(|field| !field.is_there()) {
            needed_by_servers(field, tenants);
        }
    }
    if let (Some(cache), Some(state)) = (&cache, &state)
        && are_nested(cache, state)
    {
        state_field.refuse(NESTED);
    }
    let parents = parents(document);
    let poll = trust::poll(&document.take("poll_seconds"));
    let max_age = duration(&document.take("logic_cache_max_age_seconds"), Duration::from_secs);
    let kept_releases = document.take("kept_releases").natural();
    let compile = document.take("compile").section(|section| Some(compile(section)));
    let workers = workers(document);
    let http = document.take("http").section(|section| Some(http(section))).unwrap_or_default();
    let names: Vec<_> = tenants.iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
    let server = document.take("server").section(|section| Some(server(section, &names))).unwrap_or_default();
    let environment = document
        .take("environment")
        .choice([("production", Environment::Production), ("development", Environment::Development)])
        .unwrap_or_default();
    let api = document.take("api").section(|section| Some(api(section, environment)));
    let headers = headers(document);
    Some(Settings {
        tenants: tenants?,
        workers,
        cache,
        state,
        parents,
        poll: poll.unwrap_or(defaults.poll),
        max_age: max_age.unwrap_or(defaults.max_age),
        kept_releases: kept_releases.unwrap_or(defaults.kept_releases),
        compile: compile.unwrap_or(defaults.compile),
        http,
        server,
        api: api.unwrap_or(ApiSettings { environment, ..ApiSettings::default() }),
        headers,
    })
}

fn compile(section: &mut Section<'_>) -> CompileSettings {
    let CompileSettings { threads, release, component } = CompileSettings::DEFAULT;
    let processor = duration(&section.take("seconds"), Duration::from_secs);
    CompileSettings {
        threads: threads_of(&section.take("threads")).unwrap_or(threads),
        release: duration(&section.take("release_seconds"), Duration::from_secs).unwrap_or(release),
        component: CompileLimits {
            processor: processor.unwrap_or(component.processor),
            memory: size(&section.take("memory")).unwrap_or(component.memory),
        },
    }
}

fn parents(document: &mut Section<'_>) -> Parents {
    match document.take("allow_shared_parent").boolean() {
        Some(true) => Parents::Shared,
        Some(false) | None => Parents::Private,
    }
}

/// A host with a repository on a server needs its state against old metadata, and its cache for when the server is unavailable.
fn needed_by_servers(field: &Field<'_>, tenants: &BTreeMap<String, TenantSettings>) {
    if tenants.values().any(|tenant| matches!(tenant.rules, Location::Url(_))) {
        field.refuse("it is missing: a repository on a server needs a directory of this host alone here");
    }
}

fn workers(document: &mut Section<'_>) -> WorkerCount {
    let in_parallel = document.take("batch_parallelism").boolean().unwrap_or(true);
    match (in_parallel, threads_of(&document.take("batch_max_workers"))) {
        (false, _) => WorkerCount::Exactly(NonZeroUsize::MIN),
        (true, Some(count)) => WorkerCount::Exactly(count),
        (true, None) => WorkerCount::PerProcessor,
    }
}

/// A number of threads.
fn threads_of(field: &Field<'_>) -> Option<NonZeroUsize> {
    let count = field.positive::<NonZeroUsize>()?;
    if count.get() > WorkerCount::MOST.into() {
        field.refuse(format!("at most {} threads can be asked for", WorkerCount::MOST));
        return None;
    }
    Some(count)
}

fn http(section: &mut Section<'_>) -> Http {
    let defaults = Http::default();
    let (proxy, proxy_file) = (section.take("proxy"), section.take("proxy_file"));
    let proxy =
        secret_file::choose(Some(&proxy), Some(&proxy_file), |url, exposure| match (location::proxy(url)?, exposure) {
            (Credentials::Some, Exposure::Readable) => {
                Err(format!("there is a password in it; {OPEN} `JURAT_HTTP_PROXY`"))
            }
            _ => Ok(()),
        });
    let authorities = section.take("authorities").list();
    let idle_connections = section.take("idle_connections").natural();
    let connect_timeout = duration(&section.take("connect_timeout_ms"), Duration::from_millis);
    let read_timeout = duration(&section.take("read_timeout_ms"), Duration::from_millis);
    let total_timeout = duration(&section.take("total_timeout_ms"), Duration::from_millis);
    let min_bytes_per_second = section.take("min_bytes_per_second").natural();
    let dns_cache = duration_or_zero(&section.take("dns_cache_seconds"), Duration::from_secs);
    Http {
        proxy,
        authorities: authorities.iter().filter_map(Field::path).collect(),
        client_certificate: section.take("client_certificate").path(),
        connect_timeout: connect_timeout.unwrap_or(defaults.connect_timeout),
        read_timeout: read_timeout.unwrap_or(defaults.read_timeout),
        total_timeout: total_timeout.unwrap_or(defaults.total_timeout),
        min_bytes_per_second: min_bytes_per_second.unwrap_or(defaults.min_bytes_per_second),
        idle_connections: idle_connections.unwrap_or(defaults.idle_connections),
        dns_cache: dns_cache.unwrap_or(defaults.dns_cache),
    }
}

fn server(section: &mut Section<'_>, tenants: &[&str]) -> ServerSettings {
    let defaults = ServerSettings::default();
    let auth = auth(section, tenants);
    let compatibility = section.take("compatibility").choice(Compatibility::ALL.map(|choice| (choice.name(), choice)));
    let max_connections = section.take("max_connections").positive();
    let max_in_flight = section.take("max_in_flight").positive();
    let handshake_timeout = duration(&section.take("handshake_timeout_ms"), Duration::from_millis);
    let write_timeout = duration(&section.take("write_timeout_ms"), Duration::from_millis);
    let drain = duration_or_zero(&section.take("drain_ms"), Duration::from_millis);
    ServerSettings {
        compatibility: compatibility.unwrap_or(defaults.compatibility),
        max_message: size(&section.take("max_message")).unwrap_or(defaults.max_message),
        max_reply: size(&section.take("max_reply")).unwrap_or(defaults.max_reply),
        max_buffered: size(&section.take("max_buffered")).unwrap_or(defaults.max_buffered),
        max_connections: max_connections.unwrap_or(defaults.max_connections),
        max_in_flight: max_in_flight.unwrap_or(defaults.max_in_flight),
        handshake_timeout: handshake_timeout.unwrap_or(defaults.handshake_timeout),
        write_timeout: write_timeout.unwrap_or(defaults.write_timeout),
        drain: drain.unwrap_or(defaults.drain),
        auth,
        key_rates: rates(section, "key_rates", defaults.key_rates),
        address_rates: rates(section, "address_rates", defaults.address_rates),
        tls: section.take("tls").section(|section| tls(section, tenants)),
    }
}

fn tls(section: &mut Section<'_>, tenants: &[&str]) -> Option<Tls> {
    let certificate = section.take("certificate");
    let key = section.take("key");
    match (certificate.is_there(), key.is_there()) {
        (true, false) => key.refuse("it is missing: the certificate needs it"),
        (false, true) => certificate.refuse("it is missing: the key needs it"),
        _ => {}
    }
    let authorities = section.take("client_authorities").list();
    if !authorities.is_empty() && !certificate.is_there() && !key.is_there() {
        certificate.refuse("it is missing: without TLS, clients can show no certificates");
    }
    let client_tenants = section.take("client_tenants");
    let client_tenants = if authorities.is_empty() && !client_tenants.is_there() {
        Tenants::default()
    } else {
        listed_or_only(client_tenants, tenants)
    };
    let client_authorities = authorities.iter().filter_map(Field::path).collect();
    let reload = duration(&section.take("reload_seconds"), Duration::from_secs);
    let (certificate, key) = (certificate.path(), key.path());
    let identity = Tls::new(certificate?, key?);
    Some(Tls { client_authorities, client_tenants, reload: reload.unwrap_or(identity.reload), ..identity })
}

/// Values of headers: from variables, or from files.
fn headers(document: &mut Section<'_>) -> BTreeMap<String, Secret> {
    let mut ways: BTreeMap<String, (Option<Field<'_>>, Option<Field<'_>>)> = BTreeMap::new();
    for (name, plain) in document.take("headers").entries() {
        ways.entry(name).or_default().0 = Some(plain);
    }
    for (name, file) in document.take("header_files").entries() {
        match is_header(&name) {
            true => ways.entry(name).or_default().1 = Some(file),
            false => file.refuse(HEADER_NAME),
        }
    }
    let value = |(name, (plain, file)): (String, (Option<Field<'_>>, Option<Field<'_>>))| {
        let secret = secret_file::choose(plain.as_ref(), file.as_ref(), |value, exposure| match exposure {
            Exposure::Readable => {
                Err("others could read it here: use `header_files`, or a variable `JURAT_HEADER_...`".to_owned())
            }
            Exposure::Protected if value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => Ok(()),
            Exposure::Protected => {
                Err("this is not the value of a header: visible ASCII characters are expected".to_owned())
            }
        });
        Some((name, secret?))
    };
    ways.into_iter().filter_map(value).collect()
}
