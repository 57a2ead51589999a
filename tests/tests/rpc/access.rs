//! Who may do what over JSON-RPC: the same clients as over HTTP, on connections that last.

use std::time::{Duration, Instant};

use jurat_tests::two_tenants::{key, two_tenants_with_keys};
use serde_json::{Value, json};

use crate::connection::{Connection, request};
use crate::server::{Server, Transport};

fn authenticate(connection: &mut Connection, key: &str) {
    assert_eq!(connection.result("authenticate", &json!({"token": key}).to_string())["status"], "ok");
}

/// Every method that concerns a tenant, with its parameters for the one that is named.
fn calls(tenant: &str) -> Vec<(&'static str, String)> {
    const RECORD: &str = r#"{"id":"LOAN-1","$schema":"https://schemas.example.com/loan/v1.0.0"}"#;
    let tenant = json!(tenant);
    let one = format!(r#","entity_type":"loan","entity_data":{RECORD},"ruleset_name":"quick""#);
    let many = format!(r#","entities":[{RECORD}],"id_fields":["id"],"ruleset_name":"quick""#);
    let file = r#","file_uri":"loans.json","entity_types":[],"id_fields":["id"],"ruleset_name":"quick""#.to_owned();
    let pin = format!(r#","manifest":"{}""#, "0".repeat(64));
    let rest = [
        ("validate", one.clone()),
        ("batch_validate", many),
        ("batch_file_validate", file),
        ("discover_rules", one),
        ("discover_rulesets", String::new()),
        ("reload_logic", String::new()),
        ("pin", pin),
        ("rollback", String::new()),
        ("unpin", String::new()),
        ("get_cache_age", String::new()),
        ("status", String::new()),
    ];
    rest.into_iter().map(|(method, more)| (method, format!(r#"{{"tenant":{tenant}{more}}}"#))).collect()
}

#[test]
fn a_client_gets_nothing_of_another_tenant_by_any_method() {
    let site = two_tenants_with_keys();
    let scopes = ["--scope", "validate", "--scope", "discover", "--scope", "read-decisions", "--scope", "admin"];
    let key = key(&site, &[&["--tenant", "ours"][..], &scopes].concat());
    let mut server = Server::start(&site, Transport::Tcp);
    let mut client = server.connect();
    authenticate(&mut client, &key);
    let mut said = None;
    for tenant in ["theirs", "nobody", "THEIRS", " theirs", "ours/../theirs", "theirs\0", "*", ""] {
        for (method, parameters) in calls(tenant) {
            let message = client.refused(method, &parameters, -32000, "forbidden");
            // There is no difference between a tenant of somebody else and one that there is not.
            assert_eq!(*said.get_or_insert_with(|| message.clone()), message, "{method} {tenant}");
            assert!(!message.contains("theirs"), "{message}");
        }
    }
    // Nor by the way that a name is written, nor among requests that are allowed.
    client.refused("status", r#"{"\u0074enant":"\u0074heirs"}"#, -32000, "forbidden");
    let batch = [
        request("1", "discover_rulesets", "{}"),
        request("2", "discover_rulesets", r#"{"tenant":"theirs"}"#),
        request("3", "status", "{}"),
    ];
    client.send(format!("[{}]\n", batch.join(",")));
    let answers: Value = serde_json::from_str(&client.line().unwrap()).unwrap();
    assert_eq!(answers[1]["error"]["data"]["kind"], "forbidden", "{answers}");
    assert_eq!(answers[2]["result"]["tenants"].as_array().unwrap().len(), 1, "{answers}");
    assert!(!answers.to_string().contains("theirs") && !answers.to_string().contains("other checks"), "{answers}");
    for (method, parameters) in calls("ours") {
        match method {
            // There is no release with that digest, and no earlier one.
            "pin" => _ = client.refused(method, &parameters, -32000, "reload"),
            "rollback" => _ = client.refused(method, &parameters, -32000, "pin"),
            _ => _ = client.result(method, &parameters),
        }
    }
    assert_eq!(client.result("health", "{}")["status"], "ok");
    assert!(client.result("version", "{}")["version"].is_string());
}

#[test]
fn a_client_without_the_scope_is_refused_and_may_show_another_credential() {
    let site = two_tenants_with_keys();
    let (reads, runs) =
        (key(&site, &["--tenant", "ours", "--scope", "discover"]), key(&site, &["--scope", "operator"]));
    let mut server = Server::start(&site, Transport::Tcp);
    let mut client = server.connect();
    authenticate(&mut client, &reads);
    for (method, parameters) in calls("ours") {
        match method {
            "discover_rules" | "discover_rulesets" | "get_cache_age" => _ = client.result(method, &parameters),
            _ => assert!(client.refused(method, &parameters, -32000, "forbidden").contains("lacks the scope")),
        }
    }
    authenticate(&mut client, &runs);
    assert_eq!(client.result("status", "{}")["tenants"].as_array().unwrap().len(), 2);
    client.refused("discover_rulesets", r#"{"tenant":"ours"}"#, -32000, "forbidden");
    // A wrong one changes nothing.
    client.refused("authenticate", r#"{"token":"wrong"}"#, -32000, "authentication_failed");
    client.result("status", r#"{"tenant":"theirs"}"#);
}

#[test]
fn a_key_that_is_revoked_is_soon_refused_on_open_connections_too() {
    const PROMISED: Duration = Duration::from_secs(30);
    let site = two_tenants_with_keys();
    let revoked = key(&site, &["--tenant", "ours", "--scope", "discover"]);
    let stays = key(&site, &["--tenant", "ours", "--scope", "discover"]);
    let mut server = Server::start(&site, Transport::Tcp);
    let (mut client, mut other) = (server.connect(), server.reconnect());
    authenticate(&mut client, &revoked);
    authenticate(&mut other, &stays);
    client.result("discover_rulesets", "{}");
    let id = revoked.split('_').nth(1).unwrap();
    site.run(&["apikey", "revoke", "--config", "local-config.yaml", id]).ends_with(0);
    let began = Instant::now();
    loop {
        if let Err(refused) = client.call("discover_rulesets", "{}") {
            assert_eq!(refused.kind(), "authentication_failed");
            assert!(refused.message.contains("was revoked"), "{refused:?}");
            break;
        }
        assert!(began.elapsed() < PROMISED);
    }
    other.result("discover_rulesets", "{}");
    // The connection stays, and may show a credential that is good.
    authenticate(&mut client, &stays);
    client.result("discover_rulesets", "{}");
}

#[test]
fn who_starts_the_server_or_may_open_its_socket_is_its_operator() {
    let site = two_tenants_with_keys();
    for transport in [Transport::Stdio, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut client = server.connect();
        for tenant in ["ours", "theirs"] {
            client.result("discover_rulesets", &json!({"tenant": tenant}).to_string());
            client.result("reload_logic", &json!({"tenant": tenant}).to_string());
        }
        // There is nothing that it must show.
        authenticate(&mut client, "anything");
    }
}
