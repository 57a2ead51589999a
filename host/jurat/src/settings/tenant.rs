//! Reads the settings of tenants.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use jurat_engine::extract::ChunkLimits;
use jurat_model::{Excerpt, Isolation, Limits, Suspension};
use jurat_sandbox::SealedWasi;
use jurat_yaml::{Field, Section};

use super::keys::{Key, Scope};
use super::location::{self, each};
use super::quantity::{duration, rates, size};
use super::trust;
use super::values::{CoordinationSource, Data, DataRoots, PrivateAddresses, Settings, TenantSettings, Unsigned};

/// Reads the tenants; a document that names none has a single one.
pub(super) fn tenants(document: &mut Section<'_>) -> Option<BTreeMap<String, TenantSettings>> {
    let defaults = TenantSettings::new(PathBuf::new());
    let tenants = document.take("tenants");
    if !tenants.is_there() {
        let tenant = tenant(document, defaults)?;
        return Some(BTreeMap::from([(Settings::DEFAULT_TENANT.to_owned(), tenant)]));
    }
    let defaults = shared(document, defaults);
    for key in Key::ALL.iter().filter(|key| key.scope == Scope::Tenant) {
        let field = document.take(key.path.split('.').next().unwrap_or_default());
        if field.is_there() {
            field.refuse("where there are `tenants` it is said for each of them: it grants trust or reach, which is not inherited");
        }
    }
    if tenants.is_empty_map() {
        tenants.refuse("there are none: name at least one, or say everything without `tenants`");
    }
    let tenants = tenants.entries().into_iter().filter_map(|(name, field)| {
        if !is_name(&name) {
            field.refuse(format!(
                "`{}` is not the name of a tenant: at most 64 of a-z, 0-9, `.`, `_` and `-` are expected, a letter or digit first",
                Excerpt::of(&name)
            ));
        }
        let defaults = defaults.clone();
        Some((name, field.required().section(|section| tenant(section, defaults))?))
    });
    Some(tenants.collect())
}

pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 64
        && name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte))
}

/// Reads one tenant, with the common settings as defaults.
fn tenant(section: &mut Section<'_>, defaults: TenantSettings) -> Option<TenantSettings> {
    let uri = section.take("business_config_uri").required();
    let rules =
        uri.as_text().and_then(|text| location::rules(text, uri.directory()).map_err(|error| uri.refuse(error)).ok());
    let unsigned = section.take("danger").section(|danger| Some(unsigned(danger))).unwrap_or_default();
    let trust_field = section.take("trust");
    if !trust_field.is_there() && unsigned == Unsigned::Refused {
        trust_field.refuse("it is missing: say which release is run, and what vouches for it (`release`, `root`)");
    }
    let trust = trust_field.section(trust::trust);
    let data = data(section);
    let coordination = coordination(section);
    let shared = shared(section, defaults);
    Some(TenantSettings { rules: rules?, trust, unsigned, data, coordination, ..shared })
}

/// The settings that exist for all tenants and for one.
fn shared(section: &mut Section<'_>, defaults: TenantSettings) -> TenantSettings {
    let limits = section.take("limits").section(|section| Some(limits(section, defaults.limits)));
    let sealed_wasi =
        section.take("sealed_wasi").choice([("refused", SealedWasi::Refused), ("granted", SealedWasi::Granted)]);
    let isolation = section.take("isolation").choice([("chunk", Isolation::Chunk), ("record", Isolation::Record)]);
    let chunk = section.take("chunk").section(|section| Some(chunk(section, defaults.chunk)));
    TenantSettings {
        limits: limits.unwrap_or(defaults.limits),
        sealed_wasi: sealed_wasi.unwrap_or(defaults.sealed_wasi),
        isolation: isolation.unwrap_or(defaults.isolation),
        suspension: Suspension {
            records: section.take("suspend_after").positive().unwrap_or(defaults.suspension.records),
            fuel: section.take("suspend_after_fuel").positive().unwrap_or(defaults.suspension.fuel),
        },
        chunk: chunk.unwrap_or(defaults.chunk),
        max_record: size(&section.take("max_record")).unwrap_or(defaults.max_record),
        max_file: size(&section.take("max_file")).unwrap_or(defaults.max_file),
        rates: rates(section, "rates", defaults.rates),
        allow_unavailable: section.take("allow_unavailable").boolean().unwrap_or(defaults.allow_unavailable),
        max_findings: section.take("max_findings").positive().unwrap_or(defaults.max_findings),
        ..defaults
    }
}

fn unsigned(danger: &mut Section<'_>) -> Unsigned {
    let is_allowed = danger.take("unsigned_directory").boolean().unwrap_or(false);
    let components = danger.take("component_directory").path();
    if is_allowed { Unsigned::Run { components } } else { Unsigned::Refused }
}

fn data(section: &mut Section<'_>) -> Data {
    let roots = section.take("data_roots");
    let roots = match roots.is_there() {
        true => DataRoots::Listed(roots.list().iter().filter_map(Field::path).collect()),
        false => DataRoots::WorkingDirectory,
    };
    let origins = each(section.take("data_origins"), location::origin);
    let private_addresses = section
        .take("data_private_addresses")
        .choice([("refused", PrivateAddresses::Refused), ("granted", PrivateAddresses::Granted)]);
    Data { roots, origins, private_addresses: private_addresses.unwrap_or_default() }
}

fn coordination(section: &mut Section<'_>) -> Option<CoordinationSource> {
    let uri = section.take("coordination_service_config_uri");
    let hosts = each(section.take("coordination_hosts"), location::host);
    if !uri.is_there() && !hosts.is_empty() {
        uri.refuse("it is missing, although there are `coordination_hosts`");
    }
    let config = location::file(uri.as_text()?, uri.directory()).map_err(|error| uri.refuse(error)).ok()?;
    Some(CoordinationSource { config, hosts })
}

fn limits(limits: &mut Section<'_>, defaults: Limits) -> Limits {
    let deadline = duration(&limits.take("deadline_ms"), std::time::Duration::from_millis);
    Limits {
        fuel: limits.take("fuel").positive().unwrap_or(defaults.fuel),
        memory: size(&limits.take("memory")).unwrap_or(defaults.memory),
        table_elements: limits.take("table_elements").positive().map_or(defaults.table_elements, NonZeroU32::get),
        reply: size(&limits.take("reply")).unwrap_or(defaults.reply),
        deadline: deadline.unwrap_or(defaults.deadline),
    }
}

fn chunk(chunk: &mut Section<'_>, defaults: ChunkLimits) -> ChunkLimits {
    let rows = chunk.take("rows").positive::<NonZeroU32>();
    ChunkLimits {
        rows: rows.map_or(defaults.rows, NonZeroU32::get),
        bytes: size(&chunk.take("bytes")).unwrap_or(defaults.bytes),
        results: size(&chunk.take("results")).unwrap_or(defaults.results),
    }
}
