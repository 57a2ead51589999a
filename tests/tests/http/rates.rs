//! How much clients may do: limits by tenant, by key and by address, and what they are told of them.

use std::time::Instant;

use jurat_tests::http::{Response, request};
use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::two_tenants::{bearer, key, two_tenants};

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
