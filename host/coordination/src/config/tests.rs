use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use jurat_model::{Bytes, Secret};

use super::*;
use crate::breaker::BreakerSettings;

const EXAMPLE: &str = include_str!("../../../../config/coordination-service-config.yaml");
const DOCUMENT: &str = include_str!("../../../../docs/coordination-service.md");

fn parse(text: &str) -> Result<Config, Problems> {
    let secrets = BTreeMap::from([
        ("REFS".to_owned(), Secret::new("Bearer s3cret")),
        ("BROKEN".to_owned(), Secret::new("s3cret\nX-Other: 1")),
    ]);
    let hosts = ["localhost:8081", "*.example.com"].map(|host| host.parse().unwrap());
    Config::parse(text, "c.yaml", &Permitted { hosts: &hosts, signed_base_url: None, secrets: &secrets })
}

fn enabled(text: &str) -> Result<Config, Problems> {
    parse(&format!("enabled: true\nbase_url: https://refs.example.com\n{text}"))
}

fn refusals(text: &str) -> Vec<String> {
    parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_is_what_counts_where_nothing_is_said() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
    assert_eq!(parse("{}").unwrap(), Config::default());
    let bulk = parse(&EXAMPLE.replace("\nbulk: false", "\nbulk: true")).unwrap();
    assert_eq!(bulk.bulk, NonZeroUsize::new(64));
    assert_eq!(parse("bulk: true").unwrap(), bulk);
}

/// The path and value of every leaf of a tree, and the names of all keys.
fn leaves(path: &str, value: &serde_json::Value, leaves: &mut BTreeMap<String, String>, names: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().unwrap() {
        names.insert(key.clone());
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            serde_json::Value::Object(members) if !members.is_empty() => self::leaves(&path, value, leaves, names),
            serde_json::Value::String(text) => _ = leaves.insert(path, text.clone()),
            other => _ = leaves.insert(path, other.to_string()),
        }
    }
}

#[test]
fn the_example_and_the_table_have_every_key_that_is_read_with_its_default() {
    let (mut example, mut names) = Default::default();
    leaves("", &jurat_yaml::from_yaml(EXAMPLE, "example").unwrap(), &mut example, &mut names);
    let asked = include_str!("read.rs").split("take(\"").skip(1);
    let asked: BTreeSet<String> = asked.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert_eq!(asked, names);
    let section = DOCUMENT.split("## Settings").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let table: BTreeMap<String, String> =
        rows.map(|(key, rest)| (key.to_owned(), rest.split('`').next().unwrap().to_owned())).collect();
    assert_eq!(table, example);
}

#[test]
fn every_code_is_in_the_document() {
    let section = DOCUMENT.split("## Failures").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut codes: BTreeSet<&str> = crate::fetch_failure::FetchFailureKind::ALL.map(|kind| kind.code()).into();
    // Codes of the engine for answers.
    codes.extend([jurat_engine::TERM_MALFORMED, jurat_engine::TERM_TOO_LARGE]);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<BTreeSet<_>>(), codes);
}

#[test]
fn the_file_of_validation_lib_is_read_as_it_is() {
    let text = "enabled: false\nbase_url: \"http://localhost:8081\"\ntimeout_ms: 5000\nretry_attempts: 3\n\
                circuit_breaker_enabled: false\n";
    assert_eq!(parse(text).unwrap(), Config { breaker: None, ..Config::default() });
    let config = parse(&text.replace("enabled: false\nbase", "enabled: true\nbase")).unwrap();
    assert_eq!(config.base_url.unwrap().as_str(), "http://localhost:8081/");
    // A disabled service may name any host, and headers whose secrets are missing.
    let text = text.replace("localhost:8081", "elsewhere.example.net") + "headers: {Authorization: NOWHERE}\n";
    assert_eq!(parse(&text).unwrap().base_url, None);
}

#[test]
fn everything_can_be_set() {
    let config = enabled(
        "timeout_ms: 100\ndeadline_ms: 100\nretry_attempts: 1\nretry: {policy: quick, base_ms: 7, cap_ms: 7}\n\
         breaker: {failures: 2, open_seconds: 3}\ncache: {entries: 4, bytes: 5 KiB, ttl_seconds: 6}\nserve_stale_seconds: 7\n\
         concurrency: 8\nbulk: true\nbulk_size: 9\nmax_response: 10 KiB\nheaders: {Authorization: REFS, X-Team: REFS}\n",
    )
    .unwrap();
    let millis = Duration::from_millis;
    assert_eq!(
        (config.timeout, config.deadline, config.retry.max_attempts),
        (millis(100), millis(100), NonZeroU32::MIN)
    );
    assert_eq!((config.retry.base_delay, config.retry.max_delay), (millis(7), millis(7)));
    assert_eq!(config.breaker, Some(BreakerSettings { failures: 2, open: millis(3_000) }));
    let (entries, bytes) = (NonZeroUsize::new(4).unwrap(), Bytes::kibi(5));
    assert_eq!(config.cache, CacheSettings { entries, bytes, fresh: millis(6_000), stale: millis(7_000) });
    assert_eq!(
        (config.concurrency.get(), config.bulk, config.max_response),
        (8, NonZeroUsize::new(9), Bytes::kibi(10))
    );
    assert_eq!(config.headers["authorization"], "Bearer s3cret");
    assert!(config.headers["x-team"].is_sensitive());
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn what_is_just_possible_can_be_set() {
    let config = enabled(
        "timeout_ms: 86400000\ndeadline_ms: 86400000\nretry_attempts: 20\nretry: {base_ms: 86400000}\n\
         breaker: {failures: 10000000, open_seconds: 86400}\n\
         cache: {entries: 10000000, bytes: 4 GiB, ttl_seconds: 86400}\nserve_stale_seconds: 86400\nconcurrency: 1000\n\
         bulk: true\nbulk_size: 1000\nmax_response: 4 GiB\n",
    );
    assert_eq!(config.unwrap().cache.kept(), Duration::from_secs(2 * 86_400));
}

#[test]
fn policies_are_named_and_what_is_written_counts_instead() {
    let values = |text: &str| {
        let config = enabled(text).unwrap();
        (config.retry.max_attempts.get(), config.retry.base_delay.as_millis(), config.retry.max_delay.as_millis())
    };
    assert_eq!(values(""), (3, 500, 5_000));
    assert_eq!(values("retry: {policy: default}"), (3, 500, 5_000));
    assert_eq!(values("retry: {policy: aggressive}"), (5, 200, 10_000));
    assert_eq!(values("retry: {policy: conservative}"), (3, 1_000, 5_000));
    assert_eq!(values("retry: {policy: quick}"), (2, 100, 1_000));
    assert_eq!(values("retry_attempts: 4\nretry: {policy: quick, base_ms: 50}"), (4, 50, 1_000));
    assert_eq!(values("retry: {base_ms: 9000}"), (3, 9_000, 9_000));
}

#[test]
fn the_deadline_is_twice_the_time_out_unless_it_is_written() {
    assert_eq!(enabled("timeout_ms: 70").unwrap().deadline, Duration::from_millis(140));
    assert_eq!(enabled("deadline_ms: 5000").unwrap().deadline, Duration::from_secs(5));
}

#[test]
fn all_problems_are_reported_at_once_with_their_positions() {
    assert_eq!(
        refusals(
            "enabled: true\nbase_url: https://evil-example.com/refs\ntimeout_ms: 0\ndeadline_ms: 4999\nretry_attempts: 21\n\
             retry: {policy: agressive, base_ms: 10, cap_ms: 9}\ncircuit_breaker_enabled: yes\nbreaker: {failures: -1, open: 3}\n\
             cache: {entries: 0, bytes: 1 MB, ttl_seconds: 86401}\nserve_stale_seconds: 1.5\nconcurrency: 1001\nbulk_sizes: 3\n\
             max_response: 5 GiB\n"
        ),
        [
            "c.yaml:2:11: base_url: records may not be sent to `evil-example.com`: `coordination_hosts` of the local configuration \
             does not list it",
            "c.yaml:3:13: timeout_ms: a whole number from 1 on is expected, but this is 0",
            "c.yaml:4:14: deadline_ms: all attempts together cannot take less (4999) than `timeout_ms` of one (5000)",
            "c.yaml:5:17: retry_attempts: at most 20 is possible, but this is 21",
            "c.yaml:6:17: retry.policy: `default` or `aggressive` or `conservative` or `quick` is expected, but this is \
             `agressive`, did you mean `aggressive`?",
            "c.yaml:6:49: retry.cap_ms: the longest pause cannot be shorter than the first one (10)",
            "c.yaml:7:26: circuit_breaker_enabled: `true` or `false` is expected, but this is a text",
            "c.yaml:8:21: breaker.failures: a whole number from 1 on is expected, but this is -1",
            "c.yaml:8:25: breaker.open: this key is not known, did you mean `open_seconds`?",
            "c.yaml:9:18: cache.entries: a whole number from 1 on is expected, but this is 0",
            "c.yaml:9:28: cache.bytes: `1 MB` is not a size: write a whole number and `B`, `KiB`, `MiB` or `GiB`, as in `16 MiB`",
            "c.yaml:9:47: cache.ttl_seconds: at most 86400 is possible, but this is 86401",
            "c.yaml:10:22: serve_stale_seconds: a whole number from 0 on is expected, but this is 1.5",
            "c.yaml:11:14: concurrency: at most 1000 is possible, but this is 1001",
            "c.yaml:12:1: bulk_sizes: this key is not known, did you mean `bulk_size`?",
            "c.yaml:13:15: max_response: at most 4 GiB is possible, but this is 5 GiB",
        ]
    );
}

#[test]
fn a_service_needs_a_url_and_a_wrong_one_is_reported_once() {
    assert_eq!(
        refusals("enabled: true"),
        ["c.yaml:1:1: base_url: it is missing: say where the coordination service is"]
    );
    for (text, count) in
        [("base_url: 7", 1), ("base_url: ftp://x", 1), ("enabled: true\nbase_url: [x]", 1), ("{}\n", 0)]
    {
        assert_eq!(parse(text).map_or_else(|problems| problems.iter().count(), |_| 0), count, "{text}");
    }
}

#[test]
fn headers_that_cannot_be_sent_are_refused_without_a_word_of_their_value() {
    let problems = |headers: &str| enabled(&format!("headers: {headers}")).unwrap_err().to_string();
    for (headers, reason) in [
        ("{Authorization: REF}", "the secret `REF` is not set, did you mean `REFS`?"),
        ("{Authorization: BROKEN}", "the secret `BROKEN` cannot be sent in a header"),
        ("{Authorization: null}", "it is missing"),
        ("{Authorization: REFS, authorization: REFS}", "the header `authorization` is there twice"),
        ("{'a b': REFS}", "`a b` is not the name of a header"),
        ("{'': REFS}", "`` is not the name of a header"),
        ("{Host: REFS}", "the header `host` is set by the client itself"),
        ("{Content-Length: REFS}", "the header `content-length` is set by the client itself"),
        ("{Transfer-Encoding: REFS}", "the header `transfer-encoding` is set by the client itself"),
        ("{Connection: REFS}", "the header `connection` is set by the client itself"),
        ("{Proxy-Authorization: REFS}", "the header `proxy-authorization` is set by the client itself"),
        ("{Content-Type: REFS}", "the header `content-type` is set by the client itself"),
        ("[REFS]", "a map is expected"),
    ] {
        let problems = problems(headers);
        assert!(problems.contains(reason) && !problems.contains("s3cret"), "{problems}");
    }
}
