//! Tenants and their releases, as clients of the HTTP API see them.

use std::fs;
use std::path::Path;
use std::time::Instant;

use jurat_tests::connection::PATIENCE;
use jurat_tests::http::{Http, get, post, request};
use jurat_tests::server::{OPERATOR_TOKEN, Server};
use jurat_tests::site::{CONFIG, Site};
use jurat_tests::two_tenants::bearer;
use serde_json::{Value, json};

use crate::loans::{lines, loans, one};

/// A site with two tenants, one of which has files.
fn shared() -> Site {
    let site = Site::configured("");
    let tenant = |name: &str, more: &str| {
        let lines: String = format!("{CONFIG}{more}").lines().map(|line| format!("    {line}\n")).collect();
        format!("  {name}:\n{lines}")
    };
    let (ours, theirs) = (tenant("ours", "data_roots: [data]\n"), tenant("theirs", ""));
    site.write("local-config.yaml", format!("tenants:\n{ours}{theirs}"));
    site
}

#[test]
fn a_request_names_its_tenant_where_there_are_several() {
    let site = shared();
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let named = |tenant: &str| {
        let mut body: Value = serde_json::from_str(&one()).unwrap();
        body["tenant"] = tenant.into();
        post("/api/v1/validate", body.to_string())
    };
    http.ask(post("/api/v1/validate", one())).is_problem(400, "tenant_needed");
    http.ask(get("/api/v1/discover-rulesets")).is_problem(400, "tenant_needed");
    http.ask(named("nobody")).is_problem(404, "unknown_tenant");
    let typed = ["Content-Type: application/x-ndjson"];
    http.ask(request("POST", "/api/v1/batch?ruleset_name=quick", &typed, lines())).is_problem(400, "tenant_needed");
    for tenant in ["ours", "theirs"] {
        http.ask(named(tenant)).result();
        http.ask(get(&format!("/api/v1/discover-rulesets?tenant={tenant}"))).result();
        let path = format!("/api/v1/batch?ruleset_name=quick&tenant={tenant}");
        assert_eq!(http.ask(request("POST", &path, &typed, lines())).lines().len(), 13);
    }
    // The files of one tenant are not those of the other.
    let mut file = json!({"file_uri": "loans.json", "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick", "tenant": "ours"});
    http.ask(post("/api/v1/batch-file", file.to_string())).result();
    file["tenant"] = "theirs".into();
    http.ask(post("/api/v1/batch-file", file.to_string())).is_problem(403, "data_refused");
}

#[test]
fn a_server_whose_release_is_revoked_is_not_ready_and_judges_nothing() {
    let site = Site::configured("");
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let mut http = server.http();
    let mut operator = Http::connect(&server.operators_address);
    assert_eq!(http.ask(get("/ready")).status(), 200);
    let results = http.ask(post("/api/v1/validate", one())).result();
    let manifest = results[0]["release"]["manifest"].as_str().unwrap().to_owned();
    site.revoke(&manifest);
    // There is no other release, so this fails; either way, the revoked one serves no longer.
    let began = Instant::now();
    while http.ask(get("/ready")).status() == 200 {
        operator.ask(request("POST", "/api/v1/reload", &[&bearer(OPERATOR_TOKEN)], ""));
        assert!(began.elapsed() < PATIENCE, "it is ready");
    }
    let response = http.ask(post("/api/v1/validate", one()));
    response.is_problem(503, "release_revoked");
    assert_eq!(response.header("retry-after"), Some("1"));
    let typed = ["Content-Type: application/x-ndjson"];
    let response = http.ask(request("POST", "/api/v1/batch?ruleset_name=quick", &typed, lines()));
    response.is_problem(503, "release_revoked");
    let response = http.ask(get("/ready"));
    assert_eq!((response.status(), response.header("retry-after")), (503, Some("1")));
    // The process itself is well.
    assert_eq!(http.ask(get("/health")).text(), "ok");
}

#[test]
fn a_file_that_is_too_long_or_no_json_is_refused() {
    let site = Site::configured("data_roots: [data]\nmax_file: 32 KiB\n");
    let list = |count: usize| serde_json::to_string(&vec![loans()[0].clone(); count]).unwrap();
    site.write("data/short.json", list(10));
    site.write("data/long.json", list(200));
    site.write("data/table.csv", "id;amount\n1;2\n");
    let fits = 32 * 1024 - list(10).len();
    site.write("data/fits.json", list(10) + &" ".repeat(fits));
    site.write("data/beyond.json", list(10) + &" ".repeat(fits + 1));
    let length = |name: &str| fs::metadata(site.path(Path::new("data").join(name))).unwrap().len();
    assert_eq!((length("fits.json"), length("beyond.json")), (32 << 10, (32 << 10) + 1));
    let server = Server::serve(&site, &[]);
    let mut http = server.http();
    let mut ask = |name: &str| {
        let body = json!({"file_uri": name, "entity_types": ["loan"], "id_fields": ["id"], "ruleset_name": "quick"});
        http.ask(post("/api/v1/batch-file", body.to_string()))
    };
    for name in ["short.json", "fits.json"] {
        assert_eq!(ask(name).result().as_array().unwrap().len(), 10);
    }
    for name in ["long.json", "beyond.json"] {
        ask(name).is_problem(413, "data_too_large");
    }
    ask("table.csv").is_problem(422, "not_json");
}
