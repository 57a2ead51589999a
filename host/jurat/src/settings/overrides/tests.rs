use std::os::unix::ffi::OsStringExt;

use super::*;
use crate::settings::{Key, Location, Problems, Settings};

const FILE_TEXT: &str = "business_config_uri: repository\n\
    trust: {release: t/demo/main/loan.json}\n";

fn variables(variables: &[(&str, &str)]) -> Overrides {
    Overrides::new("/srv").with_environment(variables.iter().map(|(name, value)| (name.into(), value.into())))
}

fn parse(text: &str, overrides: &Overrides) -> Result<Settings, Problems> {
    Settings::parse(text, "local-config.yaml", Path::new("/etc/jurat"), overrides)
}

fn refusals(text: &str, overrides: &Overrides) -> Vec<String> {
    parse(text, overrides).unwrap_err().iter().map(ToString::to_string).collect()
}

fn only(settings: &Settings) -> &crate::settings::TenantSettings {
    &settings.tenants[Settings::DEFAULT_TENANT]
}

#[test]
fn each_tier_is_above_the_one_before() {
    let fuel = |text: &str, overrides: &Overrides| only(&parse(text, overrides).unwrap()).limits.fuel.get();
    let text = format!("{FILE_TEXT}limits: {{fuel: 1}}\n");
    let none = Overrides::none();
    let env_file = none.clone().with_env_file("JURAT_LIMITS_FUEL=2", "x.env");
    let environment = env_file.clone().with_environment([("JURAT_LIMITS_FUEL".into(), "3".into())]);
    let flags = environment.clone().with_flags(["limits.fuel=5", "limits.fuel=4"]);
    assert_eq!(fuel(FILE_TEXT, &none), 10_000_000);
    assert_eq!(fuel(&text, &none), 1);
    assert_eq!(fuel(&text, &env_file), 2);
    assert_eq!(fuel(&text, &environment), 3);
    assert_eq!(fuel(&text, &flags), 4);
    // The order in which they are given does not matter.
    let backwards = Overrides::none().with_flags(["limits.fuel=4"]).with_env_file("JURAT_LIMITS_FUEL=2", "x.env");
    assert_eq!(fuel(&text, &backwards), 4);
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for key in Key::ALL.iter().filter(|key| key.kind != Kind::Files) {
        // Something that none of them can be, but for those that can be anything.
        let overrides = variables(&[(&key.variable(), "\u{1}")]);
        let refusals = refusals(FILE_TEXT, &overrides);
        assert_eq!(
            refusals,
            [format!(
                "environment variable {}: {}: its value has the control character U+0001 after 0 bytes",
                key.variable(),
                key.path
            )]
        );
    }
}

#[test]
fn values_of_the_environment_are_read_by_kind() {
    let settings = parse(
        FILE_TEXT,
        &variables(&[
            ("JURAT_TRUST_HEADERS", " Authorization: CDN_TOKEN, X-Site: EU "),
            ("JURAT_TRUST_ROOT", "b.json"),
            ("JURAT_TRUST_MAX_STALE_SECONDS", "2"),
            ("JURAT_TRUST_REPOSITORY", "2026"),
            ("JURAT_BATCH_PARALLELISM", "false"),
            ("JURAT_MAX_FILE", "3 GiB"),
            ("JURAT_CHUNK_BYTES", "4096"),
            ("JURAT_SERVER_DRAIN_MS", "0"),
            ("JURAT_LOGIC_CACHE_DIR", "cache"),
            ("PATH", "/bin"),
            ("JURAT_LOG", "debug"),
            ("jurat_limits_fuel", "x"),
        ]),
    )
    .unwrap();
    let trust = only(&settings).trust.as_ref().unwrap();
    assert_eq!((trust.headers.len(), trust.root.as_path()), (2, Path::new("/srv/b.json")));
    assert_eq!((trust.max_stale.as_secs(), trust.repository.as_ref().unwrap().as_str()), (2, "2026"));
    assert_eq!(settings.workers, crate::settings::WorkerCount::Exactly(std::num::NonZeroUsize::MIN));
    assert_eq!((only(&settings).max_file, only(&settings).chunk.bytes), (Bytes::mebi(3_072), Bytes::kibi(4)));
    assert_eq!(settings.server.drain, std::time::Duration::ZERO);
    // The file's paths are relative to the file, others to the working directory.
    assert_eq!(settings.cache.as_deref(), Some(Path::new("/srv/cache")));
    assert_eq!(only(&settings).rules, Location::File("/etc/jurat/repository".into()));
}

#[test]
fn an_empty_value_is_nothing_and_an_empty_list_is_empty() {
    let text = format!("{FILE_TEXT}limits: {{fuel: 1}}\ndata_roots: [a]\ndata_origins: [https://a]\n");
    let overrides = variables(&[("JURAT_LIMITS_FUEL", ""), ("JURAT_DATA_ROOTS", ""), ("JURAT_SERVER_TOKEN", "")]);
    let settings = parse(&text, &overrides.with_flags(["data_origins="])).unwrap();
    assert_eq!(only(&settings).limits.fuel.get(), 10_000_000);
    // Not `null`, which would be more than nothing.
    assert_eq!(only(&settings).data.roots, crate::settings::DataRoots::Listed(Vec::new()));
    assert_eq!((only(&settings).data.origins.len(), &settings.server.auth.token), (0, &None));
    let refusals = refusals(FILE_TEXT, &variables(&[("JURAT_BUSINESS_CONFIG_URI", "")]));
    assert_eq!(refusals, ["environment variable JURAT_BUSINESS_CONFIG_URI: business_config_uri: it is missing"]);
}

#[test]
fn overridden_values_are_not_read() {
    let text = "business_config_uri: 5\ntrust: {repository: 7, release: [], root: {}, min_root_version: x}\nlimits: {fuel: many}\n";
    let overrides = variables(&[
        ("JURAT_BUSINESS_CONFIG_URI", "repository"),
        ("JURAT_TRUST_REPOSITORY", "demo"),
        ("JURAT_TRUST_RELEASE", "t/demo/main/loan.json"),
        ("JURAT_TRUST_ROOT", "a.json"),
        ("JURAT_TRUST_MIN_ROOT_VERSION", "1"),
    ]);
    assert_eq!(only(&parse(text, &overrides.with_flags(["limits.fuel=5"])).unwrap()).limits.fuel.get(), 5);
}

#[test]
fn everything_can_come_from_the_environment() {
    let overrides = variables(&[("JURAT_BUSINESS_CONFIG_URI", "rules"), ("JURAT_DANGER_UNSIGNED_DIRECTORY", "true")]);
    for text in ["", "# nothing\n", "{}", "trust: null\ndanger: null\n"] {
        assert_eq!(only(&parse(text, &overrides).unwrap()).rules, Location::File("/srv/rules".into()), "{text}");
    }
    // A section that is none stays wrong, even if a part of it is overridden.
    assert_eq!(
        refusals("danger: 5", &overrides)[1],
        "local-config.yaml:1:9: danger: a map is expected, but this is a number"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_source() {
    let overrides = variables(&[
        ("JURAT_ISOLATION", "records"),
        ("JURAT_LIMITS_FULE", "5"),
        ("JURAT_TENANTS_ACME_LIMITS_FUEL", "5"),
        ("JURAT_BATCH_MAX_WORKERS", "many"),
        ("JURAT_HEADER_a", "x"),
        ("JURAT_DATA_ORIGINS", "https://a,"),
    ])
    .with_env_file("JURAT_SUSPEND_AFTER=0\nJURAT_LOG=debug\nOTHER=1\n\n JURAT_LIMIT_FUEL=1\nx\n", "prod.env")
    .with_flags([
        "limits.memory=16 MB",
        "limits=5",
        "max_fiel=5",
        "x",
        "tenants.acme.suspend_after=1",
        "header_files=5",
    ]);
    assert_eq!(
        refusals("business_config_url: x\nlimits: {fuel: 0}\n", &overrides),
        [
            "local-config.yaml:1:1: business_config_uri: it is missing",
            "local-config.yaml:1:1: trust: it is missing: say which release is run, and what vouches for it \
             (`release`, `root`)",
            "local-config.yaml:1:1: business_config_url: this key is not known, did you mean `business_config_uri`?",
            "local-config.yaml:2:16: limits.fuel: a whole number from 1 on is expected, but this is 0",
            "prod.env:1:1: suspend_after: a whole number from 1 on is expected, but this is 0",
            "environment variable JURAT_BATCH_MAX_WORKERS: batch_max_workers: a whole number from 1 on is expected, but this is a \
             text",
            "environment variable JURAT_DATA_ORIGINS: data_origins[1]: `` is not an origin: write `https://host` or \
             `https://host:port`",
            "environment variable JURAT_ISOLATION: isolation: `chunk` or `record` is expected, but this is `records`, did you mean \
             `record`?",
            "--set: limits.memory: `16 MB` is not a size: write a whole number and `B`, `KiB`, `MiB` or `GiB`, as in `16 MiB`",
            "environment variable JURAT_HEADER_a: the name of a header's value is expected: at most 64 of A-Z, 0-9 and `_`, a \
             letter first, and not with `_FILE` at the end",
            "environment variable JURAT_LIMITS_FULE: no setting has this name, did you mean `JURAT_LIMITS_FUEL`?",
            "environment variable JURAT_TENANTS_ACME_LIMITS_FUEL: `tenants` can be said in the file only; variables are about the \
             only tenant, or about all",
            "prod.env:6:1: a line like `NAME=value` is expected",
            "prod.env:2:1: JURAT_LOG: it is looked at before this file is read: set it in the environment",
            "prod.env:5:2: JURAT_LIMIT_FUEL: no setting has this name, did you mean `JURAT_LIMITS_FUEL`?",
            "--set: `limits` is a section: name one of its keys, with a dot between",
            "--set: `max_fiel` is not a setting, did you mean `max_file`?",
            "--set: number 4 of these has no `=`: write `KEY=VALUE`",
            "--set: `tenants` can be said in the file only; flags are about the only tenant, or about all",
            "--set: header_files: name the header: `header_files.NAME=PATH`",
        ]
    );
}

#[test]
fn a_file_that_is_not_yaml_hides_no_other_problem() {
    let overrides = variables(&[("JURAT_X", "1")]);
    assert_eq!(refusals("a: [", &overrides).len(), 2);
    let missing = Settings::read(Path::new("/nowhere/local-config.yaml"), &overrides).unwrap_err();
    assert_eq!(missing.iter().count(), 2);
}

#[test]
fn hostile_values_give_one_clear_line() {
    let long = "9".repeat(1 << 20);
    for (value, reason) in [
        ("a\nb", "its value has a line break after 1 bytes, but must be one line"),
        ("a\r", "its value has a line break after 1 bytes, but must be one line"),
        ("\0", "its value has the control character U+0000 after 0 bytes"),
        ("a\u{1b}[2J", "its value has the control character U+001B after 1 bytes"),
        (long.as_str(), "its value has 1048576 bytes, but at most 64 KiB are read"),
    ] {
        for (name, path) in [
            ("JURAT_ISOLATION", "isolation"),
            ("JURAT_LIMITS_FUEL", "limits.fuel"),
            ("JURAT_SERVER_TOKEN", "server.token"),
        ] {
            let found = refusals(FILE_TEXT, &variables(&[(name, value)]));
            assert_eq!(found, [format!("environment variable {name}: {path}: {reason}")]);
        }
        let found = refusals(FILE_TEXT, &Overrides::none().with_flags([format!("isolation={value}").as_str()]));
        assert_eq!(found, [format!("--set: isolation: {reason}")]);
    }
    let bytes = OsString::from_vec(vec![b'a', 0xff]);
    let found = refusals(FILE_TEXT, &Overrides::none().with_environment([("JURAT_ISOLATION".into(), bytes.clone())]));
    assert_eq!(found, ["environment variable JURAT_ISOLATION: its value is not UTF-8"]);
    let mut name = OsString::from("JURAT_\n");
    name.push(bytes);
    let found = refusals(FILE_TEXT, &Overrides::none().with_environment([(name, "1".into())]));
    assert!(
        found.len() == 1 && found[0].starts_with("environment variable JURAT_\\na\u{fffd}: no setting"),
        "{found:?}"
    );
}

#[test]
fn variables_of_kubernetes_for_a_service_of_our_name_are_not_settings() {
    let names = [
        ("JURAT_SERVICE_HOST", "10.0.0.1"),
        ("JURAT_SERVICE_PORT", "7070"),
        ("JURAT_SERVICE_PORT_RPC", "7070"),
        ("JURAT_PORT", "tcp://10.0.0.1:7070"),
        ("JURAT_PORT_7070_TCP", "tcp://10.0.0.1:7070"),
        ("JURAT_PORT_7070_TCP_ADDR", "10.0.0.1"),
        ("JURAT_RULES_SERVICE_HOST", "10.0.0.2"),
        ("JURAT_RULES_PORT", "tcp://10.0.0.2:80"),
    ];
    for (name, value) in names {
        assert!(is_of_kubernetes(name, value), "{name}");
    }
    for (name, value) in
        [("JURAT_PORT", "7070"), ("JURAT_SERVER_PORT", "7070"), ("JURAT_PORT_RPC", "7070"), ("JURAT_LIMTS_FUEL", "1")]
    {
        assert!(!is_of_kubernetes(name, value), "{name}");
    }
}
