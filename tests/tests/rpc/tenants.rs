//! Several tenants in one process: each has its own rules and its own files.

use jurat_tests::site::{CONFIG, Site};

use crate::connection::Connection;
use crate::server::{Server, Transport};
use crate::sites::{configured, edit};

/// Two tenants, one with rules of its own.
fn shared() -> Site {
    let site = configured("");
    let source = site.sources("other");
    edit(&source.join("business-config.yaml"), "Checks while a record is typed in", "other checks");
    let first = site.files("repository");
    site.publish_from(&source, jurat_tests::site::TARGET);
    for (path, bytes) in site.files("repository") {
        site.write(std::path::Path::new("theirs").join(path), bytes);
    }
    std::fs::remove_dir_all(site.path("repository")).unwrap();
    for (path, bytes) in first {
        site.write(path, bytes);
    }
    site.write("ours/loans.json", jurat_tests::site::sample("loans.json"));
    let tenant = |name: &str, config: String| {
        let lines: String = config.lines().map(|line| format!("    {line}\n")).collect();
        format!("  {name}:\n{lines}")
    };
    let theirs = CONFIG.replace("uri: repository", "uri: theirs/repository");
    let config =
        format!("tenants:\n{}{}", tenant("ours", CONFIG.to_owned() + "data_roots: [ours]\n"), tenant("theirs", theirs));
    site.write("local-config.yaml", config);
    site
}

fn purpose(connection: &mut Connection, tenant: &str) -> String {
    let rulesets = connection.result("discover_rulesets", &format!(r#"{{"tenant":"{tenant}"}}"#));
    rulesets["quick"]["metadata"]["purpose"].as_str().unwrap().to_owned()
}

#[test]
fn each_tenant_has_rules_and_files_of_its_own() {
    let site = shared();
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        assert_eq!(purpose(&mut connection, "ours"), "Checks while a record is typed in");
        assert_eq!(purpose(&mut connection, "theirs"), "other checks");
        for method in ["discover_rulesets", "reload_logic", "get_cache_age"] {
            connection.refused(method, "{}", -32000, "tenant_needed");
            connection.refused(method, r#"{"tenant":"nobody"}"#, -32000, "unknown_tenant");
            connection.result(method, r#"{"tenant":"theirs"}"#);
        }
        let file = |tenant: &str| {
            format!(
                r#"{{"tenant":"{tenant}","file_uri":"loans.json","entity_types":[],"id_fields":["id"],"ruleset_name":"quick"}}"#
            )
        };
        assert_eq!(connection.result("batch_file_validate", &file("ours")).as_array().unwrap().len(), 12);
        connection.refused("batch_file_validate", &file("theirs"), -32000, "data_refused");
        assert_eq!(connection.result("status", "{}")["tenants"].as_array().unwrap().len(), 2);
        assert_eq!(connection.result("status", r#"{"tenant":"ours"}"#)["tenants"].as_array().unwrap().len(), 1);
    }
}
