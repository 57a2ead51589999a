//! What the doctor finds: in a publisher's directory, and on the way to a server.

use std::fs;

use serde_json::Value;

use crate::cdn::{Cdn, Trick};
use crate::site::{Site, TARGET, loan_rules};

const DOCTOR: [&str; 5] = ["doctor", "--config", "local-config.yaml", "--format", "json"];

/// A site whose repository is served, and the configuration of a host that runs it.
fn on_a_server() -> (Site, Cdn) {
    let site = Site::signed();
    let cdn = Cdn::serve(site.path("repository"));
    site.write("authority.pem", cdn.authority());
    let config = "http: {authorities: [authority.pem]}\nlogic_cache_dir: cache\nstate_dir: state\n";
    let rules = format!("business_config_uri: {}\ntrust: {{release: {TARGET}}}\n", cdn.url());
    site.write("local-config.yaml", format!("{rules}{config}"));
    (site, cdn)
}

/// What is not in order: what it is about, and what is the matter.
fn complaints(report: &str) -> Vec<(String, String)> {
    let findings: Vec<Value> = serde_json::from_str(report).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bad = findings.iter().filter(|finding| finding["state"] != "ok");
    bad.map(|finding| (text(&finding["about"]), text(&finding["what"]))).collect()
}

#[test]
fn a_directory_for_development_has_warnings_and_no_problems() {
    let site = Site::signed();
    let report = site.run(&["doctor", "repository", "--root", "root.json"]).ends_with(1);
    assert!(report.contains("WARNING  root: one key is enough"), "{report}");
    assert!(report.contains("`jurat root threshold repository --role root 2`"), "{report}");
    assert!(report.contains("ok       t/demo/main/loan.json: all files"), "{report}");
    assert!(!report.contains("PROBLEM"), "{report}");
}

#[test]
fn a_file_that_is_missing_is_a_problem() {
    let site = Site::signed();
    let blob = site.files("repository/blobs").into_keys().next().unwrap();
    fs::remove_file(site.path(blob)).unwrap();
    let report = site.run(&["doctor", "repository"]).ends_with(3);
    assert!(report.contains("PROBLEM  t/demo/main/loan.json: "), "{report}");
}

#[test]
fn staged_roles_are_reported_and_abandoned_files_too() {
    let site = Site::signed();
    site.build_from(&loan_rules(), TARGET).ends_with(0);
    site.write("repository/staged/1.t-demo.json", "{}");
    let report = site.run(&["doctor", "repository", "--format", "json"]).ends_with(1);
    let complaints = complaints(&report);
    let has = |about: &str, what: &str| complaints.iter().any(|found| found.0 == about && found.1.contains(what));
    assert!(has("t-demo", "version 2 is staged; "), "{complaints:?}");
    assert!(has("staged/1.t-demo.json", "outdated"), "{complaints:?}");
    assert!(report.contains("`rm repository/staged/1.t-demo.json`"), "{report}");
    assert!(report.contains("`jurat release sign repository --key FILE`"), "{report}");
}

#[test]
fn a_server_that_does_everything_right_has_nothing_to_be_told() {
    let (site, _cdn) = on_a_server();
    let report = site.run(&DOCTOR).ends_with(0);
    assert_eq!(complaints(&report), []);
    for told in ["not sent again", "can be resumed", "does not exist yet", "is listed"] {
        assert!(report.contains(told), "{told}: {report}");
    }
    assert!(!site.path("state").exists() && !site.path("cache").exists());
}

#[test]
fn what_a_server_does_wrong_is_found() {
    let (site, cdn) = on_a_server();
    let (timestamp, next) = ("metadata/timestamp.json", "metadata/2.root.json");
    let blob = site.files("repository/blobs").into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap().0;
    let blob = blob.strip_prefix("repository").unwrap().display().to_string();
    for (file, trick, code, told) in [
        (timestamp, Trick::Packed(b"x".to_vec()), 4, "compressed"),
        (timestamp, Trick::Redirect("https://elsewhere.example.com/".to_owned()), 4, "another origin"),
        (timestamp, Trick::Status(404), 4, "status 404"),
        (timestamp, Trick::Status(403), 4, "status 403"),
        (timestamp, Trick::Bytes(b"{}".to_vec()), 3, "timestamp.json"),
        (next, Trick::Status(403), 1, "access denied"),
        (next, Trick::Status(500), 4, "status 500"),
        (next, Trick::Bytes(b"<html>".to_vec()), 3, "at the path of the next root"),
        (&blob, Trick::Packed(b"x".to_vec()), 4, "compressed"),
        (&blob, Trick::Status(404), 4, "status 404"),
    ] {
        cdn.play(file, trick.clone());
        let report = site.run(&DOCTOR).ends_with(code);
        let complaints = complaints(&report);
        let is_told = complaints.iter().any(|(_, what)| what.contains(told));
        assert!(is_told, "{file} {trick:?}: {complaints:?}");
        cdn.behave();
    }
    site.run(&DOCTOR).ends_with(0);
}

#[test]
fn a_server_that_cannot_be_reached_or_has_an_unknown_certificate_is_reported() {
    let (site, cdn) = on_a_server();
    let url = cdn.url();
    let report = site.run(&["doctor", &url, "--root", "root.json"]).ends_with(4);
    assert!(
        report.contains("certificate") && report.contains("http.authorities") && report.contains("HTTPS_PROXY"),
        "{report}"
    );
    cdn.go_down();
    let report = site.run(&DOCTOR).ends_with(4);
    assert_eq!(complaints(&report).len(), 1, "{report}");
}

#[test]
fn what_the_settings_demand_is_demanded_here_too() {
    let (site, cdn) = on_a_server();
    let config = fs::read_to_string(site.path("local-config.yaml")).unwrap();
    site.write("local-config.yaml", config.replace("{release", "{min_timestamp_version: 1000, release"));
    let report = site.run(&DOCTOR).ends_with(3);
    assert!(complaints(&report).iter().any(|(_, what)| what.contains("1000")), "{report}");
    drop(cdn);
}

#[test]
fn a_doctor_needs_something_to_check() {
    let site = Site::signed();
    site.run(&["doctor"]).refuses(2, &["`--config`"]);
    site.run(&["doctor", "nowhere"]).refuses(2, &["no such directory"]);
    site.run(&["doctor", "http://rules.example.com/"]).ends_with(2);
    site.run(&["doctor", "--root", "root.json", "--config", "local-config.yaml"]).ends_with(2);
}
