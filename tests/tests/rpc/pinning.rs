//! Pinning a release, over each transport.

use jurat_tests::site::{Site, TARGET};
use serde_json::Value;

use crate::connection::{Connection, PATIENCE};
use crate::server::{Server, Transport};
use crate::sites::{configured, edit};

/// A host that keeps releases and pins.
const MEMORY: &str = "state_dir: state\nlogic_cache_dir: cache\n";

fn publish(site: &Site, version: &str) {
    let source = site.sources(version);
    edit(&source.join("release.yaml"), "version: 1.0.0", &format!("version: {version}"));
    site.publish_from(&source, TARGET);
}

fn tenant(connection: &mut Connection) -> Value {
    connection.result("status", "{}")["tenants"][0].clone()
}

fn version(connection: &mut Connection) -> String {
    tenant(connection)["release"]["version"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_of_the_unix_socket_decides_what_serves() {
    let site = configured(MEMORY);
    let mut server = Server::start(&site, Transport::Unix);
    let mut connection = server.connect();
    let first = tenant(&mut connection)["release"]["manifest"].as_str().unwrap().to_owned();
    publish(&site, "1.1.0");
    connection.result("reload_logic", "{}");

    assert_eq!(connection.result("rollback", r#"{"reason":"too strict"}"#)["status"], "ok");
    let held = tenant(&mut connection);
    assert_eq!((&held["release"]["version"], &held["pin"]["reason"]), (&"1.0.0".into(), &"too strict".into()));
    assert_eq!((&held["pin"]["manifest"], &held["pin"]["by"]), (&first.clone().into(), &"rpc".into()));
    connection.refused("rollback", "{}", -32000, "pin");
    connection.result("unpin", "{}");
    assert_eq!((version(&mut connection), &tenant(&mut connection)["pin"]), ("1.1.0".to_owned(), &Value::Null));
    connection.result("pin", &format!(r#"{{"manifest":"{first}"}}"#));
    assert_eq!(version(&mut connection), "1.0.0");

    connection.refused("pin", "{}", -32602, "missing_parameter");
    connection.refused("pin", r#"{"manifest":"5f"}"#, -32602, "wrong_parameter");
    let long = format!(r#"{{"manifest":"{first}","reason":"{}"}}"#, "x".repeat(1_001));
    connection.refused("pin", &long, -32602, "wrong_parameter");
}

#[test]
fn clients_that_nobody_has_authenticated_do_not_decide_what_serves() {
    let site = configured(MEMORY);
    let mut server = Server::start(&site, Transport::Tcp);
    let mut connection = server.connect();
    let pin = format!(r#"{{"manifest":"{}"}}"#, "0".repeat(64));
    for (method, params) in [("pin", pin.as_str()), ("rollback", "{}"), ("unpin", "{}"), ("status", "{}")] {
        connection.refused(method, params, -32000, "forbidden");
    }
}

#[test]
fn a_revoked_release_cannot_be_pinned() {
    let site = configured(MEMORY);
    let mut server = Server::start(&site, Transport::Unix);
    let mut connection = server.connect();
    let first = tenant(&mut connection)["release"]["manifest"].as_str().unwrap().to_owned();
    publish(&site, "1.1.0");
    connection.result("reload_logic", "{}");
    site.revoke(&first);
    connection.result("reload_logic", "{}");
    let message = connection.refused("pin", &format!(r#"{{"manifest":"{first}"}}"#), -32000, "reload");
    assert!(message.contains("revoked"), "{message}");
    assert_eq!((version(&mut connection), &tenant(&mut connection)["pin"]), ("1.1.0".to_owned(), &Value::Null));
}

#[test]
fn a_running_server_follows_the_command_line() {
    let site = configured(MEMORY);
    let mut server = Server::start_for_operators(&site, Transport::Tcp);
    let mut connection = server.connect();
    publish(&site, "1.1.0");
    connection.result("reload_logic", "{}");
    let mut follows = |command: &[&str], expected: &str| {
        site.run(&[command, &["--config", "local-config.yaml"]].concat()).ends_with(0);
        let begun = std::time::Instant::now();
        while version(&mut connection) != expected {
            assert!(begun.elapsed() < PATIENCE, "it does not follow `{}`", command.join(" "));
        }
    };
    follows(&["rollback"], "1.0.0");
    follows(&["unpin"], "1.1.0");
    let status = site.run(&["status", "--config", "local-config.yaml"]).ends_with(0);
    assert!(status.contains("running") && status.contains("loan 1.1.0"), "{status}");
    site.run(&["pin", "0000", "--config", "local-config.yaml"]).refuses(2, &["has not kept", "loan 1.1.0"]);
}
