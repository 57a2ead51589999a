use super::*;
use crate::settings::{ApiSettings, Environment, Origins};

#[test]
fn everything_of_the_api_can_be_set() {
    let settings = parse(&format!(
        "{SMALLEST}environment: development\n\
         api:\n  host: \"::1\"\n  port: 0\n  hosts: [rules.example.com, \"*.example.org:8443\"]\n  origins: [\"https://app.example.com\"]\n  credentials: true\n  \
           max_body: 1 MiB\n  max_parameters: 2 KiB\n  max_stream: 3 MiB\n  max_records: 4\n  compressed_requests: true\n  \
           max_headers: 5\n  max_header_bytes: 8 KiB\n  header_timeout_ms: 7\n  idle_timeout_ms: 8\n  body_timeout_ms: 9\n  \
           request_timeout_ms: 10\n  max_concurrent: 11\n  max_queued: 0\n  queue_timeout_ms: 13\n  drain_delay_ms: 14\n"
    ))
    .unwrap();
    let number = |number| NonZeroU32::new(number).unwrap();
    let expected = ApiSettings {
        environment: Environment::Development,
        host: "::1".to_owned(),
        port: 0,
        hosts: ["rules.example.com", "*.example.org:8443"].map(|host| host.parse().unwrap()).to_vec(),
        origins: Origins::Listed(vec![url::Url::parse("https://app.example.com").unwrap().origin()]),
        credentials: true,
        max_body: Bytes::mebi(1),
        max_parameters: Bytes::kibi(2),
        max_stream: Bytes::mebi(3),
        max_records: number(4),
        compressed_requests: true,
        max_headers: number(5),
        max_header_bytes: Bytes::kibi(8),
        header_timeout: Duration::from_millis(7),
        idle_timeout: Duration::from_millis(8),
        body_timeout: Duration::from_millis(9),
        request_timeout: Duration::from_millis(10),
        max_concurrent: number(11),
        max_queued: 0,
        queue_timeout: Duration::from_millis(13),
        drain_delay: Duration::from_millis(14),
    };
    assert_eq!(settings.api, expected);
}

#[test]
fn what_is_not_safe_in_production_is_refused_there() {
    let everybody = "api: {origins: [\"https://a.example.com\", \"*\"]}\n";
    for environment in ["", "environment: production\n"] {
        let refused = refusals(&format!("{SMALLEST}{environment}{everybody}"));
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains("api.origins[1]: any web page could call this server"), "{refused:?}");
    }
    let settings = parse(&format!("{SMALLEST}environment: development\n{everybody}")).unwrap();
    assert_eq!((settings.api.origins, settings.api.environment), (Origins::All, Environment::Development));

    let refused =
        refusals(&format!("{SMALLEST}environment: development\napi: {{origins: [\"*\"], credentials: true}}\n"));
    assert!(refused[0].contains("api.credentials: browsers send no credentials"), "{refused:?}");
}

#[test]
fn the_limit_of_headers_has_limits() {
    for (count, is_fine) in [("1", true), ("1000", true), ("1001", false), ("0", false)] {
        let read = parse(&format!("{SMALLEST}api: {{max_headers: {count}}}\n"));
        assert_eq!(read.is_ok(), is_fine, "{count}");
    }
    for (size, is_fine) in [("8 KiB", true), ("1 MiB", true), ("8191", false), ("1048577", false)] {
        let read = parse(&format!("{SMALLEST}api: {{max_header_bytes: {size}}}\n"));
        assert_eq!(read.is_ok(), is_fine, "{size}");
    }
}
