//! New releases while the server runs: good ones serve, bad ones do not.

use std::fs;

use jurat_tests::site::{Site, TARGET};
use serde_json::Value;

use crate::connection::{Connection, request};
use crate::coordination_service::{Behavior, CoordinationService};
use crate::server::{Server, Transport};
use crate::sites::{self, configured, edit};

/// What the ruleset `quick` is for, which is how releases are told apart here.
fn purpose(connection: &mut Connection) -> String {
    connection.result("discover_rulesets", "{}")["quick"]["metadata"]["purpose"].as_str().unwrap().to_owned()
}

fn tenant(connection: &mut Connection) -> Value {
    connection.result("status", "{}")["tenants"][0].clone()
}

/// Publishes a release that is for something else.
fn publish(site: &Site, version: &str, purpose: &str) {
    let source = site.sources(version);
    edit(&source.join("release.yaml"), "version: 1.0.0", &format!("version: {version}"));
    edit(&source.join("business-config.yaml"), "Checks while a record is typed in", purpose);
    site.publish_from(&source, TARGET);
}

#[test]
fn a_good_release_serves_and_a_bad_one_does_not() {
    for transport in Transport::ALL {
        let site = configured("");
        let mut server = Server::start_for_operators(&site, transport);
        let mut connection = server.connect();
        let first = purpose(&mut connection);
        let reload = |connection: &mut Connection| {
            connection.result("reload_logic", "{}")["message"].as_str().unwrap().to_owned()
        };
        let unchanged = reload(&mut connection);
        assert_eq!(tenant(&mut connection)["generation"], 1);

        publish(&site, "1.1.0", "better checks");
        assert_eq!(purpose(&mut connection), first);
        assert_ne!(reload(&mut connection), unchanged);
        assert_eq!(purpose(&mut connection), "better checks");
        let good = tenant(&mut connection);
        assert_eq!((&good["generation"], &good["release"]["version"]), (&2.into(), &"1.1.0".into()));
        assert_eq!((&good["previous"][0]["version"], &good["failure"]), (&"1.0.0".into(), &Value::Null));

        // Signed by all keys that must sign, and still not usable.
        site.smuggle("business-config.yaml", b"rulesets: 5\n");
        let metadata = fs::read(site.path(jurat_tests::forge::METADATA)).unwrap();
        let message = connection.refused("reload_logic", "{}", -32000, "reload");
        assert!(message.contains("was not switched"), "{message}");
        assert!(message.contains("rulesets"), "it does not say why: {message}");
        assert_eq!(purpose(&mut connection), "better checks");
        let status = connection.result("status", "{}");
        assert_eq!(status["health"], "degraded");
        let bad = &status["tenants"][0];
        assert_eq!((&bad["generation"], &bad["release"]), (&good["generation"], &good["release"]));
        assert!(bad["failure"]["reasons"].to_string().contains("rulesets"), "{bad}");

        // Not signed.
        let flipped = String::from_utf8(metadata.clone()).unwrap().replacen("sig\": \"", "sig\": \"A", 1).replacen(
            "sig\":\"",
            "sig\":\"A",
            1,
        );
        site.write(jurat_tests::forge::METADATA, flipped);
        connection.refused("reload_logic", "{}", -32000, "reload");
        assert_eq!(purpose(&mut connection), "better checks");

        // What comes next is all right.
        site.write(jurat_tests::forge::METADATA, metadata);
        publish(&site, "1.2.0", "the best checks");
        assert_ne!(reload(&mut connection), unchanged);
        assert_eq!(purpose(&mut connection), "the best checks");
        let well = connection.result("status", "{}");
        assert_eq!((&well["health"], &well["tenants"][0]["failure"]), (&"ok".into(), &Value::Null));
        assert!(connection.result("get_cache_age", "{}")["cache_age"].as_f64().unwrap() < 60.0);
    }
}

#[test]
fn an_older_release_does_not_come_back() {
    let site = configured("");
    let older = site.files("repository/metadata");
    publish(&site, "1.1.0", "better checks");
    let mut server = Server::start_for_operators(&site, Transport::Stdio);
    let mut connection = server.connect();
    assert_eq!(purpose(&mut connection), "better checks");
    for (path, bytes) in older {
        site.write(path, bytes);
    }
    let message = connection.refused("reload_logic", "{}", -32000, "reload");
    assert!(message.contains("version 1") && message.contains("version 2"), "{message}");
    assert_eq!(purpose(&mut connection), "better checks");
}

#[test]
fn what_is_under_way_ends_on_the_release_that_it_began_with() {
    let service = CoordinationService::start();
    service.on("L-1", &[Behavior::Waits]);
    let site = sites::coordinated(&service.host(), "timeout_ms: 60000\n");
    let mut server = Server::start_for_operators(&site, Transport::Tcp);
    let (mut slow, mut other) = (server.connect(), server.connect());
    let loan = r#"{"$schema":"https://schemas.example.com/loan/v1.0.0","id":"L-1","financial":{"principal_amount":1}}"#;
    let params = format!(r#"{{"entity_type":"loan","entity_data":{loan},"ruleset_name":"related"}}"#);
    slow.send(request("1", "validate", &params) + "\n");
    service.is_asked(1);

    // In the next release, that ruleset begins with another rule.
    let source = site.sources("next");
    let config = fs::read_to_string(source.join("business-config.yaml")).unwrap();
    let config = config.replace(
        "        - rule_id: rule_006_v1\n",
        "        - rule_id: rule_003_v1\n        - rule_id: rule_006_v1\n",
    );
    fs::write(source.join("business-config.yaml"), config).unwrap();
    let vectors = fs::read_to_string(source.join("vectors/related.json")).unwrap();
    fs::write(
        source.join("vectors/related.json"),
        vectors.replace("\"rule_006_v1\":", "\"rule_003_v1\": \"PASS\", \"rule_006_v1\":"),
    )
    .unwrap();
    site.publish_from(&source, TARGET);
    other.result("reload_logic", "{}");
    let rules = |results: &Value| {
        let ids = results.as_array().unwrap().iter().map(|result| result["rule_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(rules(&other.result("validate", &params.replace("L-1", "L-2"))), ["rule_003_v1", "rule_006_v1"]);

    service.release();
    let results: Value = serde_json::from_str(&slow.answer().outcome().unwrap()).unwrap();
    assert_eq!(rules(&results), ["rule_006_v1"]);
    assert_eq!(rules(&slow.result("validate", &params)), ["rule_003_v1", "rule_006_v1"]);
}

#[test]
fn a_new_release_is_found_without_being_asked_for() {
    let site = configured("poll_seconds: 1\n");
    let mut server = Server::start_for_operators(&site, Transport::Stdio);
    let mut connection = server.connect();
    assert_ne!(purpose(&mut connection), "better checks");
    publish(&site, "1.1.0", "better checks");
    let begun = std::time::Instant::now();
    while purpose(&mut connection) != "better checks" {
        assert!(begun.elapsed() < crate::connection::PATIENCE, "it is never found");
    }
}
