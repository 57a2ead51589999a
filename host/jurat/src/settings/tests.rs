use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize as Count};
use std::time::Duration;

use jurat_engine::extract::ChunkLimits;
use jurat_identity::{AuthSettings, RateClass, Rates, Tenants};
use jurat_model::{Bytes, Isolation};
use jurat_sandbox::{CompileLimits, CompileSettings, SealedWasi};
use jurat_trust::TargetPath;

use super::*;

mod api;
mod secrets;
mod tenants;

fn parse(text: &str) -> Result<Settings, Problems> {
    Settings::parse(text, "local-config.yaml", Path::new("/etc/jurat"), &Overrides::none())
}

fn refusals(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn only(settings: &Settings) -> &TenantSettings {
    assert_eq!(settings.tenants.keys().collect::<Vec<_>>(), [Settings::DEFAULT_TENANT]);
    &settings.tenants[Settings::DEFAULT_TENANT]
}

/// The defaults with the trust of others.
fn defaults(rules: &str, like: &Settings) -> Settings {
    let mut settings = Settings::new(rules);
    let root = only(like).trust.as_ref().unwrap().root.clone();
    let trust = |release: &TargetPath| Some(Trust::new(root.clone(), release.clone()));
    let release = &only(like).trust.as_ref().unwrap().release;
    settings.tenants.values_mut().for_each(|tenant| tenant.trust = trust(release));
    settings
}

const SMALLEST: &str = "business_config_uri: repository\n\
    trust: {release: t/demo/main/loan.json}\n";

#[test]
fn the_example_shows_the_defaults() {
    let example = Settings::parse(Settings::EXAMPLE, "example", Path::new(""), &Overrides::none()).unwrap();
    assert_eq!(example, defaults("repository", &example));
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = parse(SMALLEST).unwrap();
    assert_eq!(settings, defaults("/etc/jurat/repository", &settings));
    assert_eq!(only(&settings).trust.as_ref().unwrap().root, Path::new("/etc/jurat/root.json"));
}

#[test]
fn everything_of_a_tenant_can_be_set() {
    let settings = parse(&format!(
        "{SMALLEST}limits: {{fuel: 5, memory: 2 MiB, table_elements: 7, reply: 512, deadline_ms: 30}}\n\
         sealed_wasi: granted\nisolation: record\nsuspend_after: 3\nsuspend_after_fuel: 4\n\
         chunk: {{rows: 10, bytes: 1 KiB, results: 5 KiB}}\nmax_record: 3 KiB\nmax_file: 4 GiB\nmax_findings: 9\nallow_unavailable: true\n\
         data_roots: [/srv/loans, loans]\ndata_origins: [\"https://data.example.com:8443\"]\n\
         data_private_addresses: granted\n\
         coordination_service_config_uri: https://config.example.com/c.yaml\ncoordination_hosts: [a.example.com, b:8443]\n"
    ))
    .unwrap();
    let tenant = only(&settings);
    assert_eq!((tenant.limits.fuel.get(), tenant.limits.memory), (5, Bytes::mebi(2)));
    assert_eq!((tenant.limits.table_elements, tenant.limits.reply), (7, Bytes::new(512)));
    assert_eq!(tenant.limits.deadline, Duration::from_millis(30));
    assert_eq!((tenant.sealed_wasi, tenant.isolation), (SealedWasi::Granted, Isolation::Record));
    assert_eq!((tenant.suspension.records.get(), tenant.max_findings.get()), (3, 9));
    assert!(tenant.allow_unavailable);
    assert_eq!(tenant.chunk, ChunkLimits { rows: 10, bytes: Bytes::kibi(1), results: Bytes::kibi(5) });
    assert_eq!((tenant.max_record, tenant.max_file), (Bytes::kibi(3), Bytes::mebi(4096)));
    let roots = DataRoots::Listed(vec!["/srv/loans".into(), "/etc/jurat/loans".into()]);
    assert_eq!((&tenant.data.roots, tenant.data.private_addresses), (&roots, PrivateAddresses::Granted));
    assert_eq!(tenant.data.origins[0].ascii_serialization(), "https://data.example.com:8443");
    let coordination = tenant.coordination.as_ref().unwrap();
    assert!(matches!(&coordination.config, Location::Url(url) if url.path() == "/c.yaml"));
    assert_eq!(coordination.hosts, ["a.example.com", "b:8443"].map(|host| host.parse::<HostPattern>().unwrap()));
}

#[test]
fn everything_of_a_host_can_be_set() {
    let settings = parse(&format!(
        "{SMALLEST}logic_cache_dir: cache\nstate_dir: state\nallow_shared_parent: true\npoll_seconds: 7\nlogic_cache_max_age_seconds: 5\nkept_releases: 0\nbatch_max_workers: 2\n\
         compile:\n  threads: 8\n  memory: 9 MiB\n  seconds: 10\n  release_seconds: 11\n\
         http:\n  proxy: http://proxy:3128\n  authorities: [ca.pem]\n  client_certificate: me.pem\n  connect_timeout_ms: 1\n  \
           read_timeout_ms: 2\n  total_timeout_ms: 3\n  min_bytes_per_second: 4\n  idle_connections: 0\n  dns_cache_seconds: 0\n\
         server:\n  compatibility: envelopes\n  max_message: 1 KiB\n  max_reply: 2 KiB\n  max_buffered: 3 KiB\n  max_connections: 4\n  max_in_flight: 5\n  \
           write_timeout_ms: 6\n  drain_ms: 0\n  key_rates: {{validate: 8}}\n  address_rates: {{records: null}}\n  tls: {{certificate: c.pem, key: /k.pem, client_authorities: [a.pem], reload_seconds: 9}}\n"
    ))
    .unwrap();
    assert_eq!(settings.cache.as_deref(), Some(Path::new("/etc/jurat/cache")));
    assert_eq!(
        (settings.state.as_deref(), settings.poll),
        (Some(Path::new("/etc/jurat/state")), Duration::from_secs(7))
    );
    assert_eq!((settings.max_age, settings.kept_releases), (Duration::from_secs(5), 0));
    assert_eq!(settings.parents, Parents::Shared);
    let compile = CompileSettings {
        threads: Count::new(8).unwrap(),
        release: Duration::from_secs(11),
        component: CompileLimits { processor: Duration::from_secs(10), memory: Bytes::mebi(9) },
    };
    assert_eq!(settings.compile, compile);
    assert_eq!(settings.workers, WorkerCount::Exactly(Count::new(2).unwrap()));
    let http = Http {
        proxy: Some(Secret::new("http://proxy:3128")),
        authorities: vec!["/etc/jurat/ca.pem".into()],
        client_certificate: Some("/etc/jurat/me.pem".into()),
        connect_timeout: Duration::from_millis(1),
        read_timeout: Duration::from_millis(2),
        total_timeout: Duration::from_millis(3),
        min_bytes_per_second: 4,
        idle_connections: 0,
        dns_cache: Duration::ZERO,
    };
    assert_eq!(settings.http, http);
    let server = ServerSettings {
        compatibility: Compatibility::Envelopes,
        max_message: Bytes::kibi(1),
        max_reply: Bytes::kibi(2),
        max_buffered: Bytes::kibi(3),
        max_connections: NonZeroU32::new(4).unwrap(),
        max_in_flight: NonZeroU32::new(5).unwrap(),
        handshake_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_millis(6),
        drain: Duration::ZERO,
        auth: AuthSettings::default(),
        key_rates: Rates::USUAL.with(RateClass::Validate, NonZeroU64::new(8).unwrap()),
        address_rates: Rates::USUAL.without(RateClass::Records),
        tls: Some(Tls {
            client_authorities: vec!["/etc/jurat/a.pem".into()],
            client_tenants: Tenants::listed(["default"]),
            reload: Duration::from_secs(9),
            ..Tls::new("/etc/jurat/c.pem", "/k.pem")
        }),
    };
    assert_eq!(settings.server, server);
}

/// As validation-lib's own file is shaped: to the letter, but for the host.
const VALIDATION_LIB: &str = "\
# Local configuration
business_config_uri: \"https://raw.example.com/validation-logic/main/business-config.yaml\"
coordination_service_config_uri: \"coordination-service-config.yaml\"
logic_cache_dir: \"/tmp/validation-lib\"
logic_cache_max_age_seconds: 1800
batch_parallelism: false
batch_max_workers: 4
";

#[test]
fn a_configuration_of_validation_lib_is_refused_only_for_its_unsigned_rules() {
    let refusals = refusals(&format!("{VALIDATION_LIB}danger: {{unsigned_directory: true}}\n"));
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains("unsigned rules are not run"));
}

#[test]
fn a_configuration_of_validation_lib_loads_unmodified_with_signed_rules_from_the_environment() {
    let variables = [
        ("JURAT_BUSINESS_CONFIG_URI", "/srv/repository"),
        ("JURAT_TRUST_ROOT", "/keys/root.json"),
        ("JURAT_TRUST_RELEASE", "t/demo/main/loan.json"),
    ];
    let overrides = Overrides::none().with_environment(variables.map(|(name, value)| (name.into(), value.into())));
    let settings = Settings::parse(VALIDATION_LIB, "local-config.yaml", Path::new("/app"), &overrides).unwrap();
    let tenant = only(&settings);
    assert_eq!(tenant.rules, Location::File("/srv/repository".into()));
    assert_eq!(tenant.trust.as_ref().unwrap().root, Path::new("/keys/root.json"));
    let config = Location::File("/app/coordination-service-config.yaml".into());
    assert_eq!(tenant.coordination, Some(CoordinationSource { config, hosts: Vec::new() }));
    assert_eq!(settings.cache.as_deref(), Some(Path::new("/tmp/validation-lib")));
    assert_eq!((settings.max_age.as_secs(), settings.workers), (1_800, WorkerCount::Exactly(Count::MIN)));
}

#[test]
fn all_problems_are_reported_at_once_with_their_positions() {
    let refusals = refusals(
        "business_config_url: x\n\
         trust:\n  repository: Demo\n  release: loan\n  on_expired: never\n  headers: [X]\n  min_root_versoin: 3\n\
         limits:\n  fuel: 0\n  memory: 16 MB\n  reply: 0\n\
         isolation: records\n\
         batch_parallelism: yes\n\
         batch_max_workers: -1\n\
         chunk: 5\n\
         http: {proxy: ftp, proxi: x, connect_timeout_ms: 99999999999999999999, read_timeout_ms: 99999999999}\n\
         server: {tls: {key: k.pem}, max_connections: 4294967296, drain_ms: -1}\n\
         coordination_hosts: [https://a]\n\
         data_origins: https://a\n\
         logic_cache_dir: \"\"\n",
    );
    assert_eq!(
        refusals,
        [
            "local-config.yaml:1:1: business_config_uri: it is missing",
            "local-config.yaml:1:1: business_config_url: this key is not known, did you mean `business_config_uri`?",
            "local-config.yaml:3:15: trust.repository: `Demo` is not a repository id: at most 64 of a-z, 0-9, `.`, `_` and `-` are \
             expected, a letter or digit first",
            "local-config.yaml:4:12: trust.release: `loan` is not a path of a release: names separated by `/` are expected, the last \
             followed by `.json`",
            "local-config.yaml:5:15: trust.on_expired: `serve_last_good` or `refuse` is expected, but this is `never`",
            "local-config.yaml:6:13: trust.headers[0]: a header and the name of its value are expected, as in `Authorization: CDN_TOKEN`",
            "local-config.yaml:7:3: trust.min_root_versoin: this key is not known, did you mean `min_root_version`?",
            "local-config.yaml:9:9: limits.fuel: a whole number from 1 on is expected, but this is 0",
            "local-config.yaml:10:11: limits.memory: `16 MB` is not a size: write a whole number and `B`, `KiB`, `MiB` or `GiB`, as in \
             `16 MiB`",
            "local-config.yaml:11:10: limits.reply: nothing fits into 0 bytes; write a size like `16 MiB`",
            "local-config.yaml:12:12: isolation: `chunk` or `record` is expected, but this is `records`, did you mean `record`?",
            "local-config.yaml:13:20: batch_parallelism: `true` or `false` is expected, but this is a text",
            "local-config.yaml:14:20: batch_max_workers: a whole number from 1 on is expected, but this is -1",
            "local-config.yaml:15:8: chunk: a map is expected, but this is a number",
            "local-config.yaml:16:15: http.proxy: this is not the URL of a proxy: write `http://host:port` or `https://host:port`",
            "local-config.yaml:16:20: http.proxi: this key is not known, did you mean `proxy`?",
            "local-config.yaml:16:50: http.connect_timeout_ms: a whole number from 1 on is expected, but this is 100000000000000000000",
            "local-config.yaml:16:89: http.read_timeout_ms: this is more than a year",
            "local-config.yaml:17:15: server.tls.certificate: it is missing: the key needs it",
            "local-config.yaml:17:46: server.max_connections: 4294967296 is too large",
            "local-config.yaml:17:68: server.drain_ms: a whole number from 0 on is expected, but this is -1",
            "local-config.yaml:18:22: coordination_hosts[0]: `https://a` is not a host: write `host`, `host:port` or `*.domain`",
            "local-config.yaml:19:15: data_origins: a list is expected, but this is a text",
            "local-config.yaml:20:18: logic_cache_dir: a path is expected, but this is empty",
        ]
    );
}

#[test]
fn rules_without_trust_need_to_be_asked_for_by_name() {
    assert_eq!(
        refusals("business_config_uri: rules"),
        ["local-config.yaml:1:1: trust: it is missing: say which release is run, and what vouches for it \
          (`release`, `root`)"]
    );
    let settings =
        parse("business_config_uri: rules\ndanger: {unsigned_directory: true, component_directory: ../built}").unwrap();
    assert_eq!(only(&settings).unsigned, Unsigned::Run { components: Some("/etc/jurat/../built".into()) });
}

#[test]
fn hosts_without_a_configuration_are_refused() {
    let refusals = refusals(&format!("{SMALLEST}coordination_hosts: [a]\n"));
    assert_eq!(refusals.len(), 1);
    assert!(refusals[0].ends_with("although there are `coordination_hosts`"), "{refusals:?}");
}

#[test]
fn a_file_that_is_not_a_map_is_refused() {
    assert_eq!(refusals("- a"), ["local-config.yaml:1:1: a map is expected, but this is a list"]);
    assert_eq!(refusals("").len(), 2);
}

#[test]
fn one_worker_is_what_no_parallelism_means() {
    let settings = parse(&format!("{SMALLEST}batch_parallelism: false\nbatch_max_workers: 8\n")).unwrap();
    assert_eq!(settings.workers, WorkerCount::Exactly(Count::MIN));
}

#[test]
fn everything_of_trust_can_be_set() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let settings = parse(&format!(
        "business_config_uri: https://rules.example.com/acme\nlogic_cache_dir: cache\nstate_dir: state\ntrust:\n  \
           release: t/acme/main/loan.json\n  root: trust/root.json\n  root_sha256: {digest}\n  repository: acme-prod\n  \
           min_root_version: 2\n  min_timestamp_version: 3\n  min_snapshot_version: 4\n  on_expired: refuse\n  \
           max_stale_seconds: 0\n  headers: [\"Authorization: CDN_TOKEN\", \"X-Site:EU\"]\n"
    ))
    .unwrap();
    let tenant = only(&settings);
    assert_eq!(tenant.rules, Location::Url("https://rules.example.com/acme/".parse().unwrap()));
    let trust = tenant.trust.as_ref().unwrap();
    assert_eq!(
        (&*trust.root, trust.root_sha256),
        (Path::new("/etc/jurat/trust/root.json"), Some(digest.parse().unwrap()))
    );
    assert_eq!(trust.repository.as_ref().unwrap().as_str(), "acme-prod");
    let floors = [trust.floors.root, trust.floors.timestamp, trust.floors.snapshot].map(|floor| floor.get());
    assert_eq!((floors, trust.on_expired), ([2, 3, 4], OnExpired::Refuse));
    assert_eq!((trust.max_stale, trust.grace()), (Duration::ZERO, Duration::ZERO));
    let headers: Vec<_> = trust.headers.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect();
    assert_eq!(headers, [("Authorization", "CDN_TOKEN"), ("X-Site", "EU")]);
}

#[test]
fn a_repository_on_a_server_needs_a_cache_directory_and_a_state_directory() {
    let url = SMALLEST.replace("repository\n", "https://rules.example.com\n");
    let refused = refusals(&url);
    assert_eq!(refused.len(), 2, "{refused:?}");
    for (refusal, key) in refused.iter().zip(["logic_cache_dir", "state_dir"]) {
        assert!(refusal.contains(&format!("{key}: it is missing")), "{refusal}");
    }
    assert!(parse(&format!("{url}logic_cache_dir: a\nstate_dir: b\n")).is_ok());
    for (cache, state) in [("a", "a"), ("a", "a/b"), ("a/b", "a")] {
        let refused = refusals(&format!("{url}logic_cache_dir: {cache}\nstate_dir: {state}\n"));
        assert!(refused.len() == 1 && refused[0].contains("must not lie in"), "{refused:?}");
    }
}
