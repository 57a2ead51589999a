//! Several tenants in one process: each has its own rules and its own files.

use jurat_tests::two_tenants::two_tenants;

use crate::connection::Connection;
use crate::server::{Server, Transport};

fn purpose(connection: &mut Connection, tenant: &str) -> String {
    let rulesets = connection.result("discover_rulesets", &format!(r#"{{"tenant":"{tenant}"}}"#));
    rulesets["quick"]["metadata"]["purpose"].as_str().unwrap().to_owned()
}

#[test]
fn each_tenant_has_rules_and_files_of_its_own() {
    let site = two_tenants("");
    for transport in [Transport::Tcp, Transport::Unix] {
        let mut server = Server::start_for_operators(&site, transport);
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
