use super::*;

fn parse(text: &str) -> Result<Settings, Problems> {
    Settings::parse(text, "local-config.yaml", Path::new("/etc/jurat"))
}

fn refusals(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

const SMALLEST: &str = "business_config_uri: repository\n\
    trust: {repository: demo, release: t/demo/main/loan.json, keys: [a.pub.pem], threshold: 1}\n";

#[test]
fn the_example_shows_the_defaults() {
    let example = Settings::parse(Settings::EXAMPLE, "example", Path::new("")).unwrap();
    let trust = example.trust.clone();
    assert_eq!(example, Settings { trust, ..Settings::new("repository") });
}

#[test]
fn the_example_shows_every_setting() {
    // Of a key that the example does not have, a slip of the pen would be refused with a name that is not in it.
    let keys = |text: &str| -> Vec<String> {
        let without_comments = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        without_comments.filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
    };
    let shown = keys(Settings::EXAMPLE);
    let read = include_str!("read.rs").split("take(\"").skip(1).filter_map(|rest| rest.split('"').next());
    for key in read {
        assert!(shown.iter().any(|shown| shown == key), "{key}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let settings = parse(SMALLEST).unwrap();
    let trust = settings.trust.clone();
    assert_eq!(settings, Settings { trust, ..Settings::new("/etc/jurat/repository") });
    assert_eq!(settings.trust.unwrap().keys, [Path::new("/etc/jurat/a.pub.pem")]);
}

#[test]
fn everything_can_be_set() {
    let settings = parse(&format!(
        "{SMALLEST}limits: {{fuel: 5, memory: 2 MiB, table_elements: 7, reply: 512, deadline_ms: 30}}\n\
         sealed_wasi: granted\nisolation: record\npark_after: 3\nbatch_max_workers: 2\n\
         chunk: {{rows: 10, bytes: 1 KiB}}\nmax_record: 3 KiB\nmax_file: 4 GiB\n"
    ))
    .unwrap();
    assert_eq!((settings.limits.fuel.get(), settings.limits.memory), (5, Bytes::mebi(2)));
    assert_eq!((settings.limits.table_elements, settings.limits.reply), (7, Bytes::new(512)));
    assert_eq!(settings.limits.deadline.as_millis(), 30);
    assert_eq!((settings.sealed_wasi, settings.isolation), (SealedWasi::Granted, Isolation::Record));
    assert_eq!(settings.workers, WorkerCount::Exactly(NonZeroUsize::new(2).unwrap()));
    assert_eq!(settings.chunk, ChunkLimits { rows: 10, bytes: Bytes::kibi(1) });
    assert_eq!((settings.max_record, settings.max_file), (Bytes::kibi(3), Bytes::mebi(4096)));
}

#[test]
fn a_configuration_of_validation_lib_is_refused_only_for_its_unsigned_rules() {
    let refusals = refusals(
        "business_config_uri: \"https://rules.example.com/logic/business-config.yaml\"\n\
         coordination_service_config_uri: \"coordination-service-config.yaml\"\n\
         logic_cache_dir: \"/tmp/validation-lib\"\n\
         logic_cache_max_age_seconds: 1800\n\
         batch_parallelism: false\n\
         batch_max_workers: 4\n\
         danger: {unsigned_directory: true}\n",
    );
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    assert!(refusals[0].contains("unsigned rules are not run"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let refusals = refusals(
        "business_config_url: x\n\
         trust:\n  repository: Demo\n  release: loan\n  keys: [a.pem]\n  threshold: 2\n  min_versoin: 3\n\
         limits:\n  fuel: 0\n  memory: 16 MB\n  reply: 0\n\
         isolation: records\n\
         batch_parallelism: yes\n\
         batch_max_workers: -1\n\
         chunk: 5\n",
    );
    assert_eq!(
        refusals,
        [
            "local-config.yaml:1:1: business_config_uri: it is missing",
            "local-config.yaml:1:1: business_config_url: this key is not known, did you mean `business_config_uri`?",
            "local-config.yaml:3:15: trust.repository: `Demo` is no repository id: at most 64 of a-z, 0-9, `.`, `_` and `-` are \
             expected, a letter or digit first",
            "local-config.yaml:4:12: trust.release: `loan` is no path of a release: names separated by `/` are expected, the last \
             followed by `.json`",
            "local-config.yaml:6:14: trust.threshold: 2 signatures are needed, but there are only 1 keys",
            "local-config.yaml:7:3: trust.min_versoin: this key is not known, did you mean `min_version`?",
            "local-config.yaml:9:9: limits.fuel: a whole number from 1 on is expected, but this is 0",
            "local-config.yaml:10:11: limits.memory: `16 MB` is no size: write a whole number and `B`, `KiB`, `MiB` or `GiB`, as in \
             `16 MiB`",
            "local-config.yaml:11:10: limits.reply: nothing fits into 0 bytes; write a size like `16 MiB`",
            "local-config.yaml:12:12: isolation: `chunk` or `record` is expected, but this is `records`, did you mean `record`?",
            "local-config.yaml:13:20: batch_parallelism: `true` or `false` is expected, but this is a text",
            "local-config.yaml:14:20: batch_max_workers: a whole number from 1 on is expected, but this is -1",
            "local-config.yaml:15:8: chunk: a map is expected, but this is a number",
        ]
    );
}

#[test]
fn rules_without_trust_need_to_be_asked_for_by_name() {
    assert_eq!(
        refusals("business_config_uri: rules"),
        [
            "local-config.yaml:1:1: trust: it is missing: say whose signatures are needed (`repository`, `release`, `keys`, \
          `threshold`)"
        ]
    );
    let settings =
        parse("business_config_uri: rules\ndanger: {unsigned_directory: true, component_directory: ../built}").unwrap();
    assert_eq!(settings.unsigned, Unsigned::Run { components: Some("/etc/jurat/../built".into()) });
}

#[test]
fn a_file_that_is_no_map_is_refused() {
    assert_eq!(refusals("- a"), ["local-config.yaml:1:1: a map is expected, but this is a list"]);
    assert!(!refusals("").is_empty());
}

#[test]
fn one_worker_is_what_no_parallelism_means() {
    let settings = parse(&format!("{SMALLEST}batch_parallelism: false\nbatch_max_workers: 8\n")).unwrap();
    assert_eq!(settings.workers, WorkerCount::Exactly(NonZeroUsize::MIN));
}
