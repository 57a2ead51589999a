//! Rules that did not run: where a ruleset says that they must, where a run says that it counts, and where a related entity could not be
//! had.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use jurat_tests::unsigned;

use crate::program::Outcome;
use crate::site::{Site, results, root};

const CONFIG: &str = r"
rulesets:
  may:
    rules:
      loan: [{rule_id: rule_002_v1}, {rule_id: rule_006_v1}]
  must:
    rules:
      loan: [{rule_id: rule_002_v1}, {rule_id: rule_006_v1, must_run: true}]
default_helpers: {loan: loan_v1.json, facility: facility_v1.json}
";

/// A loan without a facility.
const LOAN: &str = r#"{"id":"a","entity_type":"loan","financial":{"principal_amount":100,"outstanding_balance":10,"currency":"EUR","interest_rate":0.01},"dates":{"origination_date":"2023-01-15","maturity_date":"2033-01-15"}}"#;

/// A site with two rulesets of the sample rules, unsigned, and further lines of its configuration.
fn site(more: &str) -> Site {
    let site = Site::empty();
    let source = root().join("rules/loan");
    for map in ["loan_v1.json", "facility_v1.json"] {
        site.write(format!("rules/{map}"), std::fs::read(source.join("field-maps").join(map)).unwrap());
    }
    site.write("rules/business-config.yaml", CONFIG);
    site.write(
        "rules/release.yaml",
        "name: loan\nversion: 1.0.0\nbusiness_config: business-config.yaml\ncomponents: [{path: loan_rules.wasm}]\n\
         field_maps: [loan_v1.json, facility_v1.json]\n",
    );
    let rules = site.path("rules").display().to_string();
    site.write("local-config.yaml", format!("tenants:\n{}{more}", unsigned::tenant("loans", &rules, "")));
    site
}

fn batch(site: &Site, ruleset: &str, more: &[&str]) -> Outcome {
    let arguments = ["batch", "--config", "local-config.yaml", "--ruleset", ruleset, "--failures", "failures"];
    site.feed(&[&arguments[..], &["--good", "good", "--bad", "bad"], more].concat(), LOAN.as_bytes())
}

fn file(site: &Site, name: &str) -> String {
    String::from_utf8(std::fs::read(site.path(name)).unwrap()).unwrap()
}

#[test]
fn a_rule_that_did_not_run_counts_where_the_run_says_so() {
    let site = site("");
    let outcome = batch(&site, "may", &[]);
    assert!(
        outcome.stdout.contains("rule_006_v1 ran on no record: not run: no `parent` was given"),
        "{}",
        outcome.stdout
    );
    outcome.ends_with(0);
    assert_eq!((file(&site, "failures").as_str(), file(&site, "bad").as_str()), ("", ""));

    let outcome = batch(&site, "may", &["--fail-on", "warn,norun"]);
    let why = "error: a rule on 1 record says NORUN: `--fail-on norun` makes that a failure";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    outcome.ends_with(1);
    let lines = results(&file(&site, "failures"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["rule_id"], &lines[0]["status"]), (&"rule_006_v1".into(), &"NORUN".into()));
    assert_eq!((file(&site, "bad").trim_end(), file(&site, "good").as_str()), (LOAN, ""));

    batch(&site, "may", &["--fail-on", "warn"]).ends_with(0);
    batch(&site, "may", &["--fail-on", "fail"]).refuses(2, &["--fail-on", "warn, norun"]);
}

#[test]
fn a_rule_that_must_run_and_did_not_is_an_error() {
    let site = site("");
    let outcome = batch(&site, "must", &[]);
    assert!(outcome.stdout.contains("ran on no record"), "{}", outcome.stdout);
    outcome.ends_with(1);
    let lines = results(&file(&site, "failures"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let of_rule = ["rule_id", "status", "code", "message"].map(|member| lines[0][member].as_str().unwrap());
    let message = "the rule must run on every record, and did not run on this one; not run: no `parent` was given for this record";
    assert_eq!(of_rule, ["rule_006_v1", "ERROR", "must_run", message]);
    let validated = ["validate", "--config", "local-config.yaml", "--ruleset", "must", "--format", "ndjson"];
    let outcome = site.feed(&validated, LOAN.as_bytes());
    assert!(outcome.stdout.contains(r#""code":"must_run""#), "{}", outcome.stdout);
    outcome.ends_with(1);
}

/// A site that asks the coordination service at an address.
fn coordinated(address: &str) -> Site {
    let site = site(&format!(
        "    coordination_service_config_uri: coordination.yaml\n    coordination_hosts: [\"{address}\"]\n"
    ));
    site.write(
        "coordination.yaml",
        format!("enabled: true\nbase_url: http://{address}\nretry_attempts: 1\ntimeout_ms: 2000\n"),
    );
    site
}

/// Gives the same response to every request, until the test ends.
fn service(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().try_for_each(|stream| respond(stream?, response)));
    address
}

/// Reads one request and responds to it.
fn respond(mut stream: TcpStream, response: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    stream.write_all(response.as_bytes())
}

#[test]
fn a_refusal_makes_a_record_bad_and_an_entity_that_does_not_exist_does_not() {
    let cases = [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1, "coordination_refused"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!", 1, "coordination_malformed"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{\"parent\":5}",
            1,
            "coordination_malformed",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 0, "coordination_term_missing"),
    ];
    for (response, code, reason) in cases {
        let site = coordinated(&service(response));
        batch(&site, "may", &["--results", "results", "--allow-norun"]).ends_with(code);
        let of_rule = &results(&file(&site, "results"))[0]["results"][1];
        assert_eq!((&of_rule["status"], &of_rule["code"]), (&"NORUN".into(), &reason.into()));
        assert!(of_rule.get("indeterminate").is_none(), "{of_rule}");
        let failures = results(&file(&site, "failures"));
        assert_eq!(failures.first().map(|line| &line["code"]), (code == 1).then_some(&reason.into()), "{failures:?}");
        batch(&site, "may", &["--allow-unavailable", "--allow-norun"]).ends_with(0);
        // That the rule must run is another matter.
        batch(&site, "must", &["--allow-unavailable"]).ends_with(1);
        assert_eq!(results(&file(&site, "failures"))[0]["code"], "must_run");
    }
}

#[test]
fn an_outage_makes_a_record_bad_unless_that_is_allowed() {
    let site = coordinated("127.0.0.1:1");
    let outcome = batch(&site, "may", &[]);
    assert!(outcome.stdout.contains("1 record lacks a related entity that could not be had"), "{}", outcome.stdout);
    outcome.ends_with(1);
    let lines = results(&file(&site, "failures"));
    assert_eq!((&lines[0]["rule_id"], &lines[0]["indeterminate"]), (&"rule_006_v1".into(), &true.into()));
    assert_eq!(file(&site, "bad").trim_end(), LOAN);

    batch(&site, "may", &["--allow-unavailable"]).ends_with(0);
    assert_eq!(file(&site, "good").trim_end(), LOAN);
    batch(&site, "may", &["--set", "allow_unavailable=true"]).ends_with(0);
}
