//! How much clients may do: limits by tenant, by key and by address, and what they are told of them.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use jurat_tests::http::{Http, Response, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::two_tenants::{bearer, key, two_tenants};
use serde_json::Value;

use crate::loans::one;

const KEYS: &str = "api_keys: {file: keys/api-keys.json, pepper_file: pepper}";

/// A site with these limits.
fn limited(rates: &str, of_clients: &str) -> Site {
    let site = two_tenants(&format!("rates: {rates}\nserver: {{{KEYS}, {of_clients}}}\n"));
    site.write("pepper", "0123456789abcdef0123456789abcdef");
    site
}

fn validate(credential: &str, tenant: &str) -> Vec<u8> {
    let body = one().replacen('{', &format!(r#"{{"tenant":"{tenant}","#), 1);
    request("POST", "/api/v1/validate", &["Content-Type: application/json", &bearer(credential)], body)
}

#[track_caller]
fn is_limited(response: &Response, tier: &str) {
    response.is_problem(429, "rate_limited");
    assert!(response.text().contains(&format!("this {tier} may have")), "{}", response.text());
    let seconds: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let left = response.header("ratelimit").unwrap();
    assert!(left.starts_with(&format!("\"{tier}\";r=0;t=")), "{left}");
}

#[test]
fn each_tier_has_a_limit_and_a_refusal_costs_nothing() {
    let site = limited("{validate: 5}", "key_rates: {validate: 3}, address_rates: {validate: 7}");
    let [ours, other] = [(); 2].map(|()| key(&site, &["--tenant", "ours", "--scope", "validate"]));
    let theirs = key(&site, &["--tenant", "theirs", "--scope", "validate", "--rate", "validate=100"]);
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let first = client.ask(validate(&ours, "ours"));
    first.clone().result();
    let policies = r#""tenant";q=5;w=60, "key";q=3;w=60, "address";q=7;w=60"#;
    assert_eq!(first.header("ratelimit-policy"), Some(policies));
    assert!(first.header("ratelimit").unwrap().starts_with(r#""tenant";r=4;t=12, "key";r=2;t=20, "address";r=6;t="#));
    for _ in 0..2 {
        client.ask(validate(&ours, "ours")).result();
    }
    for _ in 0..20 {
        is_limited(&client.ask(validate(&ours, "ours")), "key");
    }
    for _ in 0..2 {
        client.ask(validate(&other, "ours")).result();
    }
    is_limited(&client.ask(validate(&other, "ours")), "tenant");
    // The other tenant is not concerned, and its key has a rate of its own; the address is the same.
    for _ in 0..2 {
        client.ask(validate(&theirs, "theirs")).result();
    }
    is_limited(&client.ask(validate(&theirs, "theirs")), "address");
    // Other kinds of requests have buckets of their own, and what is forbidden costs nothing.
    for _ in 0..10 {
        client.ask(validate(&ours, "theirs")).is_problem(403, "forbidden");
    }
    let probe = client.ask(request("GET", "/health", &[], ""));
    assert_eq!((probe.status(), probe.header("ratelimit")), (200, None));
}

/// All results are there, and the summary.
#[track_caller]
fn complete(response: &Response, records: usize) {
    assert_eq!(response.status(), 200, "{}", response.text());
    let lines: Vec<_> = response.text().lines().collect();
    assert_eq!(lines.len(), records + 1);
    assert!(lines[records].starts_with(r#"{"summary":"#), "{}", lines[records]);
}

#[test]
fn records_beyond_the_limit_slow_a_stream_down_and_do_not_break_it_off() {
    let site = limited("{records: 600}", "key_rates: null, address_rates: null");
    let key = key(&site, &["--tenant", "ours", "--scope", "validate"]);
    let server = Server::serve(&site, &[]);
    let mut client = server.http();
    let headers = ["Content-Type: application/x-ndjson", &bearer(&key)];
    let stream = |records: usize| {
        let lines =
            (0..records).map(|id| format!("{{\"id\":\"{id}\",\"entity_type\":\"loan\"}}\n")).collect::<String>();
        request("POST", "/api/v1/batch?ruleset_name=quick", &headers, lines)
    };
    complete(&client.ask(stream(590)), 590);
    // Ten are left, and ten come back each second.
    let began = Instant::now();
    complete(&client.ask(stream(20)), 20);
    assert!(began.elapsed().as_millis() >= 900, "{:?}", began.elapsed());
    // A request that would begin without any is refused.
    let mut refused = client.ask(stream(1));
    while refused.status() == 200 {
        complete(&refused, refused.text().lines().count() - 1);
        refused = client.ask(stream(5));
    }
    refused.is_problem(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn operators_see_what_clients_have_left_and_give_it_back() {
    let site = limited("{validate: 5}", "key_rates: {validate: 2}, address_rates: null");
    let key = key(&site, &["--tenant", "ours", "--scope", "validate"]);
    let server = Server::serve(&site, &["--operator-unix", "operators"]);
    let mut client = server.http();
    let shown = |format: &[&str]| site.run(&[&["limits", "show", "--unix", "operators"], format].concat()).ends_with(0);
    assert_eq!(shown(&[]), "");
    for _ in 0..2 {
        client.ask(validate(&key, "ours")).result();
    }
    is_limited(&client.ask(validate(&key, "ours")), "key");
    let name = format!("key/jk_{}/validate", key.split('_').nth(1).unwrap());
    let text = shown(&[]);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with(&format!("{name}  0 of 2 left, full in ")), "{text}");
    assert!(lines[1].starts_with("tenant/ours/validate  3 of 5 left, full in "), "{text}");
    let report: Value = serde_json::from_str(&shown(&["--format", "json"])).unwrap();
    assert_eq!((&report["not_full"], &report["allowed"], &report["refused"]), (&2.into(), &2.into(), &1.into()));
    assert!(!report.to_string().contains(&key), "{report}");

    site.run(&["limits", "reset", "--unix", "operators", &name]).ends_with(0);
    client.ask(validate(&key, "ours")).result();
    site.run(&["limits", "reset", "--unix", "operators", "key/nobody/validate"])
        .refuses(2, &["there is no such bucket"]);
    site.run(&["limits", "reset", "--unix", "operators", "--all"]).ends_with(0);
    assert_eq!(shown(&[]), "");
    site.run(&["limits", "show", "--unix", "nowhere"]).refuses(4, &["the server does not say it"]);
    site.run(&["limits", "show"]).refuses(2, &["--unix"]);
}

#[test]
fn only_operators_see_the_limits() {
    let site = limited("null", "key_rates: null, address_rates: null");
    let admin = key(&site, &["--tenant", "ours", "--scope", "admin"]);
    let operator = key(&site, &["--scope", "operator"]);
    let server = Server::serve(&site, &["--operator-port", "0"]);
    let ask = |credential: &str| request("GET", "/api/v1/limits", &[&bearer(credential)], "");
    server.http().ask(ask(&operator)).is_problem(404, "unknown_path");
    let mut operators = Http::connect(&server.operators_address);
    operators.ask(ask(&admin)).is_problem(403, "forbidden");
    assert_eq!(operators.ask(ask(&operator)).result()["not_full"], 0);
    site.write("credential", &operator);
    std::fs::set_permissions(site.path("credential"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = format!("http://{}", server.operators_address);
    site.run(&["limits", "show", "--url", &url, "--credential-file", "credential"]).ends_with(0);
    site.run(&["limits", "show", "--url", &url]).refuses(4, &["Authorization: Bearer"]);
}
