//! What an operator sees of a host, and does to it, from outside of its process.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use jurat_tests::server::{Server, Transport};
use jurat_tests::skip;
use serde_json::Value;

use crate::site::{CONFIG, Site, TARGET, sample};

/// What the page about deployment lets operators run.
const MONITOR: &str = include_str!("../../../docs/deployment.md");

/// A site whose host remembers.
fn remembering() -> Site {
    let site = Site::signed();
    site.write("local-config.yaml", format!("{CONFIG}state_dir: state\nlogic_cache_dir: cache\n"));
    site
}

/// Publishes the sample release as another version, and has the host run it once. Gives its manifest.
fn run_version(site: &Site, version: &str) -> String {
    let source = site.sources("source");
    let release = fs::read_to_string(source.join("release.yaml")).unwrap();
    site.write("source/release.yaml", release.replace("version: 1.0.0", &format!("version: {version}")));
    site.publish_from(&source, TARGET);
    run_once(site)
}

/// Gives the manifest of the release that judges.
fn run_once(site: &Site) -> String {
    site.validate("quick", &["--format", "ndjson"], &sample("loans.json")).ends_with(1);
    let kept = &status(site)[0]["kept"];
    kept[0]["manifest"].as_str().unwrap().to_owned()
}

fn status(site: &Site) -> Value {
    let json = site.run(&["status", "--config", "local-config.yaml", "--format", "json"]).ends_with(0);
    serde_json::from_str(&json).unwrap()
}
#[test]
fn a_revoked_release_is_marked_and_cannot_be_pinned() {
    let site = remembering();
    let [first, second, third] = [run_once(&site), run_version(&site, "2.0.0"), run_version(&site, "3.0.0")];
    let pin = |manifest: &str| site.run(&["pin", "--config", "local-config.yaml", manifest]);
    // Until the host has seen the revocation, it cannot know.
    site.revoke(&second);
    pin(second.split_at(16).0).ends_with(0);
    site.run(&["unpin", "--config", "local-config.yaml"]).ends_with(0);
    run_once(&site);

    let refusal = pin(second.split_at(16).0).refuses(2, &[&second, "was revoked", "nothing was pinned", "jurat unpin"]);
    assert!(refusal.contains(&format!("loan 1.0.0 ({first})")) && refusal.contains(&third), "{refusal}");
    assert!(!site.path("state/default/pin.json").exists());
    let kept = status(&site)[0]["kept"].as_array().unwrap().clone();
    let revoked: Vec<_> = kept.iter().map(|kept| (kept["version"].as_str().unwrap(), &kept["revoked"])).collect();
    assert_eq!(revoked, [("3.0.0", &false.into()), ("2.0.0", &true.into()), ("1.0.0", &false.into())]);
    let text = site.run(&["status", "--config", "local-config.yaml"]).ends_with(0);
    assert!(text.contains(&format!("{second}  REVOKED\n")) && text.contains(&format!("{first}\n")), "{text}");

    // Going back leaves it out.
    let back = site.run(&["rollback", "--config", "local-config.yaml"]);
    assert!(back.stderr.contains(&first), "{}", back.stderr);
    back.ends_with(0);
    // What is pinned and revoked later is marked too.
    site.revoke(&first);
    run_once(&site);
    let text = site.run(&["status", "--config", "local-config.yaml"]).ends_with(0);
    assert!(text.contains(&format!("pinned     {first}  REVOKED since ")), "{text}");
    assert_eq!(status(&site)[0]["status"]["pin"]["revoked"], true);
    site.run(&["unpin", "--config", "local-config.yaml"]).ends_with(0);
    let none = site.run(&["rollback", "--config", "local-config.yaml"]);
    none.refuses(2, &["no earlier release to go back to that was not revoked"]);
}

#[test]
fn a_prefix_names_one_release_or_the_candidates_are_shown() {
    let site = remembering();
    let [first, second] = [run_once(&site), run_version(&site, "2.0.0")];
    let pin = |manifest: &str| site.run(&["pin", "--config", "local-config.yaml", manifest]);
    pin("").refuses(2, &["write more of it", &first, &second]);
    pin("xyz").refuses(2, &["has not kept a release", &first, &second]);
    pin(first.split_at(20).0).ends_with(0);
    pin(&first).ends_with(0);
}

#[test]
fn without_the_root_a_pin_is_set_and_says_what_is_unknown() {
    let site = remembering();
    let first = run_once(&site);
    fs::rename(site.path("root.json"), site.path("gone.json")).unwrap();
    let pinned = site.run(&["pin", "--config", "local-config.yaml", &first]);
    assert!(pinned.stderr.contains("whether it was revoked is unknown here"), "{}", pinned.stderr);
    pinned.ends_with(0);
    assert_eq!(status(&site)[0]["kept"][0]["revoked"], Value::Null);
}

/// Runs the command of the page about deployment; none without `jq`.
fn monitor(site: &Site) -> Option<String> {
    let (_, after) = MONITOR.split_once("```sh\njurat status ").unwrap();
    let (arguments, _) = after.split_once("```").unwrap();
    if !Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        skip::not_tried("there is no `jq`");
        return None;
    }
    let program = crate::program::path().display().to_string();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("'{program}' status {arguments}"));
    let output = shell.current_dir(site.path("")).env_remove("JURAT_LOG").output().unwrap();
    Some(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_monitoring_command_gives_no_false_alarm_beside_other_processes() {
    let site = remembering();
    let server = Server::start(&site, Transport::Unix);
    let Some(quiet) = monitor(&site) else { return };
    assert_eq!(quiet, "");
    let pid = status(&site)[0]["pid"].clone();
    let batch = ["batch", "--config", "local-config.yaml", "--ruleset", "quick", "--results", "r", "--quiet"];
    // A run that ends, one that fails, and one that is under way.
    site.validate("quick", &[], &sample("loans.json")).ends_with(1);
    assert_eq!(monitor(&site).unwrap(), "");
    site.validate("nowhere", &[], &sample("loans.json")).ends_with(2);
    assert_eq!(monitor(&site).unwrap(), "");
    let mut under_way = crate::program::command(&site.path(""), &batch);
    let mut under_way = under_way.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut records = under_way.stdin.take().unwrap();
    records.write_all(&sample("loans.json")).unwrap();
    assert_eq!(monitor(&site).unwrap(), "");
    drop(records);
    under_way.wait().unwrap();
    assert_eq!(monitor(&site).unwrap(), "");
    assert_eq!(status(&site)[0]["pid"], pid, "it is the status of the server");
    // A second server that ends leaves the first one.
    let second = Server::start_with(&site, Transport::Unix, &["--unix", "other"]);
    assert_eq!(monitor(&site).unwrap(), "");
    drop(second);
    assert_eq!(monitor(&site).unwrap(), "");
    assert_eq!(status(&site)[0]["running"], true);
    // There is an alarm when nobody serves, and only then.
    drop(server);
    assert_eq!(monitor(&site).unwrap(), "look at jurat status\n");
    site.validate("quick", &[], &sample("loans.json")).ends_with(1);
    assert_ne!(status(&site)[0]["pid"], pid, "without a server, runs tell how they were");
}

#[test]
fn config_check_looks_at_everything_that_the_configuration_names() {
    let site = Site::signed();
    let check = || site.run(&["config", "check", "--config", "local-config.yaml"]);
    site.write("pem", "a secret of some length");
    fs::create_dir(site.path("data")).unwrap();
    site.write(
        "local-config.yaml",
        format!(
            "{CONFIG}state_dir: state\nlogic_cache_dir: cache\ndata_roots: [data]\ncoordination_service_config_uri: pem\n\
             coordination_hosts: [refs.example.com]\nheader_files: {{TOKEN: pem}}\n\
             http: {{authorities: [pem], client_certificate: pem}}\nserver: {{token_file: pem, tls: {{certificate: pem, key: pem}}}}\n"
        ),
    );
    let fine = check().ends_with(0);
    assert_eq!(fine, "no errors; 1 tenant: default. What it names can be read and used\n");
    assert!(!site.path("state").exists() && !site.path("cache").exists(), "it makes nothing");

    // All at once, each with its key.
    site.write(
        "local-config.yaml",
        "business_config_uri: gone\ntrust: {release: t/demo/main/loan.json, root: no-root.json}\nstate_dir: pem\n\
         logic_cache_dir: root.json/cache\ndata_roots: [data, no-data]\ncoordination_service_config_uri: no-service.yaml\n\
         coordination_hosts: [refs.example.com]\nhttp: {authorities: [pem, no-authority], client_certificate: no-client}\n\
         server: {tls: {certificate: no-certificate, key: no-key}}\n",
    );
    let missing = [
        ("business_config_uri", "gone"),
        ("trust.root", "no-root.json"),
        ("state_dir", "pem"),
        ("logic_cache_dir", "root.json/cache"),
        ("data_roots[1]", "no-data"),
        ("coordination_service_config_uri", "no-service.yaml"),
        ("http.authorities[1]", "no-authority"),
        ("http.client_certificate", "no-client"),
        ("server.tls.certificate", "no-certificate"),
        ("server.tls.key", "no-key"),
    ];
    let refusal = check().refuses(2, &[]);
    assert_eq!(refusal.lines().count(), missing.len(), "{refusal}");
    for (key, path) in missing {
        let tells = |line: &&str| line.contains(&format!("local-config.yaml: {key}: ")) && line.contains(path);
        assert_eq!(refusal.lines().filter(tells).count(), 1, "{key}: {refusal}");
    }

    // Of unsigned rules too.
    site.write(
        "local-config.yaml",
        "business_config_uri: data\ndanger: {unsigned_directory: true, component_directory: gone}\n",
    );
    check().refuses(2, &["danger.component_directory: ", "gone"]);

    // A directory without a repository in it.
    site.write("local-config.yaml", CONFIG.replace("business_config_uri: repository", "business_config_uri: data"));
    check().refuses(2, &["business_config_uri: ", "data/metadata"]);

    // Secrets, one by one: reading the configuration needs them.
    for (line, key) in [
        ("server: {token_file: gone}", "server.token_file"),
        ("header_files: {A: gone}", "header_files.A"),
        ("http: {proxy_file: gone}", "http.proxy_file"),
    ] {
        site.write("local-config.yaml", format!("{CONFIG}{line}\n"));
        check().refuses(2, &[key, "gone"]);
    }

    // A root that is none, and a directory that others can write.
    site.write("root.json", "{}");
    site.write("local-config.yaml", format!("{CONFIG}state_dir: shared/state\n"));
    fs::create_dir(site.path("shared")).unwrap();
    fs::set_permissions(site.path("shared"), Permissions::from_mode(0o777)).unwrap();
    check().refuses(2, &["trust.root", "root.json", "state_dir", "shared"]);

    // Of several tenants, each is named.
    let tenant = "{business_config_uri: repository, trust: {release: t/demo/main/loan.json, root: no.json}}";
    site.write("local-config.yaml", format!("tenants: {{one: {tenant}, two: {tenant}}}\n"));
    check().refuses(2, &["tenants.one.trust.root", "tenants.two.trust.root"]);
}
